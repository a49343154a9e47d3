// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SFP+ module: its two pages (SFF-8472 revision 12.4) behind the bit-banged I2C lines of I2CCTL
// (82599 datasheet 331520, section 8.2.3.1.5; UM10204 for the bus).

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qapi/error.h"

enum { IDLE, ADDRESS, OFFSET, WRITE, READ };
enum { ADDRESS_A0 = 0xa0, ADDRESS_A2 = 0xa2 };

typedef struct Module {
    const char *name;
    uint8_t code_10g; // byte 3
    uint8_t code_1g;  // byte 6
    uint8_t cable;    // byte 8
    uint8_t oui[3];
    const char *vendor, *part;
    uint16_t nanometres;
} Module;

static const Module modules[] = {
    {"sr", 0x10, 0x00, 0x00, {0x00, 0x1b, 0x21}, "Intel Corp", "FTLX8571D3BCV-IT", 850},
    {"lr", 0x20, 0x00, 0x00, {0x00, 0x1b, 0x21}, "Intel Corp", "FTLX1471D3BCV-IT", 1310},
    {"dual", 0x10, 0x01, 0x00, {0x00, 0x1b, 0x21}, "Intel Corp", "AFBR-703SDZ-IN2", 850},
    {"copper", 0x00, 0x00, 0x04, {0x00, 0x1b, 0x21}, "Intel Corp", "XDACBL3M", 0},
    {"rj45", 0x00, 0x08, 0x00, {0x00, 0x90, 0x65}, "FINISAR CORP.", "FCLF-8521-3", 0},
    // Neither SR nor LR nor a cable: 10GBASE-LRM of another maker
    {"unsupported", 0x40, 0x00, 0x00, {0x00, 0x90, 0x65}, "FINISAR CORP.", "FTLX1371D3BCL", 1310},
};

static void text(uint8_t *at, const char *value, size_t length)
{
    memset(at, ' ', length);
    memcpy(at, value, MIN(strlen(value), length));
}

static uint8_t byte_sum(const uint8_t *from, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++) {
        sum += from[i];
    }
    return sum;
}

static bool is_optical(const Module *m)
{
    return m->nanometres != 0;
}

// Page A0h: identity.
static void identity(uint8_t *p, const Module *m)
{
    bool fast = m->code_10g != 0 || m->cable != 0;

    p[0] = 0x03;                                          // SFP or SFP+
    p[1] = 0x04;                                          // known by its two-wire interface
    p[2] = is_optical(m) ? 0x07 : m->cable ? 0x21 : 0x22; // LC, copper pigtail, RJ45
    p[3] = m->code_10g;
    p[6] = m->code_1g;
    p[8] = m->cable;
    p[11] = fast ? 0x06 : 0x01;                         // 64B/66B, 8B/10B
    p[12] = fast ? 103 : 13;                            // 10.3 GBd, 1.3 GBd
    p[is_optical(m) ? 16 : 18] = is_optical(m) ? 8 : 3; // tens of metres of fibre, metres of cable
    text(p + 20, m->vendor, 16);
    memcpy(p + 37, m->oui, 3);
    text(p + 40, m->part, 16);
    text(p + 56, "A", 4);
    stw_be_p(p + 60, m->nanometres);
    p[63] = byte_sum(p, 63);
    p[65] = is_optical(m) ? 0x1a : 0x00; // TX_DISABLE, TX_FAULT, LOS
    text(p + 68, "MODEL0000001", 16);
    text(p + 84, "260101", 8);
    p[92] = is_optical(m) ? 0x68 : 0x00; // diagnostics, calibrated in the module, average power
    p[94] = is_optical(m) ? 0x05 : 0x00;
    p[95] = byte_sum(p + 64, 31);
}

// Page A2h: measurements, in the units of SFF-8472 section 9.4.
static void diagnostics(uint8_t *p, const Module *m)
{
    if (!is_optical(m)) {
        memset(p, 0xff, 256);
        return;
    }
    stw_be_p(p + 96, 35 * 256); // 1/256 degree Celsius
    stw_be_p(p + 98, 33000);    // 100 microvolts
    stw_be_p(p + 100, 3500);    // 2 microamperes
    stw_be_p(p + 102, 5900);    // 0.1 microwatts: sent
    stw_be_p(p + 104, 5400);    // received
    p[95] = byte_sum(p, 95);
}

