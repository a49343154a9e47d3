// SPDX-License-Identifier: BSD-2-Clause
// I2C by bit-banging I2CCTL. Intel 82599 datasheet (331520) 8.2.3.1.5; timing of the 100 kHz mode
// of the I2C specification (UM10204), table 10.
//
// Both wires are open drain: a 1 lets go of the wire and the pull-up, or the module, decides.
#include "drivers/ixgbe/i2c.h"
#include <errno.h>

enum {
    HALF_PERIOD_US = 5,
    STRETCH_US = 500, // a module may hold the clock low this long (SFF-8431 4.4)
    ATTEMPTS = 3,
    READ = 1,
};

static void drive(struct ixgbe *card, uint32_t out, uint32_t floating, bool level)
{
    uint32_t value = ixgbe_read(card, card->mac->i2cctl) | card->mac->i2c_bit_bang;
    value = level ? value | out | floating : value & ~(out | floating);
    ixgbe_write(card, card->mac->i2cctl, value);
    ixgbe_flush(card);
    ixgbe_delay(HALF_PERIOD_US);
}

static void set_data(struct ixgbe *card, bool level)
{
    drive(card, card->mac->i2c_data_out, card->mac->i2c_data_float, level);
}

static void lower_clock(struct ixgbe *card)
{
    drive(card, card->mac->i2c_clock_out, card->mac->i2c_clock_float, false);
}

// Lets the clock go up and waits until it is: a slow module may hold it.
static void raise_clock(struct ixgbe *card)
{
    drive(card, card->mac->i2c_clock_out, card->mac->i2c_clock_float, true);
    const uint64_t start = env_time_us();
    while ((ixgbe_read(card, card->mac->i2cctl) & card->mac->i2c_clock_in) == 0 &&
           env_time_us() - start < STRETCH_US)
        ;
}

static bool sample_data(const struct ixgbe *card)
{
    return ixgbe_read(card, card->mac->i2cctl) & card->mac->i2c_data_in;
}

static void start_condition(struct ixgbe *card)
{
    set_data(card, true);
    raise_clock(card);
    set_data(card, false);
    lower_clock(card);
}

static void stop_condition(struct ixgbe *card)
{
    set_data(card, false);
    raise_clock(card);
    set_data(card, true);
    if (card->mac->i2c_bit_bang)
        ixgbe_clear(card, card->mac->i2cctl, card->mac->i2c_bit_bang);
}

// Sends eight bits, highest first. True when the module acknowledged them.
static bool send_byte(struct ixgbe *card, uint8_t byte)
{
    for (int bit = 7; bit >= 0; bit--) {
        set_data(card, byte >> bit & 1);
        raise_clock(card);
        lower_clock(card);
    }
    set_data(card, true);
    raise_clock(card);
    const bool acknowledged = !sample_data(card);
    lower_clock(card);
    return acknowledged;
}

// Takes eight bits, and acknowledges them when more are wanted.
static uint8_t receive_byte(struct ixgbe *card, bool more)
{
    unsigned byte = 0;
    set_data(card, true);
    for (int bit = 7; bit >= 0; bit--) {
        raise_clock(card);
        byte |= (unsigned)sample_data(card) << bit;
        lower_clock(card);
    }
    set_data(card, !more);
    raise_clock(card);
    lower_clock(card);
    return (uint8_t)byte;
}

// Nine clocks with the data wire free bring a module back that was interrupted in the middle of a
// byte (UM10204 3.1.16).
static void clear_bus(struct ixgbe *card)
{
    set_data(card, true);
    for (int i = 0; i < 9; i++) {
        raise_clock(card);
        lower_clock(card);
    }
    start_condition(card);
    stop_condition(card);
}

int ixgbe_i2c_read(struct ixgbe *card, uint8_t address, uint8_t offset, uint8_t *bytes,
                   unsigned count)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        start_condition(card);
        if (send_byte(card, address) && send_byte(card, offset)) {
            start_condition(card);
            if (send_byte(card, address | READ)) {
                for (unsigned i = 0; i < count; i++)
                    bytes[i] = receive_byte(card, i + 1 < count);
                stop_condition(card);
                return 0;
            }
        }
        clear_bus(card);
    }
    return -ENXIO;
}
