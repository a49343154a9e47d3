// SPDX-License-Identifier: BSD-2-Clause
// Addresses for BARs that have none, and for the windows of the bridges above them. PCI-to-PCI
// Bridge 1.2, 3.2.5.6 to 3.2.5.9.
//
// Firmware places everything on most machines; qboot, and what was plugged in late, leave BARs at
// 0. Those are packed, largest first, into the largest hole below the bridge's window or, on a root
// bus, between the memory and the fixed addresses of the platform. Sizes being powers of two,
// nothing is lost between them. Prefetchable BARs may lie in a window that is not prefetchable, so
// a bridge that has no window gets that one only. I/O BARs are placed when a driver asks for them
// (pci_place_io.h).
#include "kernel/pci_place.h"

#include "kernel/acpi.h"
#include "kernel/bootinfo.h"
#include "kernel/log.h"
#include "kernel/pci.h"
#include "kernel/pci_bars.h"
#include "kernel/pci_config.h"

#define FOUR_GIB 0x100000000ull
#define HOLE_END 0xfc000000ull // above: chipset, I/O APICs, local APICs, firmware

enum {
    SIZE_BITS_MIN = 12, // no two functions share a page
    SIZE_BITS_MAX = 31, // what is larger finds no place below 4 GiB: not tried
    WINDOW_BITS_MIN = 20,
    USED_MAX = BOOT_RANGES_MAX + ACPI_ECAM_MAX + PCI_DEVICES_MAX * (PCI_BARS + 2),
};

struct extent {
    uint64_t base, end; // exclusive; base == end: empty
    bool window;        // of a bridge: what is below it lies inside
};

static struct extent used[USED_MAX];
static size_t used_count;

// What the bridge at the same place in the table has to find room for, and where.
static struct plan {
    uint64_t need; // bytes; 0: nothing behind it is without an address
    struct extent window;
} plans[PCI_DEVICES_MAX];

// The memory window of a bridge; empty when there is none.
static struct extent memory_window(const struct pci_device *bridge)
{
    uint32_t value = pci_read(bridge, PCI_MEMORY_BASE, 4);
    uint64_t base = (uint64_t)(value & 0xfff0) << 16;
    uint64_t end = (uint64_t)(value & 0xfff00000) + (1u << WINDOW_BITS_MIN);
    if (base == 0 || base >= end)
        return (struct extent){0};
    return (struct extent){base, end, true};
}

static struct extent prefetch_window(const struct pci_device *bridge)
{
    uint32_t value = pci_read(bridge, PCI_PREFETCH_BASE, 4);
    uint64_t base = (uint64_t)(value & 0xfff0) << 16;
    uint64_t last = value & 0xfff00000;
    if ((value & 0xf) == 1) { // 64-bit
        base |= (uint64_t)pci_read(bridge, PCI_PREFETCH_BASE_HIGH, 4) << 32;
        last |= (uint64_t)pci_read(bridge, PCI_PREFETCH_LIMIT_HIGH, 4) << 32;
    }
    if (base == 0 || base > last)
        return (struct extent){0};
    return (struct extent){base, last + (1u << WINDOW_BITS_MIN), true};
}

// One memory window, the prefetchable one closed: after reset both would show the first MiB.
static void set_window(const struct pci_device *bridge, struct extent window)
{
    pci_write(bridge, PCI_MEMORY_BASE, 4,
              (uint32_t)((window.base >> 16 & 0xfff0) | ((window.end - 1) & 0xfff00000)));
    if (prefetch_window(bridge).end == 0)
        pci_write(bridge, PCI_PREFETCH_BASE, 4, 0x0000fff0);
}

static void add_used(struct extent extent)
{
    if (extent.base < extent.end && used_count < USED_MAX)
        used[used_count++] = extent;
}

static bool in_memory(const struct bootinfo *info, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind == BOOT_RAM && base < range->base + range->length &&
            range->base < base + size)
            return true;
    }
    return false;
}

