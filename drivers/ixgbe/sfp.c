// SPDX-License-Identifier: BSD-2-Clause
// What is plugged into the cage. SFF-8472 revision 12.4, tables 4-1, 5-3 and 9-16; SFF-8024 for
// identifiers and compliance codes.
#include "drivers/ixgbe/sfp.h"
#include "drivers/ixgbe/semaphore.h"
#include <errno.h>
#include <stddef.h>

enum {
    PAGE_IDENTITY = 0xA0, // I2C addresses
    PAGE_DIAGNOSTICS = 0xA2,

    // Offsets in the identity page
    IDENTIFIER = 0,
    CODES_10G = 3,
    CODES_1G = 6,
    CABLE = 8,
    VENDOR = 20,
    CODES_EXTENDED = 36,
    PART = 40,
    BASE_SUM = 63, // low byte of the sum of bytes 0..62
    SERIAL = 68,
    DIAGNOSTICS = 92,
    NAME_SIZE = 16,
    BLOCK = 16, // bytes read at a time

    IS_SFP = 0x03,
    CABLE_PASSIVE = 1 << 2,
    CABLE_ACTIVE = 1 << 3,
    EXTENDED_10GBASE_T = 0x1C,
    EXTENDED_10GBASE_T_SHORT = 0x16,
    HAS_DIAGNOSTICS = 1 << 6,
    NEEDS_ADDRESS_CHANGE = 1 << 2,

    MEASURED = 96, // in the diagnostics page: temperature, voltage, bias, transmit, receive power
};

static const struct code {
    uint8_t offset, bit;
    enum ixgbe_module module;
    const char *type;
} codes[] = {
    {CODES_10G, 7, MODULE_OPTICAL, "10GBASE-ER"}, {CODES_10G, 6, MODULE_OPTICAL, "10GBASE-LRM"},
    {CODES_10G, 5, MODULE_OPTICAL, "10GBASE-LR"}, {CODES_10G, 4, MODULE_OPTICAL, "10GBASE-SR"},
    {CODES_1G, 3, MODULE_TWISTED, "1000BASE-T"},  {CODES_1G, 1, MODULE_OPTICAL, "1000BASE-LX"},
    {CODES_1G, 0, MODULE_OPTICAL, "1000BASE-SX"},
};

// Goes on with reading count bytes of a page, `block` at a time; talk.at of them are there. The
// wires are given back after each block. Returns as ixgbe_sfp_step().
static int read_page(struct ixgbe *card, uint8_t page, unsigned offset, uint8_t *bytes,
                     unsigned count, unsigned block)
{
    struct ixgbe_sfp_talk *talk = &card->talk;
    const unsigned piece = count - talk->at < block ? count - talk->at : block;
    int error;
    if (!talk->locked) {
        error = ixgbe_try_lock(card, IXGBE_SYNC_PHY(card->lan), talk->since);
        if (error)
            return error;
        talk->locked = true;
        ixgbe_i2c_begin(&talk->i2c, page, (uint8_t)(offset + talk->at), &bytes[talk->at], piece);
    }
    error = ixgbe_i2c_step(card, &talk->i2c);
    if (error == -EINPROGRESS)
        return error;
    ixgbe_sfp_hang_up(card);
    if (error)
        return error;
    talk->at += piece;
    talk->since = env_time_us();
    return talk->at < count ? -EINPROGRESS : 0;
}

static uint8_t base_sum(const uint8_t *page)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < BASE_SUM; i++)
        sum = (uint8_t)(sum + page[i]);
    return sum;
}

// Names are padded with spaces. What is not printable would disturb a terminal.
static void copy_name(char *to, const uint8_t *from)
{
    size_t length = 0;
    for (size_t i = 0; i < NAME_SIZE; i++) {
        to[i] = from[i] > ' ' && from[i] < 0x7F ? (char)from[i] : ' ';
        if (to[i] != ' ')
            length = i + 1;
    }
    to[length] = '\0';
}

static void classify(struct ixgbe_sfp *sfp, const uint8_t *page)
{
    sfp->does_1g = page[CODES_1G] & 0x0B;
    sfp->does_10g = page[CODES_10G] & 0xF0;
    if (page[CABLE] & (CABLE_PASSIVE | CABLE_ACTIVE)) {
        const bool passive = page[CABLE] & CABLE_PASSIVE;
        sfp->module = passive ? MODULE_PASSIVE : MODULE_ACTIVE;
        sfp->does_10g = true;
        sfp->type = passive ? "direct attach, passive" : "direct attach, active";
        return;
    }
    if (page[CODES_EXTENDED] == EXTENDED_10GBASE_T ||
        page[CODES_EXTENDED] == EXTENDED_10GBASE_T_SHORT) {
        sfp->module = MODULE_TWISTED;
        sfp->does_10g = true;
        sfp->type = "10GBASE-T";
        return;
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (page[codes[i].offset] >> codes[i].bit & 1) {
            sfp->module = codes[i].module;
            sfp->type = codes[i].type;
            return;
        }
    }
    // Old or odd: what fits the cage and says nothing is tried as 10G optics.
    sfp->module = MODULE_UNKNOWN;
    sfp->does_10g = true;
    sfp->type = "of a kind that is not in SFF-8472";
}

