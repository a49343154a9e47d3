// SPDX-License-Identifier: BSD-2-Clause
// The IOMMU of the machine: all VT-d units together. Intel VT-d (D51397-018, revision 5.10), 3.4.1
// (requester ids), 8.4 (reserved regions), 9.3 (context entries).
#include "kernel/iommu.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "kernel/acpi.h"
#include "kernel/acpi_tables.h"
#include "kernel/apic.h"
#include "kernel/dmar.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/iommu_reserved.h"
#include "kernel/log.h"
#include "kernel/pci_express.h"
#include "kernel/vm.h"
#include "kernel/vtd_regs.h"

enum {
    WHY_MAX = 96,
    DOMAIN_PASS = 1, // of what passes through; 0 means "absent" to a unit in caching mode (6.1)
};

static struct dmar dmar;
static struct vtd units[DMAR_UNITS_MAX];
static bool on;
static bool x2apic = true; // interrupts can be remapped in that mode, or there is nothing to remap
static char why[WHY_MAX] = "this machine has no VT-d (no DMAR table)";
static uint16_t next_domain = DOMAIN_PASS + 1;

static void open_units(void)
{
    why[0] = '\0';
    x2apic = !dmar.no_x2apic;
    for (unsigned i = 0; i < dmar.unit_count; i++) {
        const struct dmar_unit *found = &dmar.units[i];
        const char *wrong = vtd_open(&units[i], found->base, found->segment);
        x2apic = x2apic && VTD_ECAP_X2APIC(units[i].extended);
        if (wrong != NULL)
            snprintf(why, sizeof why, "VT-d at %#llx: %s", (unsigned long long)found->base, wrong);
        log_line("VT-d at %#llx: %u-bit addresses, %s%s%s%s", (unsigned long long)found->base,
                 VTD_CAP_ADDRESS_BITS(units[i].capability),
                 VTD_ECAP_COHERENT(units[i].extended) ? "coherent" : "not coherent",
                 VTD_CAP_CACHING(units[i].capability) ? ", caching mode" : "",
                 wrong != NULL ? ": not used: " : "", wrong != NULL ? wrong : "");
    }
    if (dmar.unit_count == 0)
        snprintf(why, sizeof why, "the DMAR table names no VT-d unit");
    else if (!dmar.interrupt_remapping && why[0] == '\0')
        snprintf(why, sizeof why, "firmware says that interrupts cannot be remapped (DMAR flags)");
}

void iommu_init(void)
{
    const uint64_t address = acpi()->dmar;
    const struct acpi_header *table = address != 0 ? vm_map_readonly(address, sizeof *table) : NULL;
    if (table == NULL)
        return;
    const uint32_t length = table->length; // checked by acpi_init(), as the checksum was
    table = vm_map_readonly(address, length);
    if (table == NULL || !dmar_parse(&dmar, table, length)) {
        dmar = (struct dmar){0};
        snprintf(why, sizeof why, "the DMAR table is broken");
        return;
    }
    open_units();
}

bool iommu_x2apic(void)
{
    return x2apic;
}

const char *iommu_missing(void)
{
    if (why[0] == '\0' && apic_x2apic() && !x2apic)
        return "VT-d cannot remap interrupts in x2APIC mode, in which firmware left the processor";
    return why[0] != '\0' ? why : NULL;
}

bool iommu_on(void)
{
    return on;
}

int iommu_start(bool wanted)
{
    if (wanted && iommu_missing() != NULL)
        return -ENODEV;
    for (unsigned i = 0; i < dmar.unit_count; i++) {
        if (units[i].registers == NULL)
            continue;
        const int error =
            wanted ? vtd_on(&units[i], interrupt_table(), apic_x2apic()) : vtd_off(&units[i]);
        if (error != 0) {
            log_line("VT-d at %#llx: cannot be turned %s: error %d",
                     (unsigned long long)units[i].base, wanted ? "on" : "off", -error);
            return error;
        }
    }
    if (!wanted)
        return 0;
    on = true;
    log_line("VT-d: %u unit%s on, cards reach nothing unless allowed, interrupts are remapped",
             dmar.unit_count, dmar.unit_count == 1 ? "" : "s");
    iommu_reserved_start(&dmar);
    return 0;
}

// The conventional PCI bridge nearest to the root that the function is behind: all behind it share
// requester ids (3.4.1). NULL: there is none.
static const struct pci_device *shared_bridge(const struct pci_device *pci)
{
    const struct pci_device *shared = NULL;
    for (const struct pci_device *above = pci->bridge; above != NULL; above = above->bridge) {
        const unsigned type = pci_express_type(above);
        if (type == PCI_EXPRESS_NONE || type == PCI_EXPRESS_TO_PCI)
            shared = above;
    }
    return shared;
}

