// SPDX-License-Identifier: BSD-2-Clause
// The module in the cage: SFP and SFP+ (SFF-8472).
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ixgbe;

enum ixgbe_module {
    MODULE_NONE,    // the cage is empty
    MODULE_PASSIVE, // copper cable with plugs (direct attach)
    MODULE_ACTIVE,  // the same with amplifiers
    MODULE_OPTICAL,
    MODULE_TWISTED, // copper with an RJ45 socket: the module has a PHY of its own
    MODULE_UNKNOWN,
};

struct ixgbe_sfp {
    enum ixgbe_module module;
    bool does_10g, does_1g;
    const char *type; // "10GBASE-SR"
    char vendor[17], part[17], serial[17];
};

// Reads the module and logs what it is; an empty cage and a module nobody has heard of are facts,
// not errors: every module is accepted. Takes up to 40 ms. Returns 0, or a negative errno after a
// message when the wires could not be had.
int ixgbe_sfp_identify(struct ixgbe *card);

// Whether something answers in the cage now. Takes 0.4 ms, 2 ms for an empty one.
bool ixgbe_sfp_present(struct ixgbe *card);

// Copies the settings for this kind of module from the EEPROM to the card's analog part. Returns 0,
// also when the EEPROM has none, or a negative errno after a message.
int ixgbe_sfp_setup(struct ixgbe *card);
