// SPDX-License-Identifier: BSD-2-Clause
// What a split virtqueue consists of, for a domain that runs its packet path. VIRTIO 1.2, 2.7.
#include "drivers/virtio/split.h"

unsigned split_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX])
{
    (void)transmit;                                          // both are alike
    const struct split *split = (const struct split *)queue; // its first member
    const uint32_t slots = queue->slots;
    const struct queue_part all[] = {
        {QUEUE_PRIVATE, 0, sizeof *split, split},
        {QUEUE_PRIVATE, offsetof(struct split, queue.buffer_of), slots * sizeof(uint32_t),
         queue->buffer_of},
        {QUEUE_PRIVATE, offsetof(struct split, order), slots * sizeof(uint16_t), split->order},
        {QUEUE_PRIVATE, offsetof(struct split, place), slots * sizeof(uint16_t), split->place},
        {QUEUE_DMA, offsetof(struct split, descriptors), slots * sizeof(struct split_descriptor),
         split->descriptors},
        {QUEUE_DMA, offsetof(struct split, available),
         sizeof(struct split_available) + slots * sizeof(uint16_t), split->available},
        {QUEUE_DMA, offsetof(struct split, used),
         sizeof(struct split_used) + slots * sizeof(struct split_used_element), split->used},
        {QUEUE_REGISTER, offsetof(struct split, doorbell), sizeof(uint16_t), split->doorbell},
    };
    _Static_assert(sizeof all / sizeof all[0] <= QUEUE_PARTS_MAX, "all fit");
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        parts[i] = all[i];
    return sizeof all / sizeof all[0];
}

void split_sync(struct queue *queue, bool transmit, uint64_t taken, uint64_t put)
{
    struct split *split = (struct split *)queue;
    if (!transmit) {
        split->made_available = queue->slots + (uint32_t)put; // start() filled it
        split->used_seen = (uint32_t)taken;
    } else {
        // Everything that could be on its way still is, until used->index says otherwise.
        split->made_available = (uint32_t)put;
        split->used_seen = put < queue->slots ? 0 : (uint32_t)put - queue->slots;
        queue->free = 0;
    }
}
