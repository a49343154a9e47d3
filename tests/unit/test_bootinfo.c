// SPDX-License-Identifier: BSD-2-Clause
// What the boot loader says, sound and broken: multiboot2 tags and the PVH start information.
// links: kernel/bootinfo.c kernel/multiboot2.c kernel/pvh.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/bootinfo.h"
#include "kernel/log.h"
#include "kernel/vm.h"

#define MULTIBOOT2 0x36d76289
enum { MEMORY = 128 * 1024 };

// Physical memory is an array; each view of it is a copy of its own on the heap, so that the
// address sanitizer sees every byte read outside of what was asked for.
static uint8_t memory[MEMORY];
static void *views[1024];
static unsigned view_count;
static unsigned logged;
static struct bootinfo info;

const void *vm_map_readonly(uint64_t physical, uint64_t bytes)
{
    if (bytes == 0 || bytes > MEMORY || physical > MEMORY - bytes || view_count == 1024)
        return NULL;
    views[view_count] = malloc(bytes);
    memcpy(views[view_count], memory + physical, bytes);
    return views[view_count++];
}

uint64_t vm_physical(const void *address)
{
    return (uint64_t)address;
}

void log_line(const char *format, ...)
{
    (void)format;
    logged++;
}

static int reset(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    logged = 0;
    return 0;
}

static int release(void **state)
{
    (void)state;
    while (view_count > 0)
        free(views[--view_count]);
    return 0;
}

static uint32_t end; // of what has been built at 4096

static void put32(uint32_t at, uint32_t value)
{
    memcpy(memory + at, &value, 4);
}

static void put64(uint32_t at, uint64_t value)
{
    memcpy(memory + at, &value, 8);
}

static void begin(void)
{
    end = 4096 + 8;
}

static void tag(uint32_t type, const void *content, uint32_t length)
{
    put32(end, type);
    put32(end + 4, 8 + length);
    memcpy(memory + end + 8, content, length);
    end += (8 + length + 7) & ~7u;
}

static void ram_tag(void)
{
    struct {
        uint32_t entry_size, version;
        uint64_t base, length;
        uint32_t type, reserved;
    } map = {24, 0, 0x100000, 0x1f00000, 1, 0};
    tag(6, &map, sizeof map);
}

static bool finish(void)
{
    tag(0, "", 0);
    put32(4096, end - 4096);
    return bootinfo_read(&info, MULTIBOOT2, 4096);
}

static void multiboot2_whole(void **state)
{
    (void)state;
    const char config[] = "[port lan]\n";
    memcpy(memory + 65536, config, sizeof config - 1);
    uint8_t module[8 + 9] = {0};
    uint32_t start = 65536, stop = 65536 + sizeof config - 1;
    memcpy(module, &start, 4);
    memcpy(module + 4, &stop, 4);
    memcpy(module + 8, "my.conf", 8);
    uint8_t framebuffer[30] = {0};
    uint64_t where = 0xb8000;
    memcpy(framebuffer, &where, 8);
    framebuffer[21] = 2;
    begin();
    tag(1, "a=b c=d", 8);
    tag(3, module, sizeof module);
    tag(15, "RSD PTR new-------------------------", 36);
    tag(14, "RSD PTR old", 12);
    tag(8, framebuffer, sizeof framebuffer);
    tag(99, "unknown", 7);
    ram_tag();
    assert_true(finish());
    assert_string_equal(info.command_line, "a=b c=d");
    assert_string_equal(info.config_name, "my.conf");
    assert_string_equal(info.config, config);
    assert_int_equal(info.config_length, sizeof config - 1);
    assert_int_equal(info.range_count, 1);
    assert_int_equal(info.ranges[0].length, 0x1f00000);
    assert_int_equal(info.framebuffer.address, 0xb8000);
    assert_int_equal(info.framebuffer.kind, 2);
    assert_int_equal(info.rsdp, (uint64_t)info.rsdp_copy);
    assert_memory_equal(info.rsdp_copy, "RSD PTR new", 11);
}

