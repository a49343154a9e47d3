// SPDX-License-Identifier: BSD-2-Clause
// capture and drops: what passes is shown as it was, forwarding does not change, nothing is left
// behind.
// links: net/capture.c net/inject.c net/commands_frames.c net/decode.c net/forward.c net/counters.c
// links: net/tally.c kernel/number.c net/local.c net/wire.c net/buffers.c net/find_port.c
// links: net/deed.c tests/unit/fakeport.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/domain.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "kernel/vm.h"
#include "net/capture.h"
#include "net/commands_frames.h"
#include "net/inject.h"
#include "net/proxy.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

enum { COUNT = 96, STRIDE = 2112, SLOTS = 24 };

static struct fake_port lan, wan;
static struct buffers buffers;
static struct forwarder forwarder;
static _Alignas(CACHE_LINE) uint8_t memory[COUNT * STRIDE];
static uint64_t bitmap[2];
static uint64_t now;
static const char *keys = "";
const char gate_wrpkru[1]; // of kernel/gate.S

void log_line(const char *format, ...)
{
    (void)format;
}

static size_t room = 16384;
static char output[65536];
static size_t output_length;
static bool (*going_on)(void);

uint64_t clock_us(void)
{
    return now;
}

int console_getc(void)
{
    return *keys == '\0' ? -1 : *keys++;
}

size_t console_room(void)
{
    return room;
}

void console_write(const char *text, size_t length)
{
    assert_true(output_length + length < sizeof output);
    memcpy(output + output_length, text, length);
    output[output_length += length] = '\0';
}

void console_printf(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert_in_range(length, 0, 255); // what the console prints of it
    console_write(text, (size_t)length);
}

void shell_go_on(bool (*step)(void))
{
    going_on = step;
}

void task_breathe(void)
{
}

void task_pause(void)
{
}

// What inject.c needs of the domains: the fault is a length that cannot be.

struct proxy *proxy_of(const struct port *port)
{
    (void)port;
    return NULL;
}

uint64_t interrupt_latest(void)
{
    return 0;
}

uint64_t vm_translate(const volatile void *address)
{
    return (uint64_t)address;
}

uint64_t domain_receive(const struct domain_call *call)
{
    const unsigned count = call->receive(call->queue, call->frames, call->count);
    if (count > 0)
        call->frames[0].length = 13;
    return count;
}

uint64_t domain_transmit(const struct domain_call *call)
{
    return call->transmit(call->queue, call->frames, call->count);
}

static void step(void)
{
    if (going_on != NULL && !going_on())
        going_on = NULL;
}

static const struct shell_command table[] = {
    COMMANDS_FRAMES COMMANDS_INJECT{NULL, NULL, NULL, NULL}};

static void run(unsigned which, char *a, char *b)
{
    output[output_length = 0] = '\0';
    table[which].run(a == NULL   ? 1
                     : b == NULL ? 2
                                 : 3,
                     (char *[]){(char *)table[which].name, a, b, NULL});
}
enum { DROPS, CAPTURE, KILL, INJECT };

static void expect(const char *text)
{
    unsigned column = 0;
    for (size_t i = 0; i < output_length; i++) {
        column = output[i] == '\n' ? 0 : column + 1;
        assert_true(column < 80);
    }
    if (strstr(output, text) == NULL)
        fail_msg("printed:\n%smissing: %s", output, text);
}

static int make_box(void **state)
{
    (void)state;
    now = 1000000;
    keys = "";
    room = 16384;
    going_on = NULL;
    capture_end();
    fake_init(&lan, "lan", 1, 1, SLOTS, 1514);
    fake_init(&wan, "wan", 1, 1, SLOTS, 1514);
    buffers_init(&buffers, (struct port *[]){&lan.port, &wan.port}, 2);
    wire_plan(&buffers, 0, 1);
    if (buffers_plan(&buffers, BUFFER_CAPACITY) ||
        buffers_deal(&buffers, memory, 0, sizeof memory, bitmap))
        return -1;
    forwarder_init(&forwarder, &buffers.area);
    commands_frames_init(&buffers, &forwarder);
    inject_init(&buffers, &forwarder);
    if (wire_connect(&forwarder, &buffers, 0, 1))
        return -1;
    return lan.port.driver->start(&lan.port) || wan.port.driver->start(&wan.port);
}

