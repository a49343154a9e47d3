// SPDX-License-Identifier: BSD-2-Clause
// Reserved memory regions. Intel VT-d (D51397-018, revision 5.10), 8.4.
#include "kernel/iommu_reserved.h"

#include <stddef.h>

#include "kernel/image.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/pci.h"
#include "kernel/pci_config.h"
#include "kernel/vm.h"

enum { HOSTS_MAX = 8 };

// For ever: units read the tables of their domains.
static struct iommu_device hosts[HOSTS_MAX];
static unsigned host_count;

// Whether the region is memory that this program uses: then firmware is wrong, and nobody gets it.
static bool ours(const struct dmar_region *region)
{
    unsigned count;
    const struct page_extent *ram = page_ram(&count);
    for (unsigned i = 0; i < count; i++)
        if (region->first < ram[i].end && region->last >= ram[i].start)
            return true;
    return region->first < vm_physical(image_end) && region->last >= vm_physical(image_start);
}

void iommu_reserved_map(const struct dmar *dmar, struct iommu_device *device)
{
    for (unsigned i = 0; i < dmar->region_count; i++) {
        const struct dmar_region *region = &dmar->regions[i];
        if (region->segment != device->pci->segment || ours(region))
            continue;
        for (unsigned k = 0; k < region->scopes.count; k++) {
            const struct dmar_scope *scope = &dmar->scopes[region->scopes.first + k];
            if (dmar_scope_device(scope, region->segment) != device->pci)
                continue;
            if (iommu_map(device, region->first, region->last + 1 - region->first, true) != 0)
                log_line("VT-d: the reserved region at %#llx cannot be mapped",
                         (unsigned long long)region->first);
        }
    }
}

static bool known_host(const struct pci_device *pci)
{
    for (unsigned i = 0; i < host_count; i++)
        if (hosts[i].pci == pci)
            return true;
    return false;
}

static void let_host(struct pci_device *pci)
{
    if (known_host(pci) || (pci_read(pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) == 0 ||
        pci->secondary != 0)
        return;
    const char *wrong = host_count < HOSTS_MAX ? NULL : "too many of them";
    if (wrong == NULL)
        wrong = iommu_confine(&hosts[host_count], pci);
    if (wrong == NULL && iommu_attach(&hosts[host_count]) != 0)
        wrong = "VT-d does not answer";
    if (wrong == NULL)
        host_count++;
    else
        log_line("VT-d: %04x:%02x:%02x.%u does not get its reserved memory: %s", pci->segment,
                 pci->bus, pci->slot, pci->function, wrong);
}

void iommu_reserved_start(const struct dmar *dmar)
{
    for (unsigned i = 0; i < dmar->region_count; i++) {
        const struct dmar_region *region = &dmar->regions[i];
        const bool mine = ours(region);
        for (unsigned k = 0; k < region->scopes.count; k++) {
            const struct dmar_scope *scope = &dmar->scopes[region->scopes.first + k];
            struct pci_device *pci = dmar_scope_device(scope, region->segment);
            if (pci == NULL)
                continue;
            log_line("VT-d: %#llx to %#llx is reserved for %04x:%02x:%02x.%u%s",
                     (unsigned long long)region->first, (unsigned long long)region->last,
                     pci->segment, pci->bus, pci->slot, pci->function,
                     mine ? ", but it is RAM in use: refused" : "");
            if (!mine)
                let_host(pci);
        }
    }
}
