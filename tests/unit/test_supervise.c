// SPDX-License-Identifier: BSD-2-Clause
// The slow path: faults are logged once and end in a restart, storms end in parking, links are
// followed without flooding the log, and other ports notice nothing.
// links: net/restarts.c net/supervise.c net/mend.c net/buffers.c tests/unit/fakeport.c
#include <errno.h>
#include <limits.h>
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

enum { LAN, WAN, GONE, PORTS, SECOND = 1000000, CALL_US = 10000 };

static struct fake_port fakes[PORTS];
static struct supervisor supervisor;
static struct buffers buffers; // of no port: there is nothing to mend
static struct packet_area area;
static uint64_t now, clock_step;
static char lines[64][128];
static unsigned line_count;

uint64_t clock_us(void)
{
    now += clock_step;
    return now;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    assert_true(line_count < 64);
    vsnprintf(lines[line_count++], sizeof *lines, format, arguments);
    va_end(arguments);
}

static void expect_line(unsigned number, const char *text)
{
    assert_true(number < line_count);
    assert_string_equal(lines[number], text);
}

// Two running ports with their links reported, and one that is not there.
static int running(void **state)
{
    (void)state;
    now = 0;
    clock_step = 0;
    supervise_init(&supervisor, &buffers);
    const char *const names[PORTS] = {"lan", "wan", "gone"};
    for (unsigned i = 0; i < PORTS; i++) {
        fake_init(&fakes[i], names[i], 1, 1, 8, 1514);
        fakes[i].port.area = &area;
        supervise_add(&supervisor, &fakes[i].port, "fake:0");
    }
    fakes[GONE].port.state = PORT_ABSENT;
    if (supervise_start(&supervisor) != 2)
        return -1;
    look_after(&supervisor);
    line_count = 0;
    return 0;
}

static void fault(unsigned port)
{
    port_fail(&fakes[port].port, PORT_FAULT_USED_ID, 0x1234);
}

static void test_start(void **state)
{
    (void)state;
    assert_int_equal(fakes[LAN].starts, 1);
    assert_int_equal(fakes[WAN].starts, 1);
    assert_int_equal(fakes[GONE].starts, 0);
    assert_string_equal(lines[0], "lan: link up, 10000 Mb/s"); // from the first poll
    assert_string_equal(lines[1], "wan: link up, 10000 Mb/s");
    assert_int_equal(supervisor.ports[GONE].state, SUPERVISED_ABSENT);
    assert_int_equal(restart_now(&supervisor, GONE), -ENODEV);
    assert_int_equal(fakes[GONE].starts + fakes[GONE].stops + fakes[GONE].polls, 0);
}

static void test_polls_quietly(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        look_after(&supervisor);
    assert_int_equal(fakes[LAN].polls, 101);
    assert_int_equal(line_count, 0);
}

static void test_restart_after_fault(void **state)
{
    (void)state;
    fault(LAN);
    clock_step = 100;
    look_after(&supervisor);
    clock_step = 0;
    assert_int_equal(fakes[LAN].port.state, PORT_RUNNING);
    assert_int_equal(fakes[LAN].stops, 1);
    assert_int_equal(fakes[LAN].starts, 2);
    assert_int_equal(fakes[LAN].polls, 1); // a dead card is not polled
    assert_int_equal(fakes[WAN].stops, 0);
    assert_int_equal(fakes[WAN].starts, 1);
    const struct supervised *s = &supervisor.ports[LAN];
    assert_int_equal(s->restarts, 1);
    assert_int_equal(s->last_fault, PORT_FAULT_USED_ID);
    assert_int_equal(s->last_fault_value, 0x1234);
    assert_int_equal(s->outage_us, 1300); // how often the clock was looked at
    expect_line(0, "lan: fault used-id, value 0x1234");
    expect_line(1, "lan: running again after 1300 us, restart 1");
    expect_line(2, "lan: link up, 10000 Mb/s");
    assert_int_equal(line_count, 3);
    look_after(&supervisor);
    assert_int_equal(line_count, 3);
}

static void test_fault_found_by_poll(void **state)
{
    (void)state;
    fakes[WAN].fail_in_poll = PORT_FAULT_GONE;
    look_after(&supervisor);
    expect_line(0, "wan: fault gone, value 0xbad");
    assert_int_equal(fakes[WAN].starts, 2);
}

