// SPDX-License-Identifier: BSD-2-Clause
// The run of a bridge's lane. Where the ports have a steer() in common, their driver moves the
// frames of which the way is known; the rest of a burst goes by the single verbs, as every burst
// does between other ports.
#include "net/bridge_run.h"
#include "net/lane.h"

void bridge_ring_all(struct bridge_lane *from)
{
    for (unsigned i = 0; i < from->count; i++) {
        struct bridge_out *out = &from->outs[i];
        if (out->unheard != 0)
            out->tx->port->driver->ring(out->tx);
        out->unheard = 0;
    }
    from->waiting = from->waited = 0;
}

// Lets steer() put frames onto the queues of ports that run, and have the same one, where that is
// not so already.
static void open_ways(const struct lane *lane)
{
    const struct bridge_lane *from = lane->context;
    for (unsigned i = 0; i < from->count; i++) {
        struct queue *tx = from->outs[i].tx;
        const struct port *port = tx->port;
        if (tx->steers == 0 && tx->steer == lane->rx->steer && port->state == PORT_RUNNING &&
            port->link_up)
            tx->steers = bridge_lengths(from->bridge, port);
    }
}

// Counts what steer() moved, and rings where enough waits for it.
static INLINE void account(struct lane *lane, unsigned moved)
{
    struct bridge_lane *from = lane->context;
    struct port_counters *ingress = lane->ingress;
    struct bridge_out *const end = from->outs + from->count;
    uint64_t sum = 0;
    for (struct bridge_out *out = from->outs; out != end; out++) {
        struct steer_way *way = out->way;
        const uint64_t frames = way->frames;
        if (frames == 0)
            continue;
        const uint64_t bytes = way->longer + frames * FRAME_MIN;
        way->frames = way->longer = 0;
        sum += bytes;
        out->sent->frames += frames;
        out->sent->bytes += bytes;
        bridge_ring_later(from, out, (unsigned)frames);
    }
    ingress->rx_frames += moved;
    ingress->rx_bytes += sum;
    ingress->forwarded += moved;
    lane->held_until = 0; // there was room
}

// The same of a single frame, behind which nothing came while no doorbell waits: which is what
// there is while a box has little to do. No loop, and its card hears of it.
static NOINLINE unsigned account_alone(struct lane *lane)
{
    const struct bridge_lane *from = lane->context;
    struct port_counters *ingress = lane->ingress;
    const struct bridge_out *out = from->outs;
    while (out->way->frames == 0)
        out++;
    struct steer_way *way = out->way;
    const uint64_t bytes = way->longer + FRAME_MIN;
    way->frames = way->longer = 0;
    out->sent->frames++;
    out->sent->bytes += bytes;
    ingress->rx_frames++;
    ingress->rx_bytes += bytes;
    ingress->forwarded++;
    lane->held_until = 0;
    out->tx->port->driver->ring(out->tx);
    return 1;
}

// So many frames came. What waits for a doorbell waits no longer, unless more is to be expected.
static INLINE unsigned end_burst(const struct forwarder *forwarder, struct bridge_lane *from,
                                 unsigned received)
{
    if (from->waiting == 0)
        from->waited = 0;
    else if (received < forwarder->burst || ++from->waited >= from->count)
        bridge_ring_all(from);
    return received;
}

static NOINLINE unsigned sort_burst(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned received = bridge_sort(forwarder, lane, forwarder->burst);
    return end_burst(forwarder, lane->context, received);
}

// What steer() left is the single verbs'.
static NOINLINE unsigned account_and_sort(struct forwarder *forwarder, struct lane *lane,
                                          struct steered moved)
{
    unsigned received = moved.frames;
    if (LIKELY(received > 0))
        account(lane, received);
    if (UNLIKELY(moved.more)) {
        open_ways(lane);
        received += bridge_sort(forwarder, lane, forwarder->burst - received);
    }
    return end_burst(forwarder, lane->context, received);
}

static NOINLINE unsigned steer_burst(struct forwarder *forwarder, struct lane *lane)
{
    struct bridge_lane *from = lane->context;
    struct queue *rx = lane->rx;
    from->steering.tag = bridge_tag(from);
    const struct steered moved = rx->steer(rx, &from->steering, forwarder->burst);
    if (moved.frames == 1 && !moved.more && from->waiting == 0)
        return account_alone(lane);
    return account_and_sort(forwarder, lane, moved);
}

unsigned bridge_burst(struct forwarder *forwarder, struct lane *lane)
{
    return lane->rx->steer != NULL ? steer_burst(forwarder, lane) : sort_burst(forwarder, lane);
}
