// SPDX-License-Identifier: BSD-2-Clause
// The packet path of a split virtqueue, transmitting: full buffers onto the ring in exchange for
// empty ones. VIRTIO 1.2, sections 2.7.13, 2.7.14 and 5.1.6. What is plain here and what is not:
// burst_receive.c.
#include "drivers/virtio/burst.h"

static uint32_t room(const struct split *split)
{
    return split->queue.slots - (split->made_available - split->used_seen);
}

// Goes on behind the first `done` of `count` elements, with ids in any order.
static NOINLINE void reclaim_rest(struct split *split, unsigned done, unsigned count)
{
    const uint32_t mask = split->mask, begin = split->used_seen;
    for (; done < count; done++) {
        const uint32_t seen = begin + done;
        const uint32_t id = (uint32_t)used_element(&split->used->ring[seen & mask]);
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
    const unsigned waiting = used_waiting(split->used, split->used_seen);
    if (!can_wait(split, waiting))
        return;
    const uint32_t at = split->used_seen & split->mask;
    const unsigned count = up_to_end(split, at, waiting);
    const struct split_used_element *used = split->used->ring;
    size_t id = at;
    const size_t end = at + (split->in_order ? count : 0);
#pragma GCC unroll 4
    for (; id != end; id++)
        if (used[id].id != (uint32_t)id) // the one use of what was read
            break;
    const unsigned done = (unsigned)id - at;
    if (UNLIKELY(done != count))
        reclaim_rest(split, done, count);
    else
        split->used_seen += count;
}

// How many of `wanted` frames have room; looks at the used ring when that is not known to suffice.
// 0 when the port does not run.
static NOINLINE unsigned make_room(struct split *split, unsigned wanted)
{
    const struct port *port = split->queue.port;
    if (room(split) < wanted && port->state == PORT_RUNNING)
        reclaim(split);
    if (room(split) < wanted && port->state == PORT_RUNNING)
        reclaim(split); // what lies behind the ring's end
    if (UNLIKELY(port->state != PORT_RUNNING))
        return 0;
    split->queue.free = split->in_order ? room(split) : 0;
    return room(split) < wanted ? room(split) : wanted;
}

unsigned split_room(struct queue *queue, unsigned wanted)
{
    return LIKELY(queue->free >= wanted) ? wanted : make_room(split_of(queue), wanted);
}

// Where the processor sees the header of a frame in buffer 0: in the port's packet area, of which a
// domain has a view of its own.
static INLINE uintptr_t first_header(const struct split *split)
{
    return (uintptr_t)split->queue.port->area->base + FRAME_HEADROOM - VIRTIO_NET_HEADER;
}

// Puts a frame into a slot; the empty buffer that was there goes to *out, which may be the frame.
static INLINE void exchange(const struct split_area *area, uintptr_t headers,
                            struct split_descriptor *descriptor, uint32_t *slot,
                            const struct frame *frame, struct frame *out)
{
    const uint64_t full = frame->buffer;
    const uint32_t empty = *slot;
    *slot = (uint32_t)full;
    out->buffer = empty;
    const uint64_t place = full * area->stride + frame->offset - FRAME_HEADROOM;
    __builtin_memset((void *)(headers + place), 0, VIRTIO_NET_HEADER);
    descriptor->address = area->buffers + place;
    descriptor->length = VIRTIO_NET_HEADER + frame->length;
}

// Goes on behind the first `done` of `count` frames, with ids in any order.
static NOINLINE void exchange_rest(struct split *split, const struct frame *frames,
                                   struct frame *out, unsigned done, unsigned count)
{
    for (; done < count; done++) {
        const uint32_t at = (split->made_available + done) & split->mask;
        const uint16_t id = split->order[at];
        exchange(&split->area, first_header(split), &split->descriptors[id],
                 &split->queue.buffer_of[id], &frames[done], &out[done]);
        split->available->ring[at] = id;
    }
}

// Exchanges count frames with slots side by side.
static INLINE void exchange_run(struct split *split, size_t at, const struct frame *frames,
                                struct frame *out, unsigned count)
{
    const struct split_area *area = &split->area;
    const uintptr_t headers = first_header(split);
    struct split_descriptor *descriptors = &split->descriptors[at];
    uint32_t *slots = &split->queue.buffer_of[at];
    size_t i = 0;
    if ((count & 1) != 0)
        exchange(area, headers, descriptors, slots, frames, out), i = 1;
    for (; i != count; i += 2) {
        exchange(area, headers, &descriptors[i], &slots[i], &frames[i], &out[i]);
        exchange(area, headers, &descriptors[i + 1], &slots[i + 1], &frames[i + 1], &out[i + 1]);
    }
}

// Whether count frames are simply put into the next slots: there is room, and the ring does not end
// in between. A port that does not run, and a device that left the order, have nothing free. None
// wraps to a huge number.
static INLINE bool fit(const struct split *split, unsigned count)
{
    const size_t at = split->made_available & split->mask;
    return count - 1 < split->queue.free && at + count <= split->queue.slots;
}

// The same for frames for which there may be no room, or that pass the ring's end, or for a device
// that left the order. Returns how many.
static NOINLINE unsigned exchange_any(struct split *split, const struct frame *frames,
                                      struct frame *out, unsigned count)
{
    count = split_room(&split->queue, count);
    const uint32_t at = split->made_available & split->mask;
    const unsigned run = plain_run(split, at, count);
    exchange_run(split, at, frames, out, run);
    exchange_rest(split, frames, out, run, count);
    split->made_available += count;
    split->queue.free -= split->in_order ? count : 0;
    return count;
}

// Exchanges count frames, which fit, with the next slots.
static INLINE void exchange_next(struct split *split, const struct frame *frames, struct frame *out,
                                 unsigned count)
{
    exchange_run(split, split->made_available & split->mask, frames, out, count);
    split->made_available += count;
    split->queue.free -= count;
}

static NOINLINE unsigned transmit_any(struct split *split, struct frame *frames, unsigned count)
{
    count = exchange_any(split, frames, frames, count);
    if (count != 0)
        tell(split, split->made_available);
    return count;
}

static NOINLINE unsigned transmit_two(struct split *split, struct frame *frames)
{
    exchange_next(split, frames, frames, 2);
    tell(split, split->made_available);
    return 2;
}

static NOINLINE unsigned transmit_burst(struct split *split, struct frame *frames, unsigned count)
{
    exchange_next(split, frames, frames, count);
    tell(split, split->made_available);
    return count;
}

// A frame that is alone, for which there may be no room, or of a device that left the order.
static NOINLINE uint32_t exchange_odd(struct split *split, uint64_t buffer, uint64_t length)
{
    struct frame frame = {(uint32_t)buffer, FRAME_HEADROOM, (uint16_t)length};
    return transmit_any(split, &frame, 1) == 0 ? NO_BUFFER : frame.buffer;
}

// There is something free only while the port runs, and its device keeps the order.
uint32_t split_exchange(struct queue *queue, uint64_t buffer, uint64_t length)
{
    struct split *split = split_of(queue);
    if (UNLIKELY(queue->free == 0))
        return exchange_odd(split, buffer, length);
    const uint32_t made_available = split->made_available;
    const size_t at = made_available & split->mask;
    struct split_descriptor *descriptor = &split->descriptors[at];
    uint32_t *slot = &queue->buffer_of[at];
    const uint32_t empty = *slot;
    *slot = (uint32_t)buffer;
    const uint64_t offset = buffer * split->area.stride;
    __builtin_memset(split->area.headers + offset, 0, VIRTIO_NET_HEADER);
    descriptor->address = split->area.buffers + offset;
    descriptor->length = VIRTIO_NET_HEADER + (uint32_t)length;
    split->made_available = made_available + 1;
    queue->free--;
    tell(split, made_available + 1);
    return empty;
}

unsigned split_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct split *split = split_of(queue);
    if (count == 1 && LIKELY(queue->free != 0)) {
        exchange_next(split, frames, frames, 1);
        tell(split, split->made_available);
        return 1;
    }
    if (UNLIKELY(!fit(split, count)))
        return transmit_any(split, frames, count);
    return count == 2 ? transmit_two(split, frames) : transmit_burst(split, frames, count);
}

unsigned split_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count)
{
    struct split *split = split_of(queue);
    if (UNLIKELY(!fit(split, count)))
        return exchange_any(split, frames, empty, count);
    exchange_next(split, frames, empty, count);
    return count;
}

void split_ring(struct queue *queue)
{
    offer(split_of(queue));
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
    return queue->buffer_of[split->order[split->made_available & split->mask]];
}
