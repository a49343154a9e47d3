// SPDX-License-Identifier: BSD-2-Clause
// Statistics. Intel 82599 datasheet (331520) 4.6.5, 8.2.3.23. All are cleared by reading.
//
// A register read takes about a microsecond, in which nothing is forwarded: hence a few at a time.
#include "drivers/ixgbe/stats.h"

static const struct statistic {
    uint32_t offset;
    enum { MISSED, ERROR } meaning;
} statistics[] = {
    {IXGBE_QPRDC(0), MISSED}, // every queue counts here: RQSMR is 0 after reset
    {IXGBE_MPC(0), MISSED},   // the one packet buffer in use
    {IXGBE_CRCERRS, ERROR},   {IXGBE_ILLERRC, ERROR}, {IXGBE_ERRBC, ERROR}, {IXGBE_RLEC, ERROR},
    {IXGBE_RUC, ERROR},       {IXGBE_RFC, ERROR},     {IXGBE_ROC, ERROR},   {IXGBE_RJC, ERROR},
};

enum {
    STATISTICS = sizeof statistics / sizeof statistics[0],
    AT_A_TIME = 2,
};

// All ones: the card has left since poll() looked, and nobody answers. A counter gets there by
// itself only when it was not read for minutes.
static uint32_t read_next(struct ixgbe *card, const struct statistic **which)
{
    *which = &statistics[card->next_statistic];
    card->next_statistic = (card->next_statistic + 1) % STATISTICS;
    const uint32_t count = ixgbe_read(card, (*which)->offset);
    return count == UINT32_MAX ? 0 : count;
}

void ixgbe_stats_clear(struct ixgbe *card)
{
    const struct statistic *which;
    for (unsigned i = 0; i < STATISTICS; i++)
        (void)read_next(card, &which);
}

void ixgbe_stats_poll(struct ixgbe *card)
{
    const struct statistic *which;
    for (unsigned i = 0; i < AT_A_TIME; i++) {
        const uint32_t count = read_next(card, &which);
        if (which->meaning == MISSED)
            card->port->card_missed += count;
        else
            card->port->card_errors += count;
    }
}
