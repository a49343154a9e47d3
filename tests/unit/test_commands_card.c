// SPDX-License-Identifier: BSD-2-Clause
// led and diag: right, within 80 columns, and of use when nothing is forwarded.
// links: net/commands_card.c net/restarts.c net/supervise.c tests/unit/fakeport.c
// links: tests/unit/commands_rig.c net/mend.c net/buffers.c net/find_port.c
#include <errno.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/env.h"
#include "kernel/log.h"
#include "kernel/pci_describe.h"
#include "net/commands_card.h"
#include "tests/unit/commands_rig.h"
#include "tests/unit/fakeport.h"

static struct fake_port lan, wan;
static struct port_driver driver;
static struct pci_device card;
static struct env env = {.pci = &card};
static struct ports ports;
static size_t room;
static int blink_error, blinking; // -1: not asked

uint64_t clock_us(void)
{
    return 0;
}

void log_line(const char *format, ...)
{
    (void)format;
}

size_t console_room(void)
{
    return room;
}

void pci_describe(const struct pci_device *device)
{
    assert_ptr_equal(device, &card);
    console_printf("  (pci)\n");
    room -= 5000;
}

static void describe(struct port *port)
{
    console_printf("  (driver of %s)\n", port->name);
}

static int blink(struct port *port, bool on)
{
    assert_ptr_equal(port, &wan.port);
    blinking = on;
    return blink_error;
}

static const struct shell_command table[] = {COMMANDS_CARD{NULL, NULL, NULL, NULL}};

static const char *run(char *name, char *first, char *second)
{
    return run_command(table, name, first, second);
}

static int make_ports(void **state)
{
    (void)state;
    fake_init(&lan, "lan", 1, 1, 8, 1514);
    fake_init(&wan, "wan", 1, 2, 8, 9216);
    driver = *wan.port.driver;
    driver.blink = blink;
    driver.describe = describe;
    wan.port.driver = &driver;
    lan.port.env = wan.port.env = &env;
    ports = (struct ports){
        .at = {&lan.port, &wan.port},
        .device = {"virtio:0", "pci:0000:03:00.0"},
        .count = 2,
    };
    commands_card_init(&ports);
    room = 16 * 1024;
    blink_error = 0;
    blinking = -1;
    return 0;
}

static void test_before_there_are_ports(void **state)
{
    (void)state;
    assert_string_equal(run("diag", NULL, NULL), "no port is configured\n");
    assert_string_equal(run("diag", "lan", NULL), "no port is called \"lan\"; there are: none\n");
    assert_string_equal(run("led", "lan", "blink"), "no port is called \"lan\"; there are: none\n");
}

static void test_led(void **state)
{
    (void)state;
    assert_string_equal(run("led", "wan", "blink"), "wan: the light blinks\n");
    assert_int_equal(blinking, true);
    assert_string_equal(run("led", "wan", "off"), "wan: the light shows the link again\n");
    assert_int_equal(blinking, false);
    blink_error = -ENODEV;
    expect(run("led", "wan", "blink"), "wan: the card does not answer (error 19)\n");
    blink_error = -ENOTSUP;
    expect(run("led", "wan", "blink"), "wan: this card has no light that could blink\n");
    expect(run("led", "lan", "blink"), "lan: this card has no light that could blink\n");
    lan.port.driver = NULL;
    lan.port.state = PORT_ABSENT;
    expect(run("led", "lan", "blink"), "lan: the card is not in use: see the log\n");
}

static void test_led_mistakes(void **state)
{
    (void)state;
    assert_string_equal(run("led", NULL, NULL), "usage: led PORT blink|off\n");
    assert_string_equal(run("led", "wan", NULL), "usage: led PORT blink|off\n");
    assert_string_equal(run("led", "wan", "on"), "usage: led PORT blink|off\n");
    assert_string_equal(run("led", "dmz", "off"),
                        "no port is called \"dmz\"; there are: lan wan\n");
    assert_int_equal(blinking, -1);
}

static void test_diag(void **state)
{
    (void)state;
    memcpy(wan.port.mac, "\x52\x54\x00\x12\x34\x56", 6);
    wan.port.state = PORT_RUNNING;
    wan.port.link_up = true;
    wan.port.link_mbps = 10000;
    wan.port.card_missed = 12;
    wan.port.card_errors = 3;
    const char *printed = run("diag", "wan", NULL);
    expect(printed, "wan: pci:0000:03:00.0, driver fake, running\n"
                    "  52:54:00:12:34:56, frames up to 9216 bytes, 1 rx and 2 tx queues\n"
                    "  link up, 10000 Mb/s\n"
                    "  card missed 12 frames, refused 3\n"
                    "  (pci)\n"
                    "  (driver of wan)\n");
    assert_null(strstr(printed, "lan"));

    port_fail(&wan.port, PORT_FAULT_TX_HEAD, 0x1234);
    port_fail(&wan.port, PORT_FAULT_GONE, UINT32_MAX);
    printed = run("diag", "wan", NULL);
    expect(printed, "wan: pci:0000:03:00.0, driver fake, faulted\n");
    expect(printed, "  fault: gone (0xffffffff)\n");
    expect(printed, "  faults so far: 1 gone\n");
    expect(printed, "  faults so far: 1 tx-head\n");
}

// The largest numbers there can be still fit a terminal.
static void test_diag_fits(void **state)
{
    (void)state;
    strcpy(wan.port.name, "fifteen-letters");
    wan.port.card_missed = wan.port.card_errors = 14880952ull * 86400 * 365;
    wan.port.link_mbps = 10000;
    wan.port.max_frame = UINT16_MAX;
    wan.port.rx_queues = wan.port.tx_queues = PORT_QUEUES_MAX;
    run("diag", NULL, NULL);
}

static void test_diag_of_all(void **state)
{
    (void)state;
    const char *printed = run("diag", NULL, NULL);
    expect(printed, "lan: virtio:0, driver fake, ");
    expect(printed, "wan: pci:0000:03:00.0, driver fake, ");
    room = 8 * 1024; // enough for one
    printed = run("diag", NULL, NULL);
    expect(printed, "  (pci)\nthe console is full; ask for the others one by one:\n  diag wan\n");
    assert_null(strstr(printed, "wan: "));
}

static void test_diag_without_a_card(void **state)
{
    (void)state;
    lan.port.env = NULL;
    lan.port.driver = NULL;
    lan.port.state = PORT_ABSENT;
    assert_string_equal(run("diag", "lan", NULL),
                        "lan: virtio:0, driver none, absent\n"
                        "  no card was opened: the log says why, `pci` what there is\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_before_there_are_ports), // first: make_ports() sets them for all others
        cmocka_unit_test_setup(test_led, make_ports),
        cmocka_unit_test_setup(test_led_mistakes, make_ports),
        cmocka_unit_test_setup(test_diag, make_ports),
        cmocka_unit_test_setup(test_diag_fits, make_ports),
        cmocka_unit_test_setup(test_diag_of_all, make_ports),
        cmocka_unit_test_setup(test_diag_without_a_card, make_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
