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
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, frames, 2, mine, &value), PORT_OK);
    assert_int_equal(mine[0].buffer, 5);
    assert_int_equal(mine[1].buffer, 6);
    assert_int_equal(mine[0].length, 60);
    assert_int_equal(owner[5], JUDGE_RING_0);

    const struct frame again[] = {{4, 0, 0}, {5, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, again, 2, mine, &value),
                     PORT_FAULT_FOREIGN);
    assert_int_equal(owner[4], OWN);
    const struct frame twice[] = {{4, 0, 0}, {4, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, twice, 2, mine, &value),
                     PORT_FAULT_DUPLICATE);
    assert_int_equal(owner[4], OWN);
    const struct frame none[] = {{BUFFERS + 1, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, none, 1, mine, &value),
                     PORT_FAULT_INDEX);
}

// What is empty goes on to another queue.
static void test_empties_are_inherited(void **state)
{
    (void)state;
    const struct frame frames[] = {{5, 0, 0}, {6, 0, 0}, {0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
    assert_int_equal(judge_empties(&judge, OWN, OTHER, frames, 5, out, &value), PORT_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(out[i].buffer, frames[i].buffer);
        assert_int_equal(owner[frames[i].buffer], OTHER);
    }
}

// --- a stale handle ---

// A handle of an earlier crossing, named again: while ring 0 has the buffer, while another queue
// has it, and, which is allowed, after it came back to this queue (docs/decisions/009).
static void test_a_handle_of_an_earlier_crossing(void **state)
{
    (void)state;
    const struct frame handle = good(2);
    assert_int_equal(judge_frames(&judge, OWN, &handle, 1, out, &value), PORT_OK);
    assert_int_equal(judge_frames(&judge, OWN, &handle, 1, out, &value), PORT_FAULT_FOREIGN);
    assert_int_equal(value, 2);
    judge_give(&judge, OTHER, 2);
    assert_int_equal(judge_frames(&judge, OWN, &handle, 1, out, &value), PORT_FAULT_FOREIGN);
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, &handle, 1, out, &value),
                     PORT_FAULT_FOREIGN);
    assert_int_equal(owner[2], OTHER);
    judge_give(&judge, OWN, 2);
    assert_int_equal(judge_frames(&judge, OWN, &handle, 1, out, &value), PORT_OK);
}

// --- frames that go on at once ---

enum { LONGEST = 1514, MANY = 8 };

static struct frame lent[MANY];
static uint64_t bytes;

static bool plain(const struct frame *frames, unsigned count)
{
    return judge_plain(&judge, OWN, OTHER, frames, count, LONGEST, out, lent, &bytes);
}

static void test_plain_frames_go_on(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= MANY; count++) {
        struct frame frames[MANY];
        for (unsigned i = 0; i < count; i++) {
            frames[i] = good(i);
            frames[i].length = (uint16_t)(i % 2 == 0 ? FRAME_MIN : LONGEST);
        }
        setup(NULL);
        assert_true(plain(frames, count));
        assert_memory_equal(out, frames, count * sizeof *frames);
        assert_memory_equal(lent, frames, count * sizeof *frames);
        assert_int_equal(bytes, (count + 1) / 2 * FRAME_MIN + count / 2 * LONGEST);
        for (unsigned i = 0; i < 8; i++)
            assert_int_equal(owner[i], i < count ? OTHER : OWN);
        assert_false(count > 0 && plain(frames, 1)); // not its own any more
    }
}

// At each place in a burst.
static void assert_not_plain(struct frame bad)
{
    for (unsigned at = 0; at < MANY; at++) {
        struct frame frames[MANY];
        for (unsigned i = 0; i < MANY; i++)
            frames[i] = good(i);
        frames[at] = bad;
        setup(NULL);
        uint16_t before[BUFFERS];
        memcpy(before, owner, sizeof before);
        assert_false(plain(frames, MANY));
        assert_memory_equal(owner, before, sizeof before);
    }
}

static void test_not_plain(void **state)
{
    (void)state;
    assert_not_plain(good(BUFFERS));
    assert_not_plain(good(NO_BUFFER));
    assert_not_plain(good(9));
    assert_not_plain(good(13));
    assert_not_plain((struct frame){7, FRAME_HEADROOM, FRAME_MIN - 1});
    assert_not_plain((struct frame){7, FRAME_HEADROOM, LONGEST + 1});
    assert_not_plain((struct frame){7, FRAME_HEADROOM, UINT16_MAX});
    assert_not_plain((struct frame){7, FRAME_HEADROOM, 0});
    assert_not_plain((struct frame){7, FRAME_HEADROOM - 1, 60});
    assert_not_plain((struct frame){7, FRAME_HEADROOM + 1, 60});
    assert_not_plain((struct frame){7, UINT16_MAX, UINT16_MAX});
    struct frame twice[] = {good(0), good(1), good(2), good(1)};
    setup(NULL);
    assert_false(plain(twice, 4));
    assert_int_equal(owner[1], OWN);
}

static void test_nothing_is_always_right(void **state)
{
    (void)state;
    assert_int_equal(judge_frames(&judge, OWN, NULL, 0, out, &value), PORT_OK);
    assert_int_equal(judge_empties(&judge, OWN, JUDGE_RING_0, NULL, 0, out, &value), PORT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_takes_what_is_right, setup),
        cmocka_unit_test_setup(test_refuses, setup),
        cmocka_unit_test_setup(test_empties_have_no_length, setup),
        cmocka_unit_test_setup(test_empties_are_inherited, setup),
        cmocka_unit_test_setup(test_a_handle_of_an_earlier_crossing, setup),
        cmocka_unit_test_setup(test_plain_frames_go_on, setup),
        cmocka_unit_test_setup(test_not_plain, setup),
        cmocka_unit_test_setup(test_nothing_is_always_right, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
