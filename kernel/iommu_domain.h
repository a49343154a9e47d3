// SPDX-License-Identifier: BSD-2-Clause
// What one device may reach: a second-level page table that maps addresses to themselves. Intel
// VT-d (D51397-018, revision 5.10), 3.7 and 9.8. docs/decisions/008-dma-addresses-are-physical.md.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct vtd;

struct iommu_domain {
    const struct vtd *unit; // that reads the tables
    uint64_t *root;         // NULL: no memory was left for it
    uint16_t id;            // 1.., below what the unit has
    uint8_t levels;         // 3 (39 bits of address) or 4 (48)
};

// An empty one. Returns 0 or -ENOMEM.
int iommu_domain_init(struct iommu_domain *domain, const struct vtd *unit, uint16_t id);

// Lets the device read bytes from address on, and write them if write is set. Both are multiples of
// 4096; 2 MiB pages are used where they fit. What was mapped before keeps its rights, and must have
// had the same. Returns 0; -EINVAL when something is not aligned, or wraps; -ERANGE when the tables
// do not reach so far; -EEXIST when a page is there with other rights; -ENOMEM. After an error part
// of it may be mapped. The unit must be told before a device relies on it: vtd_set_context().
int iommu_domain_map(struct iommu_domain *domain, uint64_t address, uint64_t bytes, bool write);

// Words of the context entry that puts a function into the domain (9.3).
uint64_t iommu_domain_context_low(const struct iommu_domain *domain);
uint64_t iommu_domain_context_high(const struct iommu_domain *domain);
