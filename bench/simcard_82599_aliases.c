// SPDX-License-Identifier: BSD-2-Clause
// Registers of the simulated card that have two addresses, for drivers that use the other one than
// ours does. Intel 82599 datasheet (331520) 8.2.2, the register summary, which lists both.
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"

static const struct {
    uint32_t other, count, target, stride; // the others are four bytes apart, the targets stride
} ranges[] = {
    {0x00004, 1, IXGBE_CTRL, 4},              // 8.2.3.1.1
    {0x02100, 16, IXGBE_SRRCTL(0), 0x40},     // 8.2.3.8.7
    {0x02200, 16, IXGBE_DCA_RXCTRL(0), 0x40}, // 8.2.3.11.1
    {0x05400, 32, IXGBE_RAL(0), 4},           // 8.2.3.7: RAL and RAH in turn
    {0x0EB00, 32, IXGBE_RETA(0), 4},          // 8.2.3.7
    {0x0EB80, 10, IXGBE_RSSRK(0), 4},         // 8.2.3.7
    {0x0EC80, 1, IXGBE_MRQC, 4},              // 8.2.3.7
};
enum { RANGES = sizeof ranges / sizeof ranges[0] };

uint32_t simcard_alias(uint32_t offset)
{
    for (unsigned i = 0; i < RANGES; i++) {
        const uint32_t n = (offset - ranges[i].other) / 4;
        if (offset >= ranges[i].other && n < ranges[i].count)
            return ranges[i].target + n * ranges[i].stride;
    }
    return offset;
}

void simcard_follow_aliases(struct simcard *card)
{
    uint32_t *seen = card->aliases_seen;
    for (unsigned i = 0; i < RANGES; i++) {
        for (uint32_t n = 0; n < ranges[i].count; n++, seen++) {
            uint32_t *other = &card->registers[ranges[i].other / 4 + n];
            uint32_t *target = &card->registers[(ranges[i].target + n * ranges[i].stride) / 4];
            if (*other != *seen)
                *target = *other;
            *other = *seen = *target;
        }
    }
}
