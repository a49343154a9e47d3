// SPDX-License-Identifier: BSD-2-Clause
// What drivers/port.h does by itself: queues are closed, know their verbs, and have those that
// their driver lacks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/port.h"

enum { QUEUES = 2, EMPTY_BUFFER = 77 };

static struct port port;
static struct queue rx[QUEUES], tx[QUEUES];

// What the driver was last told.
static struct queue *told;
static struct frame told_frame;
static unsigned told_count;
static bool full;

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    (void)queue, (void)frames, (void)max;
    return 0;
}

static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    told = queue;
    told_frame = *frames;
    told_count = count;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    told = queue;
    told_frame = *frames;
    told_count = count;
    if (full)
        return 0;
    *frames = (struct frame){.buffer = EMPTY_BUFFER};
    return 1;
}

static uint32_t exchange(struct queue *queue, uint64_t buffer, uint64_t length)
{
    (void)queue, (void)buffer, (void)length;
    return NO_BUFFER;
}

static void put(struct queue *queue, uint32_t buffer)
{
    (void)queue, (void)buffer;
}

static struct relayed relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    (void)from, (void)to, (void)max, (void)lengths;
    return (struct relayed){0, 0};
}

static const struct port_driver plain = {
    .receive = receive,
    .refill = refill,
    .transmit = transmit,
};

static const struct port_driver rich = {
    .receive = receive,
    .refill = refill,
    .transmit = transmit,
    .exchange = exchange,
    .put = put,
    .relay = relay,
};

// The port has one more queue of each direction than it uses: that one stays as it is.
static int fresh(void **state)
{
    (void)state;
    port = (struct port){.state = PORT_RUNNING, .rx_queues = QUEUES - 1, .tx_queues = QUEUES - 1};
    for (unsigned i = 0; i < QUEUES; i++) {
        rx[i] = (struct queue){.port = &port, .lengths = 1505};
        tx[i] = (struct queue){.port = &port, .lengths = 1505, .free = 64};
        port.rx[i] = &rx[i];
        port.tx[i] = &tx[i];
    }
    told = NULL;
    full = false;
    return 0;
}

static void test_closed(void **state)
{
    (void)state;
    port_close(&port);
    assert_int_equal(rx[0].lengths, 0);
    assert_int_equal(tx[0].lengths, 0);
    assert_int_equal(tx[0].free, 0);
    assert_int_equal(rx[1].lengths, 1505);
    assert_int_equal(tx[1].free, 64);
    assert_int_equal(port.state, PORT_RUNNING); // a link that is down closes them too
}

static void test_failed(void **state)
{
    (void)state;
    port_fail(&port, PORT_FAULT_USED_ID, 256);
    assert_int_equal(port.state, PORT_FAULTED);
    assert_int_equal(port.fault, PORT_FAULT_USED_ID);
    assert_int_equal(port.fault_value, 256);
    assert_int_equal(port.fault_count[PORT_FAULT_USED_ID], 1);
    assert_int_equal(rx[0].lengths, 0);
    assert_int_equal(tx[0].free, 0);
}

static void test_own_verbs(void **state)
{
    (void)state;
    port_use(&port, &rich);
    assert_ptr_equal(port.driver, &rich);
    assert_ptr_equal(rx[0].receive, receive);
    assert_ptr_equal(rx[0].refill, refill);
    assert_ptr_equal(rx[0].put, put);
    assert_ptr_equal(rx[0].relay, relay);
    assert_ptr_equal(tx[0].transmit, transmit);
    assert_ptr_equal(tx[0].exchange, exchange);
    assert_ptr_equal(tx[0].relay, relay);
    assert_null(rx[1].receive);
    assert_null(tx[1].transmit);
}

// A driver put in front of another, with fewer verbs, leaves none of the other's behind.
static void test_verbs_that_it_lacks(void **state)
{
    (void)state;
    port_use(&port, &rich);
    port_use(&port, &plain);
    assert_ptr_equal(rx[0].put, port_put);
    assert_ptr_equal(tx[0].exchange, port_exchange);
    const struct relayed moved = rx[0].relay(&rx[0], &tx[0], 32, 1505);
    assert_int_equal(moved.frames, RELAY_NOT_PLAIN);
    assert_int_equal(moved.beyond, 0);
    assert_ptr_equal(tx[0].relay, rx[0].relay);
}

static void test_exchange_by_transmit(void **state)
{
    (void)state;
    port_use(&port, &plain);
    assert_int_equal(tx[0].exchange(&tx[0], 5, 1514), EMPTY_BUFFER);
    assert_ptr_equal(told, &tx[0]);
    assert_int_equal(told_count, 1);
    assert_int_equal(told_frame.buffer, 5);
    assert_int_equal(told_frame.offset, FRAME_HEADROOM);
    assert_int_equal(told_frame.length, 1514);
    full = true;
    assert_int_equal(tx[0].exchange(&tx[0], 6, 60), NO_BUFFER);
}

static void test_put_by_refill(void **state)
{
    (void)state;
    port_use(&port, &plain);
    rx[0].put(&rx[0], 9);
    assert_ptr_equal(told, &rx[0]);
    assert_int_equal(told_count, 1);
    assert_int_equal(told_frame.buffer, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_closed, fresh),
        cmocka_unit_test_setup(test_failed, fresh),
        cmocka_unit_test_setup(test_own_verbs, fresh),
        cmocka_unit_test_setup(test_verbs_that_it_lacks, fresh),
        cmocka_unit_test_setup(test_exchange_by_transmit, fresh),
        cmocka_unit_test_setup(test_put_by_refill, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
