// SPDX-License-Identifier: BSD-2-Clause
// Interrupts by MSI-X: link changes, so that they are seen at once and not at the next poll; and,
// while the box sleeps, frames.
#pragma once
#include "drivers/ixgbe/device.h"

enum { // MSI-X table entries
    IXGBE_VECTOR_OTHER = 0,
    IXGBE_VECTOR_RECEIVE = 1, // the first of those for receive queues
    IXGBE_RECEIVE_VECTORS_MAX = 15,
};

// Asks for the entries, once. Without the one the link is polled, without the others the port is,
// which is no error. rx_queues is as many as there will ever be.
void ixgbe_interrupt_probe(struct ixgbe *card);

// Routes the causes; unmasks the link's. The card is otherwise ready to run.
void ixgbe_interrupt_start(struct ixgbe *card);

// Takes back what has been seen, so that it can be raised again.
void ixgbe_interrupt_acknowledge(struct ixgbe *card);

// See port_driver.arm.
bool ixgbe_interrupt_arm(struct port *port, bool on);