// Temperature in 1/256 C, voltage in 100 uV, power in 0.1 uW. A module may leave them uncalibrated
// (external calibration): they are shown for orientation.
static void log_measurements(struct ixgbe *card)
{
    const uint8_t *raw = card->talk.measured;
    const int temperature = (int16_t)(raw[0] << 8 | raw[1]) * 10 / 256;
    const unsigned voltage = (raw[2] << 8 | raw[3]) / 100u;
    const unsigned transmit = (raw[6] << 8 | raw[7]) / 10u;
    const unsigned receive = (raw[8] << 8 | raw[9]) / 10u;
    env_log(card->env, "module: %s%d.%d C, %u.%02u V, light out %u uW, light in %u uW",
            temperature < 0 ? "-" : "", temperature / 10 * (temperature < 0 ? -1 : 1),
            temperature % 10 * (temperature < 0 ? -1 : 1), voltage / 100, voltage % 100, transmit,
            receive);
}

static void log_identity(struct ixgbe *card, const uint8_t *page)
{
    const struct ixgbe_sfp *sfp = &card->sfp;
    env_log(card->env, "module: %s, %s %s, serial %s", sfp->type, sfp->vendor, sfp->part,
            sfp->serial);

    if (base_sum(page) != page[BASE_SUM])
        env_log(card->env,
                "module: its identity page is damaged: the sum is %02xh, byte 63 is %02xh",
                base_sum(page), page[BASE_SUM]);
    if (page[IDENTIFIER] != IS_SFP)
        env_log(card->env, "module: identifier %02xh, expected 03h (SFP); going on all the same",
                page[IDENTIFIER]);
    if (!sfp->does_10g)
        env_log(card->env, "module: 1 Gb/s only; the port runs at that rate");
}

static void begin(struct ixgbe_sfp_talk *talk, int step)
{
    talk->step = step;
    talk->locked = false; // a transfer that a removed card left behind is forgotten
    talk->at = 0;
    talk->since = env_time_us();
}

// The identity page is there. Returns as ixgbe_sfp_step(): the measurements may follow.
static int take_identity(struct ixgbe *card)
{
    struct ixgbe_sfp *sfp = &card->sfp;
    const uint8_t *page = card->talk.page;
    copy_name(sfp->vendor, &page[VENDOR]);
    copy_name(sfp->part, &page[PART]);
    copy_name(sfp->serial, &page[SERIAL]);
    classify(sfp, page);
    log_identity(card, page);
    if ((page[DIAGNOSTICS] & (HAS_DIAGNOSTICS | NEEDS_ADDRESS_CHANGE)) != HAS_DIAGNOSTICS)
        return 0;
    begin(&card->talk, TALK_MEASURE);
    return -EINPROGRESS;
}

// Goes on with the identity page. Nobody at A0h: the cage is empty. Anything else that answers is a
// module. There are some that get reads of several bytes wrong: their pages are read again byte by
// byte.
static int read_identity(struct ixgbe *card)
{
    struct ixgbe_sfp_talk *talk = &card->talk;
    const bool blocks = talk->step == TALK_BLOCKS;
    const int error =
        read_page(card, PAGE_IDENTITY, 0, talk->page, IXGBE_SFP_IDENTITY, blocks ? BLOCK : 1);
    if (error == -ENXIO) {
        env_log(card->env, "no module in the cage: nobody answers at I2C address A0h");
        return 0;
    }
    if (error)
        return error;
    talk->bytewise = !blocks;
    if (blocks && base_sum(talk->page) != talk->page[BASE_SUM]) {
        begin(talk, TALK_BYTES);
        return -EINPROGRESS;
    }
    return take_identity(card);
}

// Goes on with the measurements. A module that does not give them is a module all the same.
static int read_measurements(struct ixgbe *card)
{
    const int error =
        read_page(card, PAGE_DIAGNOSTICS, MEASURED, card->talk.measured, IXGBE_SFP_MEASURED, BLOCK);
    if (error == 0)
        log_measurements(card);
    return error == -EINPROGRESS ? error : 0;
}

// Goes on with asking whether the module is the one that was identified.
static int read_serial(struct ixgbe *card)
{
    struct ixgbe_sfp_talk *talk = &card->talk;
    const bool had = card->sfp.module != MODULE_NONE;
    const int error = read_page(card, PAGE_IDENTITY, SERIAL, talk->serial, IXGBE_SFP_SERIAL,
                                talk->bytewise ? 1 : BLOCK);
    if (error == -ENXIO)
        return had ? -ESTALE : 0;
    if (error)
        return error;
    const bool same = __builtin_memcmp(talk->serial, &talk->page[SERIAL], IXGBE_SFP_SERIAL) == 0;
    return had && same ? 0 : -ESTALE;
}

void ixgbe_sfp_identify(struct ixgbe *card)
{
    card->sfp = (struct ixgbe_sfp){.module = MODULE_NONE, .type = "none"};
    begin(&card->talk, TALK_BLOCKS);
}

void ixgbe_sfp_ask(struct ixgbe *card)
{
    begin(&card->talk, TALK_SERIAL);
}

int ixgbe_sfp_step(struct ixgbe *card)
{
    struct ixgbe_sfp_talk *talk = &card->talk;
    int error = 0;
    switch (talk->step) {
    case TALK_OVER:
        break;
    case TALK_SERIAL:
        error = read_serial(card);
        break;
    case TALK_BLOCKS:
    case TALK_BYTES:
        error = read_identity(card);
        break;
    case TALK_MEASURE:
        error = read_measurements(card);
        break;
    }
    if (error != -EINPROGRESS)
        talk->step = TALK_OVER;
    return error;
}

void ixgbe_sfp_hang_up(struct ixgbe *card)
{
    if (card->talk.locked)
        ixgbe_unlock(card, IXGBE_SYNC_PHY(card->lan));
    card->talk.locked = false;
}
