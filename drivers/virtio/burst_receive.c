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

// Fewer have ways of their own: a loop over more would cost them more than they do.
enum { FEW = 8 };

// A struct frame as one number: that of the shortest frame, in buffer 0.
#define FRAME_OFFSET_SHIFT (8 * offsetof(struct frame, offset))
#define FRAME_LENGTH_SHIFT (8 * offsetof(struct frame, length))
#define SHORTEST_FRAME \
    ((uint64_t)FRAME_HEADROOM << FRAME_OFFSET_SHIFT | (uint64_t)FRAME_MIN << FRAME_LENGTH_SHIFT)

// Takes the frame in `buffer`, that of the slot which the device has held longest and whose
// shortest_element() is `shortest`. False, with nothing done: the element is not that slot's, or of
// a length that the queue does not take.
static INLINE bool take_plain(const struct split_used_element *element, uint32_t buffer,
                              uint64_t shortest, uint64_t lengths, struct frame *frame)
{
    const uint64_t longer = beyond_shortest(element, shortest);
    if (UNLIKELY(longer >= lengths))
        return false;
    // The frame's three fields in one store, from which the processor also serves the forwarder's
    // loads of each of them.
    const uint64_t number = SHORTEST_FRAME + (longer << FRAME_LENGTH_SHIFT) + buffer;
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
    if (UNLIKELY(queue->lengths == 0 && split->in_order && is_full(split)))
        queue->lengths = queue->port->area->capacity - FRAME_MIN + 1; // it was closed, and runs
    const uint32_t at = split->used_seen & split->mask;
    // What lies behind the ring's end comes with the next burst, and bursts stay in step with laps.
    const unsigned count = up_to_end(split, at, waiting < max ? waiting : max);
    const struct split_used_element *used = &split->used->ring[at];
    const uint32_t *buffer = &queue->buffer_of[at];
    const uint64_t lengths = queue->lengths;
    uint64_t shortest = shortest_element(at);
    unsigned left = count;
    // Four at a time: counting and asking is a fifth of the work.
    for (; left >= 4; left -= 4, shortest += 4, used += 4, buffer += 4) {
        struct frame *frame = &frames[count - left];
        if (!take_plain(used, buffer[0], shortest, lengths, frame) ||
            !take_plain(used + 1, buffer[1], shortest + 1, lengths, frame + 1) ||
            !take_plain(used + 2, buffer[2], shortest + 2, lengths, frame + 2) ||
            !take_plain(used + 3, buffer[3], shortest + 3, lengths, frame + 3))
            break;
    }
    for (; left > 0; left--)
        if (!take_plain(used++, *buffer++, shortest++, lengths, &frames[count - left]))
            return receive_rest(split, frames, count - left, count);
    split->used_seen += count;
    return count;
}

// Two frames, or a few more. Whatever meets the ring's end, or is not plain, is asked for with
// care. The device holds so many: all slots had buffers when the lengths were set, and it hears of
// most.
static INLINE unsigned receive_few(struct split *split, struct frame *frames, unsigned max,
                                   unsigned waiting)
{
    const size_t at = split->used_seen & split->mask;
    const struct split_used_element *used = &split->used->ring[at];
    const uint32_t *buffer = &split->queue.buffer_of[at];
    const uint64_t lengths = split->queue.lengths, shortest = shortest_element(at);
    if (UNLIKELY(waiting > max || at + waiting > split->queue.slots) ||
        !take_plain(used, buffer[0], shortest, lengths, frames) ||
        !take_plain(used + 1, buffer[1], shortest + 1, lengths, frames + 1))
        return receive_burst(split, frames, max, waiting);
    for (size_t i = 2; i < waiting; i++)
        if (!take_plain(used + i, buffer[i], shortest + i, lengths, &frames[i]))
            return receive_burst(split, frames, max, waiting);
    split->used_seen += waiting;
    return waiting;
}

static NOINLINE unsigned receive_more(struct split *split, struct frame *frames, unsigned max,
                                      unsigned waiting)
{
    return receive_few(split, frames, max, waiting);
}

// None, or several, or one with which something may be wrong.
static NOINLINE unsigned receive_any(struct split *split, struct frame *frames, unsigned max)
{
    const unsigned waiting = used_waiting(split->used, split->used_seen);
    if (waiting == 2)
        return receive_few(split, frames, max, 2);
    if (waiting > 2 && waiting < FEW)
        return receive_more(split, frames, max, waiting);
    return waiting == 0 ? 0 : receive_burst(split, frames, max, waiting);
}

