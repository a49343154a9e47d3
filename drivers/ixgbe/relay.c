// SPDX-License-Identifier: BSD-2-Clause
// The data path, fused: from a receive ring of one 82599 straight to a transmit ring of another.
// Intel 82599 datasheet (331520) 7.1.5, 7.2.3.2.2; docs/decisions/006-the-fused-loop.md.
//
// A frame changes rings by an exchange of two numbers in private memory: the receive slot's buffer
// and the transmit slot's. Both descriptors are then written whole, from those numbers. Of what the
// card wrote, one word is read, once: status and length. Nothing else that a card can reach is
// believed, as in ring_receive.c and ring_transmit.c, whose work this is, in one pass, for frames
// with which there is nothing wrong. Whatever is not plain is left to them.
#include "drivers/ixgbe/relay.h"
#include "drivers/ixgbe/vector.h"
#include "drivers/mmio.h"

#define DD ((uint64_t)IXGBE_RX_DD << 32) // in what the card wrote, as one number

enum { WRITTEN = offsetof(struct ixgbe_rx_descriptor, written) };

// What the card wrote into a slot is loaded once: status and length belong together.
static inline uint64_t look(const volatile struct ixgbe_rx_descriptor *descriptor)
{
    return descriptor->written;
}

// ---- Four frames at a time, with SSE2. A vector holds two 64-bit numbers: of the frames 0 and 2,
// or of 1 and 3, which is how a multiplication wants them.

// What the card wrote into two slots, each loaded once: nothing is used that was not checked.
static INLINE __m128i look_at(const __m128i *one, const __m128i *other)
{
    const __m128i low = _mm_loadl_epi64((const __m128i *)((const char *)one + WRITTEN));
    // The intrinsic wants it so. NOLINTNEXTLINE(bugprone-casting-through-void)
    const double *high = (const double *)(const void *)((const char *)other + WRITTEN);
    __m128i both = _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(low), high));
    __asm__("" : "+x"(both)); // the compiler may not load it again
    return both;
}

static INLINE __m128i to_commands(__m128i written)
{
    const __m128i kept = _mm_and_si128(written, _mm_set1_epi64x(WANTED));
    return _mm_add_epi64(kept, _mm_set1_epi64x(TO_COMMAND));
}

// Whether all four are commands to send a frame of FRAME_MIN..longest bytes. Compares 16 bits at a
// time, signed: a length beyond INT16_MAX is negative, as is what another status leaves behind.
static INLINE bool all_plain(__m128i commands, __m128i others, __m128i longest)
{
    const __m128i shortest = _mm_set1_epi64x(SHORTEST);
    const __m128i short_ones = _mm_cmpgt_epi16(shortest, _mm_min_epi16(commands, others));
    const __m128i long_ones = _mm_cmpgt_epi16(_mm_max_epi16(commands, others), longest);
    return _mm_movemask_epi8(_mm_or_si128(short_ones, long_ones)) == 0;
}

// The addresses of the buffers 0 and 2 of four; of 1 and 3 when those are shifted down.
static INLINE __m128i addresses(__m128i buffers, __m128i stride, __m128i base)
{
    return _mm_add_epi64(_mm_mul_epu32(buffers, stride), base);
}

// A descriptor, when its place among the buffer numbers is known: one index for all four arrays.
static INLINE __m128i *descriptor_at(void *descriptors, size_t at)
{
    return (__m128i *)((char *)descriptors + 4 * at);
}

static INLINE __m128i *buffers_at(uint32_t *buffers, size_t at)
{
    return (__m128i *)((char *)buffers + at);
}

