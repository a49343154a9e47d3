// SPDX-License-Identifier: BSD-2-Clause
// How long a frame is waited for before the processor sleeps: what each kind of traffic teaches.
// links: kernel/patience.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/patience.h"

enum { AFTER = 1000, LONGER = PATIENCE_FACTOR * AFTER, ENDS = PATIENCE_ENDS_FACTOR * AFTER };

// Whether a frame so long after the last one finds the processor asleep, which it learns from.
static bool woken(struct patience *patience, uint64_t quiet_us)
{
    if (quiet_us < patience_us(patience))
        return false;
    patience_learn(patience, true, quiet_us);
    return true;
}

static unsigned wakes(struct patience *patience, unsigned frames, uint64_t apart_us)
{
    unsigned count = 0;
    for (unsigned i = 0; i < frames; i++)
        count += woken(patience, apart_us);
    return count;
}

static void test_quick_succession_wakes_it_once(void **state)
{
    (void)state;
    struct patience patience = {.after_us = AFTER};
    assert_int_equal(wakes(&patience, 100, 2 * AFTER), 1);
    assert_int_equal(wakes(&patience, 100, LONGER - 1), 0);
}

static void test_rare_frames_wake_it_each_time_and_teach_nothing(void **state)
{
    (void)state;
    for (uint64_t apart = LONGER; apart <= 2 * ENDS; apart += LONGER) {
        struct patience patience = {.after_us = AFTER};
        assert_int_equal(wakes(&patience, 10, apart), 10);
        assert_int_equal(patience_us(&patience), AFTER);
    }
}

// Somebody who sends every 2 ms, and is held up at times: each pause costs one frame, not two.
static void test_one_late_frame_is_forgiven(void **state)
{
    (void)state;
    struct patience patience = {.after_us = AFTER};
    wakes(&patience, 2, 2 * AFTER);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(wakes(&patience, 1, ENDS - 1), 1);
        assert_int_equal(wakes(&patience, 10, 2 * AFTER), 0);
    }
}

static void test_a_long_quiet_ends_it_whatever_ended_the_sleep(void **state)
{
    (void)state;
    for (int frame = 0; frame < 2; frame++) {
        struct patience patience = {.after_us = AFTER, .longer = true};
        patience_learn(&patience, frame != 0, ENDS - 1);
        assert_int_equal(patience_us(&patience), LONGER);
        patience_learn(&patience, frame != 0, ENDS);
        assert_int_equal(patience_us(&patience), AFTER);
    }
}

static void test_only_frames_are_waited_for(void **state)
{
    (void)state;
    struct patience patience = {.after_us = AFTER};
    patience_learn(&patience, false, 2 * AFTER);
    assert_int_equal(patience_us(&patience), AFTER);
}

// "idle" is at most a second.
static void test_the_longest(void **state)
{
    (void)state;
    struct patience patience = {.after_us = 1000000};
    patience_learn(&patience, true, 2000000);
    assert_int_equal(patience_us(&patience), 10000000);
    patience_learn(&patience, true, 99999999);
    assert_int_equal(patience_us(&patience), 10000000);
    patience_learn(&patience, true, 100000000);
    assert_int_equal(patience_us(&patience), 1000000);
}

static void test_never_asleep(void **state)
{
    (void)state;
    const struct patience patience = {0};
    assert_int_equal(patience_us(&patience), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quick_succession_wakes_it_once),
        cmocka_unit_test(test_rare_frames_wake_it_each_time_and_teach_nothing),
        cmocka_unit_test(test_one_late_frame_is_forgiven),
        cmocka_unit_test(test_a_long_quiet_ends_it_whatever_ended_the_sleep),
        cmocka_unit_test(test_only_frames_are_waited_for),
        cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_never_asleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