static uint16_t own_id(const struct pci_device *pci)
{
    return (uint16_t)(pci->bus << 8 | pci->slot << 3 | pci->function);
}

uint16_t iommu_source(const struct pci_device *pci)
{
    const struct pci_device *shared = shared_bridge(pci);
    if (shared == NULL)
        return own_id(pci);
    if (pci_express(shared) == 0)
        return own_id(shared);
    return (uint16_t)(shared->secondary << 8); // from PCI Express: device 0 of the bus behind it
}

// Fills in everything but what the function may reach.
static const char *prepare(struct iommu_device *device, struct pci_device *pci)
{
    *device = (struct iommu_device){0};
    const int unit = dmar_unit_of(&dmar, pci);
    if (unit < 0)
        return "no VT-d unit translates for this card (DMAR table)";
    device->unit = &units[unit];
    device->pci = pci;
    return NULL;
}

const char *iommu_confine(struct iommu_device *device, struct pci_device *pci)
{
    if (!on)
        return "VT-d is off";
    if (shared_bridge(pci) != NULL)
        return "the card is behind a conventional PCI bridge, which hides who is asking";
    const char *wrong = prepare(device, pci);
    if (wrong != NULL)
        return wrong;
    if (next_domain >= VTD_CAP_DOMAINS(device->unit->capability))
        wrong = "VT-d has no further domain";
    else if (iommu_domain_init(&device->domain, device->unit, next_domain) != 0)
        wrong = "no memory is left for its page tables";
    if (wrong != NULL) {
        *device = (struct iommu_device){0};
        return wrong;
    }
    next_domain++;
    device->confined = true;
    iommu_reserved_map(&dmar, device);
    return NULL;
}

const char *iommu_release(struct iommu_device *device, struct pci_device *pci)
{
    *device = (struct iommu_device){0};
    if (!on)
        return NULL;
    const char *wrong = prepare(device, pci);
    if (wrong == NULL && !VTD_ECAP_PASS_THROUGH(device->unit->extended))
        wrong = "VT-d is on for other ports, and this one has no pass-through";
    if (wrong != NULL)
        *device = (struct iommu_device){0};
    return wrong;
}

int iommu_map(struct iommu_device *device, uint64_t address, uint64_t bytes, bool write)
{
    return iommu_domain_map(&device->domain, address, bytes, write);
}

// The context entries of the function: of its own id, and of those that a bridge gives to it.
static int set_contexts(const struct iommu_device *device, uint64_t low, uint64_t high)
{
    int error = vtd_set_context(device->unit, own_id(device->pci), low, high);
    const struct pci_device *shared = shared_bridge(device->pci);
    if (error != 0 || shared == NULL)
        return error;
    error = vtd_set_context(device->unit, own_id(shared), low, high);
    return error != 0 ? error : vtd_set_context(device->unit, iommu_source(device->pci), low, high);
}

int iommu_attach(struct iommu_device *device)
{
    if (device->pci == NULL)
        return 0;
    if (device->confined)
        return set_contexts(device, iommu_domain_context_low(&device->domain),
                            iommu_domain_context_high(&device->domain));
    // 9.3: with pass-through, AW must be the greatest width that the unit has.
    const bool wide = (VTD_CAP_WIDTHS(device->unit->capability) & 1u << VTD_WIDTH_48) != 0;
    return set_contexts(device, VTD_PRESENT | VTD_CONTEXT_PASS,
                        (wide ? VTD_WIDTH_48 : VTD_WIDTH_39) | VTD_CONTEXT_DOMAIN(DOMAIN_PASS));
}

int iommu_detach(struct iommu_device *device)
{
    return device->pci != NULL ? set_contexts(device, 0, 0) : 0;
}

void iommu_flush(const void *address, uint64_t bytes)
{
    for (unsigned i = 0; i < dmar.unit_count; i++)
        vtd_flush(&units[i], address, bytes);
}

void iommu_forget_interrupts(void)
{
    for (unsigned i = 0; on && i < dmar.unit_count; i++)
        vtd_forget_interrupts(&units[i]);
}

unsigned iommu_take_faults(struct iommu_fault *faults, unsigned max, bool *lost)
{
    unsigned taken = 0;
    *lost = false;
    for (unsigned i = 0; on && i < dmar.unit_count; i++) {
        struct vtd_fault some[8];
        const unsigned room = max - taken < 8 ? max - taken : 8;
        bool more;
        const unsigned count = vtd_take_faults(&units[i], some, room, &more);
        *lost |= more;
        for (unsigned k = 0; k < count; k++)
            faults[taken++] = (struct iommu_fault){units[i].segment, some[k]};
    }
    return taken;
}
