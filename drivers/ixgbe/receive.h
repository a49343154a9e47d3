// SPDX-License-Identifier: BSD-2-Clause
// The receive unit: filters, packet buffer, queues. Everything that is set while nothing arrives.
#pragma once
#include "drivers/ixgbe/device.h"

// Allocates the ring of a queue. Returns 0 or -ENOMEM after a message.
int ixgbe_receive_allocate(struct ixgbe *card, unsigned number, uint32_t slots);

// After a reset: filters and sizes, then the queues with the buffers in their slots, then the valve
// is opened. Returns 0, or a negative errno after a message.
int ixgbe_receive_start(struct ixgbe *card);

// Turns the queues off and waits, some milliseconds at most, until the card has forgotten them.
// Returns 0, or a negative errno after a message.
int ixgbe_receive_stop(struct ixgbe *card);

// Turns one queue off and on; see domain_verbs.requeue. Counts the frames in its ring as lost.
// Returns 0, or a negative errno after a message. (4.6.7.1.2, 4.6.7.1)
int ixgbe_receive_requeue(struct ixgbe *card, struct ixgbe_rx *rx);

// The card reaches no memory any more: says of the slots that refill() left empty that they are.
void ixgbe_receive_settle(struct ixgbe *card);
