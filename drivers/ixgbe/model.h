// SPDX-License-Identifier: BSD-2-Clause
// Which cards there are and in what they differ. The one place where a driver function may look
// before it does something that is not the same on all of them.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum ixgbe_media {
    IXGBE_SFP,       // a cage; the module is identified over I2C
    IXGBE_QSFP,      // a cage of four lanes
    IXGBE_BACKPLANE, // KR, KX4, XAUI, CX4: fixed wiring, the EEPROM knows how
    IXGBE_COPPER,    // 10GBASE-T: a PHY that negotiates by itself
};

// One MAC generation.
struct ixgbe_mac {
    const char *name;
    bool tried;     // false: written from documents, never run on the card or a model of it
    bool supported; // false: recognised so that the refusal can say why
    const char *refusal;

    uint32_t eec;            // EEPROM control
    bool eerd;               // the EEPROM can be read word by word through EERD
    uint16_t checksum_skips; // bit n: the section that word n points to is not in the checksum

    uint32_t swsm, sw_fw_sync;
    bool regsmp; // the second lock is SW_FW_SYNC.REGSMP instead of SWSM.SWESMBI

    uint32_t i2cctl;
    uint32_t i2c_clock_in, i2c_clock_out, i2c_data_in, i2c_data_out; // the pins
    uint32_t i2c_clock_float, i2c_data_float; // set: the pin is not driven; 0: there is no such bit
    uint32_t i2c_bit_bang;                    // set: software drives the pins; 0: it always does

    bool has_autoc;                      // link and module are set up through AUTOC and CORECTL
    bool rates_beyond_10;                // LINKS.NON_STD tells 2.5 and 5 Gb/s
    uint32_t rx_buffer_kb, tx_buffer_kb; // packet buffers of the card
};

struct ixgbe_model {
    uint16_t device; // PCI device id; the vendor is 8086h
    const char *name;
    const struct ixgbe_mac *mac;
    enum ixgbe_media media;
};

enum { IXGBE_VENDOR = 0x8086 };

// NULL when the id is in no row of the table.
const struct ixgbe_model *ixgbe_model_find(uint16_t vendor, uint16_t device);
