// SPDX-License-Identifier: BSD-2-Clause
// Going through a table of steps, a call at a time.
#include "drivers/ixgbe/steps.h"
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"
#include <errno.h>

int ixgbe_step_on(struct ixgbe *card, struct ixgbe_steps *at, ixgbe_step *const steps[],
                  unsigned count)
{
    card->port->poll_soon_us = PORT_PAUSE_US;
    const int error = steps[at->step](card);
    if (error == -EINPROGRESS)
        return error;
    const unsigned next = error ? count : at->step + 1;
    *at = (struct ixgbe_steps){.step = next, .since = env_time_us()};
    if (next < count)
        return -EINPROGRESS;
    *at = (struct ixgbe_steps){0};
    return error;
}

int ixgbe_by_pieces(struct ixgbe *card, struct ixgbe_steps *at, bool transmit,
                    int (*piece)(struct ixgbe *card, unsigned queue, uint32_t from, uint32_t to))
{
    const unsigned queues = transmit ? card->port->tx_queues : card->port->rx_queues;
    if (at->queue == queues)
        return 0;
    const struct queue *ring = transmit ? &card->tx[at->queue]->queue : &card->rx[at->queue]->queue;
    const uint32_t to = at->slot + least(ring->slots - at->slot, IXGBE_PIECE_SLOTS);
    const int error = piece(card, at->queue, at->slot, to);
    at->slot = to;
    if (to == ring->slots) {
        at->slot = 0;
        at->queue++;
    }
    if (error)
        return error;
    return at->queue < queues ? -EINPROGRESS : 0;
}
