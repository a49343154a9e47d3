// SPDX-License-Identifier: BSD-2-Clause
// The data path, transmitting: full buffers onto the ring in exchange for empty ones. Intel 82599
// datasheet (331520) 7.2.3.2.2, 7.2.3.3, 7.2.3.5.2.
//
// A burst is cut where the ring ends, so that the inner loop counts straight through arrays. The
// one register touched is TDT.
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

void ixgbe_open(struct ixgbe_tx *tx)
{
    tx->queue.free = least(ixgbe_free(tx), tx->queue.slots - 1 - ixgbe_tail(tx));
}

// Learns from the head that the card wrote how far it is. The head may be anything from where it
// was last seen to the tail (7.2.3.5.2: not only descriptors with RS); everything else is a lie.
static NOINLINE void reclaim(struct ixgbe_tx *tx)
{
    const uint32_t head = *tx->head;
    if (UNLIKELY(ixgbe_sent(tx, head) > ixgbe_queued(tx))) {
        port_fail(tx->queue.port, PORT_FAULT_TX_HEAD, head);
        return;
    }
    tx->clean = head;
    // Orders the load of the head before the stores to slots that it freed. The card writes the
    // head when it has read their buffers.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

// How many of `wanted` frames have room, in the whole ring; looks at the head when that is not
// known to suffice. 0 when the port does not run.
static unsigned make_room(struct ixgbe_tx *tx, unsigned wanted)
{
    const struct port *port = tx->queue.port;
    if (wanted > ixgbe_free(tx) && port->state == PORT_RUNNING)
        reclaim(tx);
    if (UNLIKELY(port->state != PORT_RUNNING))
        return 0;
    ixgbe_open(tx);
    return least(wanted, ixgbe_free(tx));
}

// Puts a frame into a slot; the empty buffer that was there goes to *out, which may be the frame.
static inline void exchange(struct ixgbe_tx_descriptor *descriptor, uint32_t *buffer_of,
                            uint64_t buffers, uint64_t stride, const struct frame *frame,
                            struct frame *out, uint64_t flags)
{
    const uint64_t full = frame->buffer;
    const uint32_t empty = *buffer_of;
    *buffer_of = (uint32_t)full;
    descriptor->address = buffers + full * stride + frame->offset;
    descriptor->command = frame->length | IXGBE_TX_EOP | IXGBE_TX_IFCS | flags;
    out->buffer = empty;
}

// Exchanges count >= 1 frames with the slots from `at` on, which do not pass the ring's end. The
// last one asks for a report.
static INLINE void exchange_run(struct ixgbe_tx *tx, size_t at, const struct frame *frames,
                                struct frame *out, unsigned count)
{
    struct ixgbe_tx_descriptor *descriptor = ixgbe_tx_descriptor(tx, at);
    uint32_t *buffer_of = ixgbe_buffer(&tx->queue, at);
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

// The next count slots are filled, which lie in front of the ring's end.
static inline void advance(struct ixgbe_tx *tx, unsigned count)
{
    tx->at += count * IXGBE_STEP;
    tx->queue.free -= count;
}

// A burst that meets the ring's end, a ring that seems full, or a burst so long that one report is
// not enough; or none.
static NOINLINE unsigned put_in_runs(struct ixgbe_tx *tx, const struct frame *frames,
                                     struct frame *out, unsigned count)
{
    count = make_room(tx, count);
    if (count == 0)
        return 0;
    const uint32_t slots = tx->queue.slots;
    uint32_t tail = ixgbe_tail(tx);
    for (unsigned done = 0; done < count;) {
        const unsigned run = least(least(count - done, slots - tail), tx->report_every);
        exchange_run(tx, (size_t)tail * IXGBE_STEP, frames + done, out + done, run);
        done += run;
        tail += run;
        if (tail == slots)
            tail = 0;
    }
    tx->at = tail * IXGBE_STEP;
    ixgbe_open(tx);
    return count;
}

// Whether a burst is not simply put into the next slots. A count of 0 wraps to a huge number.
static INLINE bool needs_runs(const struct ixgbe_tx *tx, unsigned count)
{
    return count > tx->queue.free || count - 1 >= tx->report_every;
}

unsigned ixgbe_room(struct queue *queue, unsigned wanted)
{
    return make_room((struct ixgbe_tx *)queue, wanted);
}

static NOINLINE unsigned transmit_burst(struct ixgbe_tx *tx, struct frame *frames, unsigned count)
{
    if (UNLIKELY(needs_runs(tx, count))) {
        count = put_in_runs(tx, frames, frames, count);
    } else {
        exchange_run(tx, tx->at, frames, frames, count);
        advance(tx, count);
    }
    if (count > 0)
        ixgbe_ring_doorbell(tx);
    return count;
}

// A frame that is alone, and for which there may be no room in front of the ring's end. One more
// than is free was taken.
static NOINLINE uint32_t exchange_any(struct ixgbe_tx *tx, uint64_t buffer, uint64_t length)
{
    tx->queue.free = 0;
    struct frame frame = {(uint32_t)buffer, FRAME_HEADROOM, (uint16_t)length};
    return transmit_burst(tx, &frame, 1) == 0 ? NO_BUFFER : frame.buffer;
}

// What is free lies in front of the ring's end, and only while the port runs.
uint32_t ixgbe_exchange(struct queue *queue, uint64_t buffer, uint64_t length)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY((int32_t)--queue->free < 0))
        return exchange_any(tx, buffer, length);
    const size_t at = tx->at;
    struct ixgbe_tx_descriptor *descriptor = ixgbe_tx_descriptor(tx, at);
    uint32_t *buffer_of = ixgbe_buffer(queue, at);
    const uint32_t empty = *buffer_of;
    descriptor->address = tx->buffers + FRAME_HEADROOM + buffer * tx->stride;
    descriptor->command = length | IXGBE_TX_EOP | IXGBE_TX_IFCS | IXGBE_TX_RS;
    *buffer_of = (uint32_t)buffer;
    tx->at += IXGBE_STEP;
    ixgbe_ring_doorbell(tx);
    return empty;
}

