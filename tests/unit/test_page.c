// SPDX-License-Identifier: BSD-2-Clause
// Physical memory: what page_init() takes and page_alloc() hands out.
// links: kernel/page.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/bootinfo.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/page.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct bootinfo info;
static uint64_t limit; // of the processor
static unsigned logged;

uint64_t cpu_physical_limit(void)
{
    return limit;
}

void log_line(const char *format, ...)
{
    (void)format;
    logged++;
}

static void add(uint64_t base, uint64_t length, enum boot_range_kind kind)
{
    info.ranges[info.range_count++] = (struct boot_range){base, length, kind};
}

static int reset(void **state)
{
    (void)state;
    memset(&info, 0, sizeof info);
    limit = 1ull << 46;
    logged = 0;
    return 0;
}

static void leaves_out_low_memory_and_image(void **state)
{
    (void)state;
    add(0, 640 << 10, BOOT_RAM);
    add(1 * MIB, 31 * MIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_free_bytes(), 30 * MIB); // 31 less the image
    assert_int_equal(page_total_bytes(), 31 * MIB + (640 << 10));
    unsigned count;
    const struct page_extent *ram = page_ram(&count);
    assert_int_equal(count, 2);
    assert_int_equal(ram[0].start, 1 * MIB);
    assert_int_equal(ram[0].end, 2 * MIB);
    assert_int_equal(ram[1].start, 3 * MIB);
    assert_int_equal(ram[1].end, 32 * MIB);
}

static void reserved_wins_over_ram(void **state)
{
    (void)state;
    add(16 * MIB, 16 * MIB, BOOT_RAM);
    add(20 * MIB + 5, 10, BOOT_RESERVED); // a whole page goes
    add(30 * MIB, 100 * MIB, BOOT_ACPI);
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_free_bytes(), 14 * MIB - PAGE_SIZE);
}

static void what_the_processor_cannot_address_is_no_ram(void **state)
{
    (void)state;
    limit = 64 * GIB;
    add(16 * MIB, 16 * MIB, BOOT_RAM);
    add(63 * GIB, 2 * GIB, BOOT_RAM); // half of it
    add(128 * GIB, 1 * GIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_total_bytes(), 16 * MIB + 1 * GIB);
    assert_int_equal(page_alloc(PAGE_SIZE, PAGE_SIZE, 0), 64 * GIB - PAGE_SIZE);
    assert_int_equal(logged, 1);

    limit = 256 * GIB;
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_total_bytes(), 16 * MIB + 3 * GIB);
    assert_int_equal(logged, 1);
}

static void overlapping_ram_counts_once(void **state)
{
    (void)state;
    add(24 * MIB, 8 * MIB, BOOT_RAM);
    add(16 * MIB, 16 * MIB, BOOT_RAM);
    add(18 * MIB, 1 * MIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_free_bytes(), 16 * MIB);
}

static void uses_memory_above_4_gib_first(void **state)
{
    (void)state;
    add(16 * MIB, 2 * GIB, BOOT_RAM);
    add(4 * GIB, 60 * GIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_alloc(2 * MIB, 2 * MIB, 0), 64 * GIB - 2 * MIB);
    uint64_t low = page_alloc(PAGE_SIZE, PAGE_SIZE, 4 * GIB);
    assert_int_equal(low, 2 * GIB + 16 * MIB - PAGE_SIZE);
}

static void aligns_and_bounds(void **state)
{
    (void)state;
    add(16 * MIB + PAGE_SIZE, 8 * MIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    uint64_t before = page_free_bytes();
    uint64_t at = page_alloc(1, 4 * MIB, 0);
    assert_int_equal(at, 24 * MIB);
    assert_int_equal(page_free_bytes(), before - PAGE_SIZE);
    assert_int_equal(page_alloc(0, PAGE_SIZE, 0), 0);
    assert_int_equal(page_alloc(PAGE_SIZE, 100, 0), 0);
    assert_int_equal(page_alloc(PAGE_SIZE, 3 * PAGE_SIZE, 0), 0);
    assert_int_equal(page_alloc(UINT64_MAX, PAGE_SIZE, 0), 0);
    assert_int_equal(page_alloc(9 * MIB, PAGE_SIZE, 0), 0);
    assert_int_equal(page_alloc(PAGE_SIZE, PAGE_SIZE, 16 * MIB), 0);
}

static void never_hands_out_a_page_twice(void **state)
{
    (void)state;
    static uint8_t seen[4096];
    memset(seen, 0, sizeof seen);
    add(16 * MIB, 16 * MIB, BOOT_RAM);
    page_init(&info, 2 * MIB, 3 * MIB);
    unsigned pages = 0, seed = 1;
    for (;;) {
        seed = seed * 1103515245 + 12345;
        uint64_t bytes = PAGE_SIZE * (1 + seed / 65536 % 5), align = PAGE_SIZE << (seed / 7 % 4);
        uint64_t at = page_alloc(bytes, align, 0);
        if (at == 0) // too scattered for this one; single pages fill the rest
            at = page_alloc(bytes = PAGE_SIZE, align = PAGE_SIZE, 0);
        if (at == 0)
            break;
        assert_int_equal(at % align, 0);
        for (uint64_t page = at / PAGE_SIZE; page < (at + bytes) / PAGE_SIZE; page++) {
            assert_in_range(page, 4096, 8191);
            assert_int_equal(seen[page - 4096]++, 0);
            pages++;
        }
    }
    // The gaps that alignment leaves fill the table of extents; what does not fit is not used.
    assert_in_range(pages, 3500, 4096);
    assert_int_equal(page_free_bytes(), 0);
}

static void survives_a_full_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BOOT_RANGES_MAX / 2; i++) {
        add((16 + 2 * i) * MIB, 2 * MIB, BOOT_RAM);
        add((16 + 2 * i) * MIB + 64 * 1024, 4096, BOOT_RESERVED);
    }
    page_init(&info, 2 * MIB, 3 * MIB);
    assert_int_equal(page_free_bytes(), BOOT_RANGES_MAX / 2 * (2 * MIB - PAGE_SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(leaves_out_low_memory_and_image, reset),
        cmocka_unit_test_setup(reserved_wins_over_ram, reset),
        cmocka_unit_test_setup(what_the_processor_cannot_address_is_no_ram, reset),
        cmocka_unit_test_setup(overlapping_ram_counts_once, reset),
        cmocka_unit_test_setup(uses_memory_above_4_gib_first, reset),
        cmocka_unit_test_setup(aligns_and_bounds, reset),
        cmocka_unit_test_setup(never_hands_out_a_page_twice, reset),
        cmocka_unit_test_setup(survives_a_full_table, reset),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
