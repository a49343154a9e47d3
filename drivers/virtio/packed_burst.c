// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a packed virtqueue: what runs for each burst. VIRTIO 1.2, sections 2.8.21,
// 2.8.22 and 5.1.6.
//
// One descriptor per frame: the header that virtio wants lies in the buffer, directly in front of
// the frame. Ids are looked up for every frame, so a device may use them in any order.
#include "drivers/hints.h"
#include "drivers/mmio.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/packed.h"
#include "drivers/virtio/regs.h"

enum { BITS = PACKED_AVAILABLE | PACKED_USED };

// Looks whether the device has used the descriptor at `position`, which it holds. If so, the id
// that it names stands at `position` in the order, and *length is what it says it wrote. What
// cannot be fails the port.
static inline bool take_used(struct packed *packed, uint32_t position, uint32_t *id,
                             uint32_t *length)
{
    struct queue *queue = &packed->queue;
    const struct packed_descriptor *descriptor =
        &packed->descriptors[position & (queue->slots - 1)];
    // Length, id and flags in one load, so that what was checked is what is used. Orders it before
    // the reads of the frame; the device writes the flags last (2.8.22).
    // NOLINTNEXTLINE(bugprone-casting-through-void)
    const uint64_t *both = (const uint64_t *)(const void *)&descriptor->length;
    const uint64_t word = __atomic_load_n(both, __ATOMIC_ACQUIRE);
    uint16_t bits = word >> 48 & BITS;
    if (bits != packed_used_bits(position, queue->slots)) {
        // Not yet; or bits of another lap, which the device has no business to write (2.8.1).
        if (UNLIKELY(bits != packed_available_bits(position, queue->slots)))
            port_fail(queue->port, PORT_FAULT_USED_INDEX, (uint32_t)(word >> 48));
        return false;
    }
    *length = (uint32_t)word;
    *id = word >> 32 & 0xffff;
    if (*id == packed->order[position & (queue->slots - 1)])
        return true;
    enum port_fault fault = order_take(packed->order, packed->place, queue->slots, position,
                                       packed->made_available - position, *id);
    if (fault != PORT_OK)
        port_fail(queue->port, fault, *id);
    return fault == PORT_OK;
}

static inline void notify(struct packed *packed)
{
    // Orders our stores of descriptors before our read of the device's wish (2.8.21.3.1); the
    // device does the opposite: states its wish, then looks at the descriptors again. Without it
    // each side could miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&packed->its_events->flags, __ATOMIC_RELAXED) != PACKED_EVENTS_OFF)
        mmio_write16(packed->doorbell, 0, packed->number); // 2.8.18, 4.1.5.2
}

void packed_notify(struct queue *queue)
{
    notify(packed_of(queue));
}

unsigned packed_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct packed *packed = packed_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    uint32_t held = packed->made_available - packed->used_seen, begin = packed->used_seen;
    uint32_t longest = VIRTIO_NET_HEADER + queue->port->area->capacity;
    unsigned most = held < max ? held : max, done = 0;
    for (uint32_t id, length; done < most; done++) {
        if (!take_used(packed, begin + done, &id, &length))
            break;
        // Shorter than Ethernet, or longer than what the device was given: the forwarder drops a
        // length of 0.
        if (UNLIKELY(length < VIRTIO_NET_HEADER + FRAME_MIN || length > longest))
            length = VIRTIO_NET_HEADER;
        frames[done] = (struct frame){queue->buffer_of[id], FRAME_HEADROOM,
                                      (uint16_t)(length - VIRTIO_NET_HEADER)};
    }
    packed->used_seen = begin + done;
    return done;
}

void packed_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct packed *packed = packed_of(queue);
    if (count == 0)
        return;
    const struct packet_area area = *queue->port->area;
    // After a fault the books are kept all the same, so that every buffer has its slot, but the
    // device does not hear of it.
    bool running = queue->port->state == PORT_RUNNING;
    uint32_t begin = packed->made_available, mask = queue->slots - 1;
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = begin + i;
        uint16_t id = packed->order[at & mask];
        queue->buffer_of[id] = frames[i].buffer;
        if (UNLIKELY(!running))
            continue;
        packed_offer(&packed->descriptors[at & mask],
                     packet_dma(&area, frames[i].buffer, FRAME_HEADROOM - VIRTIO_NET_HEADER),
                     VIRTIO_NET_HEADER + area.capacity, id,
                     PACKED_WRITE | packed_available_bits(at, queue->slots));
    }
    packed->made_available = begin + count;
    if (running)
        notify(packed);
}

// Takes what the device has sent off the ring: those ids are free again. Their buffers stay in
// their slots, empty, until an exchange takes them. The lengths mean nothing: the device wrote
// nothing.
static void reclaim(struct packed *packed)
{
    uint32_t id, length;
    while (packed->used_seen != packed->made_available &&
           take_used(packed, packed->used_seen, &id, &length))
        packed->used_seen++;
}

static uint32_t room(const struct packed *packed)
{
    return packed->queue.slots - (packed->made_available - packed->used_seen);
}

unsigned packed_room(struct queue *queue, unsigned wanted)
{
    struct packed *packed = packed_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    if (room(packed) < wanted)
        reclaim(packed); // may fail the port
    if (queue->port->state != PORT_RUNNING)
        return 0;
    return room(packed) < wanted ? room(packed) : wanted;
}

unsigned packed_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct packed *packed = packed_of(queue);
    count = packed_room(queue, count);
    if (count == 0)
        return 0;
    const struct packet_area area = *queue->port->area;
    uint32_t begin = packed->made_available, mask = queue->slots - 1;
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = begin + i, buffer = frames[i].buffer;
        uint16_t id = packed->order[at & mask];
        // The exchange: the frame goes in, the empty buffer that was there comes out.
        frames[i].buffer = queue->buffer_of[id];
        queue->buffer_of[id] = buffer;
        uint32_t offset = frames[i].offset - VIRTIO_NET_HEADER;
        __builtin_memset(packet_data(&area, buffer, offset), 0, VIRTIO_NET_HEADER);
        packed_offer(&packed->descriptors[at & mask], packet_dma(&area, buffer, offset),
                     VIRTIO_NET_HEADER + frames[i].length, id,
                     packed_available_bits(at, queue->slots));
    }
    packed->made_available = begin + count;
    notify(packed);
    return count;
}

bool packed_send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct packed *packed = packed_of(queue);
    if (length < FRAME_MIN || length > queue->port->max_frame || packed_room(queue, 1) == 0)
        return false;
    // The buffer that the next exchange would hand out is exchanged for itself.
    uint32_t id = packed->order[packed->made_available & (queue->slots - 1)];
    struct frame frame = {queue->buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    __builtin_memcpy(packet_data(queue->port->area, frame.buffer, frame.offset), data, length);
    return packed_transmit(queue, &frame, 1) == 1;
}
