// SPDX-License-Identifier: BSD-2-Clause
// The judge: what a domain may hand over, and that it takes all or nothing.
// links: net/judge.c
#include "net/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUFFERS = 16, OWN = 3, OTHER = 4, CAPACITY = 2048 };

static uint16_t owner[BUFFERS];
static const struct packet_area area = {.count = BUFFERS, .capacity = CAPACITY, .stride = 2112};
static const struct judge judge = {owner, &area};
static struct frame out[BURST_MAX];
static uint32_t value;

// Buffers 0..7 are queue OWN's, 8..11 OTHER's, the rest is ring 0's.
static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BUFFERS; i++)
        owner[i] = i < 8 ? OWN : i < 12 ? OTHER : JUDGE_RING_0;
    memset(out, 0, sizeof out);
    return 0;
}

static struct frame good(uint32_t buffer)
{
    return (struct frame){buffer, FRAME_HEADROOM, 60};
}

static void test_takes_what_is_right(void **state)
{
    (void)state;
    struct frame frames[] = {good(0), good(7), good(3)};
    frames[1].length = CAPACITY;
    frames[2].length = 0; // to be dropped
    assert_int_equal(judge_frames(&judge, OWN, frames, 3, out, &value), PORT_OK);
    assert_memory_equal(out, frames, sizeof frames);
    assert_int_equal(owner[0], JUDGE_RING_0);
    assert_int_equal(owner[7], JUDGE_RING_0);
    assert_int_equal(owner[3], JUDGE_RING_0);
    assert_int_equal(owner[1], OWN);
    judge_give(&judge, OTHER, 7);
    assert_int_equal(judge_frames(&judge, OTHER, &frames[1], 1, out, &value), PORT_OK);
}

// Whatever comes behind two good ones: nothing is taken, and the offender is named.
static void assert_refuses(struct frame bad, enum port_fault fault, uint32_t offender)
{
    setup(NULL);
    const struct frame frames[] = {good(1), good(2), bad, good(4)};
    uint16_t before[BUFFERS];
    memcpy(before, owner, sizeof before);
    assert_int_equal(judge_frames(&judge, OWN, frames, 4, out, &value), fault);
    assert_int_equal(value, offender);
    assert_memory_equal(owner, before, sizeof before);
}

static void test_refuses(void **state)
{
    (void)state;
    assert_refuses(good(BUFFERS), PORT_FAULT_INDEX, BUFFERS);
    assert_refuses(good(NO_BUFFER), PORT_FAULT_INDEX, NO_BUFFER);
    assert_refuses(good(9), PORT_FAULT_FOREIGN, 9);
    assert_refuses(good(13), PORT_FAULT_FOREIGN, 13); // long handed over, or never in a domain
    assert_refuses(good(1), PORT_FAULT_DUPLICATE, 1);
    assert_refuses((struct frame){3, FRAME_HEADROOM, 13}, PORT_FAULT_LENGTH, 64u << 16 | 13);
    assert_refuses((struct frame){3, FRAME_HEADROOM, CAPACITY + 1}, PORT_FAULT_LENGTH,
                   64u << 16 | (CAPACITY + 1));
    assert_refuses((struct frame){3, FRAME_HEADROOM + CAPACITY, 60}, PORT_FAULT_LENGTH,
                   (FRAME_HEADROOM + CAPACITY) << 16 | 60u);
    assert_refuses((struct frame){3, UINT16_MAX, UINT16_MAX}, PORT_FAULT_LENGTH, UINT32_MAX);
    // The owner comes first: of a foreign buffer not even the length is discussed.
    assert_refuses((struct frame){9, 0, 1}, PORT_FAULT_FOREIGN, 9);
}

static void test_empties_have_no_length(void **state)
{
    (void)state;
    const struct frame frames[] = {{5, 9999, 9999}, {6, 0, 0}};
    struct frame mine[] = {good(12), good(13)};
    assert_int_equal(judge_empties(&judge, OWN, frames, 2, mine, &value), PORT_OK);
    assert_int_equal(mine[0].buffer, 5);
    assert_int_equal(mine[1].buffer, 6);
    assert_int_equal(mine[0].length, 60);
    assert_int_equal(owner[5], JUDGE_RING_0);

    const struct frame again[] = {{4, 0, 0}, {5, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, again, 2, mine, &value), PORT_FAULT_FOREIGN);
    assert_int_equal(owner[4], OWN);
    const struct frame twice[] = {{4, 0, 0}, {4, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, twice, 2, mine, &value), PORT_FAULT_DUPLICATE);
    assert_int_equal(owner[4], OWN);
    const struct frame none[] = {{BUFFERS + 1, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, none, 1, mine, &value), PORT_FAULT_INDEX);
}

static void test_nothing_is_always_right(void **state)
{
    (void)state;
    assert_int_equal(judge_frames(&judge, OWN, NULL, 0, out, &value), PORT_OK);
    assert_int_equal(judge_empties(&judge, OWN, NULL, 0, out, &value), PORT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_takes_what_is_right, setup),
        cmocka_unit_test_setup(test_refuses, setup),
        cmocka_unit_test_setup(test_empties_have_no_length, setup),
        cmocka_unit_test_setup(test_nothing_is_always_right, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
