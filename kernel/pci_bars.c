// SPDX-License-Identifier: BSD-2-Clause
// Base address registers. PCI Local Bus 3.0, 6.2.5.1.
#include "kernel/pci_bars.h"

#include "kernel/log.h"
#include "kernel/pci.h"
#include "kernel/pci_config.h"

enum {
    CLASS_HOST = 0x0600,
    SIZE_BITS_MAX = 46,    // no processor has more physical address bits in use
    SIZE_BITS_MAX_32 = 31, // of a BAR with 32 bits
};

enum { BAR_IO = 1u << 0, BAR_IO_RESERVED = 1u << 1, BAR_TYPE_64 = 2, BAR_TYPE_RESERVED = 3 };

static unsigned bar_count(const struct pci_device *device)
{
    switch (device->header_type & PCI_HEADER_LAYOUT) {
    case PCI_HEADER_NORMAL:
        return PCI_BARS;
    case PCI_HEADER_BRIDGE:
        return 2;
    default:
        return 0;
    }
}

static unsigned bar_offset(unsigned bar)
{
    return PCI_BAR_0 + 4 * bar;
}

// Writes all ones, reads what stuck, and puts the old value back.
static uint32_t probe(const struct pci_device *device, unsigned bar, uint32_t *old)
{
    *old = pci_read(device, bar_offset(bar), 4);
    pci_write(device, bar_offset(bar), 4, 0xffffffff);
    uint32_t stuck = pci_read(device, bar_offset(bar), 4);
    pci_write(device, bar_offset(bar), 4, *old);
    return stuck;
}

// The address bits that stuck must be one run up to the top; then the lowest is the size.
static bool size_from_mask(uint64_t mask, unsigned bits_max, uint64_t *size)
{
    *size = mask & -mask;
    return mask + *size == 0 && *size <= 1ull << bits_max;
}

static bool size_io_bar(struct pci_bar *bar, uint32_t stuck, uint32_t old)
{
    uint64_t mask = stuck & ~3u;
    if (mask >> 16 == 0)
        mask |= 0xffff0000; // the upper half need not be there
    *bar = (struct pci_bar){.io = true, .address = old & ~3u};
    return !(stuck & BAR_IO_RESERVED) &&
           size_from_mask(mask | ~0xffffffffull, SIZE_BITS_MAX_32, &bar->size);
}

static bool size_memory_bar(struct pci_bar *bar, uint64_t stuck, uint64_t old)
{
    bool is64 = (stuck >> 1 & 3) == BAR_TYPE_64;
    uint64_t mask = (stuck & ~15ull) | (is64 ? 0 : ~0xffffffffull);
    *bar = (struct pci_bar){.is64 = is64, .prefetchable = (stuck & 8) != 0};
    if (!size_from_mask(mask, is64 ? SIZE_BITS_MAX : SIZE_BITS_MAX_32, &bar->size))
        return false;
    uint64_t address = old & ~(bar->size - 1);
    if (address <= (1ull << 52) - bar->size)
        bar->address = address;
    return true;
}

// Sizes one BAR; returns how many registers it takes.
static unsigned size_bar(struct pci_device *device, unsigned index, unsigned count)
{
    uint32_t old, old_high = 0, stuck_high = 0;
    uint32_t stuck = probe(device, index, &old);
    bool is64 = !(stuck & BAR_IO) && (stuck >> 1 & 3) == BAR_TYPE_64;
    // The last register has no upper half: then no bits stick there, and it makes no sense.
    if (is64 && index + 1 < count)
        stuck_high = probe(device, index + 1, &old_high);
    if (stuck == 0)
        return 1;

    struct pci_bar *bar = &device->bars[index];
    bool sane;
    if (stuck & BAR_IO)
        sane = size_io_bar(bar, stuck, old);
    else
        sane = (stuck >> 1 & 3) != BAR_TYPE_RESERVED &&
               size_memory_bar(bar, (uint64_t)stuck_high << 32 | stuck,
                               (uint64_t)old_high << 32 | old);
    if (!sane) {
        log_line("PCI: %02x:%02x.%u: BAR %u makes no sense (%#x %#x): ignored", device->bus,
                 device->slot, device->function, index, (unsigned)stuck_high, (unsigned)stuck);
        *bar = (struct pci_bar){0};
    }
    return is64 ? 2 : 1;
}

// A host bridge's BARs are left alone: on some chipsets they decode even when decoding is off.
void pci_size_bars(struct pci_device *device)
{
    unsigned count = bar_count(device);
    device->sized = true;
    if (count == 0 || device->class_code >> 8 == CLASS_HOST)
        return;
    uint32_t command = pci_read(device, PCI_COMMAND, 2);
    uint32_t decoding = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    if (command & decoding)
        pci_write(device, PCI_COMMAND, 2, command & ~decoding);
    for (unsigned i = 0; i < count;)
        i += size_bar(device, i, count);
    if (command & decoding)
        pci_write(device, PCI_COMMAND, 2, command);
}

void pci_write_bar(const struct pci_device *device, unsigned index)
{
    const struct pci_bar *bar = &device->bars[index];
    pci_write(device, bar_offset(index), 4, (uint32_t)bar->address);
    if (bar->is64)
        pci_write(device, bar_offset(index + 1), 4, (uint32_t)(bar->address >> 32));
}

void pci_restore_bars(const struct pci_device *device)
{
    for (unsigned i = 0; i < PCI_BARS; i++)
        if (device->bars[i].size != 0 && device->bars[i].address != 0)
            pci_write_bar(device, i);
}
