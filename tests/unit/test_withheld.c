// SPDX-License-Identifier: BSD-2-Clause
// Who is found out, and who is only slow.
// links: net/withheld.c
#include "net/withheld.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool is_ready;

static bool ready(const struct queue *queue, bool transmit)
{
    (void)queue, (void)transmit;
    return is_ready;
}

static const struct domain_verbs verbs = {.ready = ready};
static struct proxy proxy;
static struct proxy_queue queue;

static int fresh(void **state)
{
    (void)state;
    proxy = (struct proxy){.verbs = &verbs};
    queue = (struct proxy_queue){.proxy = &proxy};
    is_ready = true;
    return 0;
}

// Between two looks it was asked so often in vain, and did so much.
static enum port_fault looked(uint64_t denials, uint64_t done)
{
    withheld_look(&queue);
    queue.denials += denials;
    *(queue.transmit ? &queue.put : &queue.taken) += done;
    withheld_look(&queue);
    return proxy.kill;
}

static void test_asked_and_nothing_done(void **state)
{
    (void)state;
    assert_int_equal(looked(1, 0), PORT_FAULT_WITHHELD);
}

static void test_the_same_of_a_transmit_ring(void **state)
{
    (void)state;
    queue.transmit = true;
    assert_int_equal(looked(1, 0), PORT_FAULT_WITHHELD);
}

static void test_nobody_asked(void **state)
{
    (void)state;
    assert_int_equal(looked(0, 0), PORT_OK);
}

static void test_something_was_done(void **state)
{
    (void)state;
    assert_int_equal(looked(7, 1), PORT_OK);
}

static void test_nothing_was_there(void **state)
{
    (void)state;
    is_ready = false;
    assert_int_equal(looked(7, 0), PORT_OK);
}

// What came only before the second look may have come after the last question.
static void test_it_came_late(void **state)
{
    (void)state;
    is_ready = false;
    withheld_look(&queue);
    queue.denials++;
    is_ready = true;
    withheld_look(&queue);
    assert_int_equal(proxy.kill, PORT_OK);
    withheld_look(&queue);
    assert_int_equal(proxy.kill, PORT_OK);
    queue.denials++;
    withheld_look(&queue);
    assert_int_equal(proxy.kill, PORT_FAULT_WITHHELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_asked_and_nothing_done, fresh),
        cmocka_unit_test_setup(test_the_same_of_a_transmit_ring, fresh),
        cmocka_unit_test_setup(test_nobody_asked, fresh),
        cmocka_unit_test_setup(test_something_was_done, fresh),
        cmocka_unit_test_setup(test_nothing_was_there, fresh),
        cmocka_unit_test_setup(test_it_came_late, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
