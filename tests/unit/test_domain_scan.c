// SPDX-License-Identifier: BSD-2-Clause
// The scan for instructions that ring 3's text must not have.
// links: kernel/domain_scan.c
#include "kernel/domain_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOWHERE = 1000 };

static void assert_finds(const char *expected, const char *code, size_t bytes)
{
    uint8_t text[32];
    for (size_t at = 0; at + bytes <= sizeof text; at++) {
        size_t found = NOWHERE;
        memset(text, 0x90, sizeof text);
        memcpy(text + at, code, bytes);
        const char *name = domain_scan(text, sizeof text, NOWHERE, &found);
        if (expected == NULL) {
            assert_null(name);
            continue;
        }
        assert_non_null(name);
        assert_string_equal(name, expected);
        assert_int_equal(found, at);
    }
}

static void test_finds_each_at_every_offset(void **state)
{
    (void)state;
    assert_finds("WRPKRU", "\x0f\x01\xef", 3);
    assert_finds("XRSTOR", "\x0f\xae\x2f", 3);
    assert_finds("XRSTOR", "\x0f\xae\x6d\x00", 4);
    assert_finds("XRSTOR", "\x0f\xae\xac\x24\x00\x00\x00\x00", 8);
    assert_finds("XRSTORS", "\x0f\xc7\x1f", 3);
    assert_finds("SYSCALL", "\x0f\x05", 2);
    assert_finds("SYSENTER", "\x0f\x34", 2);
}

static void test_leaves_neighbours_alone(void **state)
{
    (void)state;
    assert_finds(NULL, "\x0f\xae\xe8", 3); // LFENCE
    assert_finds(NULL, "\x0f\xae\xf0", 3); // MFENCE
    assert_finds(NULL, "\x0f\xae\x1f", 3); // STMXCSR
    assert_finds(NULL, "\x0f\x01\xee", 3); // RDPKRU
    assert_finds(NULL, "\x0f\xc7\x0f", 3); // CMPXCHG8B
    assert_finds(NULL, "\x0f\x0b", 2);     // UD2
}

static void test_hidden_in_another_instruction(void **state)
{
    (void)state;
    size_t at;
    const uint8_t immediate[] = {0xb8, 0x0f, 0x01, 0xef, 0x00, 0xc3}; // mov $0x00ef010f, %eax
    assert_string_equal(domain_scan(immediate, sizeof immediate, NOWHERE, &at), "WRPKRU");
    assert_int_equal(at, 1);
}

static void test_one_way_out(void **state)
{
    (void)state;
    size_t at;
    const uint8_t text[] = {0x90, 0x0f, 0x05, 0x90, 0x0f, 0x05};
    assert_string_equal(domain_scan(text, 3, 0, &at), "SYSCALL");
    assert_null(domain_scan(text, 3, 1, &at));
    assert_string_equal(domain_scan(text, sizeof text, 1, &at), "SYSCALL");
    assert_int_equal(at, 4);
    const uint8_t other[] = {0x0f, 0x34};
    assert_string_equal(domain_scan(other, sizeof other, 0, &at), "SYSENTER");
}

static void test_cut_off_at_the_end(void **state)
{
    (void)state;
    size_t at;
    const uint8_t text[] = {0x0f, 0x01, 0xef};
    assert_null(domain_scan(text, 0, NOWHERE, &at));
    assert_null(domain_scan(text, 1, NOWHERE, &at));
    assert_null(domain_scan(text, 2, NOWHERE, &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_each_at_every_offset),
        cmocka_unit_test(test_leaves_neighbours_alone),
        cmocka_unit_test(test_hidden_in_another_instruction),
        cmocka_unit_test(test_one_way_out),
        cmocka_unit_test(test_cut_off_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
