// SPDX-License-Identifier: BSD-2-Clause
// Base address registers: how large they are, and addresses for those without.
#pragma once
#include "kernel/pci.h"

struct bootinfo;

// Fills in device->bars and sets device->sized. Decoding is off for the moment that it takes. Bars
// that make no sense are logged and treated as not there.
void pci_size_bars(struct pci_device *device);

// Gives an address to every memory BAR in the table that is known to have none, and to the windows
// of bridges above them; where there is such a BAR, all others are sized first. info says where
// memory is. What does not fit is logged and stays without.
void pci_assign_bars(struct pci_device *devices, size_t count, const struct bootinfo *info);
