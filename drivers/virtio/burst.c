// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a split virtqueue: what runs for each burst. VIRTIO 1.2, sections 2.7.13,
// 2.7.14 and 5.1.6.
//
// One descriptor per frame: the header that virtio wants lies in the buffer, directly in front of
// the frame. Pointers are copied into locals at the top of each loop, because a store into one of
// the arrays could, for all the compiler knows, change the structure that holds them.
#include "drivers/mmio.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"

static inline struct split *split_of(struct queue *queue)
{
    return (struct split *)queue; // its first member
}

// How many used elements wait. More than the device holds is a lie: the port is failed.
static inline unsigned used_waiting(struct split *split)
{
    // Orders this read of the index before the reads of the elements that it announces; the device
    // writes the element first, then the index (2.7.8.1).
    uint16_t index = __atomic_load_n(&split->used->index, __ATOMIC_ACQUIRE);
    unsigned waiting = (uint16_t)(index - split->used_seen);
    uint32_t with_device = split->queue.slots - (split->free_tail - split->free_head);
    if (__builtin_expect(waiting > with_device, 0)) {
        port_fail(split->queue.port, PORT_FAULT_USED_INDEX, index);
        return 0;
    }
    return waiting;
}

// One element, read once: both halves in one load, so that what was checked is what is used.
static inline uint64_t used_element(const struct split_used_element *ring, uint32_t at)
{
    return __atomic_load_n((const uint64_t *)(const void *)&ring[at], __ATOMIC_RELAXED);
}

// Why an id was refused. The caller has found that it is not one of ours, or not with the device.
static __attribute__((noinline, cold)) void refuse_id(struct split *split, uint32_t id)
{
    enum port_fault fault = id < split->queue.slots ? PORT_FAULT_USED_REPLAY : PORT_FAULT_USED_ID;
    port_fail(split->queue.port, fault, id);
}

void split_notify(struct split *split)
{
    // Orders our store of available->index before our read of used->flags; the device does the
    // opposite: clears the flag, then reads the index again (2.7.10.1, 2.7.13.4). Without it each
    // side could miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t flags = __atomic_load_n(&split->used->flags, __ATOMIC_RELAXED);
    if ((flags & SPLIT_USED_NO_NOTIFY) == 0)
        mmio_write16(split->doorbell, 0, split->number); // 4.1.5.2
}

// Offers the entries up to `index` to the device.
static inline void publish(struct split *split, uint16_t index)
{
    split->made_available = index;
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3).
    __atomic_store_n(&split->available->index, index, __ATOMIC_RELEASE);
    split_notify(split);
}

unsigned split_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct split *split = split_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    unsigned count = used_waiting(split);
    if (count > max)
        count = max;

    const struct split_used_element *used = split->used->ring;
    const uint32_t *buffer_of = queue->buffer_of;
    uint16_t *free_ids = split->free_ids;
    bool *held = split->held;
    uint32_t slots = queue->slots, mask = slots - 1;
    uint32_t seen = split->used_seen, tail = split->free_tail;
    uint32_t capacity = queue->port->area->capacity;
    unsigned n = 0;
    for (; n < count; n++) {
        uint64_t element = used_element(used, (seen + n) & mask);
        uint32_t id = (uint32_t)element, length = (uint32_t)(element >> 32);
        if (__builtin_expect(id >= slots || !held[id], 0)) {
            refuse_id(split, id);
            break;
        }
        held[id] = false;
        free_ids[(tail + n) & mask] = (uint16_t)id;
        // Shorter than Ethernet, or longer than what the device was given: one comparison, since
        // what is too short wraps to something huge. The forwarder drops a length of 0.
        length -= VIRTIO_NET_HEADER;
        if (__builtin_expect(length - FRAME_MIN > capacity - FRAME_MIN, 0))
            length = 0;
        frames[n] = (struct frame){buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    }
    split->used_seen = (uint16_t)(seen + n);
    split->free_tail = tail + n;
    return n;
}

