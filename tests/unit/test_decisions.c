// SPDX-License-Identifier: BSD-2-Clause
// What a bridge remembers of its decisions, and when that no longer holds.
// links: net/decisions.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the three above before it.
#include <cmocka.h>

#include "net/decisions.h"

enum { MANY = 5 * DECISION_SETS / 2, VERSIONS = 1 << (32 - DECISION_VERSION_SHIFT) };

static const uint64_t random_numbers[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
static struct decisions decisions;

static struct addresses pair(uint64_t destination, uint64_t source)
{
    return (struct addresses){destination | source << 48, (uint32_t)(source >> 16)};
}

static void assert_way(struct addresses addresses, uint32_t version, unsigned port, unsigned way)
{
    const uint32_t tag = decisions_tag(&decisions, version, port);
    assert_int_equal(decisions_find(&decisions, addresses, tag, DECISION_WAYS), way);
    assert_int_equal(decisions_agree(&decisions, addresses, tag + 1), way == 1);
}

static void test_what_is_kept_is_found(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    assert_way(pair(2, 3), 7, 0, DECISION_WAYS);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, 7, 0) + 1);
    assert_way(pair(2, 3), 7, 0, 1);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, 7, 0) + 4); // in its place
    assert_way(pair(2, 3), 7, 0, 4);
}

static void test_only_for_the_same(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, 7, 2) + 1);
    assert_way(pair(2, 3), 7, 2, 1);
    assert_way(pair(3, 2), 7, 2, DECISION_WAYS);
    assert_way(pair(2, 3), 7, 1, DECISION_WAYS); // another port
    assert_way(pair(2, 3), 8, 2, DECISION_WAYS); // the database has changed
    assert_way(pair(2, 3), 7 + (1 << 16), 2, DECISION_WAYS);
    for (unsigned bit = 0; bit < 48; bit++) {
        assert_way(pair(2 ^ 1ull << bit, 3), 7, 2, DECISION_WAYS);
        assert_way(pair(2, 3 ^ 1ull << bit), 7, 2, DECISION_WAYS);
    }
}

// An empty place is not a decision about the addresses of zeros, in no version.
static void test_nothing_is_about_nobody(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    for (unsigned port = 0; port < 8; port++)
        for (uint32_t version = 0; version < VERSIONS; version += 1023)
            assert_way(pair(0, 0), version, port, DECISION_WAYS);
    assert_way(pair(0, 0), UINT32_MAX, 7, DECISION_WAYS);
}

// A tag has the low bits of the version: an old decision must not come to life again when they are
// the same once more.
static void test_versions_come_round(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, 7, 0) + 1);
    // Nothing is found, and nothing kept, until the table is empty: a bounded part of it each time.
    for (unsigned polls = 0; decisions_tag(&decisions, VERSIONS + 7, 0) == DECISION_NEVER;) {
        assert_way(pair(2, 3), VERSIONS + 7, 0, DECISION_WAYS);
        decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, VERSIONS + 7, 0) + 1);
        decisions_poll(&decisions);
        assert_true(++polls <= DECISION_SETS / 256);
    }
    assert_way(pair(2, 3), VERSIONS + 7, 0, DECISION_WAYS);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, VERSIONS + 7, 0) + 1);
    decisions_poll(&decisions); // there is nothing to do
    assert_way(pair(2, 3), VERSIONS + 7, 0, 1);
}

// The versions come round once more before the table is empty: it is emptied from the beginning.
static void test_versions_come_round_twice(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    decisions_keep(&decisions, pair(2, 3), decisions_tag(&decisions, 7, 0) + 1);
    (void)decisions_tag(&decisions, VERSIONS + 7, 0);
    decisions_poll(&decisions);
    (void)decisions_tag(&decisions, 2 * VERSIONS + 7, 0);
    unsigned polls = 0;
    for (; decisions_tag(&decisions, 2 * VERSIONS + 7, 0) == DECISION_NEVER; polls++)
        decisions_poll(&decisions);
    assert_int_equal(polls, DECISION_SETS / 256);
    assert_way(pair(2, 3), 2 * VERSIONS + 7, 0, DECISION_WAYS);
}

// More pairs than there are places: what is found is right, the latest is found, and most are.
static void test_full_sets(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    const uint32_t tag = decisions_tag(&decisions, 1, 0);
    for (unsigned i = 0; i < MANY; i++) {
        decisions_keep(&decisions, pair(2 + 256 * i, 3 + 256 * i), tag + i % 8);
        assert_way(pair(2 + 256 * i, 3 + 256 * i), 1, 0, i % 8);
    }
    unsigned found = 0;
    for (unsigned i = 0; i < MANY; i++) {
        const uint32_t way =
            decisions_find(&decisions, pair(2 + 256 * i, 3 + 256 * i), tag, DECISION_WAYS);
        assert_true(way == i % 8 || way == DECISION_WAYS);
        found += way != DECISION_WAYS;
    }
    assert_true(found > MANY * 8 / 10 && found < MANY);
}

// Of five pairs in one set the oldest one goes.
static void test_the_oldest_goes(void **state)
{
    (void)state;
    decisions_init(&decisions, random_numbers);
    const struct decision *set = decisions_set(&decisions, pair(2, 3));
    uint64_t sources[DECISION_SET + 1];
    unsigned count = 0;
    for (uint64_t source = 3; count < DECISION_SET + 1; source += 2)
        if (decisions_set(&decisions, pair(2, source)) == set)
            sources[count++] = source;
    for (unsigned i = 0; i < count; i++)
        decisions_keep(&decisions, pair(2, sources[i]), decisions_tag(&decisions, 1, 0) + i);
    assert_way(pair(2, sources[0]), 1, 0, DECISION_WAYS);
    for (unsigned i = 1; i < count; i++)
        assert_way(pair(2, sources[i]), 1, 0, i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_is_found),
        cmocka_unit_test(test_only_for_the_same),
        cmocka_unit_test(test_nothing_is_about_nobody),
        cmocka_unit_test(test_versions_come_round),
        cmocka_unit_test(test_versions_come_round_twice),
        cmocka_unit_test(test_full_sets),
        cmocka_unit_test(test_the_oldest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
