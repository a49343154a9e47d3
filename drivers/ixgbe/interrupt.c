// SPDX-License-Identifier: BSD-2-Clause
// Interrupts. Intel 82599 datasheet (331520) 4.6.6, 7.3, 8.2.3.5.
//
// Two kinds of causes are used: link status change, always, and frames in a receive queue, while
// the port is armed. With MSI-X entries of their own (GPIE.Multiple_MSIX) bit n of EICR, EIAC and
// the masks stands for entry n, for the first 16 entries (7.3.1.1): so many are used, and more
// receive queues than that share them. EITR stays 0: whoever sleeps wants to know at once, and is
// woken once.
#include "drivers/ixgbe/interrupt.h"

void ixgbe_interrupt_probe(struct ixgbe *card)
{
    card->has_interrupt = env_interrupt(card->env, IXGBE_VECTOR_OTHER) == 0;
    const unsigned queues = card->port->rx_queues;
    const unsigned wanted = queues < IXGBE_RECEIVE_VECTORS_MAX ? queues : IXGBE_RECEIVE_VECTORS_MAX;
    card->receive_vectors = 0;
    while (card->receive_vectors < wanted &&
           env_interrupt_frames(card->env, IXGBE_VECTOR_RECEIVE + card->receive_vectors) == 0)
        card->receive_vectors++;
}

// The bits of the entries for receive queues.
static uint32_t receive_causes(const struct ixgbe *card)
{
    return (IXGBE_BIT(card->receive_vectors) - 1) << IXGBE_VECTOR_RECEIVE;
}

static uint32_t entry_of(const struct ixgbe *card, unsigned queue)
{
    return IXGBE_VECTOR_RECEIVE + queue % card->receive_vectors;
}

static void route_receive_queues(struct ixgbe *card)
{
    for (unsigned q = 0; q < card->port->rx_queues; q += 2) {
        uint32_t ivar = IXGBE_IVAR_RECEIVE(q, entry_of(card, q));
        if (q + 1 < card->port->rx_queues)
            ivar |= IXGBE_IVAR_RECEIVE(q + 1, entry_of(card, q + 1));
        ixgbe_write(card, IXGBE_IVAR(q / 2), ivar);
    }
    for (unsigned i = 0; i < card->receive_vectors; i++)
        ixgbe_write(card, IXGBE_EITR(IXGBE_VECTOR_RECEIVE + i), 0);
}

void ixgbe_interrupt_start(struct ixgbe *card)
{
    if (!card->has_interrupt && card->receive_vectors == 0)
        return;
    ixgbe_write(card, IXGBE_GPIE, IXGBE_GPIE_MULTIPLE_MSIX | IXGBE_GPIE_PBA_SUPPORT);
    ixgbe_write(card, IXGBE_IVAR_MISC, IXGBE_IVAR_MISC_OTHER(IXGBE_VECTOR_OTHER));
    if (card->receive_vectors > 0)
        route_receive_queues(card);
    // A message takes its cause back by itself (7.3.1.4): nobody reads EICR.
    ixgbe_write(card, IXGBE_EIAC, receive_causes(card));
    ixgbe_write(card, IXGBE_EICR, IXGBE_EIMC_ALL);
    if (card->has_interrupt)
        ixgbe_write(card, IXGBE_EIMS, IXGBE_EICR_LSC);
}

void ixgbe_interrupt_acknowledge(struct ixgbe *card)
{
    if (card->has_interrupt)
        ixgbe_write(card, IXGBE_EICR, IXGBE_EICR_LSC);
}

bool ixgbe_interrupt_arm(struct port *port, bool on)
{
    struct ixgbe *card = port->device;
    if (port->state != PORT_RUNNING || card->receive_vectors == 0)
        return false;
    const uint32_t causes = receive_causes(card);
    if (!on) {
        ixgbe_write(card, IXGBE_EIMC_EX(0), causes);
        return false;
    }
    // Causes have gathered while frames were polled for: they would interrupt at once, for nothing.
    ixgbe_write(card, IXGBE_EICR, causes);
    ixgbe_write(card, IXGBE_EIMS_EX(0), causes);
    // Orders both writes before the caller's next look at the ring. What the card wrote into the
    // ring before it took a cause back has arrived in memory when the answer to a read has: so a
    // frame whose cause was taken back is seen by that look, and any later one interrupts.
    ixgbe_flush(card);
    return true;
}
