// SPDX-License-Identifier: BSD-2-Clause
// Access to PCI configuration space: ECAM (PCI Express Base 2.0, 7.2.2), or ports 0xCF8 and 0xCFC
// (PCI Local Bus 3.0, 3.2.2.3.2).
#include "kernel/pci_config.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/acpi.h"
#include "kernel/log.h"
#include "kernel/port_io.h"
#include "kernel/vm.h"

enum {
    PORT_ADDRESS = 0xcf8,
    PORT_DATA = 0xcfc,
    BUS_BYTES = 1 << 20,
};

// By window of ACPI's list: one verdict, on first use, for all of its buses.
static struct {
    volatile uint8_t *memory; // of first_bus; NULL: not to be used
    bool judged;
} windows[ACPI_ECAM_MAX];

static uint32_t read_ports(struct pci_address address, unsigned offset, unsigned width)
{
    outl(PORT_ADDRESS, 0x80000000u | (uint32_t)address.bus << 16 | (uint32_t)address.slot << 11 |
                           (uint32_t)address.function << 8 | (offset & ~3u));
    uint16_t port = (uint16_t)(PORT_DATA + (offset & 3));
    if (width == 1)
        return inb(port);
    return width == 2 ? inw(port) : inl(port);
}

static void write_ports(struct pci_address address, unsigned offset, unsigned width, uint32_t value)
{
    outl(PORT_ADDRESS, 0x80000000u | (uint32_t)address.bus << 16 | (uint32_t)address.slot << 11 |
                           (uint32_t)address.function << 8 | (offset & ~3u));
    uint16_t port = (uint16_t)(PORT_DATA + (offset & 3));
    if (width == 1)
        outb(port, (uint8_t)value);
    else if (width == 2)
        outw(port, (uint16_t)value);
    else
        outl(port, value);
}

// A window that does not show the same first function as the ports do is not ECAM, whatever MCFG
// says. Other segments than 0 are beyond the ports: nothing contradicts those.
static bool shows_the_same(const volatile uint8_t *memory, const struct acpi_ecam *window)
{
    if (window->segment != 0)
        return true;
    const struct pci_address first = {.bus = window->first_bus};
    uint32_t ecam = *(const volatile uint32_t *)memory;
    uint32_t ports = read_ports(first, PCI_VENDOR, 4);
    if (ecam != ports)
        log_line("PCI: ECAM shows %#x at %02x:00.0, the ports %#x: ECAM is not used",
                 (unsigned)ecam, first.bus, (unsigned)ports);
    return ecam == ports;
}

static volatile uint8_t *window_memory(unsigned index)
{
    if (!windows[index].judged) {
        const struct acpi_ecam *window = &acpi()->ecam[index];
        uint64_t buses = window->last_bus - window->first_bus + 1u;
        volatile uint8_t *memory = vm_map_device(
            window->base + (uint64_t)window->first_bus * BUS_BYTES, buses * BUS_BYTES);
        if (memory != NULL && shows_the_same(memory, window))
            windows[index].memory = memory;
        windows[index].judged = true;
    }
    return windows[index].memory;
}

// The 4 KiB of a function, or NULL when no ECAM window covers it.
static volatile uint8_t *ecam_function(struct pci_address address)
{
    for (unsigned i = 0; i < acpi()->ecam_count; i++) {
        const struct acpi_ecam *window = &acpi()->ecam[i];
        if (address.segment != window->segment || address.bus < window->first_bus ||
            address.bus > window->last_bus)
            continue;
        volatile uint8_t *memory = window_memory(i);
        if (memory == NULL)
            return NULL;
        return memory + (size_t)(address.bus - window->first_bus) * BUS_BYTES +
               ((unsigned)address.slot << 15) + ((unsigned)address.function << 12);
    }
    return NULL;
}

static bool well_formed(struct pci_address address, unsigned offset, unsigned width)
{
    return address.slot < 32 && address.function < 8 && (width == 1 || width == 2 || width == 4) &&
           offset < PCI_EXTENDED_BYTES && offset % width == 0;
}

static bool reached_by_ports(struct pci_address address, unsigned offset)
{
    return address.segment == 0 && offset < PCI_CONFIG_BYTES;
}

uint32_t pci_config_read(struct pci_address address, unsigned offset, unsigned width)
{
    const uint32_t nothing = width >= 4 ? 0xffffffff : (1u << width * 8) - 1;
    if (!well_formed(address, offset, width))
        return nothing;
    const volatile uint8_t *memory = ecam_function(address);
    if (memory == NULL)
        return reached_by_ports(address, offset) ? read_ports(address, offset, width) : nothing;
    if (width == 1)
        return memory[offset];
    if (width == 2)
        return *(const volatile uint16_t *)(memory + offset);
    return *(const volatile uint32_t *)(memory + offset);
}

void pci_config_write(struct pci_address address, unsigned offset, unsigned width, uint32_t value)
{
    if (!well_formed(address, offset, width))
        return;
    volatile uint8_t *memory = ecam_function(address);
    if (memory == NULL) {
        if (reached_by_ports(address, offset))
            write_ports(address, offset, width, value);
    } else if (width == 1) {
        memory[offset] = (uint8_t)value;
    } else if (width == 2) {
        *(volatile uint16_t *)(memory + offset) = (uint16_t)value;
    } else {
        *(volatile uint32_t *)(memory + offset) = value;
    }
}
