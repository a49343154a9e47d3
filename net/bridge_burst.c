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

static INLINE unsigned by_steering(struct forwarder *forwarder, struct lane *lane)
{
    struct bridge_lane *from = lane->context;
    from->steering.tag = bridge_tag(from);
    const struct steered moved = lane->rx->steer(lane->rx, &from->steering, forwarder->burst);
    if (LIKELY(moved.frames > 0))
        account(lane, moved.frames);
    if (LIKELY(!moved.more))
        return moved.frames;
    open_ways(lane);
    return moved.frames + bridge_sort(forwarder, lane, forwarder->burst - moved.frames);
}

unsigned bridge_burst(struct forwarder *forwarder, struct lane *lane)
{
    struct bridge_lane *from = lane->context;
    const unsigned received = lane->rx->steer != NULL
                                  ? by_steering(forwarder, lane)
                                  : bridge_sort(forwarder, lane, forwarder->burst);
    if (from->waiting == 0)
        from->waited = 0;
    else if (received < forwarder->burst || ++from->waited >= from->count)
        bridge_ring_all(from);
    return received;
}

// --- what the box sends ---

bool bridge_send(struct local *local, const void *data, unsigned length)
{
    struct bridge *bridge = local->context;
    const uint64_t destination = bridge_destination(addresses_of(data));
    unsigned way = WAY_FLOOD;
    if ((destination & GROUP_BIT) == 0)
        way = fdb_look_up(&bridge->fdb, destination);
    unsigned sent = 0;
    for (unsigned i = 0; i < bridge->count; i++) {
        const unsigned port = bridge->members[i];
        struct sent *out = &bridge->forwarder->sent[port][0];
        if ((way == port || way == WAY_FLOOD) &&
            lane_send_copy(bridge->ports[port]->tx[0], out, data, length)) {
            out->originated++;
            sent++;
        }
    }
    return sent > 0;
}
