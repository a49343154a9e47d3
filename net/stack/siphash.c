// SPDX-License-Identifier: BSD-2-Clause
// SipHash-2-4: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012, whose
// section 2 has the algorithm and whose appendix A has the test.
#include "net/stack/siphash.h"

#include <string.h>

enum { COMPRESSIONS = 2, FINALIZATIONS = 4 };

static uint64_t rotated(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

// 2.2, figure 2.1
static void rounds(uint64_t v[4], unsigned count)
{
    while (count-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotated(v[1], 13) ^ v[0];
        v[3] = rotated(v[3], 16) ^ v[2];
        v[0] = rotated(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotated(v[1], 17) ^ v[2];
        v[3] = rotated(v[3], 21) ^ v[0];
        v[2] = rotated(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, COMPRESSIONS);
    v[0] ^= word;
}

uint64_t siphash(const uint64_t key[2], const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    uint64_t word, last = (uint64_t)length << 56; // words are little-endian, as this machine
    for (size_t left = length; left >= sizeof word; left -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        absorb(v, word);
        bytes += sizeof word;
    }
    for (size_t i = 0; i < length % sizeof word; i++)
        last |= (uint64_t)bytes[i] << 8 * i;
    absorb(v, last);
    v[2] ^= 0xff;
    rounds(v, FINALIZATIONS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
