// SPDX-License-Identifier: BSD-2-Clause
// What the drivers of both ports and the card's firmware share, they lock. (10.5.4)
#pragma once
#include "drivers/ixgbe/device.h"

// Tries once to take the resource: IXGBE_SYNC_EEPROM, IXGBE_SYNC_PHY(lan) or IXGBE_SYNC_MAC_CSR.
// since is when the caller first tried, in microseconds. Returns 0 or -EINPROGRESS when it is
// somebody else's. After a second of this there is a message, and the resource is taken from a
// driver (which is gone: returns 0), but not from firmware: -EBUSY.
int ixgbe_try_lock(struct ixgbe *card, uint32_t resource, uint64_t since);

// Tries until it is decided. Only where nothing is forwarded yet.
int ixgbe_lock(struct ixgbe *card, uint32_t resource);

// Waits for the gates for 50 us at most.
void ixgbe_unlock(struct ixgbe *card, uint32_t resource);
