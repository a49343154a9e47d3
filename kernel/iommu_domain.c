// SPDX-License-Identifier: BSD-2-Clause
// Second-level page tables. Intel VT-d (D51397-018, revision 5.10), 3.7, 9.3 and 9.8.
#include "kernel/iommu_domain.h"

#include <errno.h>
#include <stddef.h>

#include "kernel/page.h"
#include "kernel/vm.h"
#include "kernel/vtd.h"
#include "kernel/vtd_regs.h"

enum { ENTRIES = 512, INDEX_BITS = 9, PAGE_BITS = 12, LEVEL_4K = 0, LEVEL_2M = 1 };

int iommu_domain_init(struct iommu_domain *domain, const struct vtd *unit, uint16_t id)
{
    const bool wide = (VTD_CAP_WIDTHS(unit->capability) & 1u << VTD_WIDTH_48) != 0;
    *domain = (struct iommu_domain){.unit = unit, .id = id, .levels = wide ? 4 : 3};
    domain->root = vtd_table(unit);
    return domain->root != NULL ? 0 : -ENOMEM;
}

static void set_entry(const struct iommu_domain *domain, uint64_t *entry, uint64_t value)
{
    *(volatile uint64_t *)entry = value; // in one piece: the unit may be reading it
    vtd_flush(domain->unit, entry, sizeof *entry);
}

// Maps one page of the level.
static int map_page(struct iommu_domain *domain, uint64_t address, int level, uint64_t rights)
{
    uint64_t *entries = domain->root;
    for (int at = domain->levels - 1;; at--) {
        // At level 0 it returns. NOLINTNEXTLINE(clang-analyzer-core.BitwiseShift)
        uint64_t *entry = entries + (address >> (PAGE_BITS + INDEX_BITS * at)) % ENTRIES;
        const bool leaf = at == LEVEL_4K || (*entry & VTD_PAGE_LARGE) != 0;
        if (*entry != 0 && (leaf || at == level)) {
            const uint64_t both = VTD_PAGE_READ | VTD_PAGE_WRITE;
            return leaf && ((*entry ^ rights) & both) == 0 ? 0 : -EEXIST;
        }
        if (at == level) {
            set_entry(domain, entry, address | rights | (level > LEVEL_4K ? VTD_PAGE_LARGE : 0));
            return 0;
        }
        if (*entry == 0) {
            const uint64_t *below = vtd_table(domain->unit);
            if (below == NULL)
                return -ENOMEM;
            // The rights of a page are those that every level grants.
            set_entry(domain, entry, vm_physical(below) | VTD_PAGE_READ | VTD_PAGE_WRITE);
        }
        entries = vm_direct(*entry & VTD_ADDRESS);
    }
}

int iommu_domain_map(struct iommu_domain *domain, uint64_t address, uint64_t bytes, bool write)
{
    const unsigned table_bits = PAGE_BITS + INDEX_BITS * domain->levels;
    const unsigned unit_bits = VTD_CAP_ADDRESS_BITS(domain->unit->capability);
    const uint64_t end = 1ull << (table_bits < unit_bits ? table_bits : unit_bits);
    if (address % PAGE_SIZE != 0 || bytes % PAGE_SIZE != 0)
        return -EINVAL;
    if (address > end || bytes > end - address)
        return -ERANGE;
    uint64_t rights = VTD_PAGE_READ | (write ? VTD_PAGE_WRITE : 0);
    if (VTD_ECAP_SNOOP(domain->unit->extended))
        rights |= VTD_PAGE_SNOOP; // even what the device sends with "no snoop" stays coherent
    while (bytes > 0) {
        const bool large = address % PAGE_LARGE == 0 && bytes >= PAGE_LARGE;
        const uint64_t size = large ? PAGE_LARGE : PAGE_SIZE;
        const int error = map_page(domain, address, large ? LEVEL_2M : LEVEL_4K, rights);
        if (error != 0)
            return error;
        address += size;
        bytes -= size;
    }
    return 0;
}

uint64_t iommu_domain_context_low(const struct iommu_domain *domain)
{
    // TT 00b: what the device asks for is translated; what it says is translated already (ATS) is
    // blocked, and so are its requests for translations.
    return vm_physical(domain->root) | VTD_PRESENT;
}

uint64_t iommu_domain_context_high(const struct iommu_domain *domain)
{
    return (domain->levels == 4 ? VTD_WIDTH_48 : VTD_WIDTH_39) | VTD_CONTEXT_DOMAIN(domain->id);
}
