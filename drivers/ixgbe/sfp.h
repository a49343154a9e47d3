// SPDX-License-Identifier: BSD-2-Clause
// The module in the cage: SFP and SFP+ (SFF-8472).
#pragma once
#include "drivers/ixgbe/i2c.h"
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

enum {
    IXGBE_SFP_IDENTITY = 96, // bytes of the identity page
    IXGBE_SFP_MEASURED = 10, // bytes of measurements
    IXGBE_SFP_SERIAL = 16,   // bytes of the serial number
};

// A conversation with the module, which goes on from one poll to the next.
struct ixgbe_sfp_talk {
    enum { TALK_OVER, TALK_SERIAL, TALK_BLOCKS, TALK_BYTES, TALK_MEASURE } step;
    bool locked;    // IXGBE_SYNC_PHY(lan) is ours, and a transfer under way
    uint64_t since; // when the lock was first tried for, microseconds
    unsigned at;    // bytes of this step that are there
    struct ixgbe_i2c i2c;
    bool bytewise; // this module cannot read sequentially
    uint8_t page[IXGBE_SFP_IDENTITY];
    uint8_t serial[IXGBE_SFP_SERIAL];
    uint8_t measured[IXGBE_SFP_MEASURED];
};

// Begins to ask what the module is, or only whether it is still the same.
void ixgbe_sfp_identify(struct ixgbe *card);
void ixgbe_sfp_ask(struct ixgbe *card);

// Goes on with what was begun, for some 10 us. After ixgbe_sfp_identify() card->sfp is filled in
// and the log says what the module is; an empty cage and a module nobody has heard of are facts,
// not errors: every module is accepted. Returns 0, -EINPROGRESS, after ixgbe_sfp_ask() -ESTALE when
// another module, or none, is there now, or -EBUSY after a message when the wires could not be had.
int ixgbe_sfp_step(struct ixgbe *card);

// Ends it at once and gives the wires back. No harm when none is under way.
void ixgbe_sfp_hang_up(struct ixgbe *card);

// What the EEPROM holds for the card's analog part and one kind of module.
enum {
    IXGBE_SFP_SETTINGS = 2,     // direct attach; everything else
    IXGBE_SFP_SETTINGS_MAX = 64 // values; Intel's images have a handful
};
struct ixgbe_sfp_settings {
    unsigned count;
    uint16_t value[IXGBE_SFP_SETTINGS_MAX];
};

// Reads the settings out of the EEPROM. Waits; only where nothing is forwarded yet. Returns 0, also
// when the EEPROM has none, or a negative errno after a message.
int ixgbe_sfp_read_settings(struct ixgbe *card);

// Gives the settings for the module in the cage to the card's analog part. The caller holds
// IXGBE_SYNC_MAC_CSR.
void ixgbe_sfp_setup(struct ixgbe *card);
