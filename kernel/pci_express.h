// SPDX-License-Identifier: BSD-2-Clause
// The PCI Express capability (PCI Express Base Specification 4.0, 7.5.3): where it is, and what
// kind of function it makes of its owner.
#pragma once
#include "kernel/pci.h"

enum {
    PCI_EXPRESS_FLAGS = 0x02, // offset in the capability; bits 7:4 are the type (7.5.3.2)

    PCI_EXPRESS_ROOT_PORT = 4,
    PCI_EXPRESS_DOWNSTREAM_PORT = 6,
    PCI_EXPRESS_TO_PCI = 7,
    PCI_EXPRESS_NONE = 16, // no type: the function has no such capability
};

// The capability's offset, or 0: conventional PCI.
static inline unsigned pci_express(const struct pci_device *device)
{
    return pci_capability(device, 0x10, 0);
}

// A type as above (others are 0..15), or PCI_EXPRESS_NONE.
static inline unsigned pci_express_type(const struct pci_device *device)
{
    const unsigned at = pci_express(device);
    return at != 0 ? pci_read(device, at + PCI_EXPRESS_FLAGS, 2) >> 4 & 0xf : PCI_EXPRESS_NONE;
}

// Whether it leads to one slot of its own.
static inline bool pci_express_is_port(const struct pci_device *bridge)
{
    const unsigned type = pci_express_type(bridge);
    return type == PCI_EXPRESS_ROOT_PORT || type == PCI_EXPRESS_DOWNSTREAM_PORT;
}
