// SPDX-License-Identifier: BSD-2-Clause
// The data path, receiving: frames off the ring, empty buffers onto it. Intel 82599 datasheet
// (331520) 7.1.5, 7.1.9.
//
// A burst is cut where the ring ends, so that the inner loops count straight through arrays. The
// one register touched is RDT.
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

enum { PLAIN = IXGBE_RX_DD | IXGBE_RX_EOP };

// Of what the card wrote into a slot, each field is loaded once: the status first, which says that
// the length is there.
static inline bool is_done(const volatile struct ixgbe_rx_descriptor *descriptor)
{
    return (descriptor->status & PLAIN) == PLAIN;
}

static inline bool has_something(const volatile struct ixgbe_rx_descriptor *descriptor)
{
    return descriptor->status & IXGBE_RX_DD;
}

static inline bool are_done(const volatile struct ixgbe_rx_descriptor *four)
{
    return (four[0].status & four[1].status & four[2].status & four[3].status & PLAIN) == PLAIN;
}

// Takes the frame in a slot that is done. False, with nothing done, when its length is none that it
// can have.
static inline bool take_plain(const volatile struct ixgbe_rx_descriptor *descriptor,
                              uint32_t buffer, uint32_t lengths, struct frame *frame)
{
    const uint32_t length = descriptor->length;
    if (UNLIKELY(length - FRAME_MIN >= lengths)) // below FRAME_MIN it wraps to a huge number
        return false;
    frame->buffer = buffer;
    frame->offset = FRAME_HEADROOM;
    frame->length = (uint16_t)length;
    return true;
}

// Takes up to count frames one by one, whatever they are, after `taken` others. A frame of an
// impossible length, and every piece of one that does not fit its buffer, is handed on with length
// 0, which makes the box drop it; while pieces come in no length is possible. Returns how many
// frames there are now.
COLD static unsigned take_odd(struct ixgbe_rx *rx, uint32_t slot, struct frame *frames,
                              unsigned count, unsigned taken)
{
    for (; count > 0; count--, slot++, frames++, taken++) {
        const volatile struct ixgbe_rx_descriptor *descriptor = rx->descriptors + slot;
        const unsigned status = descriptor->status;
        if (!(status & IXGBE_RX_DD))
            break;
        const uint32_t buffer = rx->queue.buffer_of[slot];
        if (!(status & IXGBE_RX_EOP) || !take_plain(descriptor, buffer, rx->lengths, frames))
            *frames = (struct frame){buffer, FRAME_HEADROOM, 0};
        rx->lengths = status & IXGBE_RX_EOP ? rx->whole_lengths : 0;
    }
    return taken;
}

// Takes up to count frames off the slots from first on, which do not pass the ring's end. Returns
// how many there were.
static HOT unsigned take(struct ixgbe_rx *rx, uint32_t first, struct frame *frames, unsigned count)
{
    const struct ixgbe_rx_descriptor *descriptor = rx->descriptors + first;
    const uint32_t *buffer = rx->queue.buffer_of + first;
    const uint32_t lengths = rx->lengths;
    unsigned left = count;
    // Four at a time: counting and asking is a third of the work.
    for (; left >= 4 && are_done(descriptor); left -= 4) {
        if (!take_plain(descriptor, buffer[0], lengths, frames) ||
            !take_plain(descriptor + 1, buffer[1], lengths, frames + 1) ||
            !take_plain(descriptor + 2, buffer[2], lengths, frames + 2) ||
            !take_plain(descriptor + 3, buffer[3], lengths, frames + 3))
            break;
        descriptor += 4;
        buffer += 4;
        frames += 4;
    }
    for (; left > 0 && is_done(descriptor); left--) {
        if (!take_plain(descriptor, *buffer, lengths, frames))
            break;
        descriptor++;
        buffer++;
        frames++;
    }
    if (left == 0 || !has_something(descriptor))
        return count - left;
    return take_odd(rx, (uint32_t)(descriptor - rx->descriptors), frames, left, count - left);
}

// A burst that may pass the ring's end, but not come back to where it began, whatever the
// descriptors say.
static __attribute__((noinline)) unsigned take_around(struct ixgbe_rx *rx, struct frame *frames,
                                                      unsigned max)
{
    const uint32_t first = rx->next;
    const unsigned to_end = rx->queue.slots - first;
    const unsigned taken = take(rx, first, frames, to_end);
    if (taken < to_end)
        return taken;
    return taken + take(rx, 0, frames + taken, least(max - taken, first));
}

unsigned ixgbe_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING))
        return 0;
    const unsigned taken = UNLIKELY(max > queue->slots - rx->next)
                               ? take_around(rx, frames, max)
                               : take(rx, rx->next, frames, max);
    // Orders the loads of status above before the caller's loads of frame bytes. The card writes
    // the bytes first, then the status.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return taken;
}

// Puts an empty buffer into a slot, for the card to fill.
static inline void put_empty(struct ixgbe_rx_descriptor *descriptor, uint32_t *buffer_of,
                             uint64_t buffers, uint64_t stride, const struct frame *frame)
{
    const uint64_t buffer = frame->buffer;
    *buffer_of = (uint32_t)buffer;
    descriptor->address = buffers + buffer * stride;
    descriptor->written = 0;
}

// Puts count buffers into the slots from first on, which do not pass the ring's end.
static HOT void put_run(struct ixgbe_rx *rx, uint32_t first, const struct frame *frames,
                        unsigned count)
{
    struct ixgbe_rx_descriptor *descriptor = rx->descriptors + first;
    uint32_t *buffer_of = rx->queue.buffer_of + first;
    const uint64_t buffers = rx->buffers, stride = rx->stride;
    for (; count >= 4; count -= 4, descriptor += 4, buffer_of += 4, frames += 4) {
        put_empty(descriptor, buffer_of, buffers, stride, frames);
        put_empty(descriptor + 1, buffer_of + 1, buffers, stride, frames + 1);
        put_empty(descriptor + 2, buffer_of + 2, buffers, stride, frames + 2);
        put_empty(descriptor + 3, buffer_of + 3, buffers, stride, frames + 3);
    }
    for (; count > 0; count--)
        put_empty(descriptor++, buffer_of++, buffers, stride, frames++);
}

static __attribute__((noinline)) uint32_t put_around(struct ixgbe_rx *rx,
                                                     const struct frame *frames, unsigned count)
{
    const unsigned to_end = rx->queue.slots - rx->next;
    put_run(rx, rx->next, frames, to_end);
    put_run(rx, 0, frames + to_end, count - to_end);
    return count - to_end;
}

void ixgbe_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    uint32_t next = rx->next + count;
    if (UNLIKELY(next >= queue->slots))
        next = put_around(rx, frames, count);
    else
        put_run(rx, rx->next, frames, count);
    rx->next = next;
    rx->withheld += count;
    if (rx->withheld >= IXGBE_TAIL_EVERY) {
        rx->withheld = 0;
        // Orders the stores to the descriptors before the store to RDT. The card reads descriptors
        // only up to RDT.
        __atomic_thread_fence(__ATOMIC_RELEASE);
        mmio_write32(rx->tail, 0, ixgbe_slot_before(next, queue->slots));
    }
}
