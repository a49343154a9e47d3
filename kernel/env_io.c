// SPDX-License-Identifier: BSD-2-Clause
// I/O registers of a function, for drivers: drivers/env.h. PCI Local Bus 3.0, 6.2.5.1.
#include "kernel/env.h"
#include "kernel/pci.h"
#include "kernel/pci_place_io.h"
#include "kernel/port_io.h"

enum { IO_PORTS = 0x10000 };

uint32_t env_io_bytes(struct env *env, unsigned bar)
{
    if (bar >= PCI_BARS)
        return 0;
    const struct pci_bar *found = &env->pci->bars[bar];
    if (!pci_place_io(env->pci, bar) || found->address > IO_PORTS - found->size)
        return 0;
    pci_io_decoding(env->pci);
    return (uint32_t)found->size;
}

// The port of a register; 0 when the access does not lie inside the BAR.
static uint16_t port_of(const struct env *env, unsigned bar, unsigned offset, unsigned width)
{
    if (bar >= PCI_BARS)
        return 0;
    const struct pci_bar *found = &env->pci->bars[bar];
    if (!found->io || width > found->size || offset > found->size - width)
        return 0;
    return (uint16_t)(found->address + offset);
}

uint32_t env_io_read(struct env *env, unsigned bar, unsigned offset, unsigned width)
{
    uint16_t port = port_of(env, bar, offset, width);
    if (port == 0)
        return 0xffffffff >> (32 - 8 * width);
    switch (width) {
    case 1:
        return inb(port);
    case 2:
        return inw(port);
    default:
        return inl(port);
    }
}

void env_io_write(struct env *env, unsigned bar, unsigned offset, unsigned width, uint32_t value)
{
    uint16_t port = port_of(env, bar, offset, width);
    if (port == 0)
        return;
    switch (width) {
    case 1:
        outb(port, (uint8_t)value);
        break;
    case 2:
        outw(port, (uint16_t)value);
        break;
    default:
        outl(port, value);
        break;
    }
}
