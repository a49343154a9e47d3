// SPDX-License-Identifier: BSD-2-Clause
// I2C by bit-banging I2CCTL. Intel 82599 datasheet (331520) 8.2.3.1.5; timing of the 100 kHz mode
// of the I2C specification (UM10204), table 10.
//
// Both wires are open drain: a 1 lets go of the wire and the pull-up, or the module, decides. Every
// symbol, a bit or a condition, is one clock: data is set while the clock is low, the clock goes
// up, and then either the clock falls (a bit) or data changes first (start, stop: UM10204 3.1.4).
#include "drivers/ixgbe/i2c.h"
#include "drivers/ixgbe/device.h"
#include <errno.h>

enum {
    STEP_US = 10,       // a step begins no further edge after this time: others wait meanwhile
    HALF_PERIOD_US = 5, // at least 4.7 us low, 4.0 us high
    STRETCH_US = 500,   // a module may hold the clock low this long (SFF-8431 4.4)
    ATTEMPTS = 3,
    READ = 1,
    ACKNOWLEDGE = 8, // the bit behind the eight of a byte
};

enum stage {
    START,
    ADDRESS,
    OFFSET,
    RESTART,
    ADDRESS_READ,
    DATA,
    STOP,
    // Nine clocks with the data wire free bring a module back that was interrupted in the middle of
    // a byte (UM10204 3.1.16).
    CLEAR,
    CLEAR_START,
    CLEAR_STOP,
};

enum edge { SET_DATA, RAISE, LOOK, ACT, LOWER };

static void drive(struct ixgbe *card, uint32_t out, uint32_t floating, bool level)
{
    uint32_t value = ixgbe_read(card, card->mac->i2cctl) | card->mac->i2c_bit_bang;
    value = level ? value | out | floating : value & ~(out | floating);
    ixgbe_write(card, card->mac->i2cctl, value);
    ixgbe_flush(card);
}

static void set_data(struct ixgbe *card, bool level)
{
    drive(card, card->mac->i2c_data_out, card->mac->i2c_data_float, level);
}

static void set_clock(struct ixgbe *card, bool level)
{
    drive(card, card->mac->i2c_clock_out, card->mac->i2c_clock_float, level);
}

static bool reads(const struct ixgbe *card, uint32_t pin)
{
    return ixgbe_read(card, card->mac->i2cctl) & pin;
}

static bool is_start(unsigned stage)
{
    return stage == START || stage == RESTART || stage == CLEAR_START;
}

static bool is_stop(unsigned stage)
{
    return stage == STOP || stage == CLEAR_STOP;
}

// What we put on the data wire while the clock is low.
static bool data_level(const struct ixgbe_i2c *i2c)
{
    const uint8_t byte = i2c->stage == OFFSET         ? i2c->offset
                         : i2c->stage == ADDRESS      ? i2c->device
                         : i2c->stage == ADDRESS_READ ? i2c->device | READ
                                                      : 0xFF;
    if (i2c->bit == ACKNOWLEDGE) // ours only when data has come in; the last byte gets none
        return i2c->stage != DATA || i2c->done + 1 == i2c->count;
    return !is_stop(i2c->stage) && byte >> (7 - i2c->bit) & 1;
}

static void enter(struct ixgbe_i2c *i2c, enum stage stage)
{
    i2c->stage = stage;
    i2c->bit = 0;
}

// A byte and its acknowledgement are over. True when the module, or we, acknowledged.
static void end_byte(struct ixgbe_i2c *i2c, bool acknowledged)
{
    if (i2c->stage == DATA) {
        i2c->bytes[i2c->done++] = i2c->shift;
        enter(i2c, i2c->done == i2c->count ? STOP : DATA);
    } else if (i2c->stage == CLEAR || acknowledged) {
        enter(i2c, i2c->stage + 1);
    } else {
        enter(i2c, CLEAR);
    }
}

// A symbol is over, in which the data wire had this level. Returns as ixgbe_i2c_step().
static int end_symbol(struct ixgbe *card, struct ixgbe_i2c *i2c, bool level)
{
    i2c->edge = SET_DATA;
    if (is_start(i2c->stage)) {
        enter(i2c, i2c->stage + 1);
    } else if (is_stop(i2c->stage)) {
        if (card->mac->i2c_bit_bang)
            ixgbe_clear(card, card->mac->i2cctl, card->mac->i2c_bit_bang);
        if (i2c->stage == STOP)
            return 0;
        if (++i2c->attempts == ATTEMPTS)
            return -ENXIO;
        i2c->done = 0;
        enter(i2c, START);
    } else if (i2c->bit == ACKNOWLEDGE) {
        end_byte(i2c, !level);
    } else {
        i2c->shift = (uint8_t)(i2c->shift << 1 | level);
        i2c->bit++;
    }
    return -EINPROGRESS;
}

// Moves one wire, half a period after the other one moved. Returns as ixgbe_i2c_step().
static int move(struct ixgbe *card, struct ixgbe_i2c *i2c)
{
    const bool condition = is_start(i2c->stage) || is_stop(i2c->stage);
    bool level = false;
    switch (i2c->edge++) {
    case SET_DATA:
        set_data(card, data_level(i2c));
        break;
    case RAISE:
        set_clock(card, true);
        break;
    case LOOK: // a slow module may hold the clock
        if (!reads(card, card->mac->i2c_clock_in) && env_time_us() - i2c->changed_at < STRETCH_US) {
            i2c->edge = LOOK;
            return -EINPROGRESS;
        }
        break;
    case ACT:
        if (condition) {
            set_data(card, is_stop(i2c->stage));
            break;
        }
        level = reads(card, card->mac->i2c_data_in);
        set_clock(card, false);
        return end_symbol(card, i2c, level);
    default: // LOWER
        if (is_start(i2c->stage))
            set_clock(card, false);
        return end_symbol(card, i2c, level);
    }
    i2c->changed_at = env_time_us();
    return -EINPROGRESS;
}

void ixgbe_i2c_begin(struct ixgbe_i2c *i2c, uint8_t device, uint8_t offset, uint8_t *bytes,
                     unsigned count)
{
    *i2c = (struct ixgbe_i2c){.device = device, .offset = offset, .bytes = bytes, .count = count};
}

int ixgbe_i2c_step(struct ixgbe *card, struct ixgbe_i2c *i2c)
{
    const uint64_t start = env_time_us();
    for (uint64_t now = start; now - start < STEP_US; now = env_time_us()) {
        const bool at_once = i2c->edge == SET_DATA || i2c->edge == LOOK;
        if (!at_once && now - i2c->changed_at < HALF_PERIOD_US)
            continue;
        const int error = move(card, i2c);
        if (error != -EINPROGRESS)
            return error;
    }
    return -EINPROGRESS;
}
