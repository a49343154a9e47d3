// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a split virtqueue: what runs for each burst. VIRTIO 1.2, sections 2.7.13,
// 2.7.14 and 5.1.6.
//
// One descriptor per frame: the header that virtio wants lies in the buffer, directly in front of
// the frame.
//
// Each verb has a plain loop and a rest. The plain loop is for a device that uses descriptors in
// order, inside one lap of the ring: then slot i has id i, so nothing is looked up, masked, or
// written twice, and one comparison for each element proves all that has to be proved about it.
// What the plain loop will not take is done by the rest, for which every id and every length is
// possible. `make bench` counts the instructions.
#include "drivers/hints.h"
#include "drivers/mmio.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"

// A struct frame as one number: that of the shortest frame, in buffer 0.
#define FRAME_OFFSET_SHIFT (8 * offsetof(struct frame, offset))
#define FRAME_LENGTH_SHIFT (8 * offsetof(struct frame, length))
#define SHORTEST_FRAME \
    ((uint64_t)FRAME_HEADROOM << FRAME_OFFSET_SHIFT | (uint64_t)FRAME_MIN << FRAME_LENGTH_SHIFT)

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
static inline uint64_t used_element(const struct split_used_element *element)
{
    // A wider view of the same 8-aligned bytes is the point.
    // NOLINTNEXTLINE(bugprone-casting-through-void)
    return __atomic_load_n((const uint64_t *)(const void *)element, __ATOMIC_RELAXED);
}

// How many of the `count` slots from `at` on lie in front of the ring's end: a loop over those
// needs no mask, and all its arrays are indexed by one counter.
static inline unsigned up_to_end(const struct split *split, uint32_t at, unsigned count)
{
    uint32_t to_end = split->queue.slots - at;
    return count < to_end ? count : to_end;
}

// How many of them a plain loop can fill.
static inline unsigned plain_run(const struct split *split, uint32_t at, unsigned count)
{
    return UNLIKELY(!split->in_order) ? 0 : up_to_end(split, at, count);
}

// The device used `id` though the one at `seen` is older. If it holds that id, swaps the two, so
// that id stands at `seen`; if not, fails the port.
static bool bring_forward(struct split *split, uint32_t seen, uint32_t id)
{
    enum port_fault fault = order_take(split->order, split->place, split->queue.slots, seen,
                                       split->made_available - seen, id);
    if (fault != PORT_OK) {
        port_fail(split->queue.port, fault, id);
        return false;
    }
    split->in_order = false;
    return true;
}

static inline void notify(struct split *split)
{
    // Orders our store of available->index before our read of used->flags (2.7.13.4.1); the device
    // does the opposite: clears the flag, then reads the index again. Without it each side could
    // miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t flags = __atomic_load_n(&split->used->flags, __ATOMIC_RELAXED);
    if ((flags & SPLIT_USED_NO_NOTIFY) == 0)
        mmio_write16(split->doorbell, 0, split->number); // 2.7.10.1, 4.1.5.2
}

// Offers `count` more entries to the device. After a fault the books are kept all the same, so that
// every buffer has its slot, but the device does not hear of it.
static inline void offer(struct split *split, unsigned count)
{
    split->made_available += count;
    if (UNLIKELY(split->queue.port->state != PORT_RUNNING))
        return;
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_store_n(&split->available->index, (uint16_t)split->made_available, __ATOMIC_RELEASE);
    notify(split);
}

// --- receive ---

// Goes on behind the first `done` of `count` frames, with ids in any order and lengths of any kind.
// Returns how many frames there are in the end.
static NOINLINE unsigned receive_rest(struct split *split, struct frame *frames, unsigned done,
                                      unsigned count)
{
    uint32_t mask = split->queue.slots - 1, capacity = split->queue.port->area->capacity;
    uint32_t begin = split->used_seen;
    for (; done < count; done++) {
        uint32_t seen = begin + done;
        uint64_t element = used_element(&split->used->ring[seen & mask]);
        uint32_t id = (uint32_t)element, length = element >> 32;
        if (id != split->order[seen & mask] && !bring_forward(split, seen, id))
            break;
        // Shorter than Ethernet, or longer than what the device was given: the forwarder drops a
        // length of 0.
        if (length < VIRTIO_NET_HEADER + FRAME_MIN || length > VIRTIO_NET_HEADER + capacity)
            length = VIRTIO_NET_HEADER;
        frames[done] = (struct frame){split->queue.buffer_of[id], FRAME_HEADROOM,
                                      (uint16_t)(length - VIRTIO_NET_HEADER)};
    }
    split->used_seen = begin + done;
    return done;
}

