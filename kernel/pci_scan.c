// SPDX-License-Identifier: BSD-2-Clause
// The walk over the PCI buses. PCI Local Bus 3.0, 6.1; PCI-to-PCI Bridge 1.2, 3.2.5 (bus numbers);
// PCI Express Base 2.0, 7.3.1 (one device behind a port).
#include "kernel/pci_scan.h"

#include <string.h>

#include "kernel/acpi.h"
#include "kernel/log.h"
#include "kernel/pci_bars.h"
#include "kernel/pci_config.h"
#include "kernel/pci_express.h"

enum {
    BUSES = 256,
    SLOTS = 32,
    FUNCTIONS = 8,
    DEPTH_MAX = 16, // bridges above a function
    CLASS_NETWORK = 0x02,
    CLASS_BRIDGE = 0x0604,
};

static struct {
    uint16_t segment;
    uint8_t seen[BUSES / 8]; // buses of this segment
    unsigned highest;        // bus number in use
    bool table_full;         // some function found no place in the table
} walk;

static bool is_bridge(const struct pci_device *device)
{
    return device->class_code >> 8 == CLASS_BRIDGE &&
           (device->header_type & PCI_HEADER_LAYOUT) == PCI_HEADER_BRIDGE;
}

static void mark_seen(unsigned bus)
{
    walk.seen[bus / 8] |= (uint8_t)(1u << bus % 8);
    if (bus > walk.highest)
        walk.highest = bus;
}

static bool was_seen(unsigned bus)
{
    return (walk.seen[bus / 8] & 1u << bus % 8) != 0;
}

