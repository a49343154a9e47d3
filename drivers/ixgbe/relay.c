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

enum { FOUR = 4, WRITTEN = offsetof(struct ixgbe_rx_descriptor, written) };

// What the card wrote becomes the transmit command by two instructions: all but length and status
// is masked away, and an addition turns the status that a plain frame has into SEND.
#define TO_COMMAND (SEND - PLAIN)

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

// Moves the frames of a run four at a time, as long as all four are plain.
static INLINE void relay_fours(struct ixgbe_relay *relay)
{
    const __m128i stride = _mm_set1_epi64x((int64_t)relay->place.stride);
    const __m128i base = _mm_set1_epi64x((int64_t)relay->place.base);
    const __m128i longest = _mm_set1_epi64x((int64_t)(SEND | (relay->lengths + FRAME_MIN - 1)));
    const __m128i zero = _mm_setzero_si128();
    const size_t end = relay->end / sizeof zero * sizeof zero;
    __m128i sum = zero;
    size_t at = 0;
    for (; at != end; at += sizeof zero) {
        __m128i *const rx = (__m128i *)ixgbe_source(&relay->place, at);
        __m128i *const tx = (__m128i *)ixgbe_sink(&relay->place, at);
        __m128i *const rx_buffers = (__m128i *)((char *)relay->place.rx_buffer + at);
        __m128i *const tx_buffers = (__m128i *)((char *)relay->place.tx_buffer + at);
        const __m128i c02 = to_commands(look_at(rx, rx + 2));
        const __m128i c13 = to_commands(look_at(rx + 1, rx + 3));
        if (UNLIKELY(!all_plain(c02, c13, longest)))
            break;
        sum = _mm_add_epi64(_mm_add_epi64(sum, c02), c13);

        const __m128i full = _mm_loadu_si128(rx_buffers), empty = _mm_loadu_si128(tx_buffers);
        _mm_storeu_si128(rx_buffers, empty);
        _mm_storeu_si128(tx_buffers, full);

        const __m128i f02 = addresses(full, stride, base);
        const __m128i f13 = addresses(_mm_srli_epi64(full, 32), stride, base);
        _mm_store_si128(tx, _mm_unpacklo_epi64(f02, c02));
        _mm_store_si128(tx + 1, _mm_unpacklo_epi64(f13, c13));
        _mm_store_si128(tx + 2, _mm_unpackhi_epi64(f02, c02));
        _mm_store_si128(tx + 3, _mm_unpackhi_epi64(f13, c13));

        const __m128i e02 = addresses(empty, stride, base);
        const __m128i e13 = addresses(_mm_srli_epi64(empty, 32), stride, base);
        _mm_store_si128(rx, _mm_move_epi64(e02));
        _mm_store_si128(rx + 1, _mm_move_epi64(e13));
        _mm_store_si128(rx + 2, _mm_unpackhi_epi64(e02, zero));
        _mm_store_si128(rx + 3, _mm_unpackhi_epi64(e13, zero));
    }
    sum = _mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum));
    relay->beyond += (uint64_t)_mm_cvtsi128_si64(sum) - at / IXGBE_STEP * SHORTEST;
    relay->at = at;
}

static NOINLINE struct relayed relay_narrow(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                            uint32_t lengths)
{
    return ixgbe_relay_burst(rx, tx, max, lengths, FOUR, relay_fours);
}

// ---- A burst

static INLINE struct relayed relay_many(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                        uint32_t lengths)
{
    return rx->wide ? ixgbe_relay_wide(rx, tx, max, lengths) : relay_narrow(rx, tx, max, lengths);
}

