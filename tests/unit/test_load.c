// SPDX-License-Identifier: BSD-2-Clause
// How the core's time is accounted for: nothing is counted twice, and no gap is missed.
// links: kernel/load.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/load.h"

// One tick counts as a microsecond, so that a second goes by quickly.
uint64_t clock_ticks_us(uint64_t ticks)
{
    return ticks;
}

uint64_t clock_ns_per_tick(void)
{
    return UINT64_C(1000) << 32;
}

static void spin(uint64_t ticks)
{
    const uint64_t began = clock_tsc();
    while (clock_tsc() - began < ticks)
        ;
}

static struct load_report read_as(enum load_reader reader)
{
    struct load_report report;
    load_read(&report, reader);
    return report;
}

static int begin(void **state)
{
    (void)state;
    load_begin();
    return 0;
}

static void test_every_round_is_a_gap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        load_round(i % 4 == 0);
        spin(i % 8 * 100);
    }
    const struct load_report report = read_as(LOAD_CONSOLE);
    uint64_t gaps = 0;
    for (unsigned i = 0; i < LOAD_GAPS; i++)
        gaps += report.gaps[i];
    assert_int_equal(gaps, 1000);
    assert_true(report.busy_us > 0 && report.busy_us < report.us);
    // A gap of n ticks is n * 1000 ns here: none is shorter than a read of the clock.
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(report.gaps[i], 0);
}

static void test_buckets_are_powers_of_two(void **state)
{
    (void)state;
    load_round(false);
    const uint64_t before = load.last;
    spin(5000000);
    load_round(false);
    const uint64_t ns = (load.last - before) * 1000;
    unsigned bucket = 0;
    while (bucket + 1 < LOAD_GAPS && ns >= UINT64_C(1) << (bucket + 1))
        bucket++;
    assert_true(read_as(LOAD_CONSOLE).gaps[bucket] >= 1);
}

static void test_each_reader_has_its_own_longest_gap(void **state)
{
    (void)state;
    load_round(false);
    spin(1000000);
    load_round(false);
    const uint64_t longest = read_as(LOAD_CONSOLE).gap_max_recent_ns;
    assert_true(longest >= UINT64_C(1000000) * 1000);
    load_round(false);
    const struct load_report again = read_as(LOAD_CONSOLE), other = read_as(LOAD_METRICS);
    assert_true(other.gap_max_recent_ns >= longest);
    assert_true(again.gap_max_ns >= longest);
    // Whatever happened since, nobody had the first gap twice.
    load_round(false);
    load.gap_max = 7;
    assert_int_equal(read_as(LOAD_CONSOLE).gap_max_recent_ns, 7000);
}

static void test_sleep_is_no_gap(void **state)
{
    (void)state;
    load_round(false);
    read_as(LOAD_CONSOLE);
    load.gap_max = 0;
    const uint64_t from = clock_tsc();
    spin(10000000);
    const uint64_t to = clock_tsc();
    load_slept(from, to, IDLE_FRAMES);
    load.last = clock_tsc();
    load_round(true);
    const struct load_report report = read_as(LOAD_CONSOLE);
    assert_int_equal(report.asleep_us, to - from);
    assert_true(report.busy_us < to - from);
    assert_int_equal(report.wakes[IDLE_FRAMES], 1);
    assert_int_equal(report.wakes[IDLE_TIMER], 0);
}

static void test_shares_of_a_second(void **state)
{
    (void)state;
    load_round(false);
    spin(1000000);
    load_round(true); // busy
    spin(500000);
    load_housekept();
    const struct load_report report = read_as(LOAD_CONSOLE);
    const struct load_shares *last = &report.last_second;
    assert_true(last->busy > 300 && last->housekeeping > 100);
    assert_true(last->busy + last->housekeeping + last->asleep <= 1000);
    assert_int_equal(last->asleep, 0);
    assert_true(report.busy_us + report.housekeeping_us <= report.us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_round_is_a_gap, begin),
        cmocka_unit_test_setup(test_buckets_are_powers_of_two, begin),
        cmocka_unit_test_setup(test_each_reader_has_its_own_longest_gap, begin),
        cmocka_unit_test_setup(test_sleep_is_no_gap, begin),
        cmocka_unit_test_setup(test_shares_of_a_second, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