// Exchanges count >= 1 frames with the next slots, for which there is room in front of the ring's
// end. Few: pairs cost less than fours to begin.
static INLINE void exchange_few(struct ixgbe_tx *tx, const struct frame *frames, struct frame *out,
                                unsigned count)
{
    struct ixgbe_tx_descriptor *descriptors = ixgbe_tx_descriptor(tx, tx->at);
    uint32_t *buffer_of = ixgbe_buffer(&tx->queue, tx->at);
    const uint64_t buffers = tx->buffers, stride = tx->stride;
    size_t i = 0;
    if ((count & 1) != 0)
        exchange(descriptors, buffer_of, buffers, stride, frames, out, 0), i = 1;
    for (; i != count; i += 2) {
        exchange(descriptors + i, buffer_of + i, buffers, stride, frames + i, out + i, 0);
        exchange(descriptors + i + 1, buffer_of + i + 1, buffers, stride, frames + i + 1,
                 out + i + 1, 0);
    }
    descriptors[count - 1].command |= IXGBE_TX_RS;
    advance(tx, count);
}

static NOINLINE unsigned transmit_two(struct ixgbe_tx *tx, struct frame *frames)
{
    exchange_few(tx, frames, frames, 2);
    ixgbe_ring_doorbell(tx);
    return 2;
}

static NOINLINE unsigned transmit_few(struct ixgbe_tx *tx, struct frame *frames, unsigned count)
{
    exchange_few(tx, frames, frames, count);
    ixgbe_ring_doorbell(tx);
    return count;
}

static NOINLINE unsigned transmit_one(struct ixgbe_tx *tx, struct frame *frame)
{
    if (UNLIKELY(frame->offset != FRAME_HEADROOM))
        return transmit_burst(tx, frame, 1);
    const uint32_t empty = ixgbe_exchange(&tx->queue, frame->buffer, frame->length);
    if (UNLIKELY(empty == NO_BUFFER))
        return 0;
    frame->buffer = empty;
    return 1;
}

unsigned ixgbe_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (count - 2 < IXGBE_FEW - 2 && LIKELY(count <= queue->free))
        return count == 2 ? transmit_two(tx, frames) : transmit_few(tx, frames, count);
    return count == 1 ? transmit_one(tx, frames) : transmit_burst(tx, frames, count);
}

unsigned ixgbe_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(needs_runs(tx, count)))
        return put_in_runs(tx, frames, empty, count);
    exchange_few(tx, frames, empty, count); // one that leaves by several ports is short for each
    return count;
}

void ixgbe_ring(struct queue *queue)
{
    struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
    if (UNLIKELY(queue->port->state != PORT_RUNNING))
        return;
    // What steer() put there has not asked for a report.
    const size_t last = (tx->at == 0 ? queue->slots * IXGBE_STEP : tx->at) - IXGBE_STEP;
    ixgbe_tx_descriptor(tx, last)->command |= IXGBE_TX_RS;
    ixgbe_ring_doorbell(tx);
}

uint32_t ixgbe_next_empty(struct queue *queue)
{
    const struct ixgbe_tx *tx = (const struct ixgbe_tx *)queue;
    return ixgbe_room(queue, 1) == 0 ? NO_BUFFER : *ixgbe_buffer(queue, tx->at);
}