// A BAR that firmware, or the device, put on top of memory must move.
static void forget_misplaced(struct pci_device *device, const struct bootinfo *info)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        struct pci_bar *bar = &device->bars[i];
        if (bar->io || bar->address == 0 || !in_memory(info, bar->address, bar->size))
            continue;
        log_line("PCI: %02x:%02x.%u: BAR %u at %#llx lies in memory: moved", device->bus,
                 device->slot, device->function, i, (unsigned long long)bar->address);
        bar->address = 0;
    }
}

static void note_bars(const struct pci_device *device)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];
        if (!bar->io && bar->address != 0)
            add_used((struct extent){bar->address, bar->address + bar->size, false});
    }
}

static void note_used(const struct pci_device *devices, size_t count, const struct bootinfo *info)
{
    used_count = 0;
    for (unsigned i = 0; i < info->range_count; i++)
        add_used((struct extent){info->ranges[i].base,
                                 info->ranges[i].base + info->ranges[i].length, false});
    for (unsigned i = 0; i < acpi()->ecam_count; i++) {
        const struct acpi_ecam *ecam = &acpi()->ecam[i];
        add_used((struct extent){ecam->base + ((uint64_t)ecam->first_bus << 20),
                                 ecam->base + ((ecam->last_bus + 1ull) << 20), false});
    }
    for (size_t i = 0; i < count; i++) {
        note_bars(&devices[i]);
        plans[i] = (struct plan){0};
        if (devices[i].secondary == 0)
            continue;
        plans[i].window = memory_window(&devices[i]);
        add_used(plans[i].window);
        add_used(prefetch_window(&devices[i]));
    }
}

// The end of the free space that begins at start, or start when it is in use. Windows around all of
// limits are those of the bridge itself and of the bridges above.
static uint64_t free_until(uint64_t start, struct extent limits)
{
    uint64_t end = limits.end;
    for (size_t i = 0; i < used_count; i++) {
        const struct extent *extent = &used[i];
        if (extent->window && extent->base <= limits.base && extent->end >= limits.end)
            continue;
        if (extent->base <= start && start < extent->end)
            return start;
        if (extent->base > start && extent->base < end)
            end = extent->base;
    }
    return end;
}

static struct extent largest_hole(struct extent limits)
{
    struct extent best = {limits.base, free_until(limits.base, limits), false};
    for (size_t i = 0; i < used_count; i++) {
        uint64_t start = used[i].end;
        if (start <= limits.base || start >= limits.end)
            continue;
        uint64_t end = free_until(start, limits);
        if (end - start > best.end - best.base)
            best = (struct extent){start, end, false};
    }
    return best;
}

// On a root bus: above all memory that is below 4 GiB.
static struct extent root_hole(const struct bootinfo *info)
{
    struct extent limits = {1 << WINDOW_BITS_MIN, HOLE_END, false};
    for (unsigned i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        uint64_t end = range->base + range->length;
        if (range->kind != BOOT_RESERVED && end <= FOUR_GIB && end > limits.base)
            limits.base = end;
    }
    return limits.base < limits.end ? largest_hole(limits) : (struct extent){0};
}

static uint64_t power_of_two(uint64_t bytes, unsigned bits)
{
    while (1ull << bits < bytes)
        bits++;
    return 1ull << bits;
}

// Bytes to set aside for a BAR; 0 when it has an address, or cannot be given one.
static uint64_t bar_need(const struct pci_bar *bar)
{
    if (bar->size == 0 || bar->size > 1ull << SIZE_BITS_MAX || bar->io || bar->address != 0)
        return 0;
    return power_of_two(bar->size, SIZE_BITS_MIN);
}

// Bytes to set aside for the window of a bridge; 0 when it has one or needs none.
static uint64_t window_need(const struct plan *plan)
{
    if (plan->need == 0 || plan->window.end != 0)
        return 0;
    return power_of_two(plan->need, WINDOW_BITS_MIN);
}

