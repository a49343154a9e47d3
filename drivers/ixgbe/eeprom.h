// SPDX-License-Identifier: BSD-2-Clause
// The card's EEPROM: 16-bit words. (82599 datasheet, chapter 6 and 8.2.3.2)
#pragma once
#include "drivers/ixgbe/device.h"

enum {
    IXGBE_EEPROM_SFP_LIST = 0x2B, // pointer to the list of module settings
    IXGBE_EEPROM_CHECKSUM = 0x3F,
    IXGBE_EEPROM_WORDS = 0x4000, // EERD addresses 14 bits
    IXGBE_EEPROM_SUM = 0xBABA,
};

// Reads one word, 0..IXGBE_EEPROM_WORDS-1. Returns 0, or a negative errno after a message.
int ixgbe_eeprom_read(struct ixgbe *card, unsigned word, uint16_t *value);

// Makes sure that there is an EEPROM and that its contents are whole. Returns 0, or a negative
// errno after a message.
int ixgbe_eeprom_check(struct ixgbe *card);
