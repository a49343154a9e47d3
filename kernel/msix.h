// SPDX-License-Identifier: BSD-2-Clause
// MSI-X: interrupts that a PCI function sends as memory writes. PCI Local Bus 3.0, 6.8.2.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { MSIX_ROUTES_MAX = 24 }; // of one function

// The capability (6.8.2.3).
enum {
    MSIX_CAPABILITY = 0x11,    // its id
    MSIX_CONTROL = 2,          // offset in it, 16 bits:
    MSIX_CONTROL_SIZE = 0x7ff, // entries of the table, less one
    MSIX_CONTROL_MASK_ALL = 1u << 14,
    MSIX_CONTROL_ENABLE = 1u << 15,
};

struct pci_device;

// From an entry of the table to a handler.
struct msix_route {
    volatile uint32_t *control; // word of the entry that masks it
    void (*handler)(void *context);
    void *context;
    uint8_t vector; // to be given back
    uint8_t group;
    volatile bool masked; // by its interrupt, until msix_rearm()
};

struct msix {
    struct pci_device *device;
    unsigned capability; // offset; 0: closed
    unsigned count;      // entries of the table
    volatile uint32_t *table;
    unsigned route_count;
    struct msix_route routes[MSIX_ROUTES_MAX];
};

// Turns MSI-X on with every entry masked. The function must be in D0; its memory decoding is turned
// on. Returns 0, or -ENOENT (no MSI-X), -EINVAL (its table is not inside a memory BAR) or -ENOMEM.
// After an error *msix is closed.
int msix_open(struct msix *msix, struct pci_device *device);

// Makes entry (0 .. count - 1) call handler(context), with interrupts off, on this processor; *msix
// must stay where it is. An interrupt masks its entry before handler runs, so that a card cannot
// keep the processor busy with nothing else; the next one comes after msix_rearm() of its group,
// any number that the caller chooses. Returns 0, or -ENOENT (no such entry), -EMFILE
// (MSIX_ROUTES_MAX), -ENODEV (no APIC), -ENOSPC (no vector is left) or -EOPNOTSUPP (a message
// cannot name this processor).
int msix_route(struct msix *msix, unsigned entry, uint8_t group, void (*handler)(void *context),
               void *context);

// Whether some entry of the group is masked because it has interrupted.
bool msix_waiting(const struct msix *msix, uint8_t group);

// Unmasks those. What the card signalled meanwhile it sends then (6.8.3.4, pending bits).
void msix_rearm(struct msix *msix, uint8_t group);

// Masks everything, turns MSI-X off and gives the vectors back. Does nothing when closed.
void msix_close(struct msix *msix);
