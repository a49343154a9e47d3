// SPDX-License-Identifier: BSD-2-Clause
// Initial sequence numbers, and the hash behind them.
// links: net/stack/isn.c net/stack/siphash.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/stack/isn.h"
#include "net/stack/siphash.h"

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

// Appendix A of the paper.
static void test_hash(void **state)
{
    (void)state;
    uint8_t message[15];
    for (uint8_t i = 0; i < sizeof message; i++)
        message[i] = i;
    assert_int_equal(siphash(key, message, sizeof message), 0xa129ca6149be45e5);
}

// Every byte counts, and none behind the last: each in memory of its own size.
static void test_lengths(void **state)
{
    (void)state;
    for (size_t length = 1; length < 40; length++) {
        uint8_t *message = calloc(1, length);
        const uint64_t zeros = siphash(key, message, length);
        assert_int_not_equal(zeros, siphash(key, message, length - 1));
        for (size_t i = 0; i < length; i++) {
            message[i] = 1;
            assert_int_not_equal(siphash(key, message, length), zeros);
            message[i] = 0;
        }
        free(message);
    }
}

// For the same ends a clock that goes on; for others, or with another key, another one.
static void test_numbers(void **state)
{
    (void)state;
    const uint64_t other_key[2] = {key[0], key[1] ^ 1};
    const struct isn_ends ends = {{10, 0, 0, 1}, {10, 0, 0, 2}, 80, 40000};
    struct isn_ends others = ends;
    const uint32_t first = isn_at(key, &ends, 1000);
    assert_int_equal(isn_at(key, &ends, 1003) - first, 0);
    assert_int_equal(isn_at(key, &ends, 1004) - first, 1);
    assert_int_equal((uint32_t)(isn_at(key, &ends, 1000 + (4ull << 32)) - first), 0);
    assert_int_not_equal(isn_at(other_key, &ends, 1000), first);
    others.remote_port++;
    const uint32_t second = isn_at(key, &others, 1000);
    assert_int_not_equal(second, first);
    others.remote_port++;
    assert_int_not_equal(isn_at(key, &others, 1000) - second, second - first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
