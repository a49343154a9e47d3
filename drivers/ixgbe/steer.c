// SPDX-License-Identifier: BSD-2-Clause
// The data path, fused, for a bridge: from a receive ring straight to the transmit rings of several
// other 82599s. Intel 82599 datasheet (331520) 7.1.5, 7.2.3.2.2;
// docs/decisions/006-the-fused-loop.md.
//
// A frame changes rings as in relay.c: two numbers in private memory are exchanged, and both
// descriptors are written from them. Which ring it changes to is decided in between, by its
// addresses. No card is told of what is sent: frames of several bursts may share a doorbell, and
// ring() asks for the report.
#include "drivers/steer.h"
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/plain.h"

// A burst under way.
struct place {
    struct ixgbe_rx_descriptor *source;
    uint32_t *buffer;
    struct decisions *decisions;
    struct steer_way *ways;
    const uint8_t *frames; // where buffer 0's frame starts,
    uint64_t base;         // and where as the cards see it
    uint64_t stride;       // bytes between buffers
    uint64_t lengths;
    struct ixgbe_plain plain;
    uint32_t tag;
};

// A queue has no room in front of its ring's end, as far as was known. Returns the buffer that a
// frame was exchanged for; NO_BUFFER: there is no room.
static NOINLINE uint32_t put_any(struct queue *queue, uint32_t buffer, uint64_t longer)
{
    struct frame frame = {buffer, FRAME_HEADROOM, (uint16_t)(longer + FRAME_MIN)};
    queue->free = 0;
    return ixgbe_enqueue(queue, &frame, &frame, 1) == 0 ? NO_BUFFER : frame.buffer;
}

// Moves the frame in the slot that lies `at` bytes behind. False, with nothing done: it is not
// plain, nobody has decided where it goes, or there is no room.
static INLINE bool steer_one(const struct place *place, size_t at)
{
    struct ixgbe_rx_descriptor *source = ixgbe_rx_behind(place->source, at);
    uint32_t *const rx_buffer = ixgbe_buffer_behind(place->buffer, at);
    const uint64_t longer = ixgbe_longer(&place->plain, ixgbe_look(source));
    if (UNLIKELY(longer >= place->lengths))
        return false;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // the card writes the bytes first, then the status
    const uint64_t full = *rx_buffer, offset = full * place->stride;
    const uint32_t way = decisions_find(place->decisions, addresses_of(place->frames + offset),
                                        place->tag, STEER_WAYS);
    if (UNLIKELY(way >= STEER_WAYS))
        return false;
    struct steer_way *to = &place->ways[way];
    struct ixgbe_tx *tx = (struct ixgbe_tx *)to->tx;
    if (UNLIKELY(longer >= tx->queue.steers))
        return false;
    uint32_t empty;
    if (UNLIKELY((int32_t)--tx->queue.free < 0)) { // one instruction, and a jump
        empty = put_any(&tx->queue, (uint32_t)full, longer);
        if (empty == NO_BUFFER)
            return false;
    } else {
        struct ixgbe_tx_descriptor *sink = ixgbe_tx_descriptor(tx, tx->at);
        uint32_t *tx_buffer = ixgbe_buffer(&tx->queue, tx->at);
        empty = *tx_buffer;
        *tx_buffer = (uint32_t)full;
        sink->command = longer + SHORTEST;
        sink->address = place->base + offset;
        tx->at += IXGBE_STEP;
    }
    to->frames++;
    to->longer += longer;
    *rx_buffer = empty;
    source->address = place->base + empty * place->stride;
    source->written = 0;
    return true;
}

static INLINE struct place next_place(const struct ixgbe_rx *rx, const struct steering *steering)
{
    return (struct place){
        .source = ixgbe_rx_descriptor(rx, rx->at),
        .buffer = ixgbe_buffer(&rx->queue, rx->at),
        .decisions = steering->decisions,
        .ways = steering->ways,
        .frames = steering->frames,
        .base = rx->buffers,
        .stride = rx->stride,
        .lengths = rx->queue.lengths,
        .plain = ixgbe_plain(),
        .tag = steering->tag,
    };
}

// Moves frames until one cannot be, or the run ends, whose length in slots is given. Returns how
// far it came, in bytes of buffer numbers.
static INLINE size_t steer_run(const struct ixgbe_rx *rx, const struct steering *steering,
                               unsigned slots)
{
    const struct place place = next_place(rx, steering);
    const size_t end = (size_t)slots * IXGBE_STEP;
    size_t at = 0;
    if (slots % 2 != 0) {
        if (!steer_one(&place, at))
            return at;
        at += IXGBE_STEP;
    }
    for (; at != end; at += 2 * IXGBE_STEP) {
        if (!steer_one(&place, at))
            return at;
        if (!steer_one(&place, at + IXGBE_STEP))
            return at + IXGBE_STEP;
    }
    return at;
}

// With little traffic there is one frame: no loop then.
static NOINLINE struct steered steer_alone(struct ixgbe_rx *rx, const struct steering *steering)
{
    const struct place place = next_place(rx, steering);
    if (UNLIKELY(!steer_one(&place, 0)))
        return (struct steered){0, (place.source->status & IXGBE_RX_DD) != 0};
    rx->at += IXGBE_STEP;
    if (UNLIKELY(--rx->until == 0))
        ixgbe_turn(rx);
    return (struct steered){1, false};
}

static NOINLINE struct steered steer_many(struct ixgbe_rx *rx, const struct steering *steering,
                                          unsigned max)
{
    unsigned left = max;
    bool ended;
    do {
        const unsigned slots = least(rx->queue.slots - ixgbe_next(rx), left);
        const size_t moved = steer_run(rx, steering, slots);
        const unsigned frames = (unsigned)(moved / IXGBE_STEP);
        rx->at += (uint32_t)moved;
        left -= frames;
        ended = rx->at == rx->queue.slots * IXGBE_STEP;
        if (rx->until <= frames)
            ixgbe_turn(rx);
        else
            rx->until -= frames;
    } while (UNLIKELY(ended) && left > 0);
    const bool more = left > 0 && ixgbe_rx_descriptor(rx, rx->at)->status & IXGBE_RX_DD;
    return (struct steered){max - left, more};
}

// A port that does not run has no lengths.
struct steered ixgbe_steer(struct queue *queue, const struct steering *steering, unsigned max)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
    if (!(ixgbe_rx_descriptor(rx, rx->at)[1].status & IXGBE_RX_DD))
        return steer_alone(rx, steering);
    return steer_many(rx, steering, max);
}