// Moves the frames of a run of count slots from its first-th on, four at a time, as long as all
// four are plain.
static INLINE struct ixgbe_moved relay_fours(const struct ixgbe_run *run, uint64_t first,
                                             uint64_t count)
{
    const __m128i stride = _mm_set1_epi64x((int64_t)run->stride), zero = _mm_setzero_si128();
    const __m128i rx_base = _mm_set1_epi64x((int64_t)run->rx_base);
    const __m128i tx_base = _mm_set1_epi64x((int64_t)run->tx_base);
    const __m128i longest = _mm_set1_epi64x((int64_t)(SEND | run->longest));
    const size_t begin = first * sizeof run->rx_buffer[0];
    const size_t end = begin + (count - first) / 4 * sizeof zero;
    __m128i sum = zero;
    size_t at = begin;
    for (; at != end; at += sizeof zero) {
        __m128i *const rx = descriptor_at(run->rx, at), *const tx = descriptor_at(run->tx, at);
        __m128i *const rx_buffers = buffers_at(run->rx_buffer, at);
        __m128i *const tx_buffers = buffers_at(run->tx_buffer, at);
        const __m128i c02 = to_commands(look_at(rx, rx + 2));
        const __m128i c13 = to_commands(look_at(rx + 1, rx + 3));
        if (UNLIKELY(!all_plain(c02, c13, longest)))
            break;
        sum = _mm_add_epi64(_mm_add_epi64(sum, c02), c13);

        const __m128i full = _mm_loadu_si128(rx_buffers), empty = _mm_loadu_si128(tx_buffers);
        _mm_storeu_si128(rx_buffers, empty);
        _mm_storeu_si128(tx_buffers, full);

        const __m128i f02 = addresses(full, stride, tx_base);
        const __m128i f13 = addresses(_mm_srli_epi64(full, 32), stride, tx_base);
        _mm_store_si128(tx, _mm_unpacklo_epi64(f02, c02));
        _mm_store_si128(tx + 1, _mm_unpacklo_epi64(f13, c13));
        _mm_store_si128(tx + 2, _mm_unpackhi_epi64(f02, c02));
        _mm_store_si128(tx + 3, _mm_unpackhi_epi64(f13, c13));

        const __m128i e02 = addresses(empty, stride, rx_base);
        const __m128i e13 = addresses(_mm_srli_epi64(empty, 32), stride, rx_base);
        _mm_store_si128(rx, _mm_move_epi64(e02));
        _mm_store_si128(rx + 1, _mm_move_epi64(e13));
        _mm_store_si128(rx + 2, _mm_unpackhi_epi64(e02, zero));
        _mm_store_si128(rx + 3, _mm_unpackhi_epi64(e13, zero));
    }
    const uint64_t frames = (at - begin) / sizeof run->rx_buffer[0];
    sum = _mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum));
    return (struct ixgbe_moved){frames, (uint64_t)_mm_cvtsi128_si64(sum) - frames * SHORTEST};
}

// ---- One at a time

// Moves the frame of one slot, which the card has written so; flags are of its command. Returns by
// how much it is longer than the shortest one. Not below `lengths`, with nothing done: it is not
// plain.
static INLINE uint64_t relay_one(struct ixgbe_rx *rx, size_t from, struct ixgbe_tx *tx, size_t to,
                                 uint64_t written, uint64_t lengths, uint64_t flags)
{
    // Another status, or a length below FRAME_MIN, wraps to a huge number.
    const uint64_t command = (written & WANTED) + TO_COMMAND, longer = command - SHORTEST;
    if (UNLIKELY(longer >= lengths))
        return UINT64_MAX;
    uint32_t *rx_buffer = ixgbe_buffer(&rx->queue, from), *tx_buffer = ixgbe_buffer(&tx->queue, to);
    struct ixgbe_rx_descriptor *source = ixgbe_rx_descriptor(rx, from);
    struct ixgbe_tx_descriptor *sink = ixgbe_tx_descriptor(tx, to);
    const uint64_t full = *rx_buffer, empty = *tx_buffer, stride = rx->stride;
    *rx_buffer = (uint32_t)empty;
    *tx_buffer = (uint32_t)full;
    sink->address = tx->buffers + FRAME_HEADROOM + full * stride;
    sink->command = command | flags;
    source->address = rx->buffers + empty * stride;
    source->written = 0;
    return longer;
}

// ---- Both rings

// Moves the first plain frames of the slots that lie side by side from the next one on, from the
// done-th to the count-th at most.
static NOINLINE struct ixgbe_moved relay_rest(struct ixgbe_rx *rx, struct ixgbe_tx *tx,
                                              uint64_t done, uint64_t count, uint32_t lengths)
{
    struct ixgbe_moved moved = {0, 0};
    if (count - done >= 4) {
        const struct ixgbe_run run = ixgbe_next_run(rx, tx, lengths);
        moved = relay_fours(&run, done, count);
    }
    for (uint64_t i; (i = done + moved.frames) < count; moved.frames++) {
        const size_t from = rx->at + i * IXGBE_STEP, to = tx->at + i * IXGBE_STEP;
        const uint64_t written = look(ixgbe_rx_descriptor(rx, from));
        const uint64_t longer = relay_one(rx, from, tx, to, written, lengths, 0);
        if (longer >= lengths)
            break;
        moved.beyond += longer;
    }
    return moved;
}

