// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a split virtqueue, receiving: what runs for each burst. VIRTIO 1.2, sections
// 2.7.13, 2.7.14 and 5.1.6.
//
// One descriptor per frame: the header that virtio wants lies in the buffer, directly in front of
// the frame.
//
// Each verb has a plain loop and a rest, here and in burst_transmit.c. The plain loop is for a
// device that uses descriptors in order, inside one lap of the ring: then slot i has id i, so
// nothing is looked up, masked, or written twice, and one comparison for each element proves all
// that has to be proved about it. What the plain loop will not take is done by the rest, for which
// every id and every length is possible. A frame that is alone needs no loop. `make bench` counts
// the instructions.
//
// queue.lengths is 0 while the port does not run, and of a device that left the order: so a
// comparison with it says that all is as the plain way wants it.
#include "drivers/virtio/burst.h"

// A struct frame as one number: that of the shortest frame, in buffer 0.
#define FRAME_OFFSET_SHIFT (8 * offsetof(struct frame, offset))
#define FRAME_LENGTH_SHIFT (8 * offsetof(struct frame, length))
#define SHORTEST_FRAME \
    ((uint64_t)FRAME_HEADROOM << FRAME_OFFSET_SHIFT | (uint64_t)FRAME_MIN << FRAME_LENGTH_SHIFT)

// Takes the frame that `at`, the slot that the device has held longest, is used for. False, with
// nothing done: it is not that slot's, or of a length that it does not take.
static INLINE bool take_plain(const struct split_used_element *used, const uint32_t *buffer_of,
                              uint64_t at, uint64_t lengths, struct frame *frame)
{
    // Two checks in one comparison. After the rotation the low half is the length and the high half
    // is 0, if the id is the one that the device has held longest. The shortest frame becomes 0.
    // Another id, or a shorter frame, becomes a huge number.
    uint64_t length = used_element(&used[at]) - at;
    length = (length << 32 | length >> 32) - (VIRTIO_NET_HEADER + FRAME_MIN);
    if (UNLIKELY(length >= lengths))
        return false;
    // The frame's three fields in one store, from which the processor also serves the forwarder's
    // loads of each of them.
    const uint64_t number = SHORTEST_FRAME + (length << FRAME_LENGTH_SHIFT) + buffer_of[at];
    __builtin_memcpy(frame, &number, sizeof number);
    return true;
}

// Goes on behind the first `done` of `count` frames, with ids in any order and lengths of any kind.
// Returns how many frames there are in the end.
static NOINLINE unsigned receive_rest(struct split *split, struct frame *frames, unsigned done,
                                      unsigned count)
{
    const uint32_t mask = split->mask, capacity = split->queue.port->area->capacity;
    const uint32_t begin = split->used_seen;
    for (; done < count; done++) {
        const uint32_t seen = begin + done;
        const uint64_t element = used_element(&split->used->ring[seen & mask]);
        const uint32_t id = (uint32_t)element;
        uint32_t length = element >> 32;
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
    if (!split->in_order)
        split->queue.lengths = 0;
    return done;
}

// Several, or one with which something may be wrong.
static NOINLINE unsigned receive_burst(struct split *split, struct frame *frames, unsigned max,
                                       unsigned waiting)
{
    struct queue *queue = &split->queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING) || !can_wait(split, waiting))
        return 0;
    if (UNLIKELY(queue->lengths == 0 && split->in_order))
        queue->lengths = queue->port->area->capacity - FRAME_MIN + 1; // it was closed, and runs
    const uint32_t at = split->used_seen & split->mask;
    // What lies behind the ring's end comes with the next burst, and bursts stay in step with laps.
    const unsigned count = up_to_end(split, at, waiting < max ? waiting : max);
    const struct split_used_element *used = split->used->ring;
    const uint32_t *buffer_of = queue->buffer_of;
    const uint64_t lengths = queue->lengths;
    uint64_t id = at;
    const uint64_t end = at + count;
#pragma GCC unroll 4
    for (; id != end; id++)
        if (UNLIKELY(!take_plain(used, buffer_of, id, lengths, &frames[id - at])))
            break;
    const unsigned done = (unsigned)id - at;
    if (UNLIKELY(done != count))
        return receive_rest(split, frames, done, count);
    split->used_seen += count;
    return count;
}

// With little traffic there is one frame or none: that is decided here, without the cost of a loop.
unsigned split_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct split *split = split_of(queue);
    const struct split_used *used = split->used;
    const uint32_t seen = split->used_seen;
    const unsigned waiting = used_waiting(used, seen);
    if (waiting == 0)
        return 0;
    if (waiting != 1 || UNLIKELY(seen == split->offered) ||
        !take_plain(used->ring, queue->buffer_of, seen & split->mask, queue->lengths, frames))
        return receive_burst(split, frames, max, waiting);
    split->used_seen = seen + 1;
    return 1;
}

// --- refill ---

// Puts an empty buffer into a slot. Only the address is new: length, flags and, in a plain run, the
// entry of the available ring are those that fill() and reset() wrote. The device may have changed
// them in its memory: it only fools itself.
static INLINE void put_buffer(uint64_t buffers, uint64_t stride,
                              struct split_descriptor *descriptor, uint32_t *slot, uint32_t buffer)
{
    *slot = buffer;
    descriptor->address = buffers + buffer * stride;
}

// Goes on behind the first `done` of `count` slots, with ids in any order.
static NOINLINE void refill_rest(struct split *split, const struct frame *frames, unsigned done,
                                 unsigned count)
{
    for (; done < count; done++) {
        const uint32_t at = (split->made_available + done) & split->mask;
        const uint16_t id = split->order[at];
        put_buffer(split->buffers, split->stride, &split->descriptors[id],
                   &split->queue.buffer_of[id], frames[done].buffer);
        split->available->ring[at] = id;
    }
    filled(split, count);
}

static NOINLINE void refill_burst(struct split *split, const struct frame *frames, unsigned count)
{
    const uint32_t at = split->made_available & split->mask;
    const unsigned run = plain_run(split, at, count);
    struct split_descriptor *descriptors = split->descriptors + at;
    uint32_t *buffer_of = split->queue.buffer_of + at;
    const uint64_t buffers = split->buffers, stride = split->stride;
#pragma GCC unroll 4 // a third of this loop would be the loop
    for (size_t i = 0; i < run; i++)
        put_buffer(buffers, stride, &descriptors[i], &buffer_of[i], frames[i].buffer);
    if (UNLIKELY(run != count))
        refill_rest(split, frames, run, count);
    else
        filled(split, count);
}

static NOINLINE void put_any(struct split *split, uint32_t buffer)
{
    const struct frame frame = {.buffer = buffer};
    refill_rest(split, &frame, 0, 1);
}

void split_put(struct queue *queue, uint32_t buffer)
{
    struct split *split = split_of(queue);
    if (UNLIKELY(queue->lengths == 0)) {
        put_any(split, buffer);
        return;
    }
    const uint32_t made_available = split->made_available;
    const size_t at = made_available & split->mask;
    put_buffer(split->buffers, split->stride, &split->descriptors[at], &queue->buffer_of[at],
               buffer);
    split->made_available = made_available + 1;
    if (UNLIKELY(--split->until == 0)) {
        split->until = split->tell_every;
        tell(split, made_available + 1);
    }
}

void split_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    if (count == 1)
        split_put(queue, frames->buffer);
    else
        refill_burst(split_of(queue), frames, count);
}
