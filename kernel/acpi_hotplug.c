// SPDX-License-Identifier: BSD-2-Clause
// QEMU's registers for taking cards out by ACPI, and what is done with them.
#include "kernel/acpi_hotplug.h"

#include <stddef.h>

#include "kernel/acpi.h"
#include "kernel/acpi_tables.h"
#include "kernel/aml_hotplug.h"
#include "kernel/port_io.h"
#include "kernel/slot_ports.h"

// Offsets of the registers, 32 bits each. A bit stands for a slot of the bus that is selected.
enum {
    ASKED = 0x04,  // read: the cards that are to leave
    EJECT = 0x08,  // write: this one is not used any more
    SELECT = 0x10, // the bus
};

enum slot_state { IN_PLACE, STOPPING, GONE };

struct slot {
    uint32_t selector;
    uint8_t number;
    enum slot_state state;
    struct slot_ports ports;
};

static struct slot slots[CONFIG_PORTS_MAX];
static unsigned slot_count;
static struct aml_hotplug hotplug;

// Whether the registers are where the tables say: one of them keeps what is written.
static bool registers_answer(void)
{
    for (uint32_t value = 0; value < 2; value++) {
        outl((uint16_t)(hotplug.registers + SELECT), value);
        if (inl((uint16_t)(hotplug.registers + SELECT)) != value)
            return false;
    }
    return true;
}

// Once.
static void read_tables(void)
{
    static bool done;
    const struct acpi_header *dsdt = done ? NULL : acpi()->qemu_dsdt;
    done = true;
    if (dsdt == NULL)
        return;
    aml_find_hotplug((const uint8_t *)(dsdt + 1), dsdt->length - sizeof *dsdt, &hotplug);
    if (hotplug.registers == 0 || hotplug.registers > UINT16_MAX - SELECT - 3 ||
        !registers_answer())
        hotplug.bus_count = 0;
}

// Whether the card is on that bus: the bridges that it is behind are the bus's, the last one first.
static bool is_on(const struct aml_bus *bus, const struct pci_device *card)
{
    unsigned count = bus->bridge_count;
    const struct pci_device *bridge = card->bridge;
    for (; bridge != NULL && count > 0; bridge = bridge->bridge, count--)
        if (bridge->slot != bus->bridges[count - 1].slot ||
            bridge->function != bus->bridges[count - 1].function)
            return false;
    return bridge == NULL && count == 0;
}

// Other root buses have other names in the tables.
static bool is_below_first_root(const struct pci_device *card)
{
    const struct pci_device *top = card;
    while (top->bridge != NULL)
        top = top->bridge;
    return top->segment == 0 && top->bus == 0;
}

static const struct aml_bus *bus_of(const struct pci_device *card)
{
    for (unsigned i = 0; i < hotplug.bus_count; i++)
        if (is_on(&hotplug.buses[i], card))
            return &hotplug.buses[i];
    return NULL;
}

void acpi_hotplug_add(struct port *port, const struct pci_device *card)
{
    read_tables();
    const struct aml_bus *bus = is_below_first_root(card) ? bus_of(card) : NULL;
    if (bus == NULL)
        return;
    struct slot *slot = slots;
    while (slot != slots + slot_count &&
           (slot->selector != bus->selector || slot->number != card->slot))
        slot++;
    if (slot == slots + slot_count) {
        *slot = (struct slot){.selector = bus->selector, .number = card->slot};
        slot_count++;
    }
    slot->ports.at[slot->ports.count++] = port;
}

static void select_bus(const struct slot *slot)
{
    outl((uint16_t)(hotplug.registers + SELECT), slot->selector);
}

static bool is_asked_to_leave(const struct slot *slot)
{
    select_bus(slot);
    return (inl((uint16_t)(hotplug.registers + ASKED)) >> slot->number & 1) != 0;
}

bool acpi_hotplug_look(void)
{
    bool soon = false;
    for (struct slot *slot = slots; slot != slots + slot_count; slot++) {
        if (slot->state == IN_PLACE && is_asked_to_leave(slot)) {
            slot_ports_say(&slot->ports, "the card is asked to leave, and does");
            slot_ports_remove(&slot->ports);
            slot->state = STOPPING;
        } else if (slot->state == STOPPING && slot_ports_stopped(&slot->ports)) {
            select_bus(slot);
            outl((uint16_t)(hotplug.registers + EJECT), 1u << slot->number);
            slot_ports_say(&slot->ports, "the card is ejected");
            slot->state = GONE;
        }
        soon |= slot->state == STOPPING;
    }
    return soon;
}