// Moves the first plain frames of those slots, count at most.
static INLINE struct ixgbe_moved relay_run(struct ixgbe_rx *rx, struct ixgbe_tx *tx, uint64_t count,
                                           uint32_t lengths)
{
    struct ixgbe_moved moved = {0, 0};
    if (rx->wide && count >= IXGBE_EIGHT)
        moved = ixgbe_relay_eights(rx, tx, count, lengths);
    if (moved.frames < count) {
        const struct ixgbe_moved more = relay_rest(rx, tx, moved.frames, count, lengths);
        moved.frames += more.frames;
        moved.beyond += more.beyond;
    }
    return moved;
}

// count frames have moved. The last one asks for a report; the two flags beside that are known, so
// nothing is read back.
static INLINE void pass(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned count)
{
    const uint32_t from = rx->at + count * IXGBE_STEP, to = tx->at + count * IXGBE_STEP;
    volatile uint8_t *command = (volatile uint8_t *)&ixgbe_tx_descriptor(tx, to)[-1].command;
    command[3] = (SEND | IXGBE_TX_RS) >> 24;
    rx->at = from;
    tx->at = to == tx->queue.slots * IXGBE_STEP ? 0 : to;
}

// Tells both cards of count frames.
static INLINE void hand_over(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned count)
{
    // Orders the stores to both rings before the stores to TDT and RDT. The cards read descriptors
    // only up to their tail.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(tx->tail_register, 0, ixgbe_tail(tx));
    if (UNLIKELY(rx->until <= count))
        ixgbe_turn(rx);
    else
        rx->until -= count;
}

// Up to max frames, for which there is room, as far as the receive ring goes; in runs that end
// where the transmit ring ends.
static NOINLINE struct relayed relay_many(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                          uint32_t lengths)
{
    struct relayed all = {0, 0};
    struct ixgbe_moved moved;
    uint32_t count;
    max = least(max, rx->queue.slots - ixgbe_next(rx));
    do {
        count = least(least(tx->queue.slots - ixgbe_tail(tx), max), tx->report_every);
        moved = relay_run(rx, tx, count, lengths);
        if (UNLIKELY(moved.frames == 0))
            break;
        pass(rx, tx, (uint32_t)moved.frames);
        all.frames += (int64_t)moved.frames;
        all.beyond += moved.beyond;
        max -= count;
    } while (UNLIKELY(max > 0 && moved.frames == count));
    const uint32_t frames = (uint32_t)all.frames;
    if (UNLIKELY(frames == 0))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    hand_over(rx, tx, frames);
    if (frames <= tx->queue.free)
        tx->queue.free -= frames; // they lay in front of the ring's end
    else
        ixgbe_open(tx);
    return all;
}

// None, or several, or one with which something may be wrong; or no room for as many as may come.
static NOINLINE struct relayed relay_any(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                         uint32_t lengths)
{
    if (!(look(ixgbe_rx_descriptor(rx, rx->at)) & DD))
        return (struct relayed){0, 0};
    if (UNLIKELY(rx->queue.lengths < lengths)) {
        if (rx->queue.port->state != PORT_RUNNING || rx->inside)
            return (struct relayed){RELAY_NOT_PLAIN, 0};
        rx->queue.lengths = rx->whole_lengths; // it was closed, and runs
        lengths = least(lengths, rx->whole_lengths);
    }
    if (UNLIKELY(tx->queue.free < max)) {
        max = ixgbe_room(&tx->queue, max);
        if (max == 0)
            return (struct relayed){RELAY_NOT_PLAIN, 0};
    }
    return relay_many(rx, tx, max, lengths);
}

// With little traffic there is one frame: no loop then. A port that does not run has no lengths,
// and nothing free.
struct relayed ixgbe_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)from;
    struct ixgbe_tx *tx = (struct ixgbe_tx *)to;
    const size_t source = rx->at, sink = tx->at;
    const struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, source);
    if (UNLIKELY(to->free < max || from->lengths < lengths))
        return relay_any(rx, tx, max, lengths);
    if (descriptor[1].status & IXGBE_RX_DD && max != 1)
        return relay_many(rx, tx, max, lengths);
    const uint64_t longer = relay_one(rx, source, tx, sink, look(descriptor), lengths, IXGBE_TX_RS);
    if (UNLIKELY(longer >= lengths))
        return relay_any(rx, tx, max, lengths);
    rx->at = (uint32_t)source + IXGBE_STEP;
    tx->at = (uint32_t)sink + IXGBE_STEP;
    to->free--;
    hand_over(rx, tx, 1);
    return (struct relayed){1, longer};
}