static void multiboot2_without_a_name_keeps_the_default(void **state)
{
    (void)state;
    uint32_t module[2] = {65536, 65536};
    begin();
    tag(3, module, sizeof module);
    ram_tag();
    assert_true(finish());
    assert_string_equal(info.config_name, "barewire.conf");
    assert_non_null(info.config);
    assert_int_equal(info.config_length, 0);
}

static void multiboot2_rejects_broken_lists(void **state)
{
    (void)state;
    // no end tag
    begin();
    ram_tag();
    put32(4096, end - 4096);
    assert_false(bootinfo_read(&info, MULTIBOOT2, 4096));
    // a tag of no size, then one that runs past the end
    uint32_t first = 4096 + 8;
    begin();
    ram_tag();
    put32(first + 4, 0);
    assert_false(finish());
    put32(first + 4, 0xffffffff);
    assert_false(bootinfo_read(&info, MULTIBOOT2, 4096));
    // a total that is absurd
    put32(4096, 0);
    assert_false(bootinfo_read(&info, MULTIBOOT2, 4096));
    put32(4096, 0xfffffff8);
    assert_false(bootinfo_read(&info, MULTIBOOT2, 4096));
    // information outside memory, an unknown magic
    assert_false(bootinfo_read(&info, MULTIBOOT2, MEMORY));
    assert_false(bootinfo_read(&info, 0x2badb002, 4096));
}

static void multiboot2_short_tags_are_ignored(void **state)
{
    (void)state;
    begin();
    ram_tag();
    tag(6, "\30\0\0\0", 4);                    // memory map cut inside its head
    tag(6, "\1\0\0\0\0\0\0\0abcdefghijk", 19); // entries of one byte
    tag(3, "abc", 3);
    tag(1, "", 0);
    tag(8, "a", 1);
    tag(14, "", 0);
    assert_true(finish());
    assert_int_equal(info.range_count, 1);
    assert_null(info.config);
}

static void refuse_module(uint32_t from, uint32_t to)
{
    const uint32_t module[2] = {from, to}, another[2] = {65536, 65540};
    begin();
    tag(3, module, sizeof module);
    tag(3, another, sizeof another); // is not taken in its place
    ram_tag();
    logged = 0;
    assert_true(finish());
    assert_null(info.config);
    assert_true(info.config_length > BOOT_CONFIG_MAX);
    assert_int_equal(logged, 1);
}

static void config_that_is_too_large_is_refused(void **state)
{
    (void)state;
    refuse_module(0, BOOT_CONFIG_MAX + 1);
    refuse_module(65540, 65536);
    refuse_module(0xffffffff, 0);
}

static void ranges_are_bounded(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < BOOT_RANGES_MAX + 5; i++)
        ram_tag();
    assert_true(finish());
    assert_int_equal(info.range_count, BOOT_RANGES_MAX);
    assert_int_equal(logged, 5);
    bootinfo_read(&info, 0x1, 0);
    bootinfo_add_range(&info, UINT64_MAX - 10, 100, 1);    // wraps
    bootinfo_add_range(&info, 4096, 0, 1);                 // empty
    bootinfo_add_range(&info, UINT64_MAX - 4095, 4095, 1); // the last page: no room in the map
    bootinfo_add_range(&info, (64ull << 40) - 4096, 8192, 1);
    assert_int_equal(info.range_count, 0);
}

static void any_flipped_byte_is_survived(void **state)
{
    begin();
    tag(1, "forward.mode=wire", 18);
    ram_tag();
    uint32_t module[2] = {65536, 65540};
    tag(3, module, sizeof module);
    finish();
    for (uint32_t at = 4096; at < end; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memory[at] ^= (uint8_t)(1 << bit);
            bootinfo_read(&info, MULTIBOOT2, 4096);
            assert_in_range(strnlen(info.command_line, BOOT_COMMAND_MAX), 0, BOOT_COMMAND_MAX - 1);
            assert_in_range(info.range_count, 0, BOOT_RANGES_MAX);
            memory[at] ^= (uint8_t)(1 << bit);
            release(state);
        }
    }
}

