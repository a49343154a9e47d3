// SPDX-License-Identifier: BSD-2-Clause
// The two wires to the module cage, moved one edge at a time.
#pragma once
#include "drivers/ixgbe/device.h"

// Reads count bytes from offset on of the device at address (A0h, A2h: the low bit is the
// direction). The caller holds IXGBE_SYNC_PHY(lan). Takes 0.1 to 0.2 ms a byte, and as much as
// three bytes more. Returns 0, or -ENXIO when nobody acknowledges.
int ixgbe_i2c_read(struct ixgbe *card, uint8_t address, uint8_t offset, uint8_t *bytes,
                   unsigned count);
