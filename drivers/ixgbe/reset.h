// SPDX-License-Identifier: BSD-2-Clause
// Bringing the card into a known state, and taking its access to memory away.
#pragma once
#include "drivers/ixgbe/device.h"

// Goes on with a global reset and all that has to be waited for around it, or begins one; never
// waits. It takes some 12 ms, at most 1.4 s, from the first call to the last; in between nobody may
// touch a register. Afterwards interrupts are masked, every queue is off and the registers hold
// what the EEPROM loaded. Returns 0, -EINPROGRESS, or another negative errno after a message.
// (82599 datasheet 4.6.3, 4.6.3.1, 4.6.3.2)
int ixgbe_reset_step(struct ixgbe *card);

// Stops the card from starting new accesses to memory; looks whether those under way are over since
// then, as ixgbe_check() does. (5.2.5.3.2)
void ixgbe_master_disable(struct ixgbe *card);
int ixgbe_master_disabled(struct ixgbe *card, uint64_t since, uint32_t limit_us);

// Masks every cause, of which there are 31 in EIMC and 64 in EIMC(1..2). (4.6.3.1)
void ixgbe_mask_interrupts(struct ixgbe *card);
