// SPDX-License-Identifier: BSD-2-Clause
// What a split virtqueue consists of, for a domain that runs its packet path. VIRTIO 1.2, 2.7.
#include "drivers/virtio/net.h"
#include "drivers/virtio/split.h"

enum { PAGE = 4096 }; // what a domain sees is made of these

// Whether the page of a doorbell holds nothing but doorbells: lies inside of the notification
// structure. A device that puts other structures into one that is as large only harms itself.
static bool is_apart(const struct split *split)
{
    const struct virtio_net *net = split->queue.port->device;
    const struct virtio_structure *notify = &net->pci.notify;
    const uintptr_t page = (uintptr_t)split->doorbell / PAGE * PAGE;
    const uintptr_t first = (uintptr_t)notify->base;
    if (page >= first && page + PAGE - first <= notify->length)
        return true;
    env_log(net->pci.env,
            "isolation domain: the page of a doorbell holds more than the notification structure "
            "of 0x%x bytes, so ring 3 must not have it",
            notify->length);
    return false;
}

unsigned split_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX])
{
    (void)transmit;                                          // both are alike
    const struct split *split = (const struct split *)queue; // its first member
    const uint32_t slots = queue->slots;
    if (!is_apart(split))
        return 0;
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

bool split_ready(const struct queue *queue, bool transmit)
{
    const struct split *split = (const struct split *)queue;
    const uint16_t index = __atomic_load_n(&split->used->index, __ATOMIC_RELAXED);
    // What the device has sent may be more than what the data verbs admit to have queued.
    return transmit ? (int16_t)(index - (uint16_t)split->made_available) >= 0
                    : index != (uint16_t)split->used_seen;
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
    split->offered = split->made_available; // a domain tells the device of all
}
