// SPDX-License-Identifier: BSD-2-Clause
// Interrupts. Intel 82599 datasheet (331520) 4.6.6, 7.3, 8.2.3.5.
//
// One cause is used: link status change. Frames are polled for.
#include "drivers/ixgbe/interrupt.h"

void ixgbe_interrupt_probe(struct ixgbe *card)
{
    card->has_interrupt = env_interrupt(card->env, IXGBE_VECTOR_OTHER) == 0;
}

void ixgbe_interrupt_start(struct ixgbe *card)
{
    if (!card->has_interrupt)
        return;
    ixgbe_write(card, IXGBE_GPIE, IXGBE_GPIE_MULTIPLE_MSIX | IXGBE_GPIE_PBA_SUPPORT);
    ixgbe_write(card, IXGBE_IVAR_MISC, IXGBE_IVAR_MISC_OTHER(IXGBE_VECTOR_OTHER));
    ixgbe_write(card, IXGBE_EICR, IXGBE_EIMC_ALL);
    ixgbe_write(card, IXGBE_EIMS, IXGBE_EICR_LSC);
}

void ixgbe_interrupt_acknowledge(struct ixgbe *card)
{
    if (card->has_interrupt)
        ixgbe_write(card, IXGBE_EICR, IXGBE_EICR_LSC);
}
