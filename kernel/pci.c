// SPDX-License-Identifier: BSD-2-Clause
// The table of PCI functions, and what can be done with each. PCI Local Bus 3.0, 6.2.2 (command
// register).
#include "kernel/pci.h"

#include "kernel/acpi.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/pci_config.h"
#include "kernel/pci_place.h"
#include "kernel/pci_scan.h"

enum {
    CLASS_BRIDGE = 0x06, // base class
    CLASS_USB = 0x0c03,  // base class and subclass
};

static struct pci_device devices[PCI_DEVICES_MAX]; // as found: a bridge before what is behind it
static struct pci_device *by_address[PCI_DEVICES_MAX];
static size_t device_count;

static struct pci_address address_of(const struct pci_device *device)
{
    return (struct pci_address){device->segment, device->bus, device->slot, device->function};
}

uint32_t pci_read(const struct pci_device *device, unsigned offset, unsigned width)
{
    return pci_config_read(address_of(device), offset, width);
}

void pci_write(const struct pci_device *device, unsigned offset, unsigned width, uint32_t value)
{
    pci_config_write(address_of(device), offset, width, value);
}

size_t pci_count(void)
{
    return device_count;
}

struct pci_device *pci_at(size_t index)
{
    return index < device_count ? by_address[index] : NULL;
}

void pci_clear(void)
{
    device_count = 0;
}

struct pci_device *pci_add(void)
{
    if (device_count == PCI_DEVICES_MAX)
        return NULL;
    devices[device_count] = (struct pci_device){0};
    by_address[device_count] = &devices[device_count];
    return &devices[device_count++];
}

static uint32_t sort_key(const struct pci_device *device)
{
    return (uint32_t)device->segment << 16 | (uint32_t)device->bus << 8 |
           (uint32_t)device->slot << 3 | device->function;
}

// By insertion: the walk comes along almost in this order.
static void sort_by_address(void)
{
    for (size_t i = 1; i < device_count; i++) {
        struct pci_device *device = by_address[i];
        size_t at = i;
        for (; at > 0 && sort_key(by_address[at - 1]) > sort_key(device); at--)
            by_address[at] = by_address[at - 1];
        by_address[at] = device;
    }
}

struct pci_device *pci_find(uint16_t segment, uint8_t bus, uint8_t slot, uint8_t function)
{
    for (size_t i = 0; i < device_count; i++) {
        struct pci_device *device = &devices[i];
        if (device->segment == segment && device->bus == bus && device->slot == slot &&
            device->function == function)
            return device;
    }
    return NULL;
}

// Writes only what changes: in a virtual machine such a write costs half a millisecond.
static void change_command(const struct pci_device *device, uint32_t set, uint32_t clear)
{
    uint32_t old = pci_read(device, PCI_COMMAND, 2);
    uint32_t command = (old | set) & ~clear;
    if (command != old)
        pci_write(device, PCI_COMMAND, 2, command);
}

void pci_memory_decoding(struct pci_device *device)
{
    for (; device != NULL; device = device->bridge)
        change_command(device, PCI_COMMAND_MEMORY, 0);
}

void pci_io_decoding(struct pci_device *device)
{
    for (; device != NULL; device = device->bridge)
        change_command(device, PCI_COMMAND_IO, 0);
}

void pci_bus_master(struct pci_device *device, bool on)
{
    if (!on) {
        change_command(device, 0, PCI_COMMAND_MASTER);
        return;
    }
    for (; device != NULL; device = device->bridge)
        change_command(device, PCI_COMMAND_MASTER, 0);
}

static bool may_reach_memory(const struct pci_device *device)
{
    return device->class_code >> 16 == CLASS_BRIDGE || device->class_code >> 8 == CLASS_USB;
}

void pci_stop_unwanted(struct pci_device *device)
{
    if (!may_reach_memory(device))
        pci_bus_master(device, false);
}

void pci_stop_all_dma(void)
{
    static bool begun; // a fault in here ends in the next restart: that one must not come back here
    if (begun)
        return;
    begun = true;
    for (size_t i = 0; i < device_count; i++)
        pci_stop_unwanted(&devices[i]);
}

void pci_init(const struct bootinfo *info)
{
    // Trying all slots of every bus takes 8192 reads: a microsecond each on hardware, but many in a
    // virtual machine, which fills the slots of its root buses from 0.
    pci_scan(!cpu_is_virtual());
    pci_place_bars(devices, device_count, info);
    sort_by_address();
    log_line("PCI: %zu functions by %s", device_count,
             acpi()->ecam_count > 0 ? "ECAM" : "ports 0xcf8 and 0xcfc");
}
