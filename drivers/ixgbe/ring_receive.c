// SPDX-License-Identifier: BSD-2-Clause
// The data path, receiving: frames off the ring, empty buffers onto it. Intel 82599 datasheet
// (331520) 7.1.5, 7.1.9.
//
// A burst is cut where the ring ends, so that the loops count straight through arrays; few frames
// have ways of their own, since a loop costs them more than they do. The one register touched is
// RDT.
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/plain.h"
#include "drivers/mmio.h"

#define DD ((uint64_t)IXGBE_RX_DD << 32) // in what the card wrote, as one number

// The shortest frame in buffer 0, as one number.
#define SHORTEST_FRAME ((uint64_t)FRAME_MIN << 48 | (uint64_t)FRAME_HEADROOM << 32)

// Takes the frame out of a slot. False, with nothing done, when there is none, or one that does not
// end there, or of a length that it cannot have.
static INLINE bool take_plain(uint64_t written, uint32_t buffer, uint64_t lengths,
                              struct frame *frame)
{
    const uint64_t longer = ixgbe_beyond_shortest(written);
    if (UNLIKELY(longer >= lengths))
        return false;
    // The whole frame in one store.
    const uint64_t fields = (longer << 48) + SHORTEST_FRAME + buffer;
    _Static_assert(offsetof(struct frame, buffer) == 0 && offsetof(struct frame, offset) == 4 &&
                       offsetof(struct frame, length) == 6,
                   "as it is put together here");
    __builtin_memcpy(frame, &fields, sizeof fields);
    return true;
}

// Takes up to count frames one by one, whatever they are, after `taken` others. A frame of an
// impossible length, and every piece of one that does not fit its buffer, is handed on with length
// 0, which makes the box drop it; while pieces come in no length is possible. Returns how many
// frames there are now.
static COLD unsigned take_odd(struct ixgbe_rx *rx, size_t at, struct frame *frames, unsigned count,
                              unsigned taken)
{
    for (; count > 0; count--, at += IXGBE_STEP, frames++, taken++) {
        const uint64_t written = ixgbe_look(ixgbe_rx_descriptor(rx, at));
        if (!(written & DD))
            break;
        const uint32_t buffer = *ixgbe_buffer(&rx->queue, at);
        if (!take_plain(written, buffer, rx->queue.lengths, frames))
            *frames = (struct frame){buffer, FRAME_HEADROOM, 0};
        rx->inside = (written & PLAIN) != PLAIN;
        rx->queue.lengths = rx->inside ? 0 : rx->whole_lengths;
    }
    return taken;
}

// Takes up to count frames off the slots from `at` on, which do not pass the ring's end. Returns
// how many there were.
static INLINE unsigned take(struct ixgbe_rx *rx, size_t at, struct frame *frames, unsigned count)
{
    const struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, at);
    const uint32_t *buffer = ixgbe_buffer(&rx->queue, at);
    const uint64_t lengths = rx->queue.lengths;
    unsigned left = count;
    // Four at a time: counting and asking is a third of the work.
    for (; left >= 4; left -= 4) {
        const uint64_t a = ixgbe_look(descriptor), b = ixgbe_look(descriptor + 1);
        const uint64_t c = ixgbe_look(descriptor + 2), d = ixgbe_look(descriptor + 3);
        if (!take_plain(a, buffer[0], lengths, frames) ||
            !take_plain(b, buffer[1], lengths, frames + 1) ||
            !take_plain(c, buffer[2], lengths, frames + 2) ||
            !take_plain(d, buffer[3], lengths, frames + 3))
            break;
        descriptor += 4;
        buffer += 4;
        frames += 4;
    }
    for (; left > 0; left--) {
        if (!take_plain(ixgbe_look(descriptor), *buffer, lengths, frames))
            break;
        descriptor++;
        buffer++;
        frames++;
    }
    if (left == 0 || !(ixgbe_look(descriptor) & DD))
        return count - left;
    return take_odd(rx, at + (count - left) * IXGBE_STEP, frames, left, count - left);
}

