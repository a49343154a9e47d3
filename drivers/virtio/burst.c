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

#define UNLIKELY(condition) __builtin_expect(condition, 0)

// A struct frame as one number. EMPTY_FRAME begins behind the headroom and is 12 bytes shorter than
// nothing: adding the length of what the device wrote leaves the frame's own, without the header.
#define FRAME_OFFSET_SHIFT (8 * offsetof(struct frame, offset))
#define FRAME_LENGTH_SHIFT (8 * offsetof(struct frame, length))
#define EMPTY_FRAME                                     \
    (((uint64_t)FRAME_HEADROOM << FRAME_OFFSET_SHIFT) - \
     ((uint64_t)VIRTIO_NET_HEADER << FRAME_LENGTH_SHIFT))

static inline struct split *split_of(struct queue *queue)
{
    return (struct split *)queue; // its first member
}

// How many used elements wait. More than the device holds is a lie: the port is failed.
static inline unsigned used_waiting(struct split *split)
{
    // Orders this read of the index before the reads of the elements that it announces; the device
    // writes the element first, then the index (2.7.8.2).
    uint16_t index = __atomic_load_n(&split->used->index, __ATOMIC_ACQUIRE);
    unsigned waiting = (uint16_t)(index - split->used_seen);
    if (UNLIKELY(waiting > split->made_available - split->used_seen)) {
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

// The device used `id` though the one at `seen` is older. If it holds that id, swaps the two, so
// that id stands at `seen`; if not, fails the port.
static __attribute__((noinline, cold)) bool bring_forward(struct split *split, uint32_t seen,
                                                          uint32_t id)
{
    uint32_t slots = split->queue.slots, mask = slots - 1;
    if (id >= slots) {
        port_fail(split->queue.port, PORT_FAULT_USED_ID, id);
        return false;
    }
    uint16_t to = seen & mask, from = split->place[id], other = split->order[to];
    if (((from - to) & mask) >= split->made_available - seen) {
        port_fail(split->queue.port, PORT_FAULT_USED_REPLAY, id);
        return false;
    }
    split->order[to] = (uint16_t)id;
    split->place[id] = to;
    split->order[from] = other;
    split->place[other] = from;
    return true;
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

// Offers the entries up to made_available to the device.
static inline void publish(struct split *split)
{
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3).
    __atomic_store_n(&split->available->index, (uint16_t)split->made_available, __ATOMIC_RELEASE);
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
    const uint16_t *order = split->order;
    uint32_t mask = queue->slots - 1, begin = split->used_seen, seen = begin;
    uint64_t longest = queue->port->area->capacity - FRAME_MIN;
    for (uint32_t end = begin + count; seen != end; seen++, frames++) {
        uint64_t element = used_element(used, seen & mask);
        uint32_t id = (uint32_t)element;
        if (UNLIKELY(id != order[seen & mask]) && !bring_forward(split, seen, id))
            break;
        uint64_t length = element >> 32;
        // A struct frame, stored at once: the forwarder's loads of its parts are served by it.
        uint64_t frame = EMPTY_FRAME + (length << FRAME_LENGTH_SHIFT) + buffer_of[id];
        // Shorter than Ethernet, or longer than what the device was given: one comparison, since
        // what is too short wraps to something huge. The forwarder drops a length of 0.
        if (UNLIKELY(length - (VIRTIO_NET_HEADER + FRAME_MIN) > longest))
            frame = frame << 16 >> 16;
        __builtin_memcpy(frames, &frame, sizeof frame);
    }
    split->used_seen = seen;
    return seen - begin;
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
    const uint16_t *order = split->order;
    uint32_t mask = queue->slots - 1, next = split->made_available;
    uint64_t dma = area->dma + FRAME_HEADROOM - VIRTIO_NET_HEADER, stride = area->stride;
    for (uint32_t end = next + count; next != end; next++, frames++) {
        uint32_t at = next & mask, id = order[at], buffer = frames->buffer;
        buffer_of[id] = buffer;
        // Length and flags are those that split_fill() wrote. The device may have changed them in
        // its memory: it only fools itself.
        descriptors[id].address = dma + buffer * stride;
        ring[at] = (uint16_t)id;
    }
    split->made_available = next;
    // A port that failed after receive() gets its buffers back, the device does not hear of it.
    if (queue->port->state == PORT_RUNNING)
        publish(split);
}

// Takes what the device has sent out of the used ring: those ids are free again. Their buffers stay
// in their slots, empty, until an exchange takes them.
static __attribute__((noinline)) void reclaim(struct split *split)
{
    unsigned count = used_waiting(split);
    const struct split_used_element *used = split->used->ring;
    const uint16_t *order = split->order;
    uint32_t mask = split->queue.slots - 1, seen = split->used_seen;
    for (uint32_t end = seen + count; seen != end; seen++) {
        uint32_t id = (uint32_t)used_element(used, seen & mask);
        if (UNLIKELY(id != order[seen & mask]) && !bring_forward(split, seen, id))
            break;
    }
    split->used_seen = seen;
}

// How many of `count` frames can be queued. The used ring is only looked at when the known free
// descriptors do not suffice: most bursts do not touch what the device writes.
static inline unsigned room_for(struct split *split, unsigned count)
{
    const struct port *port = split->queue.port;
    if (port->state != PORT_RUNNING)
        return 0;
    uint32_t room = split->queue.slots - (split->made_available - split->used_seen);
    if (room < count) {
        reclaim(split);
        if (port->state != PORT_RUNNING)
            return 0;
        room = split->queue.slots - (split->made_available - split->used_seen);
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
    const uint16_t *order = split->order;
    uint32_t mask = queue->slots - 1, next = split->made_available;
    uint8_t *base = area->base;
    uint64_t dma = area->dma, stride = area->stride;
    for (uint32_t end = next + count; next != end; next++, frames++) {
        uint32_t at = next & mask, id = order[at], buffer = frames->buffer;
        frames->buffer = buffer_of[id];
        buffer_of[id] = buffer;
        uint64_t header = buffer * stride + frames->offset - VIRTIO_NET_HEADER;
        __builtin_memset(base + header, 0, VIRTIO_NET_HEADER);
        descriptors[id].address = dma + header;
        descriptors[id].length = VIRTIO_NET_HEADER + frames->length;
        ring[at] = (uint16_t)id;
    }
    split->made_available = next;
    publish(split);
    return count;
}

bool split_send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct split *split = split_of(queue);
    if (length < FRAME_MIN || length > queue->port->max_frame || room_for(split, 1) == 0)
        return false;
    // The buffer that the next exchange would hand out is exchanged for itself.
    uint32_t id = split->order[split->made_available & (queue->slots - 1)];
    struct frame frame = {queue->buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    __builtin_memcpy(packet_data(queue->port->area, frame.buffer, frame.offset), data, length);
    return split_transmit(queue, &frame, 1) == 1;
}
