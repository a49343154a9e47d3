// SPDX-License-Identifier: BSD-2-Clause
// Access Control Services. PCI Express Base 4.0, 6.12 (what they do), 7.7.7 (registers).
#include "kernel/acs.h"

#include <stddef.h>

#include "kernel/pci_express.h"

enum {
    EXTENDED_ACS = 0x0d,
    // offsets in the capability
    ACS_CAPABILITY = 4,
    ACS_CONTROL = 6,
    // in both
    ACS_SOURCE_VALIDATION = 1u << 0,
    ACS_REQUEST_REDIRECT = 1u << 2,
    ACS_COMPLETION_REDIRECT = 1u << 3,
    ACS_UPSTREAM_FORWARDING = 1u << 4,
    ACS_WANTED = ACS_SOURCE_VALIDATION | ACS_REQUEST_REDIRECT | ACS_COMPLETION_REDIRECT |
                 ACS_UPSTREAM_FORWARDING,
};

// False when the port cannot redirect.
static bool redirect(const struct pci_device *port)
{
    const unsigned acs = pci_extended_capability(port, EXTENDED_ACS);
    if (acs == 0)
        return false;
    const uint32_t wanted = pci_read(port, acs + ACS_CAPABILITY, 2) & ACS_WANTED;
    pci_write(port, acs + ACS_CONTROL, 2, pci_read(port, acs + ACS_CONTROL, 2) | wanted);
    return (pci_read(port, acs + ACS_CONTROL, 2) & ACS_REQUEST_REDIRECT) != 0;
}

const struct pci_device *acs_enable(const struct pci_device *pci)
{
    const struct pci_device *without = NULL;
    for (const struct pci_device *above = pci->bridge; above != NULL; above = above->bridge)
        if (pci_express_is_port(above) && !redirect(above) && without == NULL)
            without = above;
    return without;
}
