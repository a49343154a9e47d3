// SPDX-License-Identifier: BSD-2-Clause
// Which descriptor ids a device holds. VIRTIO 1.2, sections 2.7.14 and 2.8.
#include "drivers/virtio/order.h"

enum port_fault order_take(uint16_t *order, uint16_t *place, uint32_t slots, uint32_t seen,
                           uint32_t held, uint32_t id)
{
    uint32_t mask = slots - 1;
    if (id >= slots)
        return PORT_FAULT_USED_ID;
    uint16_t to = seen & mask, from = place[id], other = order[to];
    if (((from - to) & mask) >= held)
        return PORT_FAULT_USED_REPLAY;
    order[to] = (uint16_t)id;
    place[id] = to;
    order[from] = other;
    place[other] = from;
    return PORT_OK;
}

void order_reset(uint16_t *order, uint16_t *place, uint32_t slots)
{
    for (uint32_t id = 0; id < slots; id++)
        order[id] = place[id] = (uint16_t)id;
}
