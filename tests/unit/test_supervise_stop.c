// SPDX-License-Identifier: BSD-2-Clause
// A port that takes several calls to be stopped: the others are looked after meanwhile, and
// whatever happens to it meanwhile is remembered.
// links: net/restarts.c net/supervise.c net/buffers.c net/mend.c tests/unit/fakeport.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/supervise.h"
#include "tests/unit/fakeport.h"
#include "tests/unit/look_after.h"

enum { LAN, WAN, PORTS, SECOND = 1000000, CALLS = 5, PAUSE_US = 30 };

static struct fake_port fakes[PORTS];
static struct supervisor supervisor;
static struct buffers buffers; // of no port: there is nothing to mend
static struct packet_area area;
static uint64_t now;
static char last_line[128];

uint64_t clock_us(void)
{
    return now;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
}

static int running(void **state)
{
    (void)state;
    now = SECOND;
    supervise_init(&supervisor, &buffers);
    for (unsigned i = 0; i < PORTS; i++) {
        fake_init(&fakes[i], i == LAN ? "lan" : "wan", 1, 1, 8, 1514);
        fakes[i].port.area = &area;
        supervise_add(&supervisor, &fakes[i].port, "fake:0");
    }
    if (supervise_start(&supervisor) != PORTS)
        return -1;
    fakes[LAN].slow_stops = CALLS - 1;
    fakes[LAN].stop_pause_us = PAUSE_US;
    return 0;
}

static void expect_state(const char *text)
{
    assert_string_equal(supervise_state_name(&supervisor.ports[LAN]), text);
}

// The card breaks a rule, and the first call of stop() has been.
static void begin_to_stop(void)
{
    port_fail(&fakes[LAN].port, PORT_FAULT_USED_ID, 1);
    supervise_poll(&supervisor);
    assert_int_equal(fakes[LAN].stop_calls, 0); // nothing long in housekeeping
    expect_state("stopping");
    supervise_hasten(&supervisor);
    assert_int_equal(fakes[LAN].stop_calls, 1);
    assert_int_equal(fakes[LAN].port.state, PORT_STOPPING);
}

// Lets time pass, in steps that are shorter than a pause, until the port is stopped.
static void finish_stopping(void)
{
    const uint64_t begin = now;
    while (supervisor.ports[LAN].state == SUPERVISED_STOPPING) {
        assert_true(now - begin <= CALLS * PAUSE_US);
        now += PAUSE_US / 3;
        supervise_poll(&supervisor);
        supervise_hasten(&supervisor);
    }
    assert_int_equal(fakes[LAN].stop_calls, CALLS);
    assert_int_equal(fakes[LAN].stops, 1);
}

// Called again when the driver said, and not before; the other port is polled as ever.
static void test_stop_in_several_calls(void **state)
{
    (void)state;
    begin_to_stop();
    assert_int_equal(supervise_deadline(&supervisor), now + PAUSE_US);
    const unsigned polls = fakes[WAN].polls;
    for (unsigned i = 0; i < 100; i++) {
        supervise_poll(&supervisor);
        supervise_hasten(&supervisor);
    }
    assert_int_equal(fakes[LAN].stop_calls, 1);
    assert_int_equal(fakes[WAN].polls, polls + 100);
    finish_stopping();
    catch_up(&supervisor);
    expect_state("running");
    assert_int_equal(fakes[LAN].starts, 2);
    assert_int_equal(supervisor.ports[LAN].restarts, 1);
    assert_int_equal(supervisor.ports[LAN].outage_us, (CALLS - 1) * PAUSE_US);
    assert_int_equal(fakes[WAN].starts, 1);
}

// A driver that does not say when: a tenth of the time is the port's.
static void test_pauses_of_its_own(void **state)
{
    (void)state;
    fakes[LAN].stop_pause_us = 0;
    fakes[LAN].clock = &now;
    fakes[LAN].stop_us = 7;
    begin_to_stop();
    assert_int_equal(supervise_deadline(&supervisor), now + 9 * 7);
}