unsigned split_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct split *split = split_of(queue);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    unsigned count = used_waiting(split);
    if (count == 0)
        return 0;
    if (count > max)
        count = max;
    uint32_t at = split->used_seen & (queue->slots - 1);
    const struct split_used_element *used = split->used->ring;
    const uint32_t *buffer_of = queue->buffer_of;
    uint64_t longest = queue->port->area->capacity - FRAME_MIN;
    // What lies behind the ring's end comes with the next burst, and bursts stay in step with laps.
    count = up_to_end(split, at, count);
    uint64_t id = at, end = at + (split->in_order ? count : 0);
    for (; id != end; id++) {
        // Two checks in one comparison. After the rotation the low half is the length and the high
        // half is 0, if the id is the one that the device has held longest. The shortest frame
        // becomes 0. Another id, or a shorter frame, becomes a huge number.
        uint64_t length = used_element(&used[id]) - id;
        length = (length << 32 | length >> 32) - (VIRTIO_NET_HEADER + FRAME_MIN);
        if (UNLIKELY(length > longest))
            break;
        // The frame's three fields in one store, from which the processor also serves the
        // forwarder's loads of each of them.
        uint64_t frame = SHORTEST_FRAME + (length << FRAME_LENGTH_SHIFT) + buffer_of[id];
        __builtin_memcpy(&frames[id - at], &frame, sizeof frame);
    }
    unsigned done = (unsigned)id - at;
    if (UNLIKELY(done != count))
        return receive_rest(split, frames, done, count);
    split->used_seen += count;
    return count;
}

// --- refill ---

// Puts an empty buffer into a slot. Only the address is new: length, flags and, in a plain run, the
// entry of the available ring are those that fill() and reset() wrote. The device may have changed
// them in its memory: it only fools itself.
static inline void put_buffer(const struct packet_area *area, struct split_descriptor *descriptor,
                              uint32_t *slot, uint32_t buffer)
{
    *slot = buffer;
    descriptor->address = packet_dma(area, buffer, FRAME_HEADROOM - VIRTIO_NET_HEADER);
}

// Goes on behind the first `done` of `count` slots, with ids in any order.
static NOINLINE void refill_rest(struct split *split, const struct frame *frames, unsigned done,
                                 unsigned count)
{
    for (; done < count; done++) {
        uint32_t at = (split->made_available + done) & (split->queue.slots - 1);
        uint16_t id = split->order[at];
        put_buffer(split->queue.port->area, &split->descriptors[id], &split->queue.buffer_of[id],
                   frames[done].buffer);
        split->available->ring[at] = id;
    }
    offer(split, count);
}

void split_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    if (count == 0)
        return;
    // A copy in registers: for all the compiler knows, a store to a slot could change the original.
    const struct packet_area area = *queue->port->area;
    uint32_t at = split->made_available & (queue->slots - 1);
    unsigned run = plain_run(split, at, count);
    struct split_descriptor *descriptors = split->descriptors + at;
    uint32_t *buffer_of = queue->buffer_of + at;
#pragma GCC unroll 2 // two slots a turn: a third of this loop is the loop
    for (size_t i = 0; i < run; i++)
        put_buffer(&area, &descriptors[i], &buffer_of[i], frames[i].buffer);
    if (UNLIKELY(run != count))
        refill_rest(split, frames, run, count);
    else
        offer(split, count);
}

// --- transmit ---

// Goes on behind the first `done` of `count` elements, with ids in any order.
static NOINLINE void reclaim_rest(struct split *split, unsigned done, unsigned count)
{
    uint32_t mask = split->queue.slots - 1, begin = split->used_seen;
    for (; done < count; done++) {
        uint32_t seen = begin + done, id = (uint32_t)used_element(&split->used->ring[seen & mask]);
        if (id != split->order[seen & mask] && !bring_forward(split, seen, id))
            break;
    }
    split->used_seen = begin + done;
}