// A burst has come to the ring's end, and may go on at its beginning, as far as the slot that was
// the next one.
static COLD unsigned take_behind_end(struct ixgbe_rx *rx, struct frame *frames, unsigned max)
{
    return take(rx, 0, frames, least(max, ixgbe_next(rx)));
}

static NOINLINE unsigned receive_burst(struct ixgbe_rx *rx, struct frame *frames, unsigned max)
{
    const unsigned to_end = rx->queue.slots - ixgbe_next(rx);
    unsigned taken = take(rx, rx->at, frames, least(max, to_end));
    if (UNLIKELY(taken == to_end && taken < max))
        taken += take_behind_end(rx, frames + taken, max - taken);
    rx->owed = taken;
    // Orders the loads of status above before the caller's loads of frame bytes. The card writes
    // the bytes first, then the status.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return taken;
}

// None, or several, or one with which something may be wrong.
static NOINLINE unsigned receive_any(struct ixgbe_rx *rx, struct frame *frames, unsigned max)
{
    if (!(ixgbe_look(ixgbe_rx_descriptor(rx, rx->at)) & DD) ||
        UNLIKELY(rx->queue.port->state != PORT_RUNNING))
        return 0;
    if (UNLIKELY(rx->queue.lengths == 0 && !rx->inside))
        rx->queue.lengths = rx->whole_lengths; // it was closed, and runs
    return receive_burst(rx, frames, max);
}

// Two frames, or a few more. Whatever meets the ring's end, or is not plain, is asked for with
// care.
static INLINE unsigned receive_few(struct ixgbe_rx *rx, struct frame *frames, unsigned max,
                                   const bool only_two)
{
    const size_t at = rx->at;
    const struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, at);
    const uint32_t *buffer = ixgbe_buffer(&rx->queue, at);
    const uint64_t lengths = rx->queue.lengths;
    const unsigned most = only_two ? 2 : least(max, IXGBE_FEW);
    const bool meets_end =
        only_two ? rx->until < 2 : at + most * IXGBE_STEP > rx->queue.slots * IXGBE_STEP;
    if (UNLIKELY(max < 2 || meets_end) ||
        !take_plain(ixgbe_look(descriptor), buffer[0], lengths, frames) ||
        !take_plain(ixgbe_look(descriptor + 1), buffer[1], lengths, frames + 1))
        return receive_any(rx, frames, max);
    unsigned taken = 2;
    for (; taken < most && descriptor[taken].status & IXGBE_RX_DD; taken++)
        if (!take_plain(ixgbe_look(descriptor + taken), buffer[taken], lengths, frames + taken))
            return receive_any(rx, frames, max);
    rx->owed = taken;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in receive_burst()
    return taken;
}

static NOINLINE unsigned receive_two(struct ixgbe_rx *rx, struct frame *frames, unsigned max)
{
    return receive_few(rx, frames, max, true);
}

static NOINLINE unsigned receive_more(struct ixgbe_rx *rx, struct frame *frames, unsigned max)
{
    return receive_few(rx, frames, max, false);
}

// With little traffic there are few frames, one or none: that is decided here, without the cost of
// a loop. A port that does not run has no lengths.
unsigned ixgbe_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    const size_t at = rx->at;
    const struct ixgbe_rx_descriptor *next = ixgbe_rx_descriptor(rx, at);
    if (next[1].status & IXGBE_RX_DD) {
        if (next[IXGBE_FEW - 1].status & IXGBE_RX_DD)
            return receive_any(rx, frames, max);
        return next[2].status & IXGBE_RX_DD ? receive_more(rx, frames, max)
                                            : receive_two(rx, frames, max);
    }
    if (!take_plain(ixgbe_look(next), *ixgbe_buffer(queue, at), queue->lengths, frames))
        return receive_any(rx, frames, max);
    rx->owed = 1;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in receive_burst()
    return 1;
}

// Puts an empty buffer into a slot, for the card to fill.
static inline void put_empty(struct ixgbe_rx_descriptor *descriptor, uint32_t *buffer_of,
                             uint64_t buffers, uint64_t stride, uint32_t buffer)
{
    const uint64_t address = buffers + buffer * stride;
    *buffer_of = buffer;
    descriptor->address = address;
    descriptor->written = 0;
}

