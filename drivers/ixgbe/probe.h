// SPDX-License-Identifier: BSD-2-Clause
// Finding out what the card is; see drivers/port.h for what these two promise.
#pragma once
#include "drivers/ixgbe/device.h"

enum { IXGBE_MAX_FRAME = 9216 }; // without FCS; the card could carry 15.5 KiB

bool ixgbe_supports(uint16_t vendor, uint16_t device);
int ixgbe_probe(struct port *port);