// A card that leaves its slot: stopped once, whatever it was doing, and then left alone.
static void test_a_card_leaves(void **state)
{
    (void)state;
    fault(WAN);
    fakes[WAN].port.removed = true;
    assert_true(supervise_deadline(&supervisor) == 0);
    for (unsigned i = 0; i < 10; i++)
        look_after(&supervisor);
    assert_int_equal(fakes[WAN].stops, 1);
    assert_int_equal(fakes[WAN].starts, 1);
    assert_int_equal(fakes[WAN].port.state, PORT_STOPPED);
    expect_line(0, "wan: device gone, 0 frames in its rings lost");
    assert_int_equal(line_count, 1);
    assert_string_equal(supervise_state_name(&supervisor.ports[WAN]), "absent");
    assert_int_equal(restart_now(&supervisor, WAN), -ENODEV);
    assert_int_equal(fakes[LAN].starts, 1);
    assert_true(supervise_deadline(&supervisor) == UINT64_MAX);
}

// Eight restarts in ten seconds are granted, the ninth is not.
static void test_parking(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RESTARTS_MAX; i++) {
        fault(LAN);
        look_after(&supervisor);
        assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
        now += SECOND;
    }
    fault(LAN);
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_PARKED);
    assert_int_equal(fakes[LAN].port.state, PORT_STOPPED);
    assert_int_equal(fakes[LAN].stops, RESTARTS_MAX + 1);
    assert_string_equal(lines[line_count - 1], "lan: parked after 8 restarts in 10 seconds: "
                                               "\"restart lan\" tries again");
    now += SECOND; // the eight are still fresh
    look_after(&supervisor);
    assert_int_equal(fakes[LAN].starts, 1 + RESTARTS_MAX); // it stays parked
    assert_int_equal(supervisor.ports[WAN].state, SUPERVISED_RUNNING);
    assert_int_equal(fakes[WAN].starts, 1);

    assert_int_equal(restart_now(&supervisor, LAN), 0);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
    for (unsigned i = 1; i < RESTARTS_MAX; i++) { // and has eight new lives, this one included
        fault(LAN);
        look_after(&supervisor);
        assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
    }
    fault(LAN);
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_PARKED);
}

static void test_slow_faults_never_park(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        line_count = 0;
        fault(LAN);
        look_after(&supervisor);
        assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
        now += RESTARTS_WINDOW_US / RESTARTS_MAX;
    }
    assert_int_equal(supervisor.ports[LAN].restarts, 100);
}

// A port that does not start is tried once a second, not at every poll, and parked in the end.
static void test_does_not_start(void **state)
{
    (void)state;
    fakes[LAN].failing_starts = 3;
    fault(LAN);
    for (unsigned ms = 0; ms < 2999; ms++) {
        look_after(&supervisor);
        now += 1000;
        line_count = 0;
    }
    assert_int_equal(fakes[LAN].starts, 1 + 3);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RETRYING);
    now += 1000;
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
    assert_int_equal(supervisor.ports[LAN].outage_us, 3 * SECOND);

    fakes[LAN].failing_starts = 1000;
    fault(LAN);
    for (unsigned ms = 0; ms < 20000; ms++) {
        look_after(&supervisor);
        now += 1000;
        line_count = 0;
    }
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_PARKED);
    assert_int_equal(restart_now(&supervisor, LAN), 0);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RETRYING);
    assert_string_equal(lines[0], "lan: does not start: error 5");
}

// Lets housekeeping run every millisecond until the port is in that state.
static void poll_until(unsigned port, enum supervised_state state, uint64_t limit_us)
{
    const uint64_t begin = now;
    while (supervisor.ports[port].state != state) {
        assert_true(now - begin < limit_us);
        now += 1000;
        look_after(&supervisor);
        if (line_count > 32)
            line_count = 0;
    }
}

// A card that needs 20 calls of 10 ms each gets them, but no more than a tenth of the time.
static void test_slow_start(void **state)
{
    (void)state;
    fakes[LAN].clock = &now;
    fakes[LAN].start_us = CALL_US;
    fakes[LAN].slow_starts = 20;
    fault(LAN);
    const uint64_t begin = now;
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_STARTING);
    poll_until(LAN, SUPERVISED_RUNNING, 3 * SECOND);
    assert_int_equal(fakes[LAN].starts, 1 + 21);
    assert_int_equal(fakes[LAN].stops, 1); // the attempt was never interrupted
    assert_true(now - begin >= 200 * CALL_US);
    assert_int_equal(supervisor.ports[LAN].restarts, 1);
    assert_int_equal(supervisor.ports[LAN].outage_us, now - begin);
    expect_line(0, "lan: fault used-id, value 0x1234");
    assert_memory_equal(lines[1], "lan: running again after 2", 26);
    assert_int_equal(fakes[WAN].stops, 0);
}