void split_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    if (count == 0)
        return;
    const struct packet_area *area = queue->port->area;
    struct split_descriptor *descriptors = split->descriptors;
    uint16_t *ring = split->available->ring;
    uint32_t *buffer_of = queue->buffer_of;
    const uint16_t *free_ids = split->free_ids;
    bool *held = split->held;
    uint32_t mask = queue->slots - 1;
    uint32_t head = split->free_head, available = split->made_available;
    uint64_t dma = area->dma + FRAME_HEADROOM - VIRTIO_NET_HEADER;
    uint64_t stride = area->stride;
    for (unsigned i = 0; i < count; i++) {
        uint32_t id = free_ids[(head + i) & mask], buffer = frames[i].buffer;
        buffer_of[id] = buffer;
        // Length and flags are those that split_fill() wrote. The device may have changed them in
        // its memory: it only fools itself.
        descriptors[id].address = dma + buffer * stride;
        ring[(available + i) & mask] = (uint16_t)id;
        held[id] = true;
    }
    split->free_head = head + count;
    // A port that failed after receive() gets its buffers back, the device does not hear of it.
    if (queue->port->state == PORT_RUNNING)
        publish(split, (uint16_t)(available + count));
}

// Takes what the device has sent out of the used ring: those ids are free again. Their buffers stay
// in their slots, empty, until an exchange takes them.
static void reclaim(struct split *split)
{
    unsigned count = used_waiting(split);
    const struct split_used_element *used = split->used->ring;
    uint16_t *free_ids = split->free_ids;
    bool *held = split->held;
    uint32_t slots = split->queue.slots, mask = slots - 1;
    uint32_t seen = split->used_seen, tail = split->free_tail;
    unsigned n = 0;
    for (; n < count; n++) {
        uint32_t id = (uint32_t)used_element(used, (seen + n) & mask);
        if (__builtin_expect(id >= slots || !held[id], 0)) {
            refuse_id(split, id);
            break;
        }
        held[id] = false;
        free_ids[(tail + n) & mask] = (uint16_t)id;
    }
    split->used_seen = (uint16_t)(seen + n);
    split->free_tail = tail + n;
}

// How many of `count` frames can be queued. The used ring is only looked at when the known free
// descriptors do not suffice: most bursts do not touch what the device writes.
static inline unsigned room_for(struct split *split, unsigned count)
{
    if (split->queue.port->state != PORT_RUNNING)
        return 0;
    uint32_t room = split->free_tail - split->free_head;
    if (room < count) {
        reclaim(split);
        if (split->queue.port->state != PORT_RUNNING)
            return 0;
        room = split->free_tail - split->free_head;
    }
    return room < count ? room : count;
}

unsigned split_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    count = room_for(split, count);
    if (count == 0)
        return 0;

    const struct packet_area *area = queue->port->area;
    struct split_descriptor *descriptors = split->descriptors;
    uint16_t *ring = split->available->ring;
    uint32_t *buffer_of = queue->buffer_of;
    const uint16_t *free_ids = split->free_ids;
    bool *held = split->held;
    uint32_t mask = queue->slots - 1;
    uint32_t head = split->free_head, available = split->made_available;
    uint8_t *base = area->base;
    uint64_t dma = area->dma, stride = area->stride;
    for (unsigned i = 0; i < count; i++) {
        uint32_t id = free_ids[(head + i) & mask];
        struct frame frame = frames[i];
        frames[i].buffer = buffer_of[id];
        buffer_of[id] = frame.buffer;
        uint64_t at = frame.buffer * stride + frame.offset - VIRTIO_NET_HEADER;
        __builtin_memset(base + at, 0, VIRTIO_NET_HEADER);
        descriptors[id].address = dma + at;
        descriptors[id].length = VIRTIO_NET_HEADER + frame.length;
        ring[(available + i) & mask] = (uint16_t)id;
        held[id] = true;
    }
    split->free_head = head + count;
    publish(split, (uint16_t)(available + count));
    return count;
}

bool split_send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct split *split = split_of(queue);
    const struct packet_area *area = queue->port->area;
    if (length < FRAME_MIN || length > queue->port->max_frame || room_for(split, 1) == 0)
        return false;
    // The buffer that the next exchange would hand out is exchanged for itself.
    uint32_t id = split->free_ids[split->free_head & (queue->slots - 1)];
    struct frame frame = {queue->buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    __builtin_memcpy(packet_data(area, frame.buffer, frame.offset), data, length);
    return split_transmit(queue, &frame, 1) == 1;
}
