// SPDX-License-Identifier: BSD-2-Clause
// One card hangs in its reset while two others carry traffic: they lose nothing, and the box is
// away from them for the time of one call of start() or stop() at most. Time is simulated.
// links: net/forward.c net/local.c net/counters.c net/restarts.c net/supervise.c net/mend.c
// links: net/tally.c tests/unit/fakeport.c
// links: net/wire.c net/buffers.c net/audit.c
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/audit.h"
#include "net/forward.h"
#include "net/supervise.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

enum { STUCK, ITS_PEER, LEFT, RIGHT, PORTS };
enum {
    CALL_US = 10000,
    ROUND_US = 100,
    HOUSEKEEPING_US = 1000,
    FRAME_EVERY_US = 500,
    SECOND = 1000000
};

static struct fake_port fakes[PORTS];
static struct buffers buffers;
static struct forwarder forwarder;
static struct supervisor supervisor;
static void *memory, *bitmap;
static uint64_t now, longest_stall, stalled, arrived, left;

uint64_t clock_us(void)
{
    return now;
}

void log_line(const char *format, ...)
{
    (void)format;
}

static int make_box(void **state)
{
    (void)state;
    static const char *const names[PORTS] = {"stuck", "peer", "left", "right"};
    struct port *ports[PORTS];
    now = longest_stall = stalled = arrived = left = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        fake_init(&fakes[i], names[i], 1, 1, FAKE_SLOTS_MAX, 1514);
        ports[i] = &fakes[i].port;
    }
    buffers_init(&buffers, ports, PORTS);
    wire_plan(&buffers, STUCK, ITS_PEER);
    wire_plan(&buffers, LEFT, RIGHT);
    if (buffers_plan(&buffers, BUFFER_CAPACITY) != 0)
        return -1;
    memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    bitmap = malloc(buffers.bitmap_bytes);
    if (buffers_deal(&buffers, memory, 0, buffers.bytes, bitmap) != 0)
        return -1;
    forwarder_init(&forwarder, &buffers.area);
    supervise_init(&supervisor, &buffers);
    for (unsigned i = 0; i < PORTS; i++)
        supervise_add(&supervisor, ports[i], "fake");
    return wire_connect(&forwarder, &buffers, STUCK, ITS_PEER) ||
           wire_connect(&forwarder, &buffers, LEFT, RIGHT) || supervise_start(&supervisor) != PORTS;
}

static int free_box(void **state)
{
    (void)state;
    free(memory);
    free(bitmap);
    return 0;
}

// The main loop for that long: a frame for left every FRAME_EVERY_US, whatever the box does.
static void run(uint64_t us)
{
    uint8_t data[FAKE_DATA_MAX] = {0};
    uint64_t next = now;
    for (const uint64_t end = now + us; now < end; now += ROUND_US) {
        for (; arrived < now / FRAME_EVERY_US; arrived++)
            assert_true(fake_arrive(&fakes[LEFT], 0, data, 60, FAKE_HONEST));
        forward_poll(&forwarder);
        while (fake_sent(&fakes[RIGHT], 0, data) != 0)
            left++;
        const uint64_t before = now;
        if (now >= next) {
            next = now + HOUSEKEEPING_US;
            supervise_poll(&supervisor);
        } else if (supervise_deadline(&supervisor) <= now) {
            supervise_hasten(&supervisor);
        }
        stalled += now - before;
        if (now - before > longest_stall)
            longest_stall = now - before;
    }
}

static void break_it(void)
{
    fakes[STUCK].clock = &now;
    fakes[STUCK].start_us = fakes[STUCK].stop_us = CALL_US;
    port_fail(&fakes[STUCK].port, PORT_FAULT_NEEDS_RESET, 0);
}

static void others_lost_nothing(void)
{
    run(10 * ROUND_US); // what is under way arrives
    assert_true(arrived > 0);
    assert_int_equal(left, arrived);
    assert_int_equal(forwarder_counters(&forwarder, LEFT).forwarded, arrived);
    assert_in_range(longest_stall, 0, CALL_US);
    for (unsigned i = ITS_PEER; i < PORTS; i++) {
        assert_int_equal(fakes[i].starts, 1);
        assert_int_equal(fakes[i].stops, 0);
    }
    struct audit_report report;
    assert_true(buffers_audit(&buffers, &report));
}

static void test_slow_card(void **state)
{
    (void)state;
    run(SECOND);
    break_it();
    fakes[STUCK].slow_starts = 8;
    run(SECOND);
    assert_int_equal(fakes[STUCK].port.state, PORT_RUNNING);
    assert_int_equal(supervisor.ports[STUCK].restarts, 1);
    others_lost_nothing();
}

static void test_stuck_card(void **state)
{
    (void)state;
    run(SECOND);
    break_it();
    fakes[STUCK].slow_starts = UINT_MAX;
    run(START_LIMIT_US);
    assert_true(stalled > START_LIMIT_US / 20); // it was tried, for a tenth of the time
    assert_true(stalled < START_LIMIT_US / 8);
    run(RESTARTS_MAX * (START_LIMIT_US + RETRY_US));
    assert_int_equal(supervisor.ports[STUCK].state, SUPERVISED_PARKED);
    const unsigned starts = fakes[STUCK].starts;
    run(10 * SECOND);
    assert_int_equal(fakes[STUCK].starts, starts);
    others_lost_nothing();
}

static void test_card_that_fails_at_once(void **state)
{
    (void)state;
    break_it();
    fakes[STUCK].failing_starts = UINT_MAX;
    run(20 * SECOND);
    assert_int_equal(supervisor.ports[STUCK].state, SUPERVISED_PARKED);
    others_lost_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slow_card, make_box, free_box),
        cmocka_unit_test_setup_teardown(test_stuck_card, make_box, free_box),
        cmocka_unit_test_setup_teardown(test_card_that_fails_at_once, make_box, free_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
