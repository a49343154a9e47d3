// SPDX-License-Identifier: BSD-2-Clause
// The transmit unit: packet buffer, scheduler, queues.
#pragma once
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/ring.h"

// Allocates the ring of a queue. The card reports its progress to *head, at head_address. Returns 0
// or -ENOMEM after a message.
int ixgbe_transmit_allocate(struct ixgbe *card, unsigned number, uint32_t slots,
                            struct ixgbe_head *head, uint64_t head_address);

// Steps of start(), after a reset (steps.h): sizes, then the queues, all empty. Each wait is
// bounded.
int ixgbe_transmit_set(struct ixgbe *card);
int ixgbe_transmit_describe(struct ixgbe *card);
int ixgbe_transmit_enable(struct ixgbe *card);
int ixgbe_transmit_enabled(struct ixgbe *card);

// Whether what was queued has gone out, or will not, since then; turns the queues off; looks
// whether they are, as ixgbe_check() does; turns the unit off.
bool ixgbe_transmit_drained(const struct ixgbe *card, uint64_t since);
void ixgbe_transmit_disable(struct ixgbe *card);
int ixgbe_transmit_disabled(struct ixgbe *card, uint64_t since);
void ixgbe_transmit_close(struct ixgbe *card);

// Turns one queue off and on; see domain_verbs.requeue. Counts what was not sent as lost. Returns
// 0, or a negative errno after a message. (4.6.8.1.2, 4.6.8.1)
int ixgbe_transmit_requeue(struct ixgbe *card, struct ixgbe_tx *tx);

// The card reaches no memory any more: counts what it did not report as sent.
void ixgbe_transmit_settle(struct ixgbe *card);

// Fails the port when the card has frames and a link, and has sent nothing for seconds.
void ixgbe_transmit_watch(struct ixgbe *card);