static void arrive(struct fake_port *fake, uint8_t number, unsigned length)
{
    uint8_t data[FAKE_DATA_MAX] = {[12] = 0x88, [13] = 0xb5, [14] = number};
    assert_true(fake_arrive(fake, 0, data, length, FAKE_HONEST));
}

static void leaves(struct fake_port *fake, uint8_t number, unsigned length)
{
    uint8_t data[FAKE_DATA_MAX];
    assert_int_equal(fake_sent(fake, 0, data), length);
    assert_int_equal(data[14], number);
}

static void test_both_directions(void **state)
{
    (void)state;
    const struct port_driver *own = lan.port.driver;
    run(CAPTURE, "lan", "3");
    assert_ptr_not_equal(lan.port.driver, own);
    assert_ptr_equal(wan.port.driver, own);
    step();
    expect("the next 3 frames of lan; any key stops\n");
    arrive(&lan, 1, 60);
    arrive(&lan, 2, 300);
    forward_poll(&forwarder);
    leaves(&wan, 1, 60);
    leaves(&wan, 2, 300);
    now += 5;
    arrive(&wan, 3, 61);
    forward_poll(&forwarder);
    leaves(&lan, 3, 61);
    arrive(&lan, 4, 60); // the fourth is not shown any more
    forward_poll(&forwarder);
    leaves(&wan, 4, 60);
    for (unsigned i = 0; i < 5; i++)
        step();
    assert_null(going_on);
    expect("1. received at 1.000000 s, 60 bytes:\n"
           "  00:00:00:00:00:00 > 00:00:00:00:00:00, type 88b5\n"
           "  0000  00 00 00 00 00 00 00 00 00 00 00 00 88 b5 01 00  ................\n");
    expect("2. received at 1.000000 s, 300 bytes, the first 256:\n");
    expect("3. sent at 1.000005 s, 61 bytes:\n");
    assert_null(strstr(output, "4. "));
    assert_ptr_equal(lan.port.driver, own);
}

// The table is small and the console slow: frames are missed, not held up, and that is said.
static void test_too_many(void **state)
{
    (void)state;
    run(CAPTURE, "lan", "50");
    for (unsigned i = 0; i < 60; i++) {
        arrive(&lan, (uint8_t)i, 60);
        forward_poll(&forwarder);
        leaves(&wan, (uint8_t)i, 60);
    }
    assert_int_equal(capture_left(), 50 - CAPTURE_SLOTS);
    room = 100; // the console takes nothing
    step();
    assert_null(strstr(output, "1. "));
    room = 16384;
    for (unsigned i = 0; i < 200 && going_on != NULL; i++) {
        step();
        arrive(&lan, 0, 60);
        forward_poll(&forwarder);
        leaves(&wan, 0, 60);
    }
    assert_null(going_on);
    expect("50. received");
    expect("28 frames in between passed too quickly to be shown\n");
    const struct port_counters counters = forwarder_counters(&forwarder, 0);
    assert_true(counters.rx_frames > 0);
    assert_int_equal(counters.rx_frames, counters.forwarded);
}

static void test_a_key_stops(void **state)
{
    (void)state;
    const struct port_driver *own = lan.port.driver;
    run(CAPTURE, "lan", NULL);
    keys = "\n"; // the second half of what ended the command's line
    step();
    assert_non_null(going_on);
    run(CAPTURE, "wan", NULL);
    expect("another capture is on\n");
    going_on = NULL;
    capture_end();
    run(CAPTURE, "lan", NULL);
    keys = "q";
    step();
    assert_null(going_on);
    expect("stopped after 0 frames\n");
    assert_ptr_equal(lan.port.driver, own);
}

