// SPDX-License-Identifier: BSD-2-Clause
// MSI-X: interrupts that a PCI function sends as memory writes. PCI Local Bus 3.0, 6.8.2.
#pragma once
#include <stdint.h>

enum { MSIX_ROUTES_MAX = 8 }; // of one function

struct pci_device;

struct msix {
    struct pci_device *device;
    unsigned capability; // offset; 0: closed
    unsigned count;      // entries of the table
    volatile uint32_t *table;
    unsigned route_count;
    uint8_t vectors[MSIX_ROUTES_MAX]; // to be given back
};

// Turns MSI-X on with every entry masked. The function must be in D0; its memory decoding is turned
// on. Returns 0, or -ENOENT (no MSI-X), -EINVAL (its table is not inside a memory BAR) or -ENOMEM.
// After an error *msix is closed.
int msix_open(struct msix *msix, struct pci_device *device);

// Makes entry (0 .. count - 1) call handler(context), with interrupts off, on this processor.
// Returns 0, or -ENOENT (no such entry), -EMFILE (MSIX_ROUTES_MAX), -ENOSPC (no vector is left) or
// -EOPNOTSUPP (a message cannot name this processor).
int msix_route(struct msix *msix, unsigned entry, void (*handler)(void *context), void *context);

// Masks everything, turns MSI-X off and gives the vectors back. Does nothing when closed.
void msix_close(struct msix *msix);