// A bridge stands before what is behind it in the table: backwards is from the leaves to the root.
// Returns what the root buses need.
static uint64_t add_up(const struct pci_device *devices, size_t count)
{
    uint64_t root = 0;
    for (size_t i = count; i-- > 0;) {
        uint64_t bytes = window_need(&plans[i]);
        for (unsigned bar = 0; bar < PCI_BARS; bar++)
            bytes += bar_need(&devices[i].bars[bar]);
        if (devices[i].bridge != NULL)
            plans[devices[i].bridge - devices].need += bytes;
        else
            root += bytes;
    }
    return root;
}

// Takes size bytes, aligned to their size, from the upper end of the hole. 0 when they do not fit.
static uint64_t take(struct extent *hole, uint64_t size)
{
    if (size > hole->end || ((hole->end - size) & ~(size - 1)) < hole->base)
        return 0;
    hole->end = (hole->end - size) & ~(size - 1);
    return hole->end;
}

// Places what one function needs and is exactly this large. Returns how many things did not fit.
static unsigned place(struct pci_device *device, struct plan *plan, uint64_t size,
                      struct extent *hole)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        struct pci_bar *bar = &device->bars[i];
        if (bar_need(bar) != size)
            continue;
        bar->address = take(hole, size);
        if (bar->address != 0)
            pci_write_bar(device, i);
        else
            failed++;
    }
    if (window_need(plan) == size) {
        uint64_t base = take(hole, size);
        if (base != 0) {
            plan->window = (struct extent){base, base + size, true};
            set_window(device, plan->window);
        } else {
            failed++;
        }
    }
    return failed;
}

// Places everything right behind this bridge (NULL: on the root buses), largest first.
static void place_behind(struct pci_device *devices, size_t count, const struct pci_device *bridge,
                         struct extent hole)
{
    unsigned failed = 0;
    for (unsigned bits = SIZE_BITS_MAX; bits >= SIZE_BITS_MIN; bits--)
        for (size_t i = 0; i < count; i++)
            if (devices[i].bridge == bridge)
                failed += place(&devices[i], &plans[i], 1ull << bits, &hole);
    if (failed > 0)
        log_line("PCI: no room for %u BARs or windows on bus %02x", failed,
                 bridge != NULL ? bridge->secondary : 0);
}

static bool any_missing(const struct pci_device *devices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned bar = 0; bar < PCI_BARS; bar++)
            if (bar_need(&devices[i].bars[bar]) != 0)
                return true;
    return false;
}

static void place_missing(struct pci_device *devices, size_t count, const struct bootinfo *info)
{
    for (size_t i = 0; i < count; i++) {
        if (devices[i].sized)
            continue;
        pci_size_bars(&devices[i]);
        forget_misplaced(&devices[i], info);
    }

    note_used(devices, count, info);
    uint64_t root_need = add_up(devices, count);
    if (root_need > 0) {
        struct extent hole = root_hole(info);
        log_line("PCI: %llu KiB of BARs to place between %#llx and %#llx",
                 (unsigned long long)root_need / 1024, (unsigned long long)hole.base,
                 (unsigned long long)hole.end);
        place_behind(devices, count, NULL, hole);
    }
    for (size_t i = 0; i < count; i++) // bridges above come first: their windows are set by now
        if (plans[i].need > 0)
            place_behind(devices, count, &devices[i], largest_hole(plans[i].window));
}

static void report_too_large(const struct pci_device *device)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];
        if (bar->address == 0 && bar->size > 1ull << SIZE_BITS_MAX)
            log_line("PCI: %02x:%02x.%u: BAR %u of %llu MiB stays without an address: below 4 GiB "
                     "there is none for more than %llu MiB",
                     device->bus, device->slot, device->function, i,
                     (unsigned long long)bar->size >> 20, 1ull << SIZE_BITS_MAX >> 20);
    }
}

void pci_place_bars(struct pci_device *devices, size_t count, const struct bootinfo *info)
{
    for (size_t i = 0; i < count; i++)
        forget_misplaced(&devices[i], info);
    if (any_missing(devices, count))
        place_missing(devices, count, info);
    for (size_t i = 0; i < count; i++)
        report_too_large(&devices[i]);
}
