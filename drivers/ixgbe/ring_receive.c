// SPDX-License-Identifier: BSD-2-Clause
// The data path, receiving: frames off the ring, empty buffers onto it. Intel 82599 datasheet
// (331520) 7.1.5, 7.1.9.
//
// A burst is cut where the ring ends, so that the inner loops count straight through arrays. The
// one register touched is RDT.
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

#define DD    ((uint64_t)IXGBE_RX_DD << 32) // in what the card wrote, as one number
#define PLAIN ((uint64_t)(IXGBE_RX_DD | IXGBE_RX_EOP) << 32)
_Static_assert(offsetof(struct ixgbe_rx_descriptor, status) ==
                   offsetof(struct ixgbe_rx_descriptor, written) + 4,
               "bits 39:32");

// The shortest frame in buffer 0, as one number.
#define SHORTEST_FRAME ((uint64_t)FRAME_MIN << 48 | (uint64_t)FRAME_HEADROOM << 32)

// What the card wrote into a slot is loaded once: status and length belong together.
static inline uint64_t look(const volatile struct ixgbe_rx_descriptor *descriptor)
{
    return descriptor->written;
}

// Takes the frame out of a slot. False, with nothing done, when there is none, or one that does not
// end there, or of a length that it cannot have.
static HOT bool take_plain(uint64_t written, uint32_t buffer, uint64_t lengths, struct frame *frame)
{
    // Three checks in one comparison: what is longer than the shortest frame is left of the length,
    // if both bits of the status were set. If not, or below FRAME_MIN, it wraps to a huge number.
    const uint64_t longer = (written & (PLAIN | UINT16_MAX)) - (PLAIN | FRAME_MIN);
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
COLD static unsigned take_odd(struct ixgbe_rx *rx, uint32_t slot, struct frame *frames,
                              unsigned count, unsigned taken)
{
    for (; count > 0; count--, slot++, frames++, taken++) {
        const uint64_t written = look(rx->descriptors + slot);
        if (!(written & DD))
            break;
        const uint32_t buffer = rx->queue.buffer_of[slot];
        if (!take_plain(written, buffer, rx->lengths, frames))
            *frames = (struct frame){buffer, FRAME_HEADROOM, 0};
        rx->lengths = (written & PLAIN) == PLAIN ? rx->whole_lengths : 0;
    }
    return taken;
}

// Takes up to count frames off the slots from first on, which do not pass the ring's end. Returns
// how many there were.
static HOT unsigned take(struct ixgbe_rx *rx, uint32_t first, struct frame *frames, unsigned count)
{
    const struct ixgbe_rx_descriptor *descriptor = rx->descriptors + first;
    const uint32_t *buffer = rx->queue.buffer_of + first;
    const uint64_t lengths = rx->lengths;
    unsigned left = count;
    // Four at a time: counting and asking is a third of the work.
    for (; left >= 4; left -= 4) {
        const uint64_t a = look(descriptor), b = look(descriptor + 1);
        const uint64_t c = look(descriptor + 2), d = look(descriptor + 3);
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
        if (!take_plain(look(descriptor), *buffer, lengths, frames))
            break;
        descriptor++;
        buffer++;
        frames++;
    }
    if (left == 0 || !(look(descriptor) & DD))
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

static __attribute__((noinline)) unsigned receive_burst(struct ixgbe_rx *rx, struct frame *frames,
                                                        unsigned max)
{
    const unsigned taken = UNLIKELY(max > rx->queue.slots - rx->next)
                               ? take_around(rx, frames, max)
                               : take(rx, rx->next, frames, max);
    rx->owed = taken;
    // Orders the loads of status above before the caller's loads of frame bytes. The card writes
    // the bytes first, then the status.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return taken;
}

// With little traffic there is one frame or none: that is decided here, without the cost of a loop.
unsigned ixgbe_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    const uint32_t slot = rx->next;
    const struct ixgbe_rx_descriptor *descriptor = rx->descriptors + slot;
    const uint64_t written = look(descriptor);
    if (!(written & DD) || UNLIKELY(queue->port->state != PORT_RUNNING))
        return 0;
    if (max > 1 && (slot + 1 == queue->slots || look(descriptor + 1) & DD))
        return receive_burst(rx, frames, max);
    if (UNLIKELY(!take_plain(written, queue->buffer_of[slot], rx->lengths, frames)))
        return receive_burst(rx, frames, max);
    rx->owed = 1;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in receive_burst()
    return 1;
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
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
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

// Writes RDT. Nothing is given to the card when buffers are missing: the port is dead then.
static __attribute__((noinline)) void ring_doorbell(struct ixgbe_rx *rx)
{
    if (rx->owed != 0)
        return;
    rx->withheld = 0;
    // Orders the stores to the descriptors before the store to RDT. The card reads descriptors only
    // up to RDT.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(rx->tail, 0, ixgbe_slot_before(rx->next, rx->queue.slots));
}

// The slots up to next are filled, count more than before.
static HOT void end_refill(struct ixgbe_rx *rx, uint32_t next, unsigned count)
{
    rx->next = next;
    rx->owed -= count;
    rx->withheld += count;
    if (UNLIKELY(rx->withheld >= IXGBE_TAIL_EVERY))
        ring_doorbell(rx);
}

static __attribute__((noinline)) void refill_burst(struct ixgbe_rx *rx, const struct frame *frames,
                                                   unsigned count)
{
    uint32_t next = rx->next + count;
    if (UNLIKELY(next >= rx->queue.slots))
        next = put_around(rx, frames, count);
    else
        put_run(rx, rx->next, frames, count);
    end_refill(rx, next, count);
}

void ixgbe_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    if (count != 1) {
        refill_burst(rx, frames, count);
        return;
    }
    const uint32_t slot = rx->next;
    put_empty(rx->descriptors + slot, queue->buffer_of + slot, rx->buffers, rx->stride, frames);
    end_refill(rx, slot + 1 == queue->slots ? 0 : slot + 1, 1);
}
