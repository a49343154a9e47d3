// SPDX-License-Identifier: BSD-2-Clause
// The lists of capabilities. PCI Local Bus 3.0, 6.7; PCI Express Base 4.0, 7.6.3 (extended ones).
// The device wrote it: it may loop or point anywhere.
#include "kernel/pci.h"
#include "kernel/pci_config.h"

enum {
    FIRST_CAPABILITY = 0x40, // what lies below is the standard header
    FIRST_EXTENDED = 0x100,
    EXTENDED_MAX = (4096 - FIRST_EXTENDED) / 4,
    CAPABILITIES_MAX = (PCI_CONFIG_BYTES - FIRST_CAPABILITY) / 4,
};

static bool has_list(const struct pci_device *device)
{
    unsigned layout = device->header_type & PCI_HEADER_LAYOUT;
    return (layout == PCI_HEADER_NORMAL || layout == PCI_HEADER_BRIDGE) &&
           (pci_read(device, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES);
}

unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned n)
{
    if (!has_list(device))
        return 0;
    unsigned offset = pci_read(device, PCI_CAPABILITIES, 1) & 0xfc;
    for (unsigned i = 0; i < CAPABILITIES_MAX && offset >= FIRST_CAPABILITY; i++) {
        uint32_t header = pci_read(device, offset, 2);
        if (header == 0xffff)
            return 0;
        if ((header & 0xff) == id && n-- == 0)
            return offset;
        offset = header >> 8 & 0xfc;
    }
    return 0;
}

unsigned pci_extended_capability(const struct pci_device *device, uint16_t id)
{
    unsigned offset = FIRST_EXTENDED;
    for (unsigned i = 0; i < EXTENDED_MAX && offset >= FIRST_EXTENDED; i++) {
        const uint32_t header = pci_read(device, offset, 4);
        if (header == 0 || header == UINT32_MAX)
            return 0;
        if ((header & 0xffff) == id)
            return offset;
        offset = header >> 20 & 0xffc;
    }
    return 0;
}
