// SPDX-License-Identifier: BSD-2-Clause
// PCI: what is plugged in. PCI Local Bus 3.0, PCI Express Base 2.0.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bootinfo;

enum { PCI_DEVICES_MAX = 1024, PCI_BARS = 6 };

struct pci_bar {
    uint64_t address; // 0: not there or not assigned
    uint64_t size;    // 0: not there
    bool io, is64, prefetchable;
};

struct pci_device {
    uint16_t segment;
    uint8_t bus, slot, function;
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; // 24 bits: class, subclass, interface
    uint8_t header_type, revision;
    bool sized; // bars says what is there; else all of them are 0
    struct pci_bar bars[PCI_BARS];
    struct pci_device *bridge; // that it is behind; NULL: on a root bus
    uint8_t secondary;         // bridges: the bus behind it; 0: none
};

// Finds every function behind every bridge, gives memory addresses to BARs that firmware left
// without, and turns bus mastering off, but not that of bridges (others are behind them) nor that
// of USB host controllers: through these, firmware in system management mode may still make a
// keyboard look like one at the old port. The BARs of network functions are always sized, those of
// others when that disturbs nothing or their addresses matter. Uses ECAM where ACPI's MCFG names
// it, else ports 0xCF8/0xCFC. info says which addresses are memory. Needs acpi_init() and
// vm_init(); runs once.
void pci_init(const struct bootinfo *info);

// By address: segment, then bus, slot and function. index: from 0 to pci_count() - 1, else NULL.
size_t pci_count(void);
struct pci_device *pci_at(size_t index);
struct pci_device *pci_find(uint16_t segment, uint8_t bus, uint8_t slot, uint8_t function);

// offset 0..4095 (255 without ECAM), width 1, 2 or 4, naturally aligned. All ones when unreadable.
uint32_t pci_read(const struct pci_device *device, unsigned offset, unsigned width);
void pci_write(const struct pci_device *device, unsigned offset, unsigned width, uint32_t value);

// The offset of the n-th (from 0) capability with this id, or 0. Bounded on a looping list.
unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned n);

// The offset of the first extended capability with this id, or 0, also where configuration space
// has only 256 bytes. Bounded on a looping list.
unsigned pci_extended_capability(const struct pci_device *device, uint16_t id);

// Lets the function and the bridges above it answer memory accesses.
void pci_memory_decoding(struct pci_device *device);

// Lets the function and the bridges above it answer I/O accesses.
void pci_io_decoding(struct pci_device *device);

// Lets the function reach memory by itself, and the bridges above pass that on; or stops the
// function. Bridges stay as they are when it is stopped: others may be behind them.
void pci_bus_master(struct pci_device *device, bool on);

// Turns bus mastering off wherever pci_init() did: before a restart, so that no card writes into
// the memory of whatever comes next. Works in a panic, and does nothing when it runs again.
void pci_stop_all_dma(void);

// Writes the addresses of all BARs again, for a function that lost them in a reset.
void pci_restore_bars(const struct pci_device *device);
