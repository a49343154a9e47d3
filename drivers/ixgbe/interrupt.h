// SPDX-License-Identifier: BSD-2-Clause
// Link changes by MSI-X, so that they are seen at once and not at the next poll.
#pragma once
#include "drivers/ixgbe/device.h"

enum { IXGBE_VECTOR_OTHER = 0 }; // MSI-X table entry

// Asks for the vector, once. Without one the link is polled, which is no error.
void ixgbe_interrupt_probe(struct ixgbe *card);

// Routes and unmasks the causes. The card is otherwise ready to run.
void ixgbe_interrupt_start(struct ixgbe *card);

// Takes back what has been seen, so that it can be raised again.
void ixgbe_interrupt_acknowledge(struct ixgbe *card);
