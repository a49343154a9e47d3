// SPDX-License-Identifier: BSD-2-Clause
// Addresses for BARs that firmware left without.
#pragma once
#include <stddef.h>

struct bootinfo;
struct pci_device;

// Gives an address to every memory BAR in the table that is known to have none, and to the windows
// of bridges above them; where there is such a BAR, all others are sized first. info says where
// memory is. What does not fit is logged and stays without.
void pci_place_bars(struct pci_device *devices, size_t count, const struct bootinfo *info);