// Takes what the device has sent out of the used ring, up to the ring's end: those ids are free
// again. Their buffers stay in their slots, empty, until an exchange takes them. The lengths mean
// nothing: the device wrote nothing.
static void reclaim(struct split *split)
{
    uint32_t at = split->used_seen & (split->queue.slots - 1);
    unsigned count = up_to_end(split, at, used_waiting(split));
    const struct split_used_element *used = split->used->ring;
    size_t id = at, end = at + (split->in_order ? count : 0);
    while (id != end && used[id].id == (uint32_t)id) // the one use of what was read
        id++;
    unsigned done = (unsigned)id - at;
    if (UNLIKELY(done != count))
        reclaim_rest(split, done, count);
    else
        split->used_seen += count;
}

static uint32_t room(const struct split *split)
{
    return split->queue.slots - (split->made_available - split->used_seen);
}

// Puts a frame into a slot, and takes the empty buffer out that was there.
static inline void put_frame(const struct packet_area *area, struct split_descriptor *descriptor,
                             uint32_t *slot, struct frame *frame)
{
    uint32_t buffer = frame->buffer;
    frame->buffer = *slot;
    *slot = buffer;
    // Found once, then moved to where the card sees it.
    uint8_t *header = packet_data(area, buffer, frame->offset) - VIRTIO_NET_HEADER;
    __builtin_memset(header, 0, VIRTIO_NET_HEADER);
    descriptor->address = (uintptr_t)header + (area->dma - (uintptr_t)area->base);
    descriptor->length = VIRTIO_NET_HEADER + frame->length;
}

// Goes on behind the first `done` of `count` frames, with ids in any order.
static NOINLINE unsigned transmit_rest(struct split *split, struct frame *frames, unsigned done,
                                       unsigned count)
{
    for (; done < count; done++) {
        uint32_t at = (split->made_available + done) & (split->queue.slots - 1);
        uint16_t id = split->order[at];
        put_frame(split->queue.port->area, &split->descriptors[id], &split->queue.buffer_of[id],
                  &frames[done]);
        split->available->ring[at] = id;
    }
    offer(split, count);
    split->queue.free = room(split);
    return count;
}

// split_transmit() for `count` frames, for which there is room.
static INLINE unsigned transmit(struct split *split, struct frame *frames, unsigned count)
{
    const struct packet_area area = *split->queue.port->area;
    uint32_t at = split->made_available & (split->queue.slots - 1);
    unsigned run = plain_run(split, at, count);
    struct split_descriptor *descriptors = split->descriptors + at;
    uint32_t *buffer_of = split->queue.buffer_of + at;
#pragma GCC unroll 2
    for (size_t i = 0; i < run; i++)
        put_frame(&area, &descriptors[i], &buffer_of[i], &frames[i]);
    if (UNLIKELY(run != count))
        return transmit_rest(split, frames, run, count);
    offer(split, count);
    split->queue.free = room(split);
    return count;
}

// room() when the known free descriptors do not suffice: looks at the used ring.
static NOINLINE unsigned reclaim_room(struct split *split, unsigned wanted)
{
    reclaim(split);
    if (room(split) < wanted && split->queue.port->state == PORT_RUNNING)
        reclaim(split); // what lies behind the ring's end
    if (split->queue.port->state != PORT_RUNNING)
        return 0;
    return room(split) < wanted ? room(split) : wanted;
}

unsigned split_room(struct queue *queue, unsigned wanted)
{
    struct split *split = split_of(queue);
    if (UNLIKELY(queue->port->state != PORT_RUNNING))
        return 0;
    if (UNLIKELY(room(split) < wanted))
        wanted = reclaim_room(split, wanted);
    queue->free = room(split);
    return wanted;
}

// split_transmit() in that case: sends as many as then can be.
static NOINLINE unsigned reclaim_and_transmit(struct split *split, struct frame *frames,
                                              unsigned count)
{
    count = reclaim_room(split, count);
    if (count == 0)
        return 0;
    return transmit(split, frames, count);
}

unsigned split_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    if (queue->port->state != PORT_RUNNING || count == 0)
        return 0;
    // Most bursts do not touch what the device writes.
    if (room(split) < count)
        return reclaim_and_transmit(split, frames, count);
    return transmit(split, frames, count);
}

void split_notify(struct queue *queue)
{
    notify(split_of(queue));
}

uint32_t split_next_empty(struct queue *queue)
{
    const struct split *split = split_of(queue);
    if (split_room(queue, 1) == 0)
        return NO_BUFFER;
    return queue->buffer_of[split->order[split->made_available & (queue->slots - 1)]];
}