// Further faults of a port that is being stopped are counted, and change nothing else.
static void test_a_second_fault(void **state)
{
    (void)state;
    begin_to_stop();
    port_fail(&fakes[LAN].port, PORT_FAULT_DMA, 2);
    assert_int_equal(fakes[LAN].port.state, PORT_STOPPING);
    assert_int_equal(fakes[LAN].port.fault_count[PORT_FAULT_DMA], 1);
    finish_stopping();
    catch_up(&supervisor);
    expect_state("running");
    assert_int_equal(supervisor.ports[LAN].restarts, 1);
    assert_int_equal(supervisor.ports[LAN].last_fault, PORT_FAULT_USED_ID);
}

// A card that leaves meanwhile is not started again.
static void test_leaves_meanwhile(void **state)
{
    (void)state;
    fakes[LAN].tx[0].filled += 3;
    begin_to_stop();
    fakes[LAN].port.removed = true;
    assert_int_equal(supervise_deadline(&supervisor), 0);
    supervise_poll(&supervisor);
    assert_true(supervise_deadline(&supervisor) > now); // in no more of a hurry than before
    assert_int_equal(supervise_restart(&supervisor, LAN), -ENODEV);
    finish_stopping();
    expect_state("absent");
    assert_string_equal(last_line, "lan: device gone, 3 frames in its rings lost");
    now += 10 * SECOND;
    look_after(&supervisor);
    assert_int_equal(fakes[LAN].starts, 1);
    assert_true(supervise_deadline(&supervisor) == UINT64_MAX);
}

// The other way round, from a port that runs: its card goes, is stopped in several calls, and that
// is all.
static void test_leaves(void **state)
{
    (void)state;
    fakes[LAN].port.removed = true;
    supervise_poll(&supervisor);
    expect_state("stopping");
    supervise_hasten(&supervisor);
    finish_stopping();
    expect_state("absent");
    assert_int_equal(fakes[LAN].starts, 1);
}

// Somebody asks for a restart of a port that is being stopped for the last time.
static void test_restart_meanwhile(void **state)
{
    (void)state;
    supervisor.ports[LAN].recent = supervisor.ports[LAN].in_vain = RESTARTS_MAX;
    begin_to_stop();
    assert_int_equal(supervise_restart(&supervisor, LAN), 0);
    finish_stopping();
    catch_up(&supervisor);
    expect_state("running");
    assert_int_equal(supervisor.ports[LAN].cause, PORT_OK);
}

static void test_parked_when_stopped(void **state)
{
    (void)state;
    supervisor.ports[LAN].in_vain = RESTARTS_MAX;
    begin_to_stop();
    finish_stopping();
    expect_state("parked");
    assert_int_equal(fakes[LAN].port.state, PORT_STOPPED);
}

// An attempt to start that takes too long, and one that fails with the card not at rest, are ended
// by a stop() before the next one begins.
static void test_an_attempt_is_ended(void **state)
{
    (void)state;
    fakes[LAN].slow_starts = 1000000;
    begin_to_stop();
    finish_stopping();
    now += START_LIMIT_US;
    supervise_hasten(&supervisor);
    expect_state("stopping");
    assert_string_equal(last_line, "lan: does not start: error 110");
    catch_up(&supervisor);
    expect_state("retrying");
    assert_int_equal(fakes[LAN].stops, 2);
    fakes[LAN].slow_starts = 0;
    fakes[LAN].failing_starts = 2;
    for (unsigned i = 0; i < 2; i++) {
        fakes[LAN].fails_restless = i != 0;
        now += RETRY_US;
        look_after(&supervisor);
        expect_state("retrying");
        assert_int_equal(fakes[LAN].stops, 2 + i);
        assert_int_equal(fakes[LAN].port.state, PORT_STOPPED);
    }
    now += RETRY_US;
    look_after(&supervisor);
    expect_state("running");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_stop_in_several_calls, running),
        cmocka_unit_test_setup(test_pauses_of_its_own, running),
        cmocka_unit_test_setup(test_a_second_fault, running),
        cmocka_unit_test_setup(test_leaves_meanwhile, running),
        cmocka_unit_test_setup(test_leaves, running),
        cmocka_unit_test_setup(test_restart_meanwhile, running),
        cmocka_unit_test_setup(test_parked_when_stopped, running),
        cmocka_unit_test_setup(test_an_attempt_is_ended, running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
