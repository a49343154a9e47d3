// SPDX-License-Identifier: BSD-2-Clause
// The receive unit: filters, packet buffer, queues. Everything that is set while nothing arrives.
#pragma once
#include "drivers/ixgbe/device.h"

// Allocates the ring of a queue. Returns 0 or -ENOMEM after a message.
int ixgbe_receive_allocate(struct ixgbe *card, unsigned number, uint32_t slots);

// Steps of start(), after a reset (steps.h): filters and sizes; then the queues, with the buffers
// in their slots; last the unit itself. Each wait is bounded.
int ixgbe_receive_clear(struct ixgbe *card);
int ixgbe_receive_clear_addresses(struct ixgbe *card);
int ixgbe_receive_set(struct ixgbe *card);
int ixgbe_receive_describe(struct ixgbe *card);
int ixgbe_receive_enable(struct ixgbe *card);
int ixgbe_receive_enabled(struct ixgbe *card);
int ixgbe_receive_shut_valve(struct ixgbe *card);
int ixgbe_receive_open(struct ixgbe *card);

// Turns the queues off; looks whether they are, since then, as ixgbe_check() does; turns the unit
// off.
void ixgbe_receive_disable(struct ixgbe *card);
int ixgbe_receive_disabled(struct ixgbe *card, uint64_t since);
void ixgbe_receive_close(struct ixgbe *card);

// Turns one queue off and on; see domain_verbs.requeue. Counts the frames in its ring as lost.
// Returns 0, or a negative errno after a message. (4.6.7.1.2, 4.6.7.1)
int ixgbe_receive_requeue(struct ixgbe *card, struct ixgbe_rx *rx);

// A step of stop(), when the card reaches no memory any more: says of the slots that refill() left
// empty that they are, and counts the frames that nobody took.
int ixgbe_receive_settle(struct ixgbe *card);
