// SPDX-License-Identifier: BSD-2-Clause
// Bringing the link up and following it. Nothing here waits: what takes time is done in steps, one
// at each poll.
#pragma once
#include "drivers/ixgbe/device.h"

// Sets the module up and starts the link. The card has just been reset. Returns 0, or a negative
// errno after a message; a link that does not come up is no error.
int ixgbe_link_start(struct ixgbe *card);

// Reads the state of the link into the port, logs changes, and starts it anew when it has been down
// for some seconds. Takes microseconds; 2 to 40 ms once in four seconds while there is no link.
void ixgbe_link_poll(struct ixgbe *card);

// Darkens the laser, so that the other end sees the link go.
void ixgbe_link_stop(struct ixgbe *card);
