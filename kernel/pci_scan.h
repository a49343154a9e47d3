// SPDX-License-Identifier: BSD-2-Clause
// Filling the table of PCI functions.
#pragma once
#include <stdbool.h>

struct pci_device;

// Finds every function behind every bridge that configuration accesses reach; numbers the buses
// behind bridges that have none. every_bus: also looks for root buses that no bridge leads to.
void pci_scan(bool every_bus);

// The table, kernel/pci.c: empties it; a new entry at its end, all 0, or NULL when it is full.
void pci_clear(void);
struct pci_device *pci_add(void);
