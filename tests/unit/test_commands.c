// SPDX-License-Identifier: BSD-2-Clause
// What the shell's commands print: right, and within 80 columns.
// links: net/commands.c net/restarts.c net/supervise.c net/forward.c net/local.c net/counters.c
// links: net/tally.c tests/unit/fakeport.c tests/unit/commands_rig.c
// links: net/wire.c net/buffers.c net/audit.c net/mend.c net/find_port.c
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "net/bounce.h"
#include "net/commands.h"
#include "net/wire.h"
#include "tests/unit/commands_rig.h"
#include "tests/unit/fakeport.h"
#include "tests/unit/look_after.h"

enum { COUNT = 32, STRIDE = 2112 };

static struct fake_port lan, wan;
static struct buffers buffers;
static struct forwarder forwarder;
static struct supervisor supervisor;
static _Alignas(CACHE_LINE) uint8_t memory[COUNT * STRIDE];
static uint64_t bitmap[1];
static uint64_t now;

uint64_t clock_us(void)
{
    return now;
}

static bool copies;
static struct bounced bounced;

bool bounce_on(const struct port *port)
{
    return copies && port == &lan.port;
}

struct bounced bounce_counted(const struct port *port)
{
    (void)port;
    return bounced;
}

void shell_go_on(bool (*step)(void))
{
    while (step())
        ;
}

void task_breathe(void)
{
}

void log_line(const char *format, ...)
{
    (void)format;
}

static const struct shell_command table[] = {COMMANDS_NET{NULL, NULL, NULL, NULL}};

static const char *run(char *name, char *argument)
{
    return run_command(table, name, argument, NULL);
}

static int make_box(void **state)
{
    (void)state;
    now = 0;
    fake_init(&lan, "lan", 1, 1, 8, 1514);
    fake_init(&wan, "wan", 1, 1, 8, 600);
    memcpy(lan.port.mac, "\x52\x54\x00\x12\x34\x56", 6);
    buffers_init(&buffers, (struct port *[]){&lan.port, &wan.port}, 2);
    wire_plan(&buffers, 0, 1);
    if (buffers_plan(&buffers, BUFFER_CAPACITY) ||
        buffers_deal(&buffers, memory, 0, sizeof memory, bitmap))
        return -1;
    forwarder_init(&forwarder, &buffers.area);
    supervise_init(&supervisor, &buffers);
    supervise_add(&supervisor, &lan.port, "virtio:0");
    supervise_add(&supervisor, &wan.port, "pci:0000:03:00.0");
    commands_init(&buffers, &forwarder, &supervisor);
    return wire_connect(&forwarder, &buffers, 0, 1) || supervise_start(&supervisor) != 2;
}

// The console also works when the configuration forbids to forward.
static void test_before_the_box_runs(void **state)
{
    (void)state;
    for (const struct shell_command *command = table; command->name != NULL; command++)
        assert_string_equal(run((char *)command->name, "lan"),
                            "nothing is forwarded: see the log\n");
}

static void test_ports(void **state)
{
    (void)state;
    wan.port.link_up = false;
    const char *printed = run("ports", NULL);
    expect(printed, "port     device           driver     mac               state    link\n");
    expect(printed, "lan      virtio:0         fake       52:54:00:12:34:56 running  10000 Mb/s\n");
    expect(printed, "wan      pci:0000:03:00.0 fake       00:00:00:00:00:00 running  down\n");

    port_fail(&wan.port, PORT_FAULT_USED_REPLAY, 7);
    expect(run("ports", NULL), "faulted  -");
    look_after(&supervisor);
    printed = run("ports", NULL);
    expect(printed, "restarts 1, last outage 0 us, last fault used-replay (0x7)\n");
    expect(printed, "running  10000 Mb/s\n         restarts 1");
}

