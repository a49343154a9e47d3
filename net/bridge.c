// SPDX-License-Identifier: BSD-2-Clause
// Which ports a bridge joins, how the box itself sends through it, and what it notices about them
// between two bursts.
#include "net/bridge_run.h"
#include "net/lane.h"
#include <errno.h>

void bridge_plan(struct buffers *buffers, const uint8_t *ports, unsigned count)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < count; i++)
        all |= 1u << ports[i];
    for (unsigned i = 0; i < count; i++)
        buffers->sources[ports[i]] |= all & ~(1u << ports[i]);
}

void bridge_init(struct bridge *bridge, void *memory, uint32_t capacity, uint32_t ageing,
                 const uint64_t random[3], uint64_t now)
{
    bridge->forwarder = NULL;
    bridge->local = NULL;
    bridge->count = bridge->lane_count = bridge->done_count = 0;
    for (unsigned i = 0; i < NET_PORTS_MAX; i++) {
        bridge->ports[i] = NULL;
        bridge->up[i] = false;
        bridge->restarts[i] = 0;
    }
    for (unsigned way = 0; way <= DECISION_WAYS; way++)
        bridge->lists[way] = (struct bridge_list){0};
    for (unsigned i = 0; i < NET_PORTS_MAX; i++)
        bridge->lists[i].first = bridge->lists[i].next = bridge->sorted[i];
    bridge->nowhere = (struct queue){0};
    fdb_init(&bridge->fdb, memory, capacity, ageing, random, now);
    decisions_init(&bridge->decisions, &bridge->fdb.seeds[1]);
}

static void add_out(struct bridge_lane *from, unsigned egress, struct queue *tx)
{
    struct bridge *bridge = from->bridge;
    from->outs[from->count++] = (struct bridge_out){
        .tx = tx,
        .sent = forwarder_sent(bridge->forwarder, egress, tx),
        .egress = &bridge->forwarder->counters[egress],
        .list = &bridge->lists[egress],
        .way = &from->ways[egress],
    };
    from->ways[egress].tx = tx;
}

static bool add_lanes(struct bridge *bridge, const struct buffers *buffers, unsigned port)
{
    const struct port *ingress = bridge->ports[port];
    for (unsigned i = 0; i < ingress->rx_queues; i++) {
        struct bridge_lane *from = &bridge->lanes[bridge->lane_count];
        *from = (struct bridge_lane){
            .bridge = bridge,
            .port = port,
            .steering = {.decisions = &bridge->decisions,
                         .ways = from->ways,
                         .frames = buffers->area.base + FRAME_HEADROOM},
        };
        for (unsigned way = 0; way < STEER_WAYS; way++)
            from->ways[way].tx = &bridge->nowhere;
        for (unsigned k = 0; k < bridge->count; k++) {
            const unsigned egress = bridge->members[k];
            const struct port *out = bridge->ports[egress];
            if (egress != port)
                add_out(from, egress, out->tx[buffers_tx_queue(buffers, port, i, egress)]);
        }
        struct lane *lane = forwarder_add_run(bridge->forwarder, bridge_burst, ingress->rx[i], port,
                                              from->count == 1 ? from->outs[0].tx : NULL);
        if (lane == NULL)
            return false;
        lane->context = from;
        bridge->lane_count++;
    }
    return true;
}

int bridge_connect(struct bridge *bridge, struct forwarder *forwarder,
                   const struct buffers *buffers, const uint8_t *ports, unsigned count)
{
    bridge->forwarder = forwarder;
    for (unsigned i = 0; i < count; i++) {
        struct port *port = buffers->ports[ports[i]];
        if (port->rx_queues == 0 || port->tx_queues == 0)
            continue;
        bridge->ports[ports[i]] = port;
        bridge->members[bridge->count++] = ports[i];
    }
    if (bridge->count < 2)
        return -ENODEV;
    const unsigned lanes = forwarder->lane_count;
    for (unsigned i = 0; i < bridge->count; i++) {
        if (!add_lanes(bridge, buffers, bridge->members[i])) {
            forwarder_cut(forwarder, lanes);
            return -EINVAL;
        }
    }
    return (int)bridge->count;
}

// The box is reached behind every port, so one that is up will do.
static bool any_port_up(const struct local *local)
{
    const struct bridge *bridge = local->context;
    for (unsigned i = 0; i < bridge->count; i++) {
        const struct port *port = bridge->ports[bridge->members[i]];
        if (port->state == PORT_RUNNING && port->link_up)
            return true;
    }
    return false;
}

// A local_sender; local->context is the bridge.
static bool send(struct local *local, const void *data, unsigned length)
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

void bridge_set_local(struct bridge *bridge, struct local *local)
{
    bridge->local = local;
    local->send = send;
    local->linked = any_port_up;
    local->context = bridge;
    fdb_add_own(&bridge->fdb, local->mac);
}

void bridge_poll(struct bridge *bridge, const struct supervisor *supervisor, uint64_t now)
{
    for (unsigned i = 0; i < bridge->count; i++) {
        const unsigned number = bridge->members[i];
        const struct port *port = bridge->ports[number];
        const bool up = port->state == PORT_RUNNING && port->link_up;
        const uint64_t restarts = supervisor->ports[number].restarts;
        if ((bridge->up[number] && !up) || bridge->restarts[number] != restarts)
            fdb_flush(&bridge->fdb, number);
        bridge->up[number] = up;
        bridge->restarts[number] = restarts;
    }
    fdb_age(&bridge->fdb, now);
    decisions_poll(&bridge->decisions);
}