// What the card claims and cannot be is not read; what finds no room in the ring was not sent.
static void test_lies_and_full_rings(void **state)
{
    (void)state;
    uint8_t data[FAKE_DATA_MAX] = {0};
    run(CAPTURE, "lan", "4");
    assert_true(fake_arrive(&lan, 0, data, 60, FAKE_HUGE_LENGTH));
    assert_true(fake_arrive(&lan, 0, data, 60, FAKE_BAD_BUFFER));
    forward_poll(&forwarder);
    step();
    step();
    expect("1. received at 1.000000 s, of an impossible length\n");
    expect("2. received at 1.000000 s, of an impossible length\n");
    lan.take_at_most = 1;
    lan.port.state = PORT_RUNNING;
    arrive(&wan, 1, 60);
    arrive(&wan, 2, 60);
    forward_poll(&forwarder);
    assert_int_equal(capture_left(), 1); // one of two was sent
    capture_end();
}

static void test_usage(void **state)
{
    (void)state;
    static char *const wrong[] = {"0", "1001", "-1", "x", "5x", "", "99999999999999999999"};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        run(CAPTURE, "lan", wrong[i]);
        expect("usage: capture PORT [N], N from 1 to 1000\n");
        assert_null(going_on);
    }
    run(CAPTURE, NULL, NULL);
    expect("usage");
    run(CAPTURE, "dmz", NULL);
    expect("no port is called \"dmz\"; there are: lan wan\n");
    assert_null(going_on);
}

// One thing at a time stands in front of a driver, and goes when it is over.
static void test_a_fault_and_a_capture(void **state)
{
    (void)state;
    const struct port_driver *own = lan.port.driver;
    run(INJECT, "lan", "length-13");
    expect("lan: length-13 armed\n");
    run(CAPTURE, "lan", "3");
    expect("lan: a fault is armed (inject): it has to happen first\n");
    assert_null(going_on);
    arrive(&lan, 1, 60);
    forward_poll(&forwarder);
    assert_int_equal(forwarder.counters[0].drops[DROP_BAD_LENGTH], 1);
    assert_ptr_equal(lan.port.driver, own);

    run(CAPTURE, "lan", "2");
    run(INJECT, "lan", "length-13");
    expect("lan: a capture is on: end it first, with any key\n");
    arrive(&lan, 2, 60);
    arrive(&lan, 3, 60);
    forward_poll(&forwarder);
    leaves(&wan, 2, 60);
    leaves(&wan, 3, 60);
    for (unsigned i = 0; i < 4; i++)
        step();
    assert_null(going_on);
    assert_ptr_equal(lan.port.driver, own);
    run(INJECT, "lan", "length-13"); // now it may
    expect("lan: length-13 armed\n");
    arrive(&lan, 4, 60);
    forward_poll(&forwarder);
    assert_ptr_equal(lan.port.driver, own);
    assert_int_equal(forwarder.counters[0].drops[DROP_BAD_LENGTH], 2);
}

static void test_no_numbers(void **state)
{
    (void)state;
    static char *const wrong[] = {"0", "-1", "3x", "", "x", "4294967296"};
    const struct port_driver *own = lan.port.driver;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        output[output_length = 0] = '\0';
        command_inject(4, (char *[]){"inject", "lan", "length-13", wrong[i], NULL});
        assert_non_null(strstr(output, "usage: inject PORT FAULT [TIMES]"));
        assert_ptr_equal(lan.port.driver, own);
    }
}

static void test_drops(void **state)
{
    (void)state;
    run(DROPS, NULL, NULL);
    while (going_on != NULL)
        step();
    expect("no frame was lost\n");
    forwarder.counters[0].drops[DROP_RING_FULL] = 500;
    wan.port.card_missed = 7;
    now += 2000000;
    run(DROPS, NULL, NULL);
    while (going_on != NULL)
        step();
    expect("lan             ring-full                        500          250\n");
    expect("wan             card-missed                        7            3\n");
    now += 1000000;
    run(DROPS, NULL, NULL);
    while (going_on != NULL)
        step();
    expect("lan             ring-full                        500            0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_both_directions, make_box),
        cmocka_unit_test_setup(test_too_many, make_box),
        cmocka_unit_test_setup(test_a_key_stops, make_box),
        cmocka_unit_test_setup(test_lies_and_full_rings, make_box),
        cmocka_unit_test_setup(test_usage, make_box),
        cmocka_unit_test_setup(test_a_fault_and_a_capture, make_box),
        cmocka_unit_test_setup(test_no_numbers, make_box),
        cmocka_unit_test_setup(test_drops, make_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
