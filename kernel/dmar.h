// SPDX-License-Identifier: BSD-2-Clause
// What firmware says about DMA remapping: the DMAR table. Intel Virtualization Technology for
// Directed I/O (D51397-018, revision 5.10), chapter 8. Nothing in it is trusted: every length is
// checked, every table bounded.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci_device;

enum {
    DMAR_UNITS_MAX = 16,
    DMAR_REGIONS_MAX = 16,
    DMAR_SCOPES_MAX = 128, // of all units and regions together
    DMAR_PATH_MAX = 8,     // bridges on the way to a device, and the device
};

enum dmar_scope_type {
    DMAR_SCOPE_ENDPOINT = 1,
    DMAR_SCOPE_BRIDGE = 2, // and all that is behind it
};

// Names one PCI function by the way to it (8.3.1). Scopes of I/O APICs and timers are left out.
struct dmar_scope {
    uint8_t type; // enum dmar_scope_type
    uint8_t bus;  // where the path begins
    uint8_t hops; // 1..DMAR_PATH_MAX
    struct {
        uint8_t slot, function;
    } path[DMAR_PATH_MAX];
};

// A run of dmar.scopes[].
struct dmar_scopes {
    uint16_t first, count;
};

// A remapping unit (8.3).
struct dmar_unit {
    uint64_t base; // of its registers, physical
    uint16_t segment;
    bool all; // INCLUDE_PCI_ALL: every function of the segment that no other unit names
    struct dmar_scopes scopes;
};

// Memory that firmware has given to devices (8.4), first and last byte.
struct dmar_region {
    uint64_t first, last;
    uint16_t segment;
    struct dmar_scopes scopes;
};

struct dmar {
    unsigned address_bits;    // of DMA addresses, at most 64
    bool interrupt_remapping; // the platform has it
    bool no_x2apic;           // firmware asks not to use x2APIC mode
    struct dmar_unit units[DMAR_UNITS_MAX];
    unsigned unit_count;
    struct dmar_region regions[DMAR_REGIONS_MAX];
    unsigned region_count;
    struct dmar_scope scopes[DMAR_SCOPES_MAX];
    unsigned scope_count;
};

// Reads a table of so many bytes whose checksum is right. Returns false, after logging why, when it
// cannot be relied upon: what firmware says about units and regions must be known completely, since
// a unit left out is a device let loose. ATSR, RHSA and what later revisions added are passed over.
bool dmar_parse(struct dmar *dmar, const void *table, size_t length);

// The function that a scope names, by the bridges as they are numbered now; NULL when it is not
// there. Needs pci_init().
struct pci_device *dmar_scope_device(const struct dmar_scope *scope, uint16_t segment);

// The unit that translates for a function, an index of units[]; -1 when there is none.
int dmar_unit_of(const struct dmar *dmar, const struct pci_device *device);
