// SPDX-License-Identifier: BSD-2-Clause
// An address for an I/O BAR that firmware left without. PCI Local Bus 3.0, 6.2.5.1; PCI-to-PCI
// Bridge 1.2, 3.2.5.6 (I/O base and limit).
//
// Addresses are given out in pages of 256 bytes, the most that an I/O BAR may ask for: from the top
// quarter of the 64 KiB, and then from what is below 0xa000. Elsewhere, and below 0x2000, lie
// registers of chipsets and virtual machines, which no BAR tells of.
#include "kernel/pci_place_io.h"

#include <string.h>

#include "kernel/log.h"
#include "kernel/pci.h"
#include "kernel/pci_bars.h"
#include "kernel/pci_config.h"

enum {
    PAGE_SHIFT = 8,
    PAGES = 256,
    WINDOW_PAGES = 16, // of a bridge: 4 KiB and its multiples
    BAR_IO = 1u << 0,
};

static bool bar_there[PAGES];    // some BAR has the page
static bool window_there[PAGES]; // some bridge passes it on

struct window {
    unsigned first, end; // pages; first == end: none
};

static const struct window allowed[] = {{0xc0, 0x100}, {0x20, 0xa0}};

static struct window window_of(const struct pci_device *bridge)
{
    uint32_t value = pci_read(bridge, PCI_IO_BASE, 2);
    unsigned first = value & 0xf0, last = (value >> 8 & 0xf0) + WINDOW_PAGES;
    if (first == 0 || first >= last)
        return (struct window){0};
    return (struct window){first, last};
}

static bool is_bridge(const struct pci_device *device)
{
    return (device->header_type & PCI_HEADER_LAYOUT) == PCI_HEADER_BRIDGE;
}

// Looks at what every function's registers say; sizes nothing.
static void note_all(void)
{
    memset(bar_there, 0, sizeof bar_there);
    memset(window_there, 0, sizeof window_there);
    for (size_t i = 0; i < pci_count(); i++) {
        const struct pci_device *device = pci_at(i);
        const unsigned bars = is_bridge(device) ? 2 : PCI_BARS;
        for (unsigned bar = 0; bar < bars; bar++) {
            uint32_t value = pci_read(device, PCI_BAR_0 + 4 * bar, 4);
            if ((value & BAR_IO) != 0 && value >> 16 == 0)
                bar_there[value >> PAGE_SHIFT] = true;
        }
        if (!is_bridge(device))
            continue;
        struct window window = window_of(device);
        for (unsigned page = window.first; page < window.end; page++)
            window_there[page] = true;
    }
}

// `pages` pages in a row, at a multiple of so many, inside the window, that are free. 0: there are
// none.
static unsigned find_pages(struct window within, unsigned pages, bool windows_too)
{
    for (unsigned first = within.first; first + pages <= within.end; first += pages) {
        unsigned page = first;
        while (page < first + pages && !bar_there[page] && !(windows_too && window_there[page]))
            page++;
        if (page == first + pages)
            return first;
    }
    return 0;
}

static void set_window(const struct pci_device *bridge, struct window window)
{
    pci_write(bridge, PCI_IO_BASE, 2,
              (window.first & 0xf0) | ((window.end - WINDOW_PAGES) & 0xf0) << 8);
}

// The same for a root bus.
static unsigned find_root_pages(unsigned pages)
{
    unsigned first = find_pages(allowed[0], pages, true);
    return first != 0 ? first : find_pages(allowed[1], pages, true);
}

// What all bridges above the function pass on; those that pass on nothing begin to. None when their
// windows do not fit into each other, or there is no room.
static struct window window_above(const struct pci_device *device)
{
    struct window common = {0};
    for (const struct pci_device *bridge = device->bridge; bridge != NULL;
         bridge = bridge->bridge) {
        struct window window = window_of(bridge);
        if (window.end == 0)
            continue;
        if (common.end == 0)
            common = window;
        else if (window.first > common.first || window.end < common.end)
            return (struct window){0};
    }
    if (common.end == 0) {
        unsigned first = find_root_pages(WINDOW_PAGES);
        if (first == 0)
            return (struct window){0};
        common = (struct window){first, first + WINDOW_PAGES};
    }
    for (const struct pci_device *bridge = device->bridge; bridge != NULL; bridge = bridge->bridge)
        if (window_of(bridge).end == 0)
            set_window(bridge, common);
    return common;
}

bool pci_place_io(struct pci_device *device, unsigned bar)
{
    struct pci_bar *found = &device->bars[bar];
    if (!found->io || found->size == 0 || found->size > 1u << PAGE_SHIFT)
        return false;
    if (found->address != 0)
        return true;
    note_all();
    unsigned page =
        device->bridge == NULL ? find_root_pages(1) : find_pages(window_above(device), 1, false);
    if (page == 0) {
        log_line("PCI: %02x:%02x.%u: no I/O addresses are left for BAR %u", device->bus,
                 device->slot, device->function, bar);
        return false;
    }
    found->address = (uint64_t)page << PAGE_SHIFT;
    pci_write_bar(device, bar);
    return true;
}