// With little traffic there are few frames, one or none: no loop then. A port that does not run has
// no lengths.
unsigned split_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct split *split = split_of(queue);
    const struct split_used *used = split->used;
    const uint32_t seen = split->used_seen;
    if (!one_waits(used, seen))
        return receive_any(split, frames, max);
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in used_waiting()
    const size_t at = seen & split->mask;
    if (UNLIKELY(!take_plain(&used->ring[at], queue->buffer_of[at], shortest_element(at),
                             queue->lengths, frames)))
        return receive_any(split, frames, max);
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

// So many more slots have a buffer. The device hears of them when there are some.
static INLINE void filled(struct split *split, unsigned count)
{
    split->made_available += count;
    if (split->until <= count)
        offer_buffers(split);
    else
        split->until -= count;
}

// Goes on behind the first `done` of `count` slots, with ids in any order.
static NOINLINE void refill_rest(struct split *split, const struct frame *frames, unsigned done,
                                 unsigned count)
{
    for (; done < count; done++) {
        const uint32_t at = (split->made_available + done) & split->mask;
        const uint16_t id = split->order[at];
        put_buffer(split->area.buffers, split->area.stride, &split->descriptors[id],
                   &split->queue.buffer_of[id], frames[done].buffer);
        split->available->ring[at] = id;
    }
    filled(split, count);
}

static NOINLINE void refill_burst(struct split *split, const struct frame *frames, unsigned count)
{
    const uint32_t at = split->made_available & split->mask;
    const unsigned run = plain_run(split, at, count);
    struct split_descriptor *descriptor = &split->descriptors[at];
    uint32_t *slot = &split->queue.buffer_of[at];
    const uint64_t buffers = split->area.buffers, stride = split->area.stride;
    const struct frame *frame = frames;
    unsigned left = run;
    for (; left >= 4; left -= 4, descriptor += 4, slot += 4, frame += 4) {
        put_buffer(buffers, stride, descriptor, slot, frame->buffer);
        put_buffer(buffers, stride, descriptor + 1, slot + 1, frame[1].buffer);
        put_buffer(buffers, stride, descriptor + 2, slot + 2, frame[2].buffer);
        put_buffer(buffers, stride, descriptor + 3, slot + 3, frame[3].buffer);
    }
    for (; left > 0; left--)
        put_buffer(buffers, stride, descriptor++, slot++, (frame++)->buffer);
    if (UNLIKELY(run != count))
        refill_rest(split, frames, run, count);
    else
        filled(split, count);
}

// Two buffers, or a few more, for slots that do not pass the ring's end.
static INLINE void put_few(struct split *split, const struct frame *frames, unsigned count)
{
    const size_t at = split->made_available & split->mask;
    struct split_descriptor *descriptors = &split->descriptors[at];
    uint32_t *slots = &split->queue.buffer_of[at];
    const uint64_t buffers = split->area.buffers, stride = split->area.stride;
    for (size_t i = 0; i != count; i++)
        put_buffer(buffers, stride, &descriptors[i], &slots[i], frames[i].buffer);
    filled(split, count);
}

static NOINLINE void refill_few(struct split *split, const struct frame *frames, unsigned count)
{
    put_few(split, frames, count);
}

static INLINE void put_next(struct split *split, uint32_t buffer)
{
    const size_t at = split->made_available & split->mask;
    put_buffer(split->area.buffers, split->area.stride, &split->descriptors[at],
               &split->queue.buffer_of[at], buffer);
    split->made_available++;
}

static COLD void put_odd(struct split *split, uint32_t buffer)
{
    const struct frame frame = {.buffer = buffer};
    refill_rest(split, &frame, 0, 1);
}

// The device hears of this one, or its slot is to be looked up.
static NOINLINE void put_any(struct split *split, uint32_t buffer)
{
    split->until = 1;
    if (UNLIKELY(!split->in_order)) {
        put_odd(split, buffer);
        return;
    }
    put_next(split, buffer);
    offer_buffers(split);
}

void split_put(struct queue *queue, uint32_t buffer)
{
    struct split *split = split_of(queue);
    if (UNLIKELY(--split->until == 0))
        put_any(split, buffer);
    else
        put_next(split, buffer);
}

void split_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    if (count == 1) {
        split_put(queue, frames->buffer);
        return;
    }
    const size_t at = split->made_available & split->mask;
    if (count >= FEW || UNLIKELY(!split->in_order || at + count > queue->slots))
        refill_burst(split, frames, count);
    else if (count == 2)
        put_few(split, frames, 2);
    else
        refill_few(split, frames, count);
}
