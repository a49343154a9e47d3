// SPDX-License-Identifier: BSD-2-Clause
// A split virtqueue whose packet path died while the device went on: what the rings say.
// VIRTIO 1.2, 2.7.5 to 2.7.8.
//
// The rings lie in memory that the dead driver could write and that the device reads. Here they are
// read only: descriptors of a device that works in order, each at the place that reset() gave it.
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include <errno.h>

// The buffer that a descriptor names; NO_BUFFER when it is none of ours or not as we would write
// it.
static uint32_t named(const struct packet_area *area, const struct split_descriptor *descriptor,
                      bool transmit)
{
    const uint64_t offset = descriptor->address - area->dma; // huge when in front
    const uint64_t buffer = offset / area->stride, inside = offset % area->stride;
    const uint32_t most = VIRTIO_NET_HEADER + area->capacity, length = descriptor->length;
    if (buffer >= area->count)
        return NO_BUFFER;
    if (transmit ? descriptor->flags != 0 || length > most ||
                       inside + length > FRAME_HEADROOM + area->capacity
                 : descriptor->flags != SPLIT_DESCRIPTOR_WRITE || length != most ||
                       inside != FRAME_HEADROOM - VIRTIO_NET_HEADER)
        return NO_BUFFER;
    return (uint32_t)buffer;
}

int split_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more)
{
    struct split *split = (struct split *)queue; // its first member
    const uint32_t slots = queue->slots, mask = slots - 1;
    const uint32_t before = (transmit ? 0 : slots) + (uint32_t)put;
    const uint16_t index = __atomic_load_n(&split->available->index, __ATOMIC_ACQUIRE);
    const uint16_t further = (uint16_t)(index - before);
    if (further > *more)
        return -EIO;
    for (uint32_t at = 0; at < slots; at++)
        if (split->available->ring[at] != at)
            return -EIO; // the device does not work in order, or somebody wrote there

    // The device holds begin .. end; behind `taken` is what it has used and nobody looked at yet.
    const uint32_t end = before + further;
    uint32_t begin = (uint32_t)taken;
    if (transmit) {
        const uint16_t used = __atomic_load_n(&split->used->index, __ATOMIC_ACQUIRE);
        const uint16_t held = (uint16_t)((uint16_t)end - used);
        if (held > slots || held > end)
            return -EIO;
        begin = end - held;
    }
    if (end - begin > slots)
        return -EIO;
    for (uint32_t at = 0; at < slots; at++) {
        split->order[at] = split->place[at] = (uint16_t)at;
        queue->buffer_of[at] = NO_BUFFER;
    }
    for (uint32_t at = begin; at != end; at++) {
        const uint32_t buffer = named(queue->port->area, &split->descriptors[at & mask], transmit);
        if (buffer == NO_BUFFER)
            return -EIO;
        queue->buffer_of[at & mask] = buffer;
    }
    split->in_order = true;
    split->used_seen = begin;
    split->made_available = split->offered = end;
    queue->lengths = 0; // it may not run
    queue->free = 0;    // not known
    *more = further;
    return 0;
}
