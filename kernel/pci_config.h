// SPDX-License-Identifier: BSD-2-Clause
// PCI configuration space, by address: the only way from the rest of the PCI code to the hardware,
// so that the tests put a hostile bus in its place.
#pragma once
#include <stdint.h>

struct pci_address {
    uint16_t segment;
    uint8_t bus, slot, function;
};

// The registers that Barewire uses. PCI Local Bus 3.0, 6.1; bridges: PCI-to-PCI Bridge 1.2, 3.2.
enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08, // class code in the upper 24 bits
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR_0 = 0x10,
    PCI_PRIMARY_BUS = 0x18,     // bridges
    PCI_SECONDARY_BUS = 0x19,   // bridges
    PCI_SUBORDINATE_BUS = 0x1a, // bridges
    PCI_IO_BASE = 0x1c,         // bridges; limit in the upper byte
    PCI_MEMORY_BASE = 0x20,     // bridges; limit in the upper half
    PCI_PREFETCH_BASE = 0x24,   // bridges; limit in the upper half
    PCI_PREFETCH_BASE_HIGH = 0x28,
    PCI_PREFETCH_LIMIT_HIGH = 0x2c,
    PCI_SUBSYSTEM_VENDOR = 0x2c, // not bridges
    PCI_SUBSYSTEM = 0x2e,        // not bridges
    PCI_CAPABILITIES = 0x34,
    PCI_CONFIG_BYTES = 256,
    PCI_EXTENDED_BYTES = 4096,
};

enum {
    PCI_COMMAND_IO = 1u << 0,
    PCI_COMMAND_MEMORY = 1u << 1,
    PCI_COMMAND_MASTER = 1u << 2,
    PCI_COMMAND_NO_INTX = 1u << 10,
    PCI_STATUS_CAPABILITIES = 1u << 4,
    PCI_HEADER_MULTIFUNCTION = 0x80,
    PCI_HEADER_LAYOUT = 0x7f,
    PCI_HEADER_NORMAL = 0,
    PCI_HEADER_BRIDGE = 1,
};

// offset: 0 to 4095, width 1, 2 or 4, naturally aligned. What cannot be reached reads as all ones
// and swallows what is written.
uint32_t pci_config_read(struct pci_address address, unsigned offset, unsigned width);
void pci_config_write(struct pci_address address, unsigned offset, unsigned width, uint32_t value);
