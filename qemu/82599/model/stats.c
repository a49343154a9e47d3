// SPDX-License-Identifier: GPL-2.0-or-later
//
// Statistics: 82599 datasheet 331520, section 8.2.3.23. All are cleared by reading them (table.c)
// and stick at their maximum; octets include the FCS.

#include "qemu/osdep.h"

#include "ixgbe.h"

void ixgbe_count(Ixgbe *s, uint32_t offset)
{
    uint32_t *counter = reg_at(s, offset);

    if (*counter != UINT32_MAX) {
        (*counter)++;
    }
}

static void add_octets(Ixgbe *s, uint32_t low, uint32_t high, uint32_t octets)
{
    uint64_t sum = ((uint64_t)*reg_at(s, high) << 32) + *reg_at(s, low) + octets;

    *reg_at(s, low) = sum;
    *reg_at(s, high) = (sum >> 32) & 0xf; // 36 bits
}

// 64, 65-127, 128-255, 256-511, 512-1023, 1024 and more
static unsigned int size_class(uint32_t octets)
{
    static const uint32_t limit[] = {64, 127, 255, 511, 1023};
    unsigned int i = 0;

    while (i < ARRAY_SIZE(limit) && octets > limit[i]) {
        i++;
    }
    return i;
}

static bool is_broadcast(const uint8_t *frame)
{
    return ldl_le_p(frame) == UINT32_MAX && lduw_le_p(frame + 4) == UINT16_MAX;
}

void ixgbe_stats_rx(Ixgbe *s, const uint8_t *frame, uint32_t size)
{
    uint32_t octets = size + 4;

    ixgbe_count(s, TPR);
    ixgbe_count(s, GPRC);
    ixgbe_count(s, RXNFGPC);
    ixgbe_count(s, PRC64 + 4 * size_class(octets));
    add_octets(s, TORL, TORH, octets);
    add_octets(s, GORCL, GORCH, octets);
    add_octets(s, RXNFGBCL, RXNFGBCH, octets);
    if (is_broadcast(frame)) {
        ixgbe_count(s, BPRC);
    } else if (frame[0] & 1) {
        ixgbe_count(s, MPRC);
    }
}

// RQSMR and TQSM choose one of 16 counter sets for each queue.
static unsigned int counter_set(Ixgbe *s, uint32_t map, unsigned int q)
{
    return (*reg_at(s, map + 4 * (q / 4)) >> (8 * (q % 4))) & 0xf;
}

void ixgbe_stats_rx_queue(Ixgbe *s, unsigned int q, uint32_t size)
{
    uint32_t set = QUEUE_STRIDE * counter_set(s, RQSMR, q);

    ixgbe_count(s, QPRC + set);
    add_octets(s, QBRC_L + set, QBRC_H + set, size + 4);
    ixgbe_count(s, RXDGPC);
    add_octets(s, RXDGBCL, RXDGBCH, size + 4);
}

void ixgbe_stats_rx_drop(Ixgbe *s, unsigned int q)
{
    ixgbe_count(s, QPRDC + QUEUE_STRIDE * counter_set(s, RQSMR, q));
}

// PAUSE frames of the MAC's own are among these: Linux takes them out again.
void ixgbe_stats_tx(Ixgbe *s, const uint8_t *frame, uint32_t size)
{
    uint32_t octets = size + 4;

    ixgbe_count(s, TPT);
    ixgbe_count(s, GPTC);
    ixgbe_count(s, PTC64 + 4 * size_class(octets));
    add_octets(s, GOTCL, GOTCH, octets);
    if (is_broadcast(frame)) {
        ixgbe_count(s, BPTC);
    } else if (frame[0] & 1) {
        ixgbe_count(s, MPTC);
    }
}

void ixgbe_stats_tx_queue(Ixgbe *s, unsigned int q, uint32_t size)
{
    uint32_t octets = size + 4, set = counter_set(s, TQSM, q);

    ixgbe_count(s, TXDGPC);
    ixgbe_count(s, QPTC + QUEUE_STRIDE * set);
    add_octets(s, TXDGBCL, TXDGBCH, octets);
    add_octets(s, QBTC_L + 8 * set, QBTC_H + 8 * set, octets);
}
