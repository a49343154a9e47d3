// SPDX-License-Identifier: BSD-2-Clause
// Base address registers: how large they are, and where.
#pragma once

struct pci_device;

// Fills in device->bars and sets device->sized. Decoding is off for the moment that it takes. BARs
// that make no sense are logged and treated as not there.
void pci_size_bars(struct pci_device *device);

// Writes the address in device->bars[index] to the function.
void pci_write_bar(const struct pci_device *device, unsigned index);
