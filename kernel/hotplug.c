// SPDX-License-Identifier: BSD-2-Clause
// What happens to a slot from the press of its button to the moment when the card may go.
#include "kernel/hotplug.h"

#include <stddef.h>

#include "kernel/acpi_hotplug.h"
#include "kernel/clock.h"
#include "kernel/pci_express.h"
#include "kernel/slot_ports.h"

enum {
    // offsets in the capability
    SLOT_CAPABILITIES = 0x14,
    SLOT_CONTROL = 0x18,
    SLOT_STATUS = 0x1a,
    // 7.5.3.2
    FLAGS_SLOT = 1u << 8,
    // 7.5.3.9
    CAN_HOTPLUG = 1u << 6,
    // 7.5.3.10
    CONTROL_INDICATOR = 3u << 8,
    CONTROL_INDICATOR_ON = 1u << 8,
    CONTROL_INDICATOR_BLINK = 2u << 8,
    CONTROL_INDICATOR_OFF = 3u << 8,
    CONTROL_POWER_OFF = 1u << 10,
    // 7.5.3.11; events are cleared by writing a one
    STATUS_BUTTON = 1u << 0,
    STATUS_EVENTS = 0x1f | 1u << 8, // button, power fault, latch, presence, command done; data link
    STATUS_PRESENT = 1u << 6,
};

enum slot_state {
    IN_PLACE,
    ASKED,    // the button was pressed; it may be pressed again until `until`
    STOPPING, // its ports are about to be stopped
    EMPTY,    // switched off, or the card is gone
};

struct slot {
    struct pci_device *bridge;
    unsigned express; // offset of the capability
    enum slot_state state;
    uint64_t until;          // us
    struct slot_ports ports; // of the card
};

static struct slot slots[CONFIG_PORTS_MAX];
static unsigned slot_count;
static uint64_t next_look; // us
static bool leaving;       // a card, by ACPI

// Whether the card is in such a slot.
static bool add(struct port *port, const struct pci_device *card)
{
    struct pci_device *bridge = card->bridge;
    for (unsigned i = 0; i < slot_count; i++) {
        if (slots[i].bridge == bridge) {
            slots[i].ports.at[slots[i].ports.count++] = port;
            return true;
        }
    }
    const unsigned express = bridge == NULL ? 0 : pci_express(bridge);
    if (express == 0 || (pci_read(bridge, express + PCI_EXPRESS_FLAGS, 2) & FLAGS_SLOT) == 0 ||
        (pci_read(bridge, express + SLOT_CAPABILITIES, 4) & CAN_HOTPLUG) == 0)
        return false;
    // A slot that says it is empty, and is not, does not follow its card: QEMU's are so when it
    // takes cards out by ACPI.
    if ((pci_read(bridge, express + SLOT_STATUS, 2) & STATUS_PRESENT) == 0)
        return false;
    // What happened before is over.
    pci_write(bridge, express + SLOT_STATUS, 2, STATUS_EVENTS);
    slots[slot_count++] = (struct slot){
        .bridge = bridge,
        .express = express,
        .state = IN_PLACE,
        .ports = {.count = 1, .at = {port}},
    };
    return true;
}

void hotplug_add(struct port *port, const struct pci_device *card)
{
    if (!add(port, card))
        acpi_hotplug_add(port, card);
}

// One write is one command to the slot; the next comes milliseconds later at the earliest.
static void control(const struct slot *slot, unsigned indicator, unsigned power)
{
    const unsigned offset = slot->express + SLOT_CONTROL;
    const unsigned kept =
        pci_read(slot->bridge, offset, 2) & ~(unsigned)(CONTROL_INDICATOR | CONTROL_POWER_OFF);
    pci_write(slot->bridge, offset, 2, kept | indicator | power);
}

static void follow(struct slot *slot, uint64_t now)
{
    const unsigned status = pci_read(slot->bridge, slot->express + SLOT_STATUS, 2);
    if (status == UINT16_MAX)
        return; // the bridge itself does not answer
    if ((status & STATUS_EVENTS) != 0)
        pci_write(slot->bridge, slot->express + SLOT_STATUS, 2, status & STATUS_EVENTS);
    const bool pressed = (status & STATUS_BUTTON) != 0;
    if (slot->state != EMPTY && (status & STATUS_PRESENT) == 0) {
        slot_ports_say(&slot->ports, "the card is gone from its slot");
        slot_ports_remove(&slot->ports);
        slot->state = EMPTY;
        return;
    }
    switch (slot->state) {
    case IN_PLACE:
        if (!pressed)
            break;
        control(slot, CONTROL_INDICATOR_BLINK, 0);
        slot_ports_say(&slot->ports,
                       "the card is asked to leave, in 5 s: pressing the button again keeps it");
        slot->until = now + HOTPLUG_ABORT_US;
        slot->state = ASKED;
        break;
    case ASKED:
        if (pressed) {
            control(slot, CONTROL_INDICATOR_ON, 0);
            slot_ports_say(&slot->ports, "the card stays");
            slot->state = IN_PLACE;
        } else if (now >= slot->until) {
            slot_ports_remove(&slot->ports);
            slot->state = STOPPING;
        }
        break;
    case STOPPING:
        if (!slot_ports_stopped(&slot->ports))
            break;
        control(slot, CONTROL_INDICATOR_OFF, CONTROL_POWER_OFF);
        slot_ports_say(&slot->ports, "its slot is off: the card can be taken out");
        slot->state = EMPTY;
        break;
    case EMPTY:
        if (pressed)
            slot_ports_say(&slot->ports,
                           "a card that comes later is not used before the box starts again");
    }
}

void hotplug_poll(void)
{
    const uint64_t now = clock_us();
    if (now < next_look)
        return;
    next_look = now + HOTPLUG_LOOK_US;
    for (unsigned i = 0; i < slot_count; i++)
        follow(&slots[i], now);
    leaving = acpi_hotplug_look();
}

uint64_t hotplug_deadline(void)
{
    for (unsigned i = 0; i < slot_count; i++)
        if (slots[i].state == ASKED || slots[i].state == STOPPING)
            return next_look;
    return leaving ? next_look : UINT64_MAX;
}
