// SPDX-License-Identifier: BSD-2-Clause
// The fused loop's inner loop for processors with AVX2: eight frames at a time. relay.c tells
// what it does and why it may.
#include "drivers/ixgbe/relay.h"
#include "drivers/ixgbe/vector.h"

#define AVX2 __attribute__((target("avx2")))
#define STEP AVX2 INLINE

enum {
    CPUID_OSXSAVE = 1 << 27, // leaf 1, ecx: XGETBV works
    CPUID_AVX2 = 1 << 5,     // leaf 7, ebx
    XCR0_SSE_AVX = 3 << 1,   // both halves of the registers are switched on
};

static uint32_t cpuid(uint32_t leaf, uint32_t *ebx, uint32_t *ecx)
{
    uint32_t eax, edx;
    __asm__("cpuid" : "=a"(eax), "=b"(*ebx), "=c"(*ecx), "=d"(edx) : "a"(leaf), "c"(0));
    return eax;
}

// Intel SDM volume 1, 14.7.1.
bool ixgbe_has_avx2(void)
{
    uint32_t ebx, ecx, low, high;
    if (cpuid(0, &ebx, &ecx) < 7)
        return false;
    cpuid(1, &ebx, &ecx);
    if (!(ecx & CPUID_OSXSAVE))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpuid(7, &ebx, &ecx);
    return (low & XCR0_SSE_AVX) == XCR0_SSE_AVX && (ebx & CPUID_AVX2) != 0;
}

// What the card wrote into four slots, in the order 0, 2, 1, 3, each loaded once: nothing is used
// that was not checked.
STEP static __m256i look_at_four(const __m256i *descriptors)
{
    const __m256i first = _mm256_loadu_si256(descriptors);
    __m256i all = _mm256_unpackhi_epi64(first, _mm256_loadu_si256(descriptors + 1));
    __asm__("" : "+x"(all)); // the compiler may not load it again
    return all;
}

// By how much each of eight frames is longer than the shortest one: the low halves of eight 32-bit
// numbers. The high halves are 0, if its status is that of a plain frame.
STEP static __m256i beyond_shortest(__m256i written, __m256i others)
{
    const __m256i wanted = _mm256_set1_epi64x(WANTED);
    const __m256i both =
        _mm256_packus_epi32(_mm256_and_si256(written, wanted), _mm256_and_si256(others, wanted));
    return _mm256_sub_epi16(both, _mm256_set1_epi32(PLAIN >> 16 | FRAME_MIN));
}

// Whether no 16 bits are above those of `most`: a length below the shortest one has wrapped to a
// huge one, and there is no status above that of a plain frame but a wrapped one.
STEP static bool none_above(__m256i numbers, __m256i most)
{
    const __m256i above = _mm256_subs_epu16(numbers, most);
    return _mm256_testz_si256(above, above);
}

// The commands to send four frames.
STEP static __m256i to_commands(__m256i written)
{
    enum { ALL_BUT_LENGTH = 0xee }; // of four 16-bit numbers
    return _mm256_blend_epi16(written, _mm256_set1_epi64x(SEND), ALL_BUT_LENGTH);
}

// The addresses of four of eight buffers, those that `order` puts into the even places.
STEP static __m256i addresses(__m256i buffers, __m256i order, __m256i stride, __m256i base)
{
    const __m256i four = _mm256_permutevar8x32_epi32(buffers, order);
    return _mm256_add_epi64(_mm256_mul_epu32(four, stride), base);
}

// Writes four descriptors whose halves are in the order 0, 2, 1, 3.
STEP static void write_four(__m256i *descriptors, __m256i address, __m256i rest)
{
    _mm256_storeu_si256(descriptors, _mm256_unpacklo_epi64(address, rest));
    _mm256_storeu_si256(descriptors + 1, _mm256_unpackhi_epi64(address, rest));
}

STEP static uint64_t sum_of_eight(__m256i numbers)
{
    __m128i sum =
        _mm_add_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
    sum = _mm_add_epi32(sum, _mm_unpackhi_epi64(sum, sum));
    sum = _mm_add_epi32(sum, _mm_srli_epi64(sum, 32));
    return (uint32_t)_mm_cvtsi128_si32(sum);
}

// Moves the frames of a run eight at a time, as long as all eight are plain.
STEP static void relay_eights(struct ixgbe_relay *relay)
{
    const struct ixgbe_place place = relay->place;
    const __m256i first = _mm256_setr_epi32(0, 0, 2, 0, 1, 0, 3, 0);
    const __m256i second = _mm256_setr_epi32(4, 0, 6, 0, 5, 0, 7, 0);
    const __m256i stride = _mm256_set1_epi64x((int64_t)place.stride);
    const __m256i base = _mm256_set1_epi64x((int64_t)place.base);
    const __m256i most = _mm256_set1_epi32((int)(relay->lengths - 1));
    const __m256i zero = _mm256_setzero_si256();
    const size_t end = relay->end / sizeof zero * sizeof zero;
    __m256i sum = zero;
    size_t at = 0;
    for (; at != end; at += sizeof zero) {
        __m256i *const rx = (__m256i *)ixgbe_source(&place, at);
        __m256i *const tx = (__m256i *)ixgbe_sink(&place, at);
        __m256i *const rx_buffers = (__m256i *)((char *)place.rx_buffer + at);
        __m256i *const tx_buffers = (__m256i *)((char *)place.tx_buffer + at);
        const __m256i low = look_at_four(rx), high = look_at_four(rx + 2);
        const __m256i longer = beyond_shortest(low, high);
        if (UNLIKELY(!none_above(longer, most)))
            break;
        sum = _mm256_add_epi32(sum, longer);

        const __m256i full = _mm256_loadu_si256(rx_buffers);
        const __m256i empty = _mm256_loadu_si256(tx_buffers);
        _mm256_storeu_si256(rx_buffers, empty);
        _mm256_storeu_si256(tx_buffers, full);

        write_four(tx, addresses(full, first, stride, base), to_commands(low));
        write_four(tx + 2, addresses(full, second, stride, base), to_commands(high));
        write_four(rx, addresses(empty, first, stride, base), zero);
        write_four(rx + 2, addresses(empty, second, stride, base), zero);
    }
    relay->beyond += sum_of_eight(sum);
    relay->at = at;
}

AVX2 struct relayed ixgbe_relay_wide(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                     uint32_t lengths)
{
    enum { EIGHT = 8 };
    return ixgbe_relay_burst(rx, tx, max, lengths, EIGHT, relay_eights);
}
