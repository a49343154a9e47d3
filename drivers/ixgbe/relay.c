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
static HOT __m128i look_at(const __m128i *one, const __m128i *other)
{
    const __m128i low = _mm_loadl_epi64((const __m128i *)((const char *)one + WRITTEN));
    // The intrinsic wants it so. NOLINTNEXTLINE(bugprone-casting-through-void)
    const double *high = (const double *)(const void *)((const char *)other + WRITTEN);
    __m128i both = _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(low), high));
    __asm__("" : "+x"(both)); // the compiler may not load it again
    return both;
}

static HOT __m128i to_commands(__m128i written)
{
    const __m128i kept = _mm_and_si128(written, _mm_set1_epi64x(WANTED));
    return _mm_add_epi64(kept, _mm_set1_epi64x(TO_COMMAND));
}

// Whether all four are commands to send a frame of FRAME_MIN..longest bytes. Compares 16 bits at a
// time, signed: a length beyond INT16_MAX is negative, as is what another status leaves behind.
static HOT bool all_plain(__m128i commands, __m128i others, __m128i longest)
{
    const __m128i shortest = _mm_set1_epi64x(SEND | FRAME_MIN);
    const __m128i short_ones = _mm_cmpgt_epi16(shortest, _mm_min_epi16(commands, others));
    const __m128i long_ones = _mm_cmpgt_epi16(_mm_max_epi16(commands, others), longest);
    return _mm_movemask_epi8(_mm_or_si128(short_ones, long_ones)) == 0;
}

// The addresses of the buffers 0 and 2 of four; of 1 and 3 when those are shifted down.
static HOT __m128i addresses(__m128i buffers, __m128i stride, __m128i base)
{
    return _mm_add_epi64(_mm_mul_epu32(buffers, stride), base);
}

// A descriptor, when its place among the buffer numbers is known: one index for all four arrays.
static HOT __m128i *descriptor_at(void *descriptors, size_t at)
{
    return (__m128i *)((char *)descriptors + 4 * at);
}

static HOT __m128i *buffers_at(uint32_t *buffers, size_t at)
{
    return (__m128i *)((char *)buffers + at);
}

// Moves the frames of a run of count slots from its first-th on, four at a time, as long as all
// four are plain. Returns how many, and their bytes.
static HOT struct ixgbe_moved relay_fours(const struct ixgbe_run *run, uint64_t first,
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
    return (struct ixgbe_moved){frames, (uint64_t)_mm_cvtsi128_si64(sum) - frames * SEND};
}

// ---- One at a time

// Moves the frame of one slot. Returns its length; 0, with nothing done, when it is not plain.
static HOT uint32_t relay_one(const struct ixgbe_run *run, uint64_t i)
{
    struct ixgbe_rx_descriptor *rx = run->rx + i;
    struct ixgbe_tx_descriptor *tx = run->tx + i;
    const uint64_t written = look(rx);
    const uint32_t length = (uint16_t)written;
    if (UNLIKELY((written & PLAIN) != PLAIN || length - FRAME_MIN > run->longest - FRAME_MIN))
        return 0; // a length below FRAME_MIN wraps to a huge number
    const uint32_t full = run->rx_buffer[i], empty = run->tx_buffer[i];
    run->rx_buffer[i] = empty;
    run->tx_buffer[i] = full;
    tx->address = run->tx_base + full * run->stride;
    tx->command = length | SEND;
    rx->address = run->rx_base + empty * run->stride;
    rx->written = 0;
    return length;
}

// ---- Both rings

// count frames have moved. The last one asks for a report; the two flags beside that are known, so
// nothing is read back.
static HOT void pass(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned count)
{
    const uint32_t next = rx->next + count, tail = tx->tail + count;
    *((volatile uint8_t *)&tx->descriptors[tail - 1].command + 3) = (SEND | IXGBE_TX_RS) >> 24;
    rx->next = next == rx->queue.slots ? 0 : next;
    tx->tail = tail == tx->queue.slots ? 0 : tail;
}

static __attribute__((noinline)) void ring_receive_doorbell(struct ixgbe_rx *rx)
{
    rx->withheld = 0;
    mmio_write32(rx->tail, 0, ixgbe_slot_before(rx->next, rx->queue.slots));
}

// Tells both cards of count frames.
static HOT void hand_over(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned count)
{
    tx->queue.free -= count;
    rx->withheld += count;
    // Orders the stores to both rings before the stores to TDT and RDT. The cards read descriptors
    // only up to their tail.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(tx->tail_register, 0, tx->tail);
    if (UNLIKELY(rx->withheld >= IXGBE_TAIL_EVERY))
        ring_receive_doorbell(rx);
}

// Moves the first plain frames of the slots that lie side by side from the next one on, from the
// done-th to the count-th at most. Returns how many, and their bytes.
static __attribute__((noinline)) struct ixgbe_moved relay_rest(const struct ixgbe_rx *rx,
                                                               const struct ixgbe_tx *tx,
                                                               uint64_t done, uint64_t count,
                                                               uint32_t longest)
{
    const struct ixgbe_run run = ixgbe_next_run(rx, tx, longest);
    struct ixgbe_moved moved = {0, 0};
    if (count - done >= 4)
        moved = relay_fours(&run, done, count);
    for (uint32_t length; done + moved.frames < count; moved.frames++, moved.bytes += length)
        if ((length = relay_one(&run, done + moved.frames)) == 0)
            break;
    return moved;
}

