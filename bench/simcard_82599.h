// SPDX-License-Identifier: BSD-2-Clause
// A simulated Intel 82599 in the same process: written from the datasheet (331520), from the card's
// side, for any driver.
//
// Two ways to use it:
//  - With hooks: every access of the driver goes through simcard_read() and simcard_write(). Reads
//    have their side effects, and what breaks a rule of the datasheet is written down.
//  - Without: BAR 0 is the plain memory `registers`, which the driver reads and writes by itself.
//    simcard_tick() looks at what has changed. Nothing stands between the driver and its memory, so
//    its instructions and cycles can be counted.
//
// Frames enter with simcard_receive() and leave through `sink`, during simcard_tick().
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIMCARD_BAR_SIZE = 0x20000,
    SIMCARD_QUEUES = 16,
    SIMCARD_VECTORS = 64,
    SIMCARD_ALIASES = 108, // registers with two addresses
    SIMCARD_EEPROM_WORDS = 0x400,
    SIMCARD_FRAME_MAX = 15872, // 15.5 KiB
    SIMCARD_VIOLATION_MAX = 160,
};

struct simcard_i2c {
    bool clock, data; // wires as last seen
    uint64_t raised;  // when the clock went up last, ticks
    bool drive;       // what the module puts on the data wire: true lets go
    bool selected, sending, addressed;
    unsigned bit, byte;
    const uint8_t *page;
    uint8_t at;
};

struct simcard {
    uint32_t *registers; // [SIMCARD_BAR_SIZE / 4]
    bool plain;          // without hooks

    // How the card reaches memory. NULL, or a NULL result, means it may not; without a function
    // its addresses are pointers.
    void *(*reach)(void *context, uint64_t address, size_t bytes);
    void (*sink)(void *context, const uint8_t *frame, unsigned length);
    void *context; // for both

    // What it is made of. simcard_open() fills these in; a test changes them before probe().
    unsigned lan;
    uint8_t mac[6];
    uint16_t eeprom[SIMCARD_EEPROM_WORDS];
    uint8_t module[256], diagnostics[256]; // I2C A0h and A2h
    bool module_present, module_repeats;   // repeats: cannot read sequentially
    unsigned module_stretch;               // the module holds the clock for so many microseconds
    bool partner_10g, partner_1g;          // what the other end of the cable does

    // How it misbehaves.
    bool gone;               // pulled out: all reads give all ones
    bool registers_gone;     // powered down: registers do
    bool reset_hangs;        // CTRL.RST never clears
    bool master_hangs;       // STATUS.PCIe_Master_Enable never clears until a reset
    bool no_auto_read;       // EEC.Auto_RD stays 0
    bool no_dma_init;        // RDRXCTL.DMAIDONE stays 0
    bool no_eeprom;          // EEC.PRES stays 0
    bool eerd_hangs;         // EERD.DONE stays 0
    bool rx_queue_hangs;     // RXDCTL.ENABLE cannot be changed
    bool tx_queue_hangs;     // TXDCTL.ENABLE cannot be changed
    bool security_hangs;     // SECRXSTAT.SECRX_RDY stays 0
    bool swsm_left_taken;    // SWSM.SMBI was set before anybody came
    uint32_t firmware_holds; // bits of SW_FW_SYNC

    // What has happened.
    uint64_t reads, writes;          // by the driver; without hooks: tails seen to have changed
    uint64_t received, missed, sent; // frames
    unsigned resets;
    unsigned messages[SIMCARD_VECTORS]; // MSI-X, by table entry
    unsigned violations;
    char violation[SIMCARD_VIOLATION_MAX]; // the first

    // Inside.
    uint64_t ticks;
    uint64_t reset_at; // tick
    bool in_reset, link_started;
    uint32_t tdt_seen[SIMCARD_QUEUES], rdt_seen[SIMCARD_QUEUES];
    uint32_t aliases_seen[SIMCARD_ALIASES];
    struct simcard_i2c i2c;
    uint8_t assembled[SIMCARD_FRAME_MAX];
};

// A healthy X520 with a 10GBASE-SR module, and a partner at 10 Gb/s. registers: SIMCARD_BAR_SIZE
// bytes, which stay the caller's.
void simcard_open(struct simcard *card, uint32_t *registers);

// Makes the EEPROM's checksum right again.
void simcard_seal_eeprom(struct simcard *card);

// Makes the module page's checksum right again.
void simcard_seal_module(struct simcard *card);

uint32_t simcard_read(struct simcard *card, uint32_t offset);
void simcard_write(struct simcard *card, uint32_t offset, uint32_t value);

// Time passes: one microsecond. Registers react.
void simcard_tick(struct simcard *card);

// Sends what is in the transmit rings. Returns how many frames.
unsigned simcard_transmit(struct simcard *card);

// A frame arrives, without FCS. False when the card lost it; why is counted.
bool simcard_receive(struct simcard *card, const void *frame, unsigned length);

// Lies: writes any receive descriptor (legacy format), or any head.
void simcard_forge_rx(struct simcard *card, unsigned queue, uint32_t slot, uint16_t length,
                      uint8_t status);
void simcard_forge_head(struct simcard *card, unsigned queue, uint32_t head);

// For the simulation's own files.
void simcard_violate(struct simcard *card, const char *rule, uint32_t offset, uint32_t value);
void simcard_i2c_look(struct simcard *card);
void simcard_cause(struct simcard *card, uint32_t causes);
// The one address of a register that the simulation uses.
uint32_t simcard_alias(uint32_t offset);
// Without hooks: makes both addresses of a register agree, on what was written last.
void simcard_follow_aliases(struct simcard *card);
unsigned simcard_rss_queue(const struct simcard *card, const uint8_t *frame, unsigned length);
void simcard_check_write(struct simcard *card, uint32_t offset, uint32_t value);
