// SPDX-License-Identifier: BSD-2-Clause
// A PCI function on the console. PCI Local Bus 3.0, 6.1 and 6.2; power: PCI Bus Power Management
// 1.2, 3.2; PCI Express Base 2.0, 7.8. Made for 80 columns.
#include "kernel/pci_describe.h"

#include <inttypes.h>

#include "kernel/console.h"
#include "kernel/msix.h"
#include "kernel/pci_config.h"
#include "kernel/pci_express.h"
#include "kernel/pci_power.h"

enum {
    EXPRESS_DEVICE_STATUS = 0x0a, // offsets in the capability
    EXPRESS_LINK_CAPABILITIES = 0x0c,
    EXPRESS_LINK_STATUS = 0x12,

    NOBODY = 0xffff, // no vendor has this id: nobody answered
};

static void describe_place(const struct pci_device *device, uint32_t vendor)
{
    console_printf("  %04x:%02x:%02x.%u  %04x:%04x  subsystem %04x:%04x  class %06" PRIx32
                   "  revision %02x\n",
                   device->segment, device->bus, device->slot, device->function, (unsigned)vendor,
                   (unsigned)pci_read(device, PCI_DEVICE, 2), device->subsystem_vendor,
                   device->subsystem, device->class_code, device->revision);
}

static void describe_command(const struct pci_device *device)
{
    const unsigned command = pci_read(device, PCI_COMMAND, 2);
    console_printf(
        "  command %04x: memory %s, bus master %s, INTx %s; status %04x\n", command,
        command & PCI_COMMAND_MEMORY ? "on" : "OFF", command & PCI_COMMAND_MASTER ? "on" : "off",
        command & PCI_COMMAND_NO_INTX ? "off" : "on", (unsigned)pci_read(device, PCI_STATUS, 2));
}

static void describe_bars(const struct pci_device *device)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];
        if (bar->size == 0)
            continue;
        console_printf("  BAR %u: %s%s, %" PRIu64 " bytes at %#" PRIx64 "; reads %08" PRIx32 "\n",
                       i, bar->io ? "I/O" : "memory", bar->is64 ? " 64-bit" : "", bar->size,
                       bar->address, pci_read(device, PCI_BAR_0 + 4 * i, 4));
    }
}

static void describe_power(const struct pci_device *device)
{
    const unsigned at = pci_capability(device, PCI_POWER_CAPABILITY, 0);
    if (at == 0)
        return;
    const unsigned control = pci_read(device, at + PCI_POWER_CONTROL, 2);
    console_printf("  power: D%u (PMCSR %04x)\n", control & PCI_POWER_STATE, control);
}

// Codes of the speed fields (7.8.6, 7.8.8; later ones: PCI Express Base 4.0, 7.5.3.6).
static const char *speed_text(uint32_t code)
{
    static const char *const texts[] = {"?", "2.5", "5", "8", "16"};
    return texts[code < sizeof texts / sizeof texts[0] ? code : 0];
}

static void describe_link(const struct pci_device *device)
{
    const unsigned at = pci_express(device);
    if (at == 0 || at + EXPRESS_LINK_STATUS > PCI_CONFIG_BYTES - 2)
        return;
    const uint32_t can = pci_read(device, at + EXPRESS_LINK_CAPABILITIES, 4);
    const uint32_t has = pci_read(device, at + EXPRESS_LINK_STATUS, 2);
    console_printf("  PCI Express: %s GT/s x%u of at most %s GT/s x%u; device status %04x\n",
                   speed_text(has & 0xf), (unsigned)(has >> 4 & 0x3f), speed_text(can & 0xf),
                   (unsigned)(can >> 4 & 0x3f),
                   (unsigned)pci_read(device, at + EXPRESS_DEVICE_STATUS, 2));
}

static void describe_msix(const struct pci_device *device)
{
    const unsigned at = pci_capability(device, MSIX_CAPABILITY, 0);
    if (at == 0)
        return;
    const unsigned control = pci_read(device, at + MSIX_CONTROL, 2);
    console_printf("  MSI-X: %u vectors, %s\n", (control & MSIX_CONTROL_SIZE) + 1,
                   control & MSIX_CONTROL_ENABLE ? "on" : "off");
}

void pci_describe(const struct pci_device *device)
{
    const uint32_t vendor = pci_read(device, PCI_VENDOR, 2);
    describe_place(device, vendor);
    if (vendor == NOBODY) {
        console_printf("  configuration space reads all ones: the card is gone\n");
        return;
    }
    describe_command(device);
    describe_bars(device);
    describe_power(device);
    describe_link(device);
    describe_msix(device);
}
