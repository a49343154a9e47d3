// SPDX-License-Identifier: BSD-2-Clause
// The data path, transmitting: full buffers onto the ring in exchange for empty ones. Intel 82599
// datasheet (331520) 7.2.3.2.2, 7.2.3.3, 7.2.3.5.2.
//
// A burst is cut where the ring ends, so that the inner loop counts straight through arrays. The
// one register touched is TDT.
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

// Learns from the head that the card wrote how far it is. The head may be anything from where it
// was last seen to the tail (7.2.3.5.2: not only descriptors with RS); everything else is a lie.
static __attribute__((noinline)) void reclaim(struct ixgbe_tx *tx)
{
    const uint32_t head = *tx->head, slots = tx->queue.slots;
    const uint32_t sent = head >= tx->clean ? head - tx->clean : head + slots - tx->clean;
    if (UNLIKELY(head >= slots || sent > slots - 1 - tx->queue.free)) {
        port_fail(tx->queue.port, PORT_FAULT_TX_HEAD, head);
        return;
    }
    tx->clean = head;
    tx->queue.free += sent;
    // Orders the load of the head before the stores to slots that it freed. The card writes the
    // head when it has read their buffers.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

// Puts a frame into a slot; the empty buffer that was there goes to *out, which may be the frame.
static inline void exchange(struct ixgbe_tx_descriptor *descriptor, uint32_t *buffer_of,
                            uint64_t buffers, uint64_t stride, const struct frame *frame,
                            struct frame *out, uint64_t flags)
{
    const uint64_t full = frame->buffer;
    const uint32_t empty = *buffer_of;
    descriptor->address = buffers + full * stride + frame->offset;
    descriptor->command = frame->length | IXGBE_TX_EOP | IXGBE_TX_IFCS | flags;
    *buffer_of = (uint32_t)full;
    out->buffer = empty;
}

// Exchanges count >= 1 frames with the slots from first on, which do not pass the ring's end. The
// last one asks for a report.
static HOT void exchange_run(struct ixgbe_tx *tx, uint32_t first, const struct frame *frames,
                             struct frame *out, unsigned count)
{
    struct ixgbe_tx_descriptor *descriptor = tx->descriptors + first;
    uint32_t *buffer_of = tx->queue.buffer_of + first;
    const uint64_t buffers = tx->buffers, stride = tx->stride;
    for (; count >= 4; count -= 4, descriptor += 4, buffer_of += 4, frames += 4, out += 4) {
        exchange(descriptor, buffer_of, buffers, stride, frames, out, 0);
        exchange(descriptor + 1, buffer_of + 1, buffers, stride, frames + 1, out + 1, 0);
        exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 2, out + 2, 0);
        exchange(descriptor + 3, buffer_of + 3, buffers, stride, frames + 3, out + 3, 0);
    }
    for (; count > 0; count--)
        exchange(descriptor++, buffer_of++, buffers, stride, frames++, out++, 0);
    descriptor[-1].command |= IXGBE_TX_RS;
}

// Hands all slots that are filled to the card.
static inline void ring_doorbell(struct ixgbe_tx *tx)
{
    // Orders the stores to descriptors and frames before the store to TDT.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(tx->tail_register, 0, tx->tail);
}

// The slots up to tail are filled, count more than before.
static inline void advance(struct ixgbe_tx *tx, uint32_t tail, unsigned count)
{
    tx->tail = tail;
    tx->queue.free -= count;
}

// A burst that meets the ring's end, a ring that seems full, or a burst so long that one report is
// not enough; or none.
static __attribute__((noinline)) unsigned
put_in_runs(struct ixgbe_tx *tx, const struct frame *frames, struct frame *out, unsigned count)
{
    if (count > tx->queue.free) {
        reclaim(tx);
        count = least(count, tx->queue.free);
        if (tx->queue.port->state != PORT_RUNNING)
            return 0;
    }
    const uint32_t slots = tx->queue.slots;
    uint32_t tail = tx->tail;
    for (unsigned done = 0; done < count;) {
        const unsigned run = least(least(count - done, slots - tail), tx->report_every);
        exchange_run(tx, tail, frames + done, out + done, run);
        done += run;
        tail += run;
        if (tail == slots)
            tail = 0;
    }
    advance(tx, tail, count);
    return count;
}

// Puts a burst onto the ring, of which the card does not hear yet.
static HOT unsigned put(struct ixgbe_tx *tx, const struct frame *frames, struct frame *out,
                        unsigned count)
{
    const uint32_t tail = tx->tail;
    // A count of 0 wraps to a huge number.
    if (UNLIKELY(count > tx->queue.free || count - 1 >= tx->report_every ||
                 tail + count >= tx->queue.slots))
        return put_in_runs(tx, frames, out, count);
    exchange_run(tx, tail, frames, out, count);
    advance(tx, tail + count, count);
    return count;
}

unsigned ixgbe_room(struct queue *queue, unsigned wanted)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(wanted > tx->queue.free && queue->port->state == PORT_RUNNING))
        reclaim(tx);
    return queue->port->state == PORT_RUNNING ? least(wanted, tx->queue.free) : 0;
}

static __attribute__((noinline)) unsigned transmit_burst(struct ixgbe_tx *tx, struct frame *frames,
                                                         unsigned count)
{
    count = put(tx, frames, frames, count);
    if (count > 0)
        ring_doorbell(tx);
    return count;
}

unsigned ixgbe_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING))
        return 0;
    const uint32_t tail = tx->tail;
    if (count != 1 || UNLIKELY(queue->free == 0 || tail + 1 == queue->slots))
        return transmit_burst(tx, frames, count);
    exchange(tx->descriptors + tail, queue->buffer_of + tail, tx->buffers, tx->stride, frames,
             frames, IXGBE_TX_RS);
    advance(tx, tail + 1, 1);
    ring_doorbell(tx);
    return 1;
}

unsigned ixgbe_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING))
        return 0;
    const uint32_t tail = tx->tail;
    if (UNLIKELY(count > queue->free || count - 1 >= tx->report_every ||
                 tail + count >= queue->slots))
        return put_in_runs(tx, frames, empty, count);
    // A burst that leaves by several ports is short for each: pairs cost less than fours to begin.
    struct ixgbe_tx_descriptor *descriptors = tx->descriptors + tail;
    uint32_t *buffer_of = queue->buffer_of + tail;
    const uint64_t buffers = tx->buffers, stride = tx->stride;
    size_t i = 0;
    if ((count & 1) != 0)
        exchange(descriptors, buffer_of, buffers, stride, frames, empty, 0), i = 1;
    for (; i != count; i += 2) {
        exchange(descriptors + i, buffer_of + i, buffers, stride, frames + i, empty + i, 0);
        exchange(descriptors + i + 1, buffer_of + i + 1, buffers, stride, frames + i + 1,
                 empty + i + 1, 0);
    }
    descriptors[count - 1].command |= IXGBE_TX_RS;
    advance(tx, tail + count, count);
    return count;
}

void ixgbe_ring(struct queue *queue)
{
    if (queue->port->state == PORT_RUNNING)
        ring_doorbell((struct ixgbe_tx *)queue);
}

uint32_t ixgbe_next_empty(struct queue *queue)
{
    const struct ixgbe_tx *tx = (const struct ixgbe_tx *)queue;
    return ixgbe_room(queue, 1) == 0 ? NO_BUFFER : queue->buffer_of[tx->tail];
}
