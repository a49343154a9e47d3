// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a legacy virtqueue: what runs for each burst. VIRTIO 1.2, sections 2.7.13,
// 2.7.14, 4.1.5.2 and 5.1.6.
//
// Such a device is met on old hypervisors only, so this is written to be short: ids are looked up
// and all descriptors written for every frame. The header lies in the buffer, directly in front of
// the frame, whether one descriptor names both or two.
#include "drivers/virtio/legacy_ring.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"

static struct legacy_ring *ring_of(struct queue *queue)
{
    return (struct legacy_ring *)queue; // its first member
}

// How many used elements wait. More than the device holds is a lie: the port is failed.
static unsigned used_waiting(struct legacy_ring *ring)
{
    // Orders this read of the index before the reads of the elements that it announces; the device
    // writes the element first, then the index (2.7.8.2).
    uint16_t index = __atomic_load_n(&ring->used->index, __ATOMIC_ACQUIRE);
    unsigned waiting = (uint16_t)(index - ring->used_seen);
    if (waiting <= ring->made_available - ring->used_seen)
        return waiting;
    port_fail(ring->queue.port, PORT_FAULT_USED_INDEX, index);
    return 0;
}

// The element at `seen`. The id that it names then stands at `seen` in the order, and *length is
// what it says it wrote. What cannot be fails the port.
static bool take_used(struct legacy_ring *ring, uint32_t seen, uint32_t *id, uint32_t *length)
{
    const struct split_used_element *element = &ring->used->ring[seen & (ring->entries - 1)];
    *id = __atomic_load_n(&element->id, __ATOMIC_RELAXED);
    *length = __atomic_load_n(&element->length, __ATOMIC_RELAXED);
    enum port_fault fault = order_take(ring->order, ring->place, ring->queue.slots, seen,
                                       ring->made_available - seen, *id);
    if (fault != PORT_OK)
        port_fail(ring->queue.port, fault, *id);
    return fault == PORT_OK;
}

// Puts a buffer with room for, or with, `length` bytes at `offset` into the next free slot, and
// makes it available. flags: SPLIT_DESCRIPTOR_WRITE or 0.
static void put(struct legacy_ring *ring, uint32_t buffer, uint32_t offset, uint32_t length,
                uint16_t flags)
{
    struct queue *queue = &ring->queue;
    uint16_t id = ring->order[ring->made_available & (queue->slots - 1)];
    uint64_t header = packet_dma(queue->port->area, buffer, offset - LEGACY_HEADER);
    queue->buffer_of[id] = buffer;
    struct split_descriptor *descriptor = &ring->descriptors[id];
    if (ring->chained) {
        uint16_t next = (uint16_t)(id + queue->slots);
        *descriptor =
            (struct split_descriptor){header, LEGACY_HEADER, flags | SPLIT_DESCRIPTOR_NEXT, next};
        ring->descriptors[next] =
            (struct split_descriptor){header + LEGACY_HEADER, length, flags, 0};
    } else {
        *descriptor = (struct split_descriptor){header, LEGACY_HEADER + length, flags, 0};
    }
    ring->available->ring[ring->made_available & (ring->entries - 1)] = id;
    ring->made_available++;
}

void legacy_put_empty(struct legacy_ring *ring, uint32_t buffer)
{
    put(ring, buffer, FRAME_HEADROOM, ring->queue.port->area->capacity, SPLIT_DESCRIPTOR_WRITE);
}

void legacy_offer(struct legacy_ring *ring)
{
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_store_n(&ring->available->index, (uint16_t)ring->made_available, __ATOMIC_RELEASE);
}

void legacy_notify(struct queue *queue)
{
    struct legacy_ring *ring = ring_of(queue);
    // Orders our store of available->index before our read of used->flags (2.7.13.4.1); the device
    // does the opposite: clears the flag, then reads the index again. Without it each side could
    // miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((__atomic_load_n(&ring->used->flags, __ATOMIC_RELAXED) & SPLIT_USED_NO_NOTIFY) == 0)
        env_io_write(queue->port->env, LEGACY_IO_BAR, LEGACY_QUEUE_NOTIFY, 2, ring->number);
}

unsigned legacy_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct legacy_ring *ring = ring_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    unsigned waiting = used_waiting(ring), most = waiting < max ? waiting : max, done = 0;
    uint32_t longest = LEGACY_HEADER + queue->port->area->capacity;
    for (uint32_t id, length; done < most; done++) {
        if (!take_used(ring, ring->used_seen, &id, &length))
            break;
        ring->used_seen++;
        // Shorter than Ethernet, or longer than what the device was given: the forwarder drops a
        // length of 0.
        if (length < LEGACY_HEADER + FRAME_MIN || length > longest)
            length = LEGACY_HEADER;
        frames[done] = (struct frame){queue->buffer_of[id], FRAME_HEADROOM,
                                      (uint16_t)(length - LEGACY_HEADER)};
    }
    return done;
}

// After a fault the books are kept all the same, so that every buffer has its slot, but the device
// does not hear of it.
static void offer(struct legacy_ring *ring)
{
    if (ring->queue.port->state != PORT_RUNNING)
        return;
    legacy_offer(ring);
    legacy_notify(&ring->queue);
}

void legacy_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    if (count == 0)
        return;
    for (unsigned i = 0; i < count; i++)
        legacy_put_empty(ring_of(queue), frames[i].buffer);
    offer(ring_of(queue));
}

// Takes what the device has sent out of the used ring: those ids are free again. Their buffers stay
// in their slots, empty, until an exchange takes them. The lengths mean nothing: the device wrote
// nothing.
static void reclaim(struct legacy_ring *ring)
{
    uint32_t id, length;
    for (unsigned waiting = used_waiting(ring); waiting > 0; waiting--) {
        if (!take_used(ring, ring->used_seen, &id, &length))
            return;
        ring->used_seen++;
    }
}

static uint32_t room(const struct legacy_ring *ring)
{
    return ring->queue.slots - (ring->made_available - ring->used_seen);
}

unsigned legacy_room(struct queue *queue, unsigned wanted)
{
    struct legacy_ring *ring = ring_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    if (room(ring) < wanted)
        reclaim(ring); // may fail the port
    if (queue->port->state != PORT_RUNNING)
        return 0;
    return room(ring) < wanted ? room(ring) : wanted;
}

unsigned legacy_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct legacy_ring *ring = ring_of(queue);
    count = legacy_room(queue, count);
    if (count == 0)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        struct frame frame = frames[i];
        // The exchange: the frame goes in, the empty buffer that was there comes out.
        frames[i].buffer = queue->buffer_of[ring->order[ring->made_available & (queue->slots - 1)]];
        __builtin_memset(packet_data(queue->port->area, frame.buffer, frame.offset) - LEGACY_HEADER,
                         0, LEGACY_HEADER);
        put(ring, frame.buffer, frame.offset, frame.length, 0);
    }
    offer(ring);
    return count;
}

bool legacy_send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct legacy_ring *ring = ring_of(queue);
    if (length < FRAME_MIN || length > queue->port->max_frame || legacy_room(queue, 1) == 0)
        return false;
    // The buffer that the next exchange would hand out is exchanged for itself.
    uint32_t id = ring->order[ring->made_available & (queue->slots - 1)];
    struct frame frame = {queue->buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    __builtin_memcpy(packet_data(queue->port->area, frame.buffer, frame.offset), data, length);
    return legacy_transmit(queue, &frame, 1) == 1;
}
