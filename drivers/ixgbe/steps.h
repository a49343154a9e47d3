// SPDX-License-Identifier: BSD-2-Clause
// What is done to a card in many short calls, between which the other ports have their turn: a
// table of steps, and going through it.
#pragma once
#include "drivers/ixgbe/device.h"

enum { IXGBE_PIECE_SLOTS = 1024 }; // of a ring, for one call

// A step returns 0 when the next one may begin, -EINPROGRESS when it has to be called again, or
// another negative errno, which ends it all. It may set port->poll_soon_us, which is PORT_PAUSE_US
// otherwise.
typedef int ixgbe_step(struct ixgbe *card);

// Does one step of a table, or goes on with it. Returns 0 after the last one, -EINPROGRESS, or what
// ended it; *at is all zeros then, ready for the next time.
int ixgbe_step_on(struct ixgbe *card, struct ixgbe_steps *at, ixgbe_step *const steps[],
                  unsigned count);

// A step that goes through all receive or transmit rings: does a piece of it, the slots from..to -
// 1 of a queue. Returns 0 when that was the last one, -EINPROGRESS, or what `piece` returns if that
// is not 0.
int ixgbe_by_pieces(struct ixgbe *card, struct ixgbe_steps *at, bool transmit,
                    int (*piece)(struct ixgbe *card, unsigned queue, uint32_t from, uint32_t to));