// One that is asked without waiting is asked at every poll, and stopped when its time is over.
// Between two calls of supervise_poll(): one port at a time, the one that has waited longest, and
// only those that wait for it.
static void test_hasten(void **state)
{
    (void)state;
    const unsigned polls[] = {fakes[LAN].polls, fakes[WAN].polls};
    supervise_hasten(&supervisor);
    assert_int_equal(fakes[LAN].polls, polls[LAN]);
    fakes[LAN].port.poll_soon_us = fakes[WAN].port.poll_soon_us = 100;
    now += 50;
    supervise_hasten(&supervisor);
    supervise_poll(&supervisor); // leaves them to supervise_hasten()
    assert_int_equal(fakes[LAN].polls + fakes[WAN].polls, polls[LAN] + polls[WAN]);
    assert_int_equal(supervise_deadline(&supervisor), 100);
    now += 50;
    for (unsigned i = 1; i <= 3; i++) {
        supervise_hasten(&supervisor);
        assert_int_equal(fakes[LAN].polls + fakes[WAN].polls,
                         polls[LAN] + polls[WAN] + (i < 2 ? i : 2));
    }
    assert_int_equal(fakes[LAN].polls, polls[LAN] + 1);

    // One that is being started moves on, too; and a fault is seen at once.
    fakes[LAN].port.poll_soon_us = fakes[WAN].port.poll_soon_us = 0;
    fakes[LAN].slow_starts = 3;
    fault(LAN);
    supervise_hasten(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_STOPPING);
    supervise_hasten(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_STARTING);
    for (unsigned i = 0; i < 4; i++)
        supervise_hasten(&supervisor);
    assert_int_equal(fakes[LAN].port.state, PORT_RUNNING);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
    assert_int_equal(fakes[WAN].polls, polls[WAN] + 1);
}

static void test_start_never_ends(void **state)
{
    (void)state;
    fakes[LAN].slow_starts = 1000000;
    const uint64_t begin = now;
    assert_int_equal(restart_now(&supervisor, LAN), 0);
    poll_until(LAN, SUPERVISED_RETRYING, 2 * START_LIMIT_US);
    assert_int_equal(now - begin, START_LIMIT_US);
    assert_int_equal(fakes[LAN].starts, 2 + START_LIMIT_US / 1000);
    assert_int_equal(fakes[LAN].stops, 2);
    assert_string_equal(lines[line_count - 1], "lan: does not start: error 110");
    // Its restarts are too far apart for ten seconds to hold eight of them.
    poll_until(LAN, SUPERVISED_PARKED, 100 * SECOND);
    assert_int_equal(supervisor.ports[LAN].restarts, RESTARTS_MAX);
    assert_string_equal(lines[line_count - 1], "lan: parked after 8 restarts in vain: "
                                               "\"restart lan\" tries again");
    fakes[LAN].slow_starts = 0;
    assert_int_equal(restart_now(&supervisor, LAN), 0);
    fault(LAN); // what was before the restart is forgiven
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
}

static void test_restart_during_a_start(void **state)
{
    (void)state;
    fakes[LAN].slow_starts = 5;
    assert_int_equal(restart_now(&supervisor, LAN), 0);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_STARTING);
    now += 3000;
    fakes[LAN].slow_starts = 0;
    assert_int_equal(restart_now(&supervisor, LAN), 0);
    assert_int_equal(fakes[LAN].stops, 2); // the first attempt was ended
    assert_int_equal(supervisor.ports[LAN].outage_us, 3000);
}

// A port that takes two seconds to start and then dies at once is hopeless too, though ten seconds
// never hold eight of its restarts; one that gives a second of service each time is not.
static void test_parking_without_service(void **state)
{
    (void)state;
    for (unsigned service = 0; service < 2; service++) {
        for (unsigned i = 0; i < RESTARTS_MAX + 1u; i++) {
            line_count = 0;
            now += service ? SERVICE_US : SERVICE_US - 1;
            fault(LAN);
            fakes[LAN].slow_starts = 2000;
            look_after(&supervisor);
            if (service == 0 && i == RESTARTS_MAX)
                break;
            poll_until(LAN, SUPERVISED_RUNNING, 3 * SECOND);
        }
        assert_int_equal(supervisor.ports[LAN].state,
                         service ? SUPERVISED_RUNNING : SUPERVISED_PARKED);
        fakes[LAN].slow_starts = 0;
        assert_int_equal(restart_now(&supervisor, LAN), 0);
    }
}

// --- the ladder ---

static struct port_driver climbing; // the fake's, with the verbs that it lacks
static int revive_returns, relink_calls;
static unsigned revived, relinked;

