// SPDX-License-Identifier: BSD-2-Clause
// Joins two ports: whatever comes in by one goes out by the other, unchanged and in order.
#include "net/wire.h"
#include <errno.h>

void wire_plan(struct buffers *buffers, unsigned a, unsigned b)
{
    buffers->sources[a] |= 1u << b;
    buffers->sources[b] |= 1u << a;
}

static int connect_one_way(struct forwarder *forwarder, const struct buffers *buffers,
                           unsigned from, unsigned to)
{
    const struct port *ingress = buffers->ports[from], *egress = buffers->ports[to];
    if (ingress->rx_queues == 0 || egress->tx_queues == 0)
        return -ENODEV;
    for (unsigned i = 0; i < ingress->rx_queues; i++) {
        struct queue *tx = egress->tx[buffers_tx_queue(buffers, from, i, to)];
        if (!forwarder_add_lane(forwarder, ingress->rx[i], from, tx, to))
            return -EINVAL;
    }
    return 0;
}

int wire_connect(struct forwarder *forwarder, const struct buffers *buffers, unsigned a, unsigned b)
{
    const unsigned lanes = forwarder->lane_count;
    int error = connect_one_way(forwarder, buffers, a, b);
    if (error == 0)
        error = connect_one_way(forwarder, buffers, b, a);
    if (error != 0)
        forwarder_cut(forwarder, lanes);
    return error;
}
