// SPDX-License-Identifier: BSD-2-Clause
// An address for an I/O BAR that firmware left without.
#pragma once
#include <stdbool.h>

struct pci_device;

// Gives an I/O BAR of known size (256 bytes at most: PCI Local Bus 3.0, 6.2.5.1) an address that
// nothing else answers to, and an I/O window to bridges above it that have none. Returns whether it
// has one now; when none is left, the log says so. Only for a function whose driver needs those
// registers: it is the one thing here that legacy virtio cards cannot do without.
bool pci_place_io(struct pci_device *device, unsigned bar);
