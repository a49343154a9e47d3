// SPDX-License-Identifier: BSD-2-Clause
// Filling the table of PCI functions.
#pragma once
#include <stdbool.h>

struct pci_device;

// Finds every function behind every bridge that configuration accesses reach; numbers the buses
// behind bridges that have none. Root buses that no bridge leads to are found by their slot 0 or,
// if thorough, by any slot.
void pci_scan(bool thorough);

// The table, kernel/pci.c: empties it; a new entry at its end, all 0, or NULL when it is full.
void pci_clear(void);
struct pci_device *pci_add(void);

// Turns the function's bus mastering off, unless it is of a kind that keeps it (pci.h).
void pci_stop_unwanted(struct pci_device *device);