bool ixgbe_sfp_init(Ixgbe *s, Error **errp)
{
    const char *kind = s->sfp_property ? s->sfp_property : "sr";

    memset(&s->sfp, 0, sizeof(s->sfp));
    s->sfp.scl = s->sfp.sda = true;
    if (strcmp(kind, "none") == 0) {
        return true;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(modules); i++) {
        if (strcmp(kind, modules[i].name) == 0) {
            identity(s->sfp.page[0], &modules[i]);
            diagnostics(s->sfp.page[1], &modules[i]);
            return true;
        }
    }
    error_setg(errp, "sfp=%s: sr, lr, dual, copper, rj45, unsupported or none", kind);
    return false;
}

bool ixgbe_sfp_present(Ixgbe *s)
{
    return s->sfp.page[0][0] != 0;
}

bool ixgbe_sfp_does(Ixgbe *s, bool gigabit)
{
    const uint8_t *p = s->sfp.page[0];

    return gigabit ? p[6] != 0 : p[3] != 0 || p[8] != 0;
}

// A byte arrived; returns whether the module acknowledges it.
static bool byte_in(Ixgbe *s)
{
    uint8_t byte = s->sfp.shift;

    switch (s->sfp.state) {
    case ADDRESS:
        if (!ixgbe_sfp_present(s) || ((byte & 0xfe) != ADDRESS_A0 && (byte & 0xfe) != ADDRESS_A2)) {
            s->sfp.state = IDLE;
            return false;
        }
        s->sfp.select = (byte & 0xfe) == ADDRESS_A2;
        s->sfp.state = (byte & 1) ? READ : OFFSET;
        return true;
    case OFFSET:
        s->sfp.pointer = byte;
        s->sfp.state = WRITE;
        return true;
    case WRITE: // the pages are write-protected: taken and forgotten
        s->sfp.pointer++;
        return true;
    }
    return false;
}

static void clock_rises(Ixgbe *s)
{
    if (s->sfp.state == READ && s->sfp.reading) {
        if (s->sfp.bits == 8 && s->sfp.sda) {
            s->sfp.state = IDLE; // the master wants no more
        }
    } else if (s->sfp.bits < 8) {
        s->sfp.shift = s->sfp.shift << 1 | s->sfp.sda;
    }
    s->sfp.bits++;
}

static void clock_falls(Ixgbe *s)
{
    bool start_of_byte = s->sfp.bits == 9;

    if (start_of_byte) {
        s->sfp.bits = 0;
        s->sfp.drive_low = false;
        s->sfp.reading = s->sfp.state == READ;
        if (s->sfp.reading) {
            s->sfp.shift = s->sfp.page[s->sfp.select][s->sfp.pointer++];
        }
    }
    if (s->sfp.reading) {
        s->sfp.drive_low = s->sfp.bits < 8 && !((s->sfp.shift >> (7 - s->sfp.bits)) & 1);
    } else if (s->sfp.bits == 8) {
        s->sfp.drive_low = byte_in(s);
    }
}

uint32_t ixgbe_i2c_write(Ixgbe *s, uint32_t value)
{
    bool scl = (value & I2CCTL_CLK) != 0, sda = (value & I2CCTL_DATA) != 0;

    if (scl && s->sfp.scl && sda != s->sfp.sda) {
        // Data moves while the clock is high: start or stop.
        s->sfp.state = sda ? IDLE : ADDRESS;
        s->sfp.bits = 0;
        s->sfp.reading = s->sfp.drive_low = false;
    }
    s->sfp.sda = sda;
    if (scl != s->sfp.scl && s->sfp.state != IDLE) {
        if (scl) {
            clock_rises(s);
        } else {
            clock_falls(s);
        }
    }
    if (s->sfp.state == IDLE) {
        s->sfp.drive_low = false;
    }
    s->sfp.scl = scl;
    value &= ~(I2CCTL_CLK_IN | I2CCTL_DATA_IN);
    value |= (scl ? I2CCTL_CLK_IN : 0) | (sda && !s->sfp.drive_low ? I2CCTL_DATA_IN : 0);
    return value;
}
