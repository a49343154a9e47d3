// SPDX-License-Identifier: BSD-2-Clause
// MSI-X. PCI Local Bus 3.0, 6.8.2 (layout) and 6.8.3 (masking, and the order of things).
#include "kernel/msix.h"

#include <errno.h>
#include <stddef.h>

#include "kernel/apic.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/pci.h"
#include "kernel/trap.h"
#include "kernel/vm.h"

enum {
    TABLE = 4,     // offset in the capability
    TABLE_BIR = 7, // in TABLE
    // 32-bit words of an entry
    ENTRY_ADDRESS = 0,
    ENTRY_ADDRESS_HIGH = 1,
    ENTRY_DATA = 2,
    ENTRY_CONTROL = 3,
    ENTRY_WORDS = 4,
    ENTRY_MASKED = 1u << 0,
};

enum {
    VECTOR_FIRST = 0x30, // the 8259s were moved to what lies below
    VECTOR_LAST = TRAP_DEVICE_LAST,
};

static bool vector_taken[VECTOR_LAST + 1];

static void nobody(void *context)
{
    (void)context;
}

static void interrupted(void *context)
{
    struct msix_route *route = context;
    *route->control = ENTRY_MASKED;
    route->masked = true;
    route->handler(route->context);
}

// 0 when all are taken.
static uint8_t take_vector(void)
{
    for (unsigned vector = VECTOR_FIRST; vector <= VECTOR_LAST; vector++) {
        if (vector_taken[vector])
            continue;
        vector_taken[vector] = true;
        return (uint8_t)vector;
    }
    return 0;
}

static void write_control(const struct msix *msix, uint32_t set, uint32_t clear)
{
    uint32_t value = pci_read(msix->device, msix->capability + MSIX_CONTROL, 2);
    pci_write(msix->device, msix->capability + MSIX_CONTROL, 2, (value | set) & ~clear);
}

// Maps the table, after checking that it lies inside its BAR.
static int map_table(struct msix *msix)
{
    uint32_t location = pci_read(msix->device, msix->capability + TABLE, 4);
    unsigned index = location & TABLE_BIR;
    uint64_t offset = location & ~(uint32_t)TABLE_BIR;
    uint64_t bytes = (uint64_t)msix->count * ENTRY_WORDS * sizeof(uint32_t);
    if (index >= PCI_BARS)
        return -EINVAL;
    const struct pci_bar *bar = &msix->device->bars[index];
    if (bar->io || bar->address == 0 || offset > bar->size || bytes > bar->size - offset)
        return -EINVAL;
    msix->table = vm_map_device(bar->address + offset, bytes);
    return msix->table != NULL ? 0 : -ENOMEM;
}

static void mask_entries(const struct msix *msix)
{
    for (unsigned i = 0; i < msix->count; i++)
        msix->table[i * ENTRY_WORDS + ENTRY_CONTROL] = ENTRY_MASKED;
}

int msix_open(struct msix *msix, struct pci_device *device)
{
    *msix = (struct msix){.device = device};
    unsigned capability = pci_capability(device, MSIX_CAPABILITY, 0);
    if (capability == 0)
        return -ENOENT;
    msix->capability = capability;
    msix->count = (pci_read(device, capability + MSIX_CONTROL, 2) & MSIX_CONTROL_SIZE) + 1;
    int error = map_table(msix);
    if (error != 0) {
        *msix = (struct msix){0};
        return error;
    }
    pci_memory_decoding(device);
    // Everything is masked at once while the entries are still undefined.
    write_control(msix, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL, 0);
    mask_entries(msix);
    write_control(msix, 0, MSIX_CONTROL_MASK_ALL);
    return 0;
}

int msix_route(struct msix *msix, unsigned entry, uint8_t group, void (*handler)(void *context),
               void *context)
{
    if (msix->capability == 0 || entry >= msix->count)
        return -ENOENT;
    if (msix->route_count == MSIX_ROUTES_MAX)
        return -EMFILE;
    if (!apic_present())
        return -ENODEV;
    uint8_t vector = take_vector();
    if (vector == 0)
        return -ENOSPC;
    struct apic_message message;
    if (!interrupt_message(msix->device, vector, &message)) {
        vector_taken[vector] = false;
        return -EOPNOTSUPP;
    }
    volatile uint32_t *words = msix->table + (size_t)entry * ENTRY_WORDS;
    struct msix_route *route = &msix->routes[msix->route_count++];
    *route = (struct msix_route){words + ENTRY_CONTROL, handler, context, vector, group, false};
    trap_set_handler(vector, interrupted, route);

    // An entry may change only while it is masked (6.8.3.5).
    words[ENTRY_CONTROL] = ENTRY_MASKED;
    words[ENTRY_ADDRESS] = (uint32_t)message.address;
    words[ENTRY_ADDRESS_HIGH] = (uint32_t)(message.address >> 32);
    words[ENTRY_DATA] = message.data;
    words[ENTRY_CONTROL] = 0;
    return 0;
}

bool msix_waiting(const struct msix *msix, uint8_t group)
{
    for (unsigned i = 0; i < msix->route_count; i++)
        if (msix->routes[i].group == group && msix->routes[i].masked)
            return true;
    return false;
}

void msix_rearm(struct msix *msix, uint8_t group)
{
    for (unsigned i = 0; i < msix->route_count; i++) {
        struct msix_route *route = &msix->routes[i];
        if (route->group != group || !route->masked)
            continue;
        route->masked = false; // first: the interrupt may come at once, and masks again
        *route->control = 0;
    }
}

void msix_close(struct msix *msix)
{
    if (msix->capability == 0)
        return;
    write_control(msix, MSIX_CONTROL_MASK_ALL, 0);
    mask_entries(msix);
    write_control(msix, 0, MSIX_CONTROL_ENABLE);
    (void)pci_read(msix->device, msix->capability + MSIX_CONTROL, 2); // the writes have arrived
    // A message that was on its way still finds a handler, which does nothing.
    for (unsigned i = 0; i < msix->route_count; i++) {
        trap_set_handler(msix->routes[i].vector, nobody, NULL);
        interrupt_withdraw(msix->routes[i].vector);
        vector_taken[msix->routes[i].vector] = false;
    }
    *msix = (struct msix){0};
}
