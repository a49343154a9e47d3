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

STEP static __m256i to_commands(__m256i written)
{
    const __m256i kept = _mm256_and_si256(written, _mm256_set1_epi64x(WANTED));
    return _mm256_add_epi64(kept, _mm256_set1_epi64x(TO_COMMAND));
}

// Whether all eight are commands to send a frame of FRAME_MIN..longest bytes. Compares 16 bits at a
// time, signed: a length beyond INT16_MAX is negative, as is what another status leaves behind.
STEP static bool all_plain(__m256i commands, __m256i others, __m256i longest)
{
    const __m256i shortest = _mm256_set1_epi64x(SHORTEST);
    const __m256i short_ones = _mm256_cmpgt_epi16(shortest, _mm256_min_epi16(commands, others));
    const __m256i long_ones = _mm256_cmpgt_epi16(_mm256_max_epi16(commands, others), longest);
    const __m256i wrong = _mm256_or_si256(short_ones, long_ones);
    return _mm256_testz_si256(wrong, wrong);
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

AVX2 struct ixgbe_moved ixgbe_relay_eights(const struct ixgbe_rx *from, const struct ixgbe_tx *to,
                                           uint64_t count, uint32_t lengths)
{
    const struct ixgbe_run run = ixgbe_next_run(from, to, lengths);
    const __m256i first = _mm256_setr_epi32(0, 0, 2, 0, 1, 0, 3, 0);
    const __m256i second = _mm256_setr_epi32(4, 0, 6, 0, 5, 0, 7, 0);
    const __m256i stride = _mm256_set1_epi64x((int64_t)run.stride), zero = _mm256_setzero_si256();
    const __m256i rx_base = _mm256_set1_epi64x((int64_t)run.rx_base);
    const __m256i tx_base = _mm256_set1_epi64x((int64_t)run.tx_base);
    const __m256i longest = _mm256_set1_epi64x((int64_t)(SEND | run.longest));
    __m256i sum = zero;
    // One index for all four arrays: a descriptor is four times as long as a buffer number.
    const size_t end = count / IXGBE_EIGHT * sizeof zero;
    size_t at = 0;
    for (; at != end; at += sizeof zero) {
        __m256i *const rx = (__m256i *)((char *)run.rx + 4 * at);
        __m256i *const tx = (__m256i *)((char *)run.tx + 4 * at);
        __m256i *const rx_buffers = (__m256i *)((char *)run.rx_buffer + at);
        __m256i *const tx_buffers = (__m256i *)((char *)run.tx_buffer + at);
        const __m256i low = to_commands(look_at_four(rx));
        const __m256i high = to_commands(look_at_four(rx + 2));
        if (UNLIKELY(!all_plain(low, high, longest)))
            break;
        sum = _mm256_add_epi64(_mm256_add_epi64(sum, low), high);

        const __m256i full = _mm256_loadu_si256(rx_buffers);
        const __m256i empty = _mm256_loadu_si256(tx_buffers);
        _mm256_storeu_si256(rx_buffers, empty);
        _mm256_storeu_si256(tx_buffers, full);

        write_four(tx, addresses(full, first, stride, tx_base), low);
        write_four(tx + 2, addresses(full, second, stride, tx_base), high);
        write_four(rx, addresses(empty, first, stride, rx_base), zero);
        write_four(rx + 2, addresses(empty, second, stride, rx_base), zero);
    }
    const uint64_t frames = at / sizeof run.rx_buffer[0];
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi64(half, _mm_unpackhi_epi64(half, half));
    return (struct ixgbe_moved){frames, (uint64_t)_mm_cvtsi128_si64(half) - frames * SHORTEST};
}
