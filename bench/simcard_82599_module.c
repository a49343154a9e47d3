// SPDX-License-Identifier: BSD-2-Clause
// The simulated module: an I2C device at A0h and A2h (SFF-8472), reached through I2CCTL. The two
// wires are looked at whenever they may have changed; I2C specification (UM10204) 3.1.
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"

enum {
    CLOCK_IN = 1 << 0,
    CLOCK_OUT = 1 << 1,
    DATA_IN = 1 << 2,
    DATA_OUT = 1 << 3,
    IDENTITY = 0xA0,
    DIAGNOSTICS = 0xA2,
    READ = 1,
    BITS = 8,
};

// Eight bits have come in: does the module acknowledge them?
static bool take_byte(struct simcard *card)
{
    struct simcard_i2c *i2c = &card->i2c;
    if (i2c->selected) {
        i2c->at = (uint8_t)i2c->byte;
        return true;
    }
    if (!card->module_present)
        return false;
    const unsigned address = i2c->byte & ~(unsigned)READ;
    if (address != IDENTITY && address != DIAGNOSTICS)
        return false;
    i2c->page = address == IDENTITY ? card->module : card->diagnostics;
    i2c->selected = true;
    i2c->addressed = i2c->byte & READ; // from the next byte on, the module talks
    return true;
}

static void clock_rises(struct simcard_i2c *i2c, bool data)
{
    if (i2c->bit < BITS && !i2c->sending)
        i2c->byte = (i2c->byte << 1 | data) & 0xFF;
    if (i2c->bit == BITS && i2c->sending && data)
        i2c->sending = i2c->selected = false; // not acknowledged: no more is wanted
    i2c->bit++;
}

static void clock_falls(struct simcard *card)
{
    struct simcard_i2c *i2c = &card->i2c;
    if (i2c->bit == BITS) {
        i2c->drive = i2c->sending || !take_byte(card);
        return;
    }
    if (i2c->bit == BITS + 1) {
        i2c->bit = 0;
        i2c->drive = true;
        if (i2c->addressed) {
            i2c->addressed = false;
            i2c->sending = true;
        }
        if (i2c->sending)
            i2c->byte = i2c->page[card->module_repeats ? i2c->at : i2c->at++];
    }
    if (i2c->sending)
        i2c->drive = i2c->byte >> (BITS - 1 - i2c->bit) & 1;
}

void simcard_i2c_look(struct simcard *card)
{
    struct simcard_i2c *i2c = &card->i2c;
    uint32_t *control = &card->registers[IXGBE_I2CCTL / 4];
    const bool clock = *control & CLOCK_OUT;
    const bool data = *control & DATA_OUT;
    if (clock && i2c->clock && data != i2c->data) { // start or stop
        i2c->selected = i2c->sending = i2c->addressed = false;
        i2c->bit = data ? BITS + 2 : 0;
        i2c->byte = 0;
        i2c->drive = true;
    } else if (clock && !i2c->clock && i2c->bit <= BITS) {
        clock_rises(i2c, data);
    } else if (!clock && i2c->clock && i2c->bit <= BITS + 1) {
        clock_falls(card);
    }
    if (clock && !i2c->clock)
        i2c->raised = card->ticks;
    const bool held = card->module_present && card->ticks - i2c->raised < card->module_stretch;
    i2c->clock = clock;
    i2c->data = data;
    *control = (*control & ~(uint32_t)(CLOCK_IN | DATA_IN)) | (clock && !held ? CLOCK_IN : 0) |
               (data && i2c->drive ? DATA_IN : 0);
}
