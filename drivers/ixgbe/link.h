// SPDX-License-Identifier: BSD-2-Clause
// Bringing the link up and following it. Nothing here waits: what takes time is done in steps, one
// at each poll.
#pragma once
#include "drivers/ixgbe/device.h"

// Begins: what is set up and started is done by ixgbe_link_poll(). The card has just been reset,
// and its module identified, now or in an earlier life.
void ixgbe_link_start(struct ixgbe *card);

// Darkens the laser of a stopped card and holds its link down (AUTOC2), for 100 ms; the next
// ixgbe_link_start() reads the module again. Returns 0 when that time is over, -EINPROGRESS, or
// -ENOTSUP where firmware has the link.
int ixgbe_link_drop(struct ixgbe *card);

// Reads the state of the link into the port, goes on with what is under way, starts the link anew
// when it has been down for some seconds, and looks whether the module is the same when it came up.
// Takes microseconds; while the module is being talked to, some 15. To ask whether it is the same
// takes some 175 calls, to identify it 1,200.
void ixgbe_link_poll(struct ixgbe *card);

// Darkens the laser, so that the other end sees the link go.
void ixgbe_link_stop(struct ixgbe *card);
