// SPDX-License-Identifier: BSD-2-Clause
// Which receive queue a frame goes to. Intel 82599 datasheet (331520) 7.1.2.8: Toeplitz hash over
// addresses and TCP ports, as MRQC selects; its low seven bits choose an entry of RETA.
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"

enum {
    ETHERNET = 14,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP = 6,
    INPUT_MAX = 36,
};

static uint8_t key_byte(const struct simcard *card, unsigned i)
{
    return (uint8_t)(card->registers[IXGBE_RSSRK(i / 4) / 4] >> 8 * (i % 4));
}

// For each bit of the input that is 1, the 32 bits of the key that start there.
static uint32_t toeplitz(const struct simcard *card, const uint8_t *input, unsigned bytes)
{
    uint32_t hash = 0, window = 0;
    for (unsigned i = 0; i < 4; i++)
        window = window << 8 | key_byte(card, i);
    for (unsigned bit = 0; bit < 8 * bytes; bit++) {
        if (input[bit / 8] >> (7 - bit % 8) & 1)
            hash ^= window;
        const unsigned next = bit + 32;
        window = window << 1 | (key_byte(card, next / 8) >> (7 - next % 8) & 1);
    }
    return hash;
}

static unsigned append(uint8_t *input, unsigned at, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        input[at + i] = bytes[i];
    return at + count;
}

// The bytes that are hashed: none when the frame is of no kind that MRQC selects.
static unsigned collect(uint32_t mrqc, const uint8_t *frame, unsigned length, uint8_t *input)
{
    const unsigned type = length < ETHERNET ? 0 : frame[12] << 8 | frame[13];
    const uint8_t *ip = frame + ETHERNET;
    if (type == 0x0800 && length >= ETHERNET + IPV4_HEADER) {
        const unsigned header = (ip[0] & 0xF) * 4u;
        const bool fragment = (ip[6] & 0x3F) != 0 || ip[7] != 0;
        if (!(mrqc & (IXGBE_MRQC_IPV4 | IXGBE_MRQC_TCP4)))
            return 0;
        const unsigned at = append(input, 0, ip + 12, 8);
        if (ip[9] == TCP && !fragment && mrqc & IXGBE_MRQC_TCP4 && length >= ETHERNET + header + 4)
            return append(input, at, ip + header, 4);
        return at;
    }
    if (type == 0x86DD && length >= ETHERNET + IPV6_HEADER) {
        if (!(mrqc & (IXGBE_MRQC_IPV6 | IXGBE_MRQC_TCP6)))
            return 0;
        const unsigned at = append(input, 0, ip + 8, 32);
        if (ip[6] == TCP && mrqc & IXGBE_MRQC_TCP6 && length >= ETHERNET + IPV6_HEADER + 4)
            return append(input, at, ip + IPV6_HEADER, 4);
        return at;
    }
    return 0;
}

unsigned simcard_rss_queue(const struct simcard *card, const uint8_t *frame, unsigned length)
{
    const uint32_t mrqc = card->registers[IXGBE_MRQC / 4];
    uint8_t input[INPUT_MAX];
    if ((mrqc & 0xF) != IXGBE_MRQC_RSS)
        return 0;
    const unsigned bytes = collect(mrqc, frame, length, input);
    const uint32_t hash = bytes == 0 ? 0 : toeplitz(card, input, bytes);
    const unsigned entry = hash & 0x7F;
    return card->registers[IXGBE_RETA(entry / 4) / 4] >> 8 * (entry % 4) & 0xF;
}