static void test_stats(void **state)
{
    (void)state;
    uint8_t data[700] = {0};
    for (unsigned i = 0; i < 3; i++)
        fake_arrive(&lan, 0, data, 100, FAKE_HONEST);
    fake_arrive(&lan, 0, data, 700, FAKE_HONEST);
    forward_poll(&forwarder);
    now = 500000;
    const char *printed = run("stats", NULL);
    expect(printed,
           "lan      rx                 4 frames              1000 bytes         8 frames/s");
    expect(printed,
           "         tx                 0 frames                 0 bytes         0 frames/s");
    expect(printed, "\n                            3 forwarded\n");
    expect(printed,
           "\n         drop               1 too-long: more than egress port or box carries\n");
    expect(printed, "received = forwarded + delivered + dropped: holds\n");
    expect(printed, "wan      rx                 0 frames");
    expect(printed,
           "         tx                 3 frames               300 bytes         6 frames/s");

    now = 600000;
    lan.port.card_missed = 12;
    lan.port.card_errors = 34;
    printed = run("stats", "lan");
    expect(printed, "\n         card              12 missed: no room in the card\n");
    expect(printed, "\n         card              34 refused: damaged on the wire\n");
    assert_null(strstr(printed, "lost"));
    lan.port.lost_in_restart = 56;
    printed = run("stats", "lan");
    expect(printed, "\n         card              56 lost: in its transmit ring at a restart\n");
    expect(printed, "4 frames              1000 bytes         0 frames/s");
    assert_null(strstr(printed, "wan"));
    assert_null(strstr(printed, "copied"));
    copies = true;
    bounced = (struct bounced){.copied = 4};
    printed = run("stats", NULL);
    expect(printed, "\n         copy               4 copied before they were looked at\n");
    assert_null(strstr(printed, "not copied"));
    assert_null(strstr(strstr(printed, "wan"), "copied"));
    bounced.refused = 1;
    printed = run("stats", "lan");
    expect(printed,
           "\n         copy               1 not copied: no such buffer, offset or length\n");
    copies = false;
    forwarder.counters[0].forwarded += 2;
    expect(run("stats", "lan"), "received = forwarded + delivered + dropped: OFF BY -2\n");
    forwarder.counters[0].rx_frames += 3;
    expect(run("stats", "lan"), "OFF BY 1\n");
}

static void test_large_numbers_fit(void **state)
{
    (void)state;
    // Line rate of 10 Gb/s for a year.
    forwarder.counters[0].rx_frames = 14880952ull * 86400 * 365;
    forwarder.counters[0].rx_bytes = forwarder.counters[0].rx_frames * 60;
    forwarder.counters[0].forwarded = forwarder.counters[0].rx_frames;
    lan.port.lost_in_restart = lan.port.card_missed = forwarder.counters[0].rx_frames;
    for (unsigned reason = 0; reason < DROP_REASONS; reason++)
        forwarder.counters[0].drops[reason] = forwarder.counters[0].rx_frames;
    now = 86400ull * 365 * 1000000;
    expect(run("stats", "lan"), " 14880952 frames/s\n");
}

static void test_no_such_port(void **state)
{
    (void)state;
    assert_string_equal(run("stats", "dmz"), "no port is called \"dmz\"; there are: lan wan\n");
    assert_string_equal(run("restart", "dmz"), "no port is called \"dmz\"; there are: lan wan\n");
    assert_string_equal(run("restart", NULL), "usage: restart PORT\n");
    assert_int_equal(lan.starts + wan.starts, 2);
}

// Restarts the port wan. The log says what comes of it.
static void restart_silently(void)
{
    output_length = 0;
    command_restart(2, (char *[]){"restart", "wan", NULL});
    assert_int_equal(output_length, 0);
}

static void test_restart(void **state)
{
    (void)state;
    wan.failing_starts = 1;
    restart_silently();
    expect(run("ports", NULL), "stopping");
    catch_up(&supervisor);
    expect(run("ports", NULL), "retrying");
    restart_silently();
    catch_up(&supervisor);
    assert_int_equal(wan.port.state, PORT_RUNNING);

    wan.slow_starts = 1;
    restart_silently();
    catch_up(&supervisor);
    expect(run("ports", NULL), "starting -");
    wan.port.removed = true;
    assert_string_equal(run("restart", "wan"), "wan: not restarted: error 19\n");
    wan.port.removed = false;
}

static void test_audit(void **state)
{
    (void)state;
    assert_string_equal(run("audit", NULL), "32 buffers in 32 slots, each exactly once: ok\n");
    wan.tx[0].buffer_of[5] = lan.rx[0].buffer_of[2];
    assert_string_equal(run("audit", NULL),
                        "VIOLATED: 0 out of range, 0 foreign, 1 duplicate, 1 missing\n"
                        "first: buffer 2 duplicate in wan, transmit queue 0, slot 5,\n"
                        "       also in lan, receive queue 0, slot 2\n");
    wan.tx[0].buffer_of[5] = UINT32_MAX;
    expect(run("audit", NULL), "buffer 4294967295 out of range in wan, transmit queue 0, slot 5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_the_box_runs), // first: make_box() sets it up for all others
        cmocka_unit_test_setup(test_ports, make_box),
        cmocka_unit_test_setup(test_stats, make_box),
        cmocka_unit_test_setup(test_large_numbers_fit, make_box),
        cmocka_unit_test_setup(test_no_such_port, make_box),
        cmocka_unit_test_setup(test_restart, make_box),
        cmocka_unit_test_setup(test_audit, make_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
