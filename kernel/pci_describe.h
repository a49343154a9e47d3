// SPDX-License-Identifier: BSD-2-Clause
// A PCI function on the console, for people who look for a fault.
#pragma once
#include "kernel/pci.h"

// Prints where the function is, its ids, command and status, BARs as they stand in the function and
// as they were placed, power state, and the PCI Express link it got and could have. Reads
// configuration space only, a few dozen times; whatever that answers.
void pci_describe(const struct pci_device *device);
