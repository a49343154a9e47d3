// SPDX-License-Identifier: BSD-2-Clause
// What the card counted: frames that the box never saw.
#pragma once
#include "drivers/ixgbe/device.h"

// Reads every counter, which clears it, and forgets the values. (4.6.5)
void ixgbe_stats_clear(struct ixgbe *card);

// Reads the next few counters into port->card_missed and port->card_errors. A round takes
// five polls; a counter of 32 bits saturates after 288 seconds of 64-byte frames.
void ixgbe_stats_poll(struct ixgbe *card);
