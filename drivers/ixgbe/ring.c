// SPDX-License-Identifier: BSD-2-Clause
// The data path: what happens to every frame. Intel 82599 datasheet (331520) 7.1.5, 7.1.9, 7.2.3.
//
// A burst is cut where the ring ends, so that the inner loops count straight through arrays. Of what
// the card writes, each field is read once. Registers touched here: RDT and TDT.
//
// No fence instruction is needed between descriptors and doorbells: x86 processors keep the order of
// stores (Intel SDM volume 3, 9.2.2), PCI Express keeps the order of the card's writes. The fences
// below hold back the compiler.
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"
#include <stdatomic.h>

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COLD        __attribute__((noinline, cold))
#define HOT         inline __attribute__((always_inline))

enum { PLAIN = IXGBE_RX_DD | IXGBE_RX_EOP };

static inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

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
// 0, which makes the box drop it; while pieces come in no length is possible. Returns how many frames
// there are now.
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
    // Orders the loads of status above before the caller's loads of frame bytes. The card writes the
    // bytes first, then the status.
    atomic_thread_fence(memory_order_acquire);
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
        atomic_thread_fence(memory_order_release);
        mmio_write32(rx->tail, 0, ixgbe_slot_before(next, queue->slots));
    }
}

// Learns from the head that the card wrote how far it is. The head may be anything from where it was
// last seen to the tail (7.2.3.5.2: not only descriptors with RS); everything else is a lie.
static __attribute__((noinline)) void reclaim(struct ixgbe_tx *tx)
{
    const uint32_t head = *tx->head, slots = tx->queue.slots;
    const uint32_t sent = head >= tx->clean ? head - tx->clean : head + slots - tx->clean;
    if (UNLIKELY(head >= slots || sent > slots - 1 - tx->free)) {
        port_fail(tx->queue.port, PORT_FAULT_TX_HEAD, head);
        return;
    }
    tx->clean = head;
    tx->free += sent;
    // Orders the load of the head before the stores to slots that it freed. The card writes the head
    // when it has read their buffers.
    atomic_thread_fence(memory_order_acquire);
}

// Puts a frame into a slot and takes the empty buffer out of it.
static inline void exchange(struct ixgbe_tx_descriptor *descriptor, uint32_t *buffer_of,
                            uint64_t buffers, uint64_t stride, struct frame *frame)
{
    const uint64_t full = frame->buffer;
    const uint32_t empty = *buffer_of;
    descriptor->address = buffers + full * stride + frame->offset;
    descriptor->command = frame->length | IXGBE_TX_EOP | IXGBE_TX_IFCS;
    *buffer_of = (uint32_t)full;
    frame->buffer = empty;
}

// Exchanges count >= 1 frames with the slots from first on, which do not pass the ring's end. The
// last one asks for a report.
static HOT void exchange_run(struct ixgbe_tx *tx, uint32_t first, struct frame *frames,
                                unsigned count)
{
    struct ixgbe_tx_descriptor *descriptor = tx->descriptors + first;
    uint32_t *buffer_of = tx->queue.buffer_of + first;
    const uint64_t buffers = tx->buffers, stride = tx->stride;
    for (; count >= 4; count -= 4, descriptor += 4, buffer_of += 4, frames += 4) {
        exchange(descriptor, buffer_of, buffers, stride, frames);
        exchange(descriptor + 1, buffer_of + 1, buffers, stride, frames + 1);
        exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 2);
        exchange(descriptor + 3, buffer_of + 3, buffers, stride, frames + 3);
    }
    for (; count > 0; count--)
        exchange(descriptor++, buffer_of++, buffers, stride, frames++);
    descriptor[-1].command |= IXGBE_TX_RS;
}

// Hands the slots up to tail to the card, count more than before.
static inline void hand_over(struct ixgbe_tx *tx, uint32_t tail, unsigned count)
{
    tx->tail = tail;
    tx->free -= count;
    // Orders the stores to descriptors and frames before the store to TDT.
    atomic_thread_fence(memory_order_release);
    mmio_write32(tx->tail_register, 0, tail);
}

// A burst that meets the ring's end, a ring that seems full, or a burst so long that one report is
// not enough.
static __attribute__((noinline)) unsigned transmit_in_runs(struct ixgbe_tx *tx,
                                                           struct frame *frames, unsigned count)
{
    if (count > tx->free) {
        reclaim(tx);
        count = least(count, tx->free);
        if (count == 0 || tx->queue.port->state != PORT_RUNNING)
            return 0;
    }
    const uint32_t slots = tx->queue.slots;
    uint32_t tail = tx->tail;
    for (unsigned done = 0; done < count;) {
        const unsigned run = least(least(count - done, slots - tail), tx->report_every);
        exchange_run(tx, tail, frames + done, run);
        done += run;
        tail += run;
        if (tail == slots)
            tail = 0;
    }
    hand_over(tx, tail, count);
    return count;
}

unsigned ixgbe_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING || count == 0))
        return 0;
    const uint32_t tail = tx->tail;
    if (UNLIKELY(count > tx->free || count > tx->report_every || tail + count >= queue->slots))
        return transmit_in_runs(tx, frames, count);
    exchange_run(tx, tail, frames, count);
    hand_over(tx, tail + count, count);
    return count;
}

bool ixgbe_send_copy(struct queue *queue, const void *data, unsigned length)
{
    const struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    const uint32_t buffer = queue->buffer_of[tx->tail];
    struct frame frame = {buffer, FRAME_HEADROOM, (uint16_t)length};
    if (tx->free == 0)
        reclaim((struct ixgbe_tx *)queue);
    if (tx->free == 0 || queue->port->state != PORT_RUNNING)
        return false;
    // The slot's own buffer, which is empty, is exchanged for itself.
    __builtin_memcpy(packet_data(tx->area, buffer, FRAME_HEADROOM), data, length);
    return ixgbe_transmit(queue, &frame, 1) == 1;
}
