// SPDX-License-Identifier: BSD-2-Clause
// Interrupt remapping. Intel VT-d (D51397-018, revision 5.10), 5.1.2.2 (remappable requests), 9.9
// (table entries).
#include "kernel/iommu_interrupt.h"

#include "kernel/iommu.h"
#include "kernel/vm.h"
#include "kernel/vtd_regs.h"

enum {
    ENTRIES = 256, // the index of an entry is the vector that it leads to
    REMAPPABLE = 1u << 4,
    HANDLE_SHIFT = 5,
};
#define MESSAGE_ADDRESS 0xfee00000ull

static _Alignas(4096) volatile uint64_t interrupt_entries[ENTRIES][2];

uint64_t interrupt_table(void)
{
    return vm_physical((const void *)interrupt_entries);
}

static void set_entry(uint8_t vector, uint64_t low, uint64_t high)
{
    interrupt_entries[vector][0] = 0; // absent while it changes
    interrupt_entries[vector][1] = high;
    interrupt_entries[vector][0] = low;
    iommu_flush((const void *)interrupt_entries[vector], sizeof interrupt_entries[vector]);
    iommu_forget_interrupts();
}

// Fixed delivery, edge triggered, to one processor by its physical id, from one requester.
bool interrupt_message(const struct pci_device *device, uint8_t vector,
                       struct apic_message *message)
{
    if (!iommu_on())
        return apic_compose_message(apic_id(), vector, message);
    const uint32_t target = apic_id();
    if (!apic_x2apic() && target > 0xff)
        return false;
    set_entry(vector,
              VTD_PRESENT | VTD_IRTE_VECTOR(vector) |
                  (apic_x2apic() ? VTD_IRTE_TARGET(target) : VTD_IRTE_TARGET8(target)),
              VTD_IRTE_SOURCE(iommu_source(device)));
    *message = (struct apic_message){
        .address = MESSAGE_ADDRESS | REMAPPABLE | (uint64_t)vector << HANDLE_SHIFT,
        .data = 0,
    };
    return true;
}

void interrupt_withdraw(uint8_t vector)
{
    if (iommu_on())
        set_entry(vector, 0, 0);
}

uint64_t interrupt_latest(void)
{
    for (unsigned vector = ENTRIES; iommu_on() && vector-- > 0;)
        if (interrupt_entries[vector][0] & VTD_PRESENT)
            return MESSAGE_ADDRESS | REMAPPABLE | (uint64_t)vector << HANDLE_SHIFT;
    return MESSAGE_ADDRESS;
}