static int revive(struct port *port)
{
    revived++;
    if (revive_returns < 0)
        return revive_returns;
    port->lost_in_restart += 3;
    port->card_missed += 4;
    port->state = PORT_RUNNING;
    port->fault = PORT_OK;
    return revive_returns;
}

// Takes three calls.
static int relink(struct port *port)
{
    assert_int_equal(port->state, PORT_STOPPED);
    relinked++;
    return ++relink_calls % 3 == 0 ? 0 : -EINPROGRESS;
}

static void make_climbing(int first)
{
    climbing = *fakes[LAN].port.driver;
    climbing.revive = revive;
    climbing.relink = relink;
    fakes[LAN].port.driver = &climbing;
    revive_returns = first;
    relink_calls = 0;
    revived = relinked = 0;
}

// A port that its driver brings back is not stopped, and none of its lives are used up.
static void test_revived(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * RESTARTS_MAX; i++) {
        line_count = 0;
        make_climbing(i % 2 != 0);
        fault(LAN);
        look_after(&supervisor);
        assert_int_equal(revived, 1);
        assert_int_equal(fakes[LAN].port.state, PORT_RUNNING);
        expect_line(1, i % 2 == 0 ? "lan: running again after 0 us, adopted: nothing lost"
                                  : "lan: running again after 0 us, 1 of its queues off and on, 7 "
                                    "frames in them lost");
    }
    assert_int_equal(fakes[LAN].stops, 0);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
    const struct restart_record *record = restart_record(&fakes[LAN].port);
    assert_int_equal(record->count[PORT_FAULT_USED_ID][STEP_ADOPT], RESTARTS_MAX);
    assert_int_equal(record->count[PORT_FAULT_USED_ID][STEP_QUEUE], RESTARTS_MAX);
}

// One that it does not bring back is restarted; after four in vain with its link down before, until
// it is parked.
static void test_link_after_four_in_vain(void **state)
{
    (void)state;
    make_climbing(-EAGAIN);
    const struct restart_record *record = restart_record(&fakes[LAN].port);
    const uint64_t function = record->count[PORT_FAULT_USED_ID][STEP_FUNCTION];
    const uint64_t link = record->count[PORT_FAULT_USED_ID][STEP_LINK];
    for (unsigned i = 0; i < RESTARTS_MAX; i++) {
        line_count = 0;
        fault(LAN);
        look_after(&supervisor);
        assert_int_equal(supervisor.ports[LAN].state,
                         i < LINK_AFTER ? SUPERVISED_RUNNING : SUPERVISED_STARTING);
        poll_until(LAN, SUPERVISED_RUNNING, SECOND);
    }
    assert_int_equal(relinked, 3 * (RESTARTS_MAX - LINK_AFTER));
    assert_int_equal(record->count[PORT_FAULT_USED_ID][STEP_FUNCTION] - function, LINK_AFTER);
    assert_int_equal(record->count[PORT_FAULT_USED_ID][STEP_LINK] - link,
                     RESTARTS_MAX - LINK_AFTER);
    fault(LAN);
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_PARKED);
    assert_int_equal(fakes[WAN].stops, 0);
}

// At boot nothing is forwarded yet: slow cards are waited for, all of them at the same time.
static void test_slow_first_start(void **state)
{
    (void)state;
    supervise_init(&supervisor, &buffers);
    clock_step = 1000;
    for (unsigned i = 0; i < PORTS; i++) {
        fake_init(&fakes[i], "port", 1, 1, 8, 1514);
        fakes[i].port.area = &area;
        fakes[i].slow_starts = i == WAN ? UINT_MAX : 100;
        supervise_add(&supervisor, &fakes[i].port, "fake:0");
    }
    const uint64_t begin = now;
    assert_int_equal(supervise_start(&supervisor), PORTS - 1);
    assert_in_range(now - begin, BOOT_WAIT_US, BOOT_WAIT_US + 20000);
    assert_int_equal(fakes[LAN].starts, 101);
    assert_int_equal(supervisor.ports[WAN].state, SUPERVISED_STARTING); // its attempt goes on
    fakes[WAN].slow_starts = 0;
    now += SECOND;
    look_after(&supervisor);
    assert_int_equal(supervisor.ports[WAN].state, SUPERVISED_RUNNING);
    assert_int_equal(fakes[WAN].stops, 0);
}

static void test_lost_frames_are_told(void **state)
{
    (void)state;
    fakes[LAN].tx[0].filled += 3;
    fakes[LAN].failing_starts = 1; // they are not forgotten meanwhile
    fault(LAN);
    look_after(&supervisor);
    now += RETRY_US;
    look_after(&supervisor);
    expect_line(2, "lan: running again after 1000000 us, restart 2, 3 frames in its rings lost");
    assert_int_equal(restart_now(&supervisor, LAN), 0);                      // told once
    expect_line(line_count - 2, "lan: running again after 0 us, restart 3"); // then its link
    assert_int_equal(fakes[LAN].port.lost_in_restart, 3);
}

