// SPDX-License-Identifier: BSD-2-Clause
// Physical memory. Everything is allocated at boot and kept, so a short table of free extents,
// sorted by address, is all that is needed.
#include "kernel/page.h"

#include <string.h>

#include "kernel/bootinfo.h"
#include "kernel/cpu.h"
#include "kernel/log.h"

enum { EXTENTS_MAX = 2 * BOOT_RANGES_MAX };
#define LOW_MEMORY 0x100000ull // below: BIOS data, EBDA, option ROMs

static struct page_extent extents[EXTENTS_MAX]; // free
static unsigned extent_count;
static struct page_extent ram[EXTENTS_MAX]; // as it was before the first page_alloc()
static unsigned ram_count;
static uint64_t total_bytes;

static void remove_extent(unsigned index)
{
    extent_count--;
    for (unsigned i = index; i < extent_count; i++)
        extents[i] = extents[i + 1];
}

// Puts an extent in its place and returns how many were added, 0 or 1. When the table is full the
// memory is simply not used.
static unsigned insert_extent(uint64_t start, uint64_t end)
{
    if (start >= end || extent_count == EXTENTS_MAX)
        return 0;
    unsigned place = extent_count;
    for (; place > 0 && extents[place - 1].start > start; place--)
        extents[place] = extents[place - 1];
    extents[place] = (struct page_extent){start, end};
    extent_count++;
    return 1;
}

static void merge_overlaps(void)
{
    for (unsigned i = 0; i + 1 < extent_count;) {
        struct page_extent *here = &extents[i], *next = &extents[i + 1];
        if (here->end < next->start) {
            i++;
            continue;
        }
        if (next->end > here->end)
            here->end = next->end;
        remove_extent(i + 1);
    }
}

static void exclude(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < extent_count;) {
        struct page_extent old = extents[i];
        if (old.end <= start || old.start >= end) {
            i++;
            continue;
        }
        remove_extent(i);
        if (old.start < start)
            i += insert_extent(old.start, start);
        if (old.end > end)
            i += insert_extent(end, old.end);
    }
}

static uint64_t sum(void)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < extent_count; i++)
        bytes += extents[i].end - extents[i].start;
    return bytes;
}

// A table entry for what the processor cannot address would fault (SDM volume 3, 4.5).
static void exclude_unreachable(void)
{
    const uint64_t limit = cpu_physical_limit(), before = sum();
    exclude(limit, UINT64_MAX);
    if (sum() != before)
        log_line("memory map: %llu KiB lie above %#llx, which the processor cannot address: "
                 "ignored",
                 (unsigned long long)(before - sum()) / 1024, (unsigned long long)limit);
}

void page_init(const struct bootinfo *info, uint64_t image_from, uint64_t image_to)
{
    const uint64_t mask = PAGE_SIZE - 1;
    extent_count = 0;
    for (unsigned i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind == BOOT_RAM)
            insert_extent((range->base + mask) & ~mask, (range->base + range->length) & ~mask);
    }
    merge_overlaps();
    // Firmware may describe a place twice; what is not plainly RAM is not RAM.
    for (unsigned i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind != BOOT_RAM)
            exclude(range->base & ~mask, (range->base + range->length + mask) & ~mask);
    }
    exclude_unreachable();
    total_bytes = sum();
    exclude(0, LOW_MEMORY);
    exclude(image_from & ~mask, (image_to + mask) & ~mask);
    memcpy(ram, extents, sizeof ram);
    ram_count = extent_count;
}

const struct page_extent *page_ram(unsigned *count)
{
    *count = ram_count;
    return ram;
}

// From the top down: memory above 4 GiB is used first, and what lies low stays free for devices
// and code that can reach nothing else.
uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below)
{
    const uint64_t mask = PAGE_SIZE - 1;
    if (bytes == 0 || bytes > UINT64_MAX - mask || align < PAGE_SIZE || (align & (align - 1)) != 0)
        return 0;
    bytes = (bytes + mask) & ~mask;
    for (unsigned i = extent_count; i-- > 0;) {
        struct page_extent old = extents[i];
        uint64_t top = below != 0 && below < old.end ? below & ~mask : old.end;
        if (top < old.start || bytes > top - old.start)
            continue;
        uint64_t start = (top - bytes) & ~(align - 1);
        if (start < old.start)
            continue;
        exclude(start, start + bytes);
        return start;
    }
    return 0;
}

uint64_t page_free_bytes(void)
{
    return sum();
}

uint64_t page_total_bytes(void)
{
    return total_bytes;
}
