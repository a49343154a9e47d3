// SPDX-License-Identifier: BSD-2-Clause
// What ports and transmit queues count, for whoever wants to know: what net/forward.c counts for
// them, and what each lane of a wire counts in one place for both.
#include "net/forward.h"

// The bytes of what a lane has passed.
static uint64_t passed_bytes(const struct lane *lane)
{
    return lane->passed_beyond + lane->passed * FRAME_MIN;
}

struct port_counters forwarder_counters(const struct forwarder *forwarder, unsigned port)
{
    struct port_counters counters = forwarder->counters[port];
    for (unsigned i = 0; i < forwarder->lane_count; i++) {
        const struct lane *lane = &forwarder->lanes[i];
        if (lane->ingress != &forwarder->counters[port])
            continue;
        counters.rx_frames += lane->passed;
        counters.rx_bytes += passed_bytes(lane);
        counters.forwarded += lane->passed;
    }
    return counters;
}

struct sent forwarder_sent_by(const struct forwarder *forwarder, unsigned port, unsigned queue)
{
    struct sent sent = forwarder->sent[port][queue];
    for (unsigned i = 0; i < forwarder->lane_count; i++) {
        const struct lane *lane = &forwarder->lanes[i];
        if (lane->sent != &forwarder->sent[port][queue])
            continue;
        sent.frames += lane->passed;
        sent.bytes += passed_bytes(lane);
    }
    return sent;
}

struct sent forwarder_sent_by_port(const struct forwarder *forwarder, unsigned port)
{
    struct sent queues[PORT_QUEUES_MAX];
    for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
        queues[i] = forwarder_sent_by(forwarder, port, i);
    return counters_sent(queues, PORT_QUEUES_MAX);
}
