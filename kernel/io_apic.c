// SPDX-License-Identifier: BSD-2-Clause
// The I/O APICs. Intel 82093AA data sheet, 3.1 (register access) and 3.2 (registers).
#include "kernel/io_apic.h"

#include <stddef.h>
#include <stdint.h>

#include "kernel/acpi.h"
#include "kernel/log.h"
#include "kernel/vm.h"

// 32-bit words of the page (3.1)
enum { SELECT = 0x00 / 4, WINDOW = 0x10 / 4, PAGE_BYTES = 0x20 };

// What SELECT takes (3.2)
enum {
    VERSION = 0x01,
    REDIRECTION = 0x10, // lower half of the first entry; 2 registers an entry
    SELECT_MAX = 0xff,
};

enum {
    ENTRY_DELIVERY = 7u << 8, // 3.2.4
    DELIVERY_SMI = 2u << 8,
    ENTRY_MASKED = 1u << 16,
};

static uint32_t read_register(volatile uint32_t *page, unsigned number)
{
    page[SELECT] = number;
    return page[WINDOW];
}

static void write_register(volatile uint32_t *page, unsigned number, uint32_t value)
{
    page[SELECT] = number;
    page[WINDOW] = value;
}

// A line that ends in system management mode is firmware's own and interrupts nobody here.
static void mask_entries(volatile uint32_t *page)
{
    unsigned last = read_register(page, VERSION) >> 16 & 0xff; // entries, less one
    for (unsigned i = 0; i <= last && REDIRECTION + 2 * i < SELECT_MAX; i++) {
        uint32_t entry = read_register(page, REDIRECTION + 2 * i);
        if ((entry & ENTRY_DELIVERY) != DELIVERY_SMI && !(entry & ENTRY_MASKED))
            write_register(page, REDIRECTION + 2 * i, entry | ENTRY_MASKED);
    }
}

void io_apic_mask_all(void)
{
    for (unsigned i = 0; i < acpi()->io_apic_count; i++) {
        volatile uint32_t *page = vm_map_device(acpi()->io_apics[i], PAGE_BYTES);
        if (page != NULL)
            mask_entries(page);
        else
            log_line("I/O APIC at %#x cannot be mapped: not masked", (unsigned)acpi()->io_apics[i]);
    }
}
