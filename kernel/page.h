// SPDX-License-Identifier: BSD-2-Clause
// Physical memory: a bounded table of free extents, handed out at boot.
#pragma once
#include <stdint.h>

struct bootinfo;

enum { PAGE_SIZE = 4096 };
#define PAGE_LARGE (2u << 20)

struct page_extent {
    uint64_t start, end; // physical, on page boundaries; end is exclusive
};

// Takes the RAM of the boot loader's map, without what the map also calls something else, what the
// processor cannot address (said in the log), the first MiB, and the image, which lies at physical
// image_from..image_to (exclusive).
void page_init(const struct bootinfo *info, uint64_t image_from, uint64_t image_to);

// Physically contiguous memory: bytes is rounded up to pages, align is a power of two >= 4096,
// below (exclusive) bounds the last byte, or is 0 for anywhere. Returns the physical address, or
// 0 when there is none. The memory is not cleared.
uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below);

// All memory that page_alloc() may hand out or has handed out, sorted by address: what the direct
// map covers.
const struct page_extent *page_ram(unsigned *count);

uint64_t page_free_bytes(void);
uint64_t page_total_bytes(void); // RAM in the loader's map that can be addressed, bytes