void ixgbe_turn(struct ixgbe_rx *rx)
{
    const uint32_t slots = rx->queue.slots, every = ixgbe_tail_every(slots);
    if (rx->at == slots * IXGBE_STEP)
        rx->at = 0;
    const uint32_t next = ixgbe_next(rx);
    uint32_t withheld = ixgbe_withheld(rx);
    // Nothing is given to the card when buffers are missing: the port is dead then.
    if (withheld >= every && rx->owed == 0) {
        rx->given = next;
        withheld = 0;
        // Orders the stores to the descriptors before the store to RDT. The card reads descriptors
        // only up to RDT.
        __atomic_thread_fence(__ATOMIC_RELEASE);
        mmio_write32(rx->tail, 0, ixgbe_slot_before(next, slots));
    }
    const uint32_t until = withheld < every ? every - withheld : 1;
    rx->until = least(until, slots - next);
}

// Puts count buffers into the next slots, which do not pass the ring's end.
static INLINE void put_run(struct ixgbe_rx *rx, const struct frame *frames, unsigned count)
{
    const size_t at = rx->at;
    struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, at);
    uint32_t *buffer_of = ixgbe_buffer(&rx->queue, at);
    const uint64_t buffers = rx->buffers, stride = rx->stride;
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        put_empty(descriptor++, buffer_of++, buffers, stride, (frames++)->buffer);
    rx->at = (uint32_t)at + count * IXGBE_STEP;
}

// A burst that passes the ring's end.
static COLD void refill_two_runs(struct ixgbe_rx *rx, const struct frame *frames, unsigned count)
{
    const unsigned to_end = rx->queue.slots - ixgbe_next(rx);
    put_run(rx, frames, to_end);
    rx->at = 0;
    put_run(rx, frames + to_end, count - to_end);
    rx->owed -= count;
    ixgbe_turn(rx);
}

static NOINLINE void refill_burst(struct ixgbe_rx *rx, const struct frame *frames, unsigned count)
{
    if (UNLIKELY(count > rx->queue.slots - ixgbe_next(rx))) {
        refill_two_runs(rx, frames, count);
        return;
    }
    put_run(rx, frames, count);
    rx->owed -= count;
    if (rx->until <= count)
        ixgbe_turn(rx);
    else
        rx->until -= count;
}

// Two buffers or a few more; RDT is not due yet.
static INLINE void put_few(struct ixgbe_rx *rx, const struct frame *frames, unsigned count)
{
    const size_t at = rx->at;
    struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, at);
    uint32_t *buffer_of = ixgbe_buffer(&rx->queue, at);
    const uint64_t buffers = rx->buffers, stride = rx->stride;
    size_t i = 0;
    if ((count & 1) != 0)
        put_empty(descriptor, buffer_of, buffers, stride, frames->buffer), i = 1;
    for (; i != count; i += 2) {
        put_empty(descriptor + i, buffer_of + i, buffers, stride, frames[i].buffer);
        put_empty(descriptor + i + 1, buffer_of + i + 1, buffers, stride, frames[i + 1].buffer);
    }
    rx->at = (uint32_t)at + count * IXGBE_STEP;
    rx->owed -= count;
    rx->until -= count;
}

static NOINLINE void refill_few(struct ixgbe_rx *rx, const struct frame *frames, unsigned count)
{
    put_few(rx, frames, count);
}

void ixgbe_put(struct queue *queue, uint32_t buffer)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    const size_t at = rx->at;
    put_empty(ixgbe_rx_descriptor(rx, at), ixgbe_buffer(queue, at), rx->buffers, rx->stride,
              buffer);
    rx->at += IXGBE_STEP;
    rx->owed--;
    if (UNLIKELY(--rx->until == 0))
        ixgbe_turn(rx);
}

void ixgbe_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    if (count == 1)
        ixgbe_put(queue, frames->buffer);
    else if (count >= IXGBE_FEW || count >= rx->until)
        refill_burst(rx, frames, count);
    else if (count == 2)
        put_few(rx, frames, 2);
    else
        refill_few(rx, frames, count);
}