static void test_failing_first_start(void **state)
{
    (void)state;
    supervise_init(&supervisor, &buffers);
    now = 5ull * SECOND;
    fake_init(&fakes[LAN], "lan", 1, 1, 8, 1514);
    fakes[LAN].port.area = &area;
    fakes[LAN].failing_starts = 1;
    supervise_add(&supervisor, &fakes[LAN].port, "fake:0");
    assert_int_equal(supervise_start(&supervisor), 0);
    look_after(&supervisor);
    assert_int_equal(fakes[LAN].starts, 1);
    now += RETRY_US;
    look_after(&supervisor);
    assert_int_equal(fakes[LAN].starts, 2);
    assert_int_equal(supervisor.ports[LAN].state, SUPERVISED_RUNNING);
}

static void test_link(void **state)
{
    (void)state;
    struct port *port = &fakes[LAN].port;
    port->link_up = false;
    look_after(&supervisor);
    expect_line(0, "lan: link down");
    port->link_mbps = 1000; // means nothing while the link is down
    look_after(&supervisor);
    assert_int_equal(line_count, 1);
    port->link_up = true;
    look_after(&supervisor);
    expect_line(1, "lan: link up, 1000 Mb/s");
    port->link_mbps = 0;
    look_after(&supervisor);
    expect_line(2, "lan: link up");
    assert_int_equal(line_count, 3);
}

// Ten seconds of a link that changes every millisecond.
static void test_flapping_link(void **state)
{
    (void)state;
    now = 10ull * SECOND;
    for (unsigned ms = 0; ms < 10000; ms++) {
        fakes[LAN].port.link_up = !fakes[LAN].port.link_up;
        look_after(&supervisor);
        now += 1000;
    }
    assert_int_equal(line_count, 10 * (LINK_LINES_MAX + 1) - 1);
    expect_line(0, "lan: link down");
    expect_line(3, "lan: link up, 10000 Mb/s");
    expect_line(4, "lan: link changed 996 more times, now up");
    look_after(&supervisor); // what was held back is said even when the link is calm again
    assert_int_equal(line_count, 10 * (LINK_LINES_MAX + 1));
    now += SECOND;
    look_after(&supervisor);
    assert_int_equal(line_count, 10 * (LINK_LINES_MAX + 1));
}

static void test_restart_by_hand(void **state)
{
    (void)state;
    assert_int_equal(restart_now(&supervisor, WAN), 0);
    assert_int_equal(fakes[WAN].stops, 1);
    assert_int_equal(fakes[WAN].starts, 2);
    assert_int_equal(fakes[LAN].starts, 1);
    assert_int_equal(supervisor.ports[WAN].last_fault, PORT_OK);
}

static void test_every_fault_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PORT_FAULT_COUNT; i++) {
        assert_string_not_equal(port_fault_name(i), "unknown");
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(port_fault_name(i), port_fault_name(j));
    }
    assert_string_equal(port_fault_name(PORT_FAULT_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, running),
        cmocka_unit_test_setup(test_polls_quietly, running),
        cmocka_unit_test_setup(test_restart_after_fault, running),
        cmocka_unit_test_setup(test_a_card_leaves, running),
        cmocka_unit_test_setup(test_fault_found_by_poll, running),
        cmocka_unit_test_setup(test_parking, running),
        cmocka_unit_test_setup(test_slow_faults_never_park, running),
        cmocka_unit_test_setup(test_does_not_start, running),
        cmocka_unit_test_setup(test_slow_start, running),
        cmocka_unit_test_setup(test_hasten, running),
        cmocka_unit_test_setup(test_start_never_ends, running),
        cmocka_unit_test_setup(test_restart_during_a_start, running),
        cmocka_unit_test_setup(test_parking_without_service, running),
        cmocka_unit_test_setup(test_lost_frames_are_told, running),
        cmocka_unit_test_setup(test_revived, running),
        cmocka_unit_test_setup(test_link_after_four_in_vain, running),
        cmocka_unit_test_setup(test_slow_first_start, running),
        cmocka_unit_test_setup(test_failing_first_start, running),
        cmocka_unit_test_setup(test_link, running),
        cmocka_unit_test_setup(test_flapping_link, running),
        cmocka_unit_test_setup(test_restart_by_hand, running),
        cmocka_unit_test_setup(test_every_fault_has_a_name, running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