static void build_pvh(uint32_t entries)
{
    put32(4096, 0x336ec578);
    put32(4096 + 4, 1);
    put32(4096 + 12, 1);
    put64(4096 + 16, 8192);  // modules
    put64(4096 + 24, 12288); // command line
    put64(4096 + 32, 0xe0000);
    put64(4096 + 40, 16384); // memory map
    put32(4096 + 48, entries);
    put64(8192, 65536);
    put64(8192 + 8, 4);
    memcpy(memory + 65536, "[a]\n", 4);
    memcpy(memory + 12288, "x=y", 4);
    for (uint32_t i = 0; i < entries && i < 1000; i++) {
        put64(16384 + 24 * i, 0x100000ull * (i + 1));
        put64(16384 + 24 * i + 8, 0x1000);
        put32(16384 + 24 * i + 16, i == 1 ? 2 : 1);
    }
}

static void pvh_whole(void **state)
{
    (void)state;
    build_pvh(2);
    assert_true(bootinfo_read(&info, 0, 4096));
    assert_string_equal(info.command_line, "x=y");
    assert_string_equal(info.config, "[a]\n");
    assert_int_equal(info.rsdp, 0xe0000);
    assert_int_equal(info.range_count, 2);
    assert_int_equal(info.ranges[0].kind, BOOT_RAM);
    assert_int_equal(info.ranges[1].kind, BOOT_RESERVED);
}

static void pvh_broken(void **state)
{
    (void)state;
    build_pvh(1000);
    assert_true(bootinfo_read(&info, 0, 4096));
    assert_int_equal(info.range_count, BOOT_RANGES_MAX);
    assert_int_equal(logged, 1);
    put64(4096 + 40, MEMORY - 10); // memory map that runs past the end
    assert_false(bootinfo_read(&info, 0, 4096));
    build_pvh(0);
    assert_false(bootinfo_read(&info, 0, 4096));
    build_pvh(1);
    put64(4096 + 16, UINT64_MAX - 4); // modules nowhere: forwarding without, not a crash
    assert_true(bootinfo_read(&info, 0, 4096));
    assert_null(info.config);
    put32(4096 + 4, 0); // version 0 has no memory map
    assert_false(bootinfo_read(&info, 0, 4096));
    put32(4096, 0);
    assert_false(bootinfo_read(&info, 0, 4096));
}

static void long_command_line_is_cut(void **state)
{
    (void)state;
    build_pvh(1);
    memset(memory + 12288, 'a', 2000);
    assert_true(bootinfo_read(&info, 0, 4096));
    assert_int_equal(strlen(info.command_line), BOOT_COMMAND_MAX - 1);
    assert_int_equal(logged, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(multiboot2_whole, reset, release),
        cmocka_unit_test_setup_teardown(multiboot2_without_a_name_keeps_the_default, reset,
                                        release),
        cmocka_unit_test_setup_teardown(multiboot2_rejects_broken_lists, reset, release),
        cmocka_unit_test_setup_teardown(multiboot2_short_tags_are_ignored, reset, release),
        cmocka_unit_test_setup_teardown(config_that_is_too_large_is_refused, reset, release),
        cmocka_unit_test_setup_teardown(ranges_are_bounded, reset, release),
        cmocka_unit_test_setup_teardown(any_flipped_byte_is_survived, reset, release),
        cmocka_unit_test_setup_teardown(pvh_whole, reset, release),
        cmocka_unit_test_setup_teardown(pvh_broken, reset, release),
        cmocka_unit_test_setup_teardown(long_command_line_is_cut, reset, release),
    };
    return cmocka_run_group_tests_name("bootinfo", tests, NULL, NULL);
}
