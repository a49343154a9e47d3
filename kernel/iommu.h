// SPDX-License-Identifier: BSD-2-Clause
// The IOMMU of the machine: which memory each card reaches. VT-d, as Intel's processors have it.
// docs/isolation.md says what it is for, kernel/vtd.h is one remapping unit.
//
// When some port is to be confined, all units are turned on before any driver runs, and no function
// reaches anything until it is let. What a function reaches is decided before its driver starts it
// and does not change while packets flow.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kernel/iommu_domain.h"
#include "kernel/vtd.h"

struct pci_device;

// The DMA of one PCI function.
struct iommu_device {
    struct pci_device *pci; // NULL: the IOMMU is off, or knows nothing of this function
    struct vtd *unit;
    bool confined; // to domain; else it reaches everything while it is attached
    struct iommu_domain domain;
};

struct iommu_fault {
    uint16_t segment;
    struct vtd_fault what;
};

// Finds the units and what they can do; changes nothing. Needs acpi_init(). Everything else here
// needs apic_init() and pci_init() too.
void iommu_init(void);

// Whether interrupts could be remapped if the processor were in x2APIC mode, and firmware has
// nothing against that mode. Known after iommu_init(), which apic_init() waits for.
bool iommu_x2apic(void);

// NULL when cards can be confined on this machine; else why they cannot, for people.
const char *iommu_missing(void);

// Turns all units on, so that no function reaches anything; or, when nobody wants them, turns off
// what firmware may have left on. Bus mastering must be off, but for bridges and USB hosts, of
// which those that firmware gave memory to (8.4) keep that memory. Returns 0, or a negative errno
// after logging: what then holds is not known, and no driver may run.
int iommu_start(bool wanted);
bool iommu_on(void);

// Prepares a function for a domain of its own, in which is nothing but what firmware reserved for
// it. Returns NULL, or, for people, what is against it; the function reaches nothing then.
const char *iommu_confine(struct iommu_device *device, struct pci_device *pci);

// Prepares a function for reaching everything. Returns as iommu_confine(); NULL when the IOMMU is
// off.
const char *iommu_release(struct iommu_device *device, struct pci_device *pci);

// Adds memory to the domain of a confined function: iommu_domain_map().
int iommu_map(struct iommu_device *device, uint64_t address, uint64_t bytes, bool write);

// Lets the function reach what it was prepared for; or nothing, and then waits until what it had
// under way has ended. Does nothing when device->pci is NULL. Returns 0 or a negative errno.
int iommu_attach(struct iommu_device *device);
int iommu_detach(struct iommu_device *device);

// The requester id under which the function appears to its unit: its own, or that of a bridge.
uint16_t iommu_source(const struct pci_device *pci);

// Makes the units forget what they know about kernel/iommu_interrupt.c's table.
void iommu_forget_interrupts(void);

// Makes a changed table entry visible to all units.
void iommu_flush(const void *address, uint64_t bytes);

// Takes up to max records of refused accesses, oldest first for each unit. *lost is set when some
// were not recorded.
unsigned iommu_take_faults(struct iommu_fault *faults, unsigned max, bool *lost);