// Puts the function at this address into the table, if there is one.
static struct pci_device *add_function(struct pci_address at, struct pci_device *bridge)
{
    uint32_t ids = pci_config_read(at, PCI_VENDOR, 4);
    if ((ids & 0xffff) == 0xffff || (ids & 0xffff) == 0)
        return NULL;
    struct pci_device *device = pci_add();
    if (device == NULL) {
        walk.table_full = true;
        return NULL;
    }
    uint32_t class_code = pci_config_read(at, PCI_REVISION, 4);
    *device = (struct pci_device){
        .segment = at.segment,
        .bus = at.bus,
        .slot = at.slot,
        .function = at.function,
        .vendor = (uint16_t)ids,
        .device = (uint16_t)(ids >> 16),
        .class_code = class_code >> 8,
        .revision = (uint8_t)class_code,
        .header_type = (uint8_t)pci_config_read(at, PCI_HEADER_TYPE, 1),
        .bridge = bridge,
    };
    if ((device->header_type & PCI_HEADER_LAYOUT) == PCI_HEADER_NORMAL) {
        device->subsystem_vendor = (uint16_t)pci_read(device, PCI_SUBSYSTEM_VENDOR, 2);
        device->subsystem = (uint16_t)pci_read(device, PCI_SUBSYSTEM, 2);
    }
    pci_stop_unwanted(device);
    // Sizing a function that is in use cuts it off for a moment: a screen, a management controller.
    bool in_use = pci_read(device, PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    if (!in_use || device->class_code >> 16 == CLASS_NETWORK)
        pci_size_bars(device);
    return device;
}

// Only slot 0 exists behind a root port or a switch's downstream port; asking for others can be
// answered by the same device again.
static unsigned slots_behind(const struct pci_device *bridge)
{
    return bridge != NULL && pci_express_is_port(bridge) ? 1 : SLOTS;
}

static void add_functions_of_bus(uint8_t bus, struct pci_device *bridge)
{
    unsigned slots = slots_behind(bridge);
    for (unsigned slot = 0; slot < slots; slot++) {
        struct pci_address at = {walk.segment, bus, (uint8_t)slot, 0};
        const struct pci_device *first = add_function(at, bridge);
        if (first == NULL || !(first->header_type & PCI_HEADER_MULTIFUNCTION))
            continue;
        for (unsigned function = 1; function < FUNCTIONS; function++) {
            at.function = (uint8_t)function;
            add_function(at, bridge);
        }
    }
}

static void scan_bus(uint8_t bus, unsigned limit, struct pci_device *bridge, unsigned depth);

// Goes by the bus numbers that firmware gave the bridge, if it gave it some that no other bridge
// has.
static void scan_numbered(struct pci_device *bridge, unsigned limit, unsigned depth)
{
    const unsigned secondary = pci_read(bridge, PCI_SECONDARY_BUS, 1);
    const unsigned subordinate = pci_read(bridge, PCI_SUBORDINATE_BUS, 1);
    if (secondary <= bridge->bus || subordinate < secondary || subordinate > limit ||
        was_seen(secondary))
        return;
    bridge->secondary = (uint8_t)secondary;
    scan_bus(bridge->secondary, subordinate, bridge, depth);
    for (unsigned bus = secondary; bus <= subordinate; bus++)
        mark_seen(bus); // firmware may have reserved more than is in use, for hot plugging
}

// Gives the bridge the next free bus number. Until all below it are known it passes on everything.
static void scan_unnumbered(struct pci_device *bridge, unsigned limit, unsigned depth)
{
    if (walk.highest >= limit) {
        log_line("PCI: no bus number left for the bridge %02x:%02x.%u", bridge->bus, bridge->slot,
                 bridge->function);
        return;
    }
    bridge->secondary = (uint8_t)(walk.highest + 1);
    pci_write(bridge, PCI_PRIMARY_BUS, 1, bridge->bus);
    pci_write(bridge, PCI_SECONDARY_BUS, 1, bridge->secondary);
    pci_write(bridge, PCI_SUBORDINATE_BUS, 1, limit);
    scan_bus(bridge->secondary, limit, bridge, depth);
    pci_write(bridge, PCI_SUBORDINATE_BUS, 1, walk.highest);
}

// limit: the highest bus number that configuration accesses reach through the bridge above. Bridges
// that have numbers come first, so that those without get numbers that are free.
static void scan_bus(uint8_t bus, unsigned limit, struct pci_device *bridge, unsigned depth)
{
    size_t first = pci_count();
    mark_seen(bus);
    add_functions_of_bus(bus, bridge);
    size_t end = pci_count();
    if (depth == DEPTH_MAX) {
        log_line("PCI: bridges below bus %02x are nested too deep: ignored", bus);
        return;
    }
    for (size_t i = first; i < end; i++)
        if (is_bridge(pci_at(i)))
            scan_numbered(pci_at(i), limit, depth + 1);
    for (size_t i = first; i < end; i++)
        if (is_bridge(pci_at(i)) && pci_at(i)->secondary == 0)
            scan_unnumbered(pci_at(i), limit, depth + 1);
}

// Whether to look at a bus that no bridge leads to.
static bool worth_a_scan(unsigned bus, bool thorough)
{
    if (was_seen(bus))
        return false;
    const struct pci_address first = {.segment = walk.segment, .bus = (uint8_t)bus};
    return thorough || (pci_config_read(first, PCI_VENDOR, 4) & 0xffff) != 0xffff;
}

// Servers have root buses besides the first that no bridge leads to: the rest of the range is tried
// as well.
static void scan_segment(uint16_t segment, unsigned first_bus, unsigned last_bus, bool thorough)
{
    walk.segment = segment;
    walk.highest = first_bus;
    memset(walk.seen, 0, sizeof walk.seen);
    scan_bus((uint8_t)first_bus, last_bus, NULL, 0);
    for (unsigned bus = first_bus + 1; bus <= last_bus; bus++)
        if (worth_a_scan(bus, thorough))
            scan_bus((uint8_t)bus, last_bus, NULL, 0);
}

void pci_scan(bool thorough)
{
    const struct acpi *tables = acpi();
    pci_clear();
    walk.table_full = false;
    unsigned first_covered = BUSES; // of segment 0, by a window
    for (unsigned i = 0; i < tables->ecam_count; i++) {
        const struct acpi_ecam *window = &tables->ecam[i];
        scan_segment(window->segment, window->first_bus, window->last_bus, thorough);
        if (window->segment == 0 && window->first_bus < first_covered)
            first_covered = window->first_bus;
    }
    // The ports reach what lies before that.
    if (first_covered > 0)
        scan_segment(0, 0, first_covered - 1, thorough);
    if (walk.table_full)
        log_line("PCI: more than %u functions: the others are left out", (unsigned)PCI_DEVICES_MAX);
}
