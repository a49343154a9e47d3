// SPDX-License-Identifier: GPL-2.0-or-later
//
// The EEPROM: its image, EERD, the serial interface of EEC, and what the card loads from it after a
// reset. 82599 datasheet 331520, chapter 6 (map) and sections 8.2.3.2.1, 8.2.3.2.2.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qapi/error.h"

enum {
    WORD_CORE0 = 0x09, // pointer to the section with the MAC address
    WORD_FIRMWARE = 0x0f,
    WORD_PBA = 0x15,
    WORD_ALTERNATE_SAN = 0x27,
    WORD_SAN = 0x28,
    WORD_SFP_LIST = 0x2b,
    WORD_CAPABILITIES = 0x2c,
    WORD_ID = 0x2d,
    WORD_CHECKSUM = 0x3f,
    CORE0 = 0x100,
    SFP_LIST = 0x200,
    SFP_DATA = 0x220,
    FIRMWARE = 0x300,
    FIRMWARE_PATCH = 0x320,
    NONE = 0xffff,
};
enum { ALLOW_ANY_SFP = 1u << 0, NO_CROSSTALK = 1u << 7, CHECKSUM_TOTAL = 0xbaba };

// A pair (module type and core, place of its settings) for each kind that drivers look for.
static void sfp_list(uint16_t *w)
{
    uint32_t at = SFP_LIST;

    w[at++] = 0;
    for (uint16_t id = 3; id <= 6; id++) {
        w[at++] = id;
        w[at++] = SFP_DATA;
    }
    w[at] = NONE;
    w[SFP_DATA] = 0;
    w[SFP_DATA + 1] = 0x0101;
    w[SFP_DATA + 2] = NONE;
}

static void seal(uint16_t *w, bool good)
{
    uint16_t sum = 0;

    for (uint32_t i = 0; i < WORD_CHECKSUM; i++) {
        sum += w[i];
    }
    for (uint32_t i = 1; i <= w[CORE0]; i++) {
        sum += w[CORE0 + i];
    }
    w[WORD_CHECKSUM] = CHECKSUM_TOTAL - sum + (good ? 0 : 1);
}

static void fill(Ixgbe *s, bool good)
{
    uint16_t *w = s->eeprom;

    memset(w, 0xff, sizeof(s->eeprom));
    memset(w, 0, 2 * (WORD_CHECKSUM + 1));
    w[0] = 0x0040; // signature, 6.3.2.1
    w[WORD_CORE0] = CORE0;
    w[CORE0] = 3;
    for (unsigned int i = 0; i < 3; i++) {
        w[CORE0 + 1 + i] = lduw_le_p(s->conf.macaddr.a + 2 * i);
    }
    w[WORD_FIRMWARE] = FIRMWARE;
    w[FIRMWARE] = 0x10;
    w[FIRMWARE + 4] = FIRMWARE_PATCH;
    w[FIRMWARE_PATCH + 7] = 6; // drivers distrust firmware up to 5
    w[WORD_PBA] = 0xe814;
    w[WORD_PBA + 1] = 0x0700;
    w[WORD_ALTERNATE_SAN] = w[WORD_SAN] = NONE;
    w[WORD_SFP_LIST] = SFP_LIST;
    w[WORD_CAPABILITIES] = NO_CROSSTALK | (s->any_sfp ? ALLOW_ANY_SFP : 0);
    w[WORD_ID] = 0x0001;
    w[WORD_ID + 1] = 0x8000;
    sfp_list(w);
    seal(w, good);
}

bool ixgbe_eeprom_init(Ixgbe *s, Error **errp)
{
    const char *kind = s->eeprom_property ? s->eeprom_property : "good";

    if (strcmp(kind, "none") == 0) {
        memset(s->eeprom, 0xff, sizeof(s->eeprom));
    } else if (strcmp(kind, "good") == 0 || strcmp(kind, "bad") == 0) {
        fill(s, kind[0] == 'g');
    } else {
        error_setg(errp, "eeprom=%s: good, bad or none", kind);
        return false;
    }
    return true;
}

// 6.1: the signature decides whether the card sees an EEPROM at all.
static bool present(Ixgbe *s)
{
    return (s->eeprom[0] & 0xc0) == 0x40;
}

void ixgbe_eeprom_auto_read(Ixgbe *s)
{
    const uint16_t *core = s->eeprom + CORE0;

    *reg_at(s, EEC) |= EEC_AUTO_RD | (present(s) ? EEC_PRES : 0);
    if (present(s)) {
        *reg_at(s, RAL) = core[1] | (uint32_t)core[2] << 16;
        *reg_at(s, RAH) = core[3] | RAH_AV;
    }
}

uint32_t ixgbe_eerd(Ixgbe *s, uint32_t command)
{
    uint32_t word = BITS(command, 2, 14);
    uint32_t data = word < EEPROM_WORDS ? s->eeprom[word] : 0xffff;

    if ((command & EERD_START) == 0) {
        return command & ~EERD_DONE;
    }
    return data << 16 | word << 2 | EERD_DONE;
}

// Serial interface: the bits of a byte come most significant first; a word's low byte first.
enum { SPI_RDSR = 0x05, SPI_READ = 0x03 };

static uint8_t spi_next_byte(Ixgbe *s)
{
    uint16_t word;

    if (s->spi.command == SPI_RDSR) {
        return 0; // never busy, nothing protected
    }
    word = s->eeprom[(s->spi.address / 2) % EEPROM_WORDS];
    return s->spi.address++ & 1 ? word >> 8 : word & 0xff;
}

static void spi_byte_in(Ixgbe *s)
{
    uint8_t byte = s->spi.shift;

    switch (s->spi.status++) {
    case 0:
        s->spi.command = byte;
        s->spi.output = byte == SPI_RDSR;
        break;
    case 1:
        s->spi.address = byte << 8;
        break;
    case 2:
        s->spi.address |= byte;
        s->spi.output = s->spi.command == SPI_READ;
        break;
    }
    s->spi.bits = 0;
    s->spi.shift = s->spi.output ? spi_next_byte(s) : 0;
}

static uint32_t spi_clock(Ixgbe *s, uint32_t value, bool rise)
{
    if (rise && !s->spi.output) {
        s->spi.shift = (s->spi.shift << 1 | !!(value & EEC_DI)) & 0xff;
        if (++s->spi.bits == 8) {
            spi_byte_in(s);
        }
    } else if (!rise && s->spi.output) {
        value = (value & ~EEC_DO) | ((s->spi.shift & 0x80) ? EEC_DO : 0);
        s->spi.shift = (s->spi.shift << 1) & 0xff;
        if (++s->spi.bits == 8) {
            s->spi.bits = 0;
            s->spi.shift = spi_next_byte(s);
        }
    }
    return value;
}

uint32_t ixgbe_eec_write(Ixgbe *s, uint32_t value)
{
    bool clock = (value & EEC_SK) != 0;

    value = (value & ~EEC_GNT) | ((value & EEC_REQ) ? EEC_GNT : 0);
    if ((value & EEC_REQ) == 0 || !present(s)) {
        return value;
    }
    if (value & EEC_CS) { // active low: high ends a command
        s->spi.status = 0;
        s->spi.bits = 0;
        s->spi.shift = 0;
        s->spi.output = false;
    } else if (clock != s->spi.clock) {
        value = spi_clock(s, value, clock);
    }
    s->spi.clock = clock;
    return value;
}
