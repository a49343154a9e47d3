// SPDX-License-Identifier: BSD-2-Clause
// Blinking, so that somebody in front of the rack finds the port. Intel 82599 datasheet (331520)
// 8.2.3.1.6 (LEDCTL); which of the four lights: 82599 specification update, software clarification
// "Identify Network Adapter Port by Blinking LED".
#include "drivers/ixgbe/led.h"
#include "drivers/ixgbe/device.h"
#include <errno.h>

enum {
    LEDS = 4,
    LED_USUAL = 2, // link and activity in the reference schematics

    // A byte for each light. Bit 5 of light 0's is the blinking rate of all four: it stays.
    MODE = 0x0F,
    MODE_LINK_ACTIVITY = 0x04,
    MODE_ON = 0x0E,
    INVERT = 1 << 6,
    BLINK = 1 << 7,

    // 10GBASE-T ports of the X552 and X553: their lights hang on the X557 PHY, not on the MAC.
    X552_10GBASE_T = 0x15AD,
    X553_10GBASE_T = 0x15C8,
};

// The light that shows link and activity, wherever the board's maker has put it.
static unsigned find_led(uint32_t ledctl)
{
    for (unsigned led = 0; led < LEDS; led++)
        if ((ledctl >> 8 * led & MODE) == MODE_LINK_ACTIVITY)
            return led;
    return LED_USUAL;
}

// Blinks without a link, too: the source is constantly on, and blinking is applied behind it. An
// inverted light would be dark all the time.
static uint32_t blinking(uint32_t ledctl)
{
    const unsigned shift = 8 * find_led(ledctl);
    const uint32_t cleared = ledctl & ~((uint32_t)(MODE | INVERT | BLINK) << shift);
    return cleared | (uint32_t)(MODE_ON | BLINK) << shift;
}

int ixgbe_blink(struct port *port, bool on)
{
    struct ixgbe *card = port->device;
    if (port->state != PORT_ABSENT && card->reset.step != 0)
        return -EBUSY;
    if (port->state == PORT_ABSENT || ixgbe_read(card, IXGBE_STATUS) == UINT32_MAX)
        return -ENODEV;
    if (card->model->device == X552_10GBASE_T || card->model->device == X553_10GBASE_T)
        return -ENOTSUP;
    if (on && !card->led_blinks)
        card->ledctl = ixgbe_read(card, IXGBE_LEDCTL);
    if (on || card->led_blinks)
        ixgbe_write(card, IXGBE_LEDCTL, on ? blinking(card->ledctl) : card->ledctl);
    card->led_blinks = on;
    return 0;
}
