// SPDX-License-Identifier: BSD-2-Clause
// Numbers that people typed: what is one, and what is not.
// links: kernel/number.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/number.h"

static void test_numbers(void **state)
{
    (void)state;
    uint64_t number;
    assert_true(number_parse("0", 0, 0, &number));
    assert_int_equal(number, 0);
    assert_true(number_parse("007", 7, 9, &number));
    assert_int_equal(number, 7);
    assert_true(number_parse("18446744073709551615", 0, UINT64_MAX, &number));
    assert_int_equal(number, UINT64_MAX);
}

static void test_no_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   " 1", "1 ",  "+1",  "-1",
                                        "1x", "x",  "0x1", "1.5", "\x80"};
    uint64_t number = 42;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (number_parse(texts[i], 0, UINT64_MAX, &number))
            fail_msg("\"%s\" is no number", texts[i]);
    assert_false(number_parse("18446744073709551616", 0, UINT64_MAX, &number));
    assert_false(number_parse("184467440737095516150", 0, UINT64_MAX, &number));
    assert_int_equal(number, 42);
}

// Every limit holds to the digit.
static void test_limits(void **state)
{
    (void)state;
    for (uint64_t max = 0; max < 300; max++)
        for (uint64_t n = 0; n < 400; n++) {
            char text[8];
            uint64_t number;
            snprintf(text, sizeof text, "%u", (unsigned)n);
            assert_int_equal(number_parse(text, max / 2, max, &number), n >= max / 2 && n <= max);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
