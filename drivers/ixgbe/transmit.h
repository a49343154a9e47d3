// SPDX-License-Identifier: BSD-2-Clause
// The transmit unit: packet buffer, scheduler, queues.
#pragma once
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/ring.h"

// Allocates the ring of a queue. The card reports its progress to *head, at head_address. Returns 0
// or -ENOMEM after a message.
int ixgbe_transmit_allocate(struct ixgbe *card, unsigned number, uint32_t slots,
                            struct ixgbe_head *head, uint64_t head_address);

// After a reset: sizes, then the queues, all empty. Returns 0, or a negative errno after a message.
int ixgbe_transmit_start(struct ixgbe *card);

// Lets what is queued go out if it can, then turns the queues off; some milliseconds at most.
// Returns 0, or a negative errno after a message.
int ixgbe_transmit_stop(struct ixgbe *card);

// Turns one queue off and on; see domain_verbs.requeue. Counts what was not sent as lost. Returns
// 0, or a negative errno after a message. (4.6.8.1.2, 4.6.8.1)
int ixgbe_transmit_requeue(struct ixgbe *card, struct ixgbe_tx *tx);

// The card reaches no memory any more: counts what it did not report as sent.
void ixgbe_transmit_settle(struct ixgbe *card);

// Fails the port when the card has frames and a link, and has sent nothing for seconds.
void ixgbe_transmit_watch(struct ixgbe *card);
