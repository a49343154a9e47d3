// SPDX-License-Identifier: BSD-2-Clause
// What the drivers of both ports and the card's firmware share, they lock. (10.5.4)
#pragma once
#include "drivers/ixgbe/device.h"

// Takes the resource: IXGBE_SYNC_EEPROM, IXGBE_SYNC_PHY(lan) or IXGBE_SYNC_MAC_CSR. Returns 0, or
// -EBUSY after a message.
int ixgbe_lock(struct ixgbe *card, uint32_t resource);

void ixgbe_unlock(struct ixgbe *card, uint32_t resource);