// Moves the first plain frames of those slots, count at most.
static HOT struct ixgbe_moved relay_run(const struct ixgbe_rx *rx, const struct ixgbe_tx *tx,
                                        uint64_t count, uint32_t longest)
{
    struct ixgbe_moved moved = {0, 0};
    if (rx->wide && count >= IXGBE_EIGHT)
        moved = ixgbe_relay_eights(rx, tx, count, longest);
    if (moved.frames < count) {
        const struct ixgbe_moved more = relay_rest(rx, tx, moved.frames, count, longest);
        moved.frames += more.frames;
        moved.bytes += more.bytes;
    }
    return moved;
}

// Up to max frames, in runs that end where a ring ends.
static __attribute__((noinline)) struct relayed relay_many(struct ixgbe_rx *rx, struct ixgbe_tx *tx,
                                                           unsigned max, uint32_t longest)
{
    struct relayed all = {0, 0};
    struct ixgbe_moved moved;
    uint32_t count;
    do {
        count = least(rx->queue.slots - rx->next, tx->queue.slots - tx->tail);
        count = least(least(count, max), tx->report_every);
        moved = relay_run(rx, tx, count, longest);
        if (UNLIKELY(moved.frames == 0))
            break;
        pass(rx, tx, (uint32_t)moved.frames);
        all.frames += (int64_t)moved.frames;
        all.bytes += moved.bytes;
        max -= count;
    } while (max > 0 && moved.frames == count);
    if (UNLIKELY(all.frames == 0))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    hand_over(rx, tx, (uint32_t)all.frames);
    return all;
}

// Moves the one frame that waits. The descriptors are those of relay_one(), the books those of
// pass() and hand_over(), without what only a burst needs.
static HOT struct relayed relay_single(struct ixgbe_rx *rx, struct ixgbe_tx *tx, uint64_t written,
                                       uint32_t longest)
{
    const uint32_t slot = rx->next, tail = tx->tail;
    // Another status, or a length below FRAME_MIN, wraps to a huge number.
    const uint64_t longer = (written & WANTED) - (PLAIN | FRAME_MIN);
    if (UNLIKELY(longer > longest - FRAME_MIN))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    const uint64_t length = longer + FRAME_MIN, stride = rx->stride;
    const uint32_t full = rx->queue.buffer_of[slot], empty = tx->queue.buffer_of[tail];
    rx->queue.buffer_of[slot] = empty;
    tx->queue.buffer_of[tail] = full;
    tx->descriptors[tail].address = tx->buffers + FRAME_HEADROOM + full * stride;
    tx->descriptors[tail].command = length | SEND | IXGBE_TX_RS;
    rx->descriptors[slot].address = rx->buffers + empty * stride;
    rx->descriptors[slot].written = 0;
    const uint32_t next = slot + 1 == rx->queue.slots ? 0 : slot + 1;
    tx->tail = tail + 1 == tx->queue.slots ? 0 : tail + 1;
    rx->next = next;
    hand_over(rx, tx, 1);
    return (struct relayed){1, length};
}

// A frame waits. With little traffic it is the only one: no loop then.
static HOT struct relayed relay(struct ixgbe_rx *rx, struct ixgbe_tx *tx, uint64_t written,
                                unsigned max, uint32_t longest)
{
    // In the middle of a frame that does not fit one buffer, no length is plain: then lengths is 0.
    longest = least(longest, rx->lengths + FRAME_MIN - 1);
    if (UNLIKELY(longest < FRAME_MIN))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    if (max > 1 && (rx->next + 1 == rx->queue.slots || look(&rx->descriptors[rx->next + 1]) & DD))
        return relay_many(rx, tx, max, longest);
    return relay_single(rx, tx, written, longest);
}

// The same when the transmit ring may have no room for max frames.
static __attribute__((noinline)) struct relayed
relay_with_little_room(struct ixgbe_rx *rx, struct ixgbe_tx *tx, uint64_t written, unsigned max,
                       uint32_t longest)
{
    max = ixgbe_room(&tx->queue, max);
    return max == 0 ? (struct relayed){RELAY_NOT_PLAIN, 0} : relay(rx, tx, written, max, longest);
}

struct relayed ixgbe_relay(struct queue *from, struct queue *to, unsigned max, uint32_t longest)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)from;
    struct ixgbe_tx *tx = (struct ixgbe_tx *)to;
    if (UNLIKELY(from->port->state != PORT_RUNNING || to->port->state != PORT_RUNNING))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    const uint64_t written = look(&rx->descriptors[rx->next]);
    if (!(written & DD))
        return (struct relayed){0, 0};
    if (UNLIKELY(tx->queue.free < max))
        return relay_with_little_room(rx, tx, written, max, longest);
    return relay(rx, tx, written, max, longest);
}