// None, or several, or one with which something may be wrong; or no room for as many as may come.
static NOINLINE struct relayed relay_any(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                         uint32_t lengths)
{
    if (!(ixgbe_rx_descriptor(rx, rx->at)->status & IXGBE_RX_DD))
        return (struct relayed){0, 0};
    if (UNLIKELY(lengths - 1 >= rx->queue.lengths)) {
        if (lengths == 0 || rx->queue.port->state != PORT_RUNNING || rx->inside)
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

// The frames moved so far have brought a burst to where the receive ring ends, or RDT is due.
// `left` others may follow.
static NOINLINE struct relayed relay_behind_turn(struct ixgbe_rx *rx, struct ixgbe_tx *tx,
                                                 unsigned left, uint32_t lengths, int64_t frames,
                                                 uint64_t beyond)
{
    if (rx->at == rx->queue.slots * IXGBE_STEP)
        rx->at = 0;
    if (left > 0 && (ixgbe_rx_descriptor(rx, rx->at)->status & IXGBE_RX_DD) != 0) {
        const struct relayed more = relay_many(rx, tx, left, lengths);
        if (more.frames != RELAY_NOT_PLAIN) // it told both cards
            return (struct relayed){frames + more.frames, beyond + more.beyond};
    }
    ixgbe_ring_doorbell(tx);
    ixgbe_turn(rx);
    return (struct relayed){frames, beyond};
}

// Fewer than a vector is worth, none of which meets the transmit ring's end: one by one.
static NOINLINE struct relayed relay_few(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                         uint32_t lengths)
{
    const struct ixgbe_place place = ixgbe_next_place(rx, tx);
    const size_t end = least(least(max, IXGBE_FEW), rx->until) * IXGBE_STEP;
    uint64_t beyond = 0;
    size_t at = 0;
    for (; at != end; at += IXGBE_STEP) {
        const uint64_t longer = ixgbe_relay_one(&place, at, lengths, 0);
        if (longer >= lengths)
            break;
        beyond += longer;
    }
    if (UNLIKELY(at == 0))
        return relay_any(rx, tx, max, lengths);
    const uint32_t frames = (uint32_t)(at / IXGBE_STEP);
    ixgbe_ask_for_report(&place, at);
    rx->at += (uint32_t)at;
    tx->at += (uint32_t)at;
    tx->queue.free -= frames;
    rx->until -= frames;
    if (UNLIKELY(rx->until == 0))
        return relay_behind_turn(rx, tx, max - frames, lengths, frames, beyond);
    ixgbe_ring_doorbell(tx);
    return (struct relayed){frames, beyond};
}

// With little traffic there is one frame, or no more is asked for: no loop then.
static NOINLINE struct relayed relay_alone(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                           uint32_t lengths)
{
    const struct ixgbe_place place = ixgbe_next_place(rx, tx);
    const uint64_t longer = ixgbe_relay_one(&place, 0, lengths, IXGBE_TX_RS);
    if (UNLIKELY(longer >= lengths))
        return relay_any(rx, tx, max, lengths);
    rx->at += IXGBE_STEP;
    tx->at += IXGBE_STEP;
    tx->queue.free--;
    ixgbe_ring_doorbell(tx);
    if (UNLIKELY(--rx->until == 0))
        ixgbe_turn(rx);
    return (struct relayed){1, longer};
}

// A port that does not run has no lengths, and nothing free.
struct relayed ixgbe_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)from;
    struct ixgbe_tx *tx = (struct ixgbe_tx *)to;
    if (UNLIKELY(to->free < max || lengths - 1 >= from->lengths)) // also when they are 0
        return relay_any(rx, tx, max, lengths);
    const struct ixgbe_rx_descriptor *next = ixgbe_rx_descriptor(rx, rx->at);
    if (!(next[1].status & IXGBE_RX_DD))
        return relay_alone(rx, tx, max, lengths);
    if (max >= IXGBE_FEW && (next[IXGBE_FEW - 1].status & IXGBE_RX_DD) != 0)
        return relay_many(rx, tx, max, lengths);
    return max == 1 ? relay_alone(rx, tx, max, lengths) : relay_few(rx, tx, max, lengths);
}
