// SPDX-License-Identifier: BSD-2-Clause
// PCI Express Access Control Services: what makes a bridge send a card's requests up to the IOMMU
// instead of straight to the card beside it.
#pragma once

struct pci_device;

// Turns on redirection in every root port and switch port above the function. Returns the nearest
// one that has none, so that what is behind it reaches the function past the IOMMU; or NULL.
const struct pci_device *acs_enable(const struct pci_device *pci);
