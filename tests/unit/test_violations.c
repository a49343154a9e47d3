// SPDX-License-Identifier: BSD-2-Clause
// What the IOMMU refused: the right port fails, once, and the log is not flooded.
// links: kernel/violations.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/env.h"
#include "kernel/log.h"
#include "kernel/violations.h"

static struct pci_device cards[2] = {{.slot = 3}, {.bus = 1, .slot = 4, .function = 1}};
static struct env envs[3] = {{.pci = &cards[0]}, {.pci = &cards[1]}};
static struct port ports[3];
static struct iommu_fault waiting[16];
static unsigned waiting_count, cut_off[3], lines;
static bool off, overflow;
static uint64_t now;
static char line[256];

uint64_t clock_us(void)
{
    return now;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    lines++;
}

bool iommu_on(void)
{
    return !off;
}

uint16_t iommu_source(const struct pci_device *pci)
{
    return (uint16_t)(pci->bus << 8 | pci->slot << 3 | pci->function);
}

unsigned iommu_take_faults(struct iommu_fault *faults, unsigned max, bool *lost)
{
    const unsigned count = waiting_count < max ? waiting_count : max;
    memcpy(faults, waiting, count * sizeof *faults);
    waiting_count = 0;
    *lost = overflow;
    return count;
}

void env_cut_off(struct env *env)
{
    cut_off[env - envs]++;
}

static int set_up(void **state)
{
    (void)state;
    now += 10 * 1000 * 1000;
    off = overflow = false;
    violations_poll(ports, envs, 3); // what an earlier test left
    waiting_count = lines = 0;
    memset(cut_off, 0, sizeof cut_off);
    memset(ports, 0, sizeof ports);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(ports[i].name, sizeof ports[i].name, "port%u", i);
        ports[i].state = PORT_RUNNING;
    }
    line[0] = '\0';
    return 0;
}

static void refuse(uint16_t source, uint64_t address, uint8_t reason)
{
    waiting[waiting_count++] =
        (struct iommu_fault){0, {.address = address, .source = source, .reason = reason}};
}

static void test_the_right_port_fails(void **state)
{
    (void)state;
    refuse(0x121, 0xfee00000, 5);
    violations_poll(ports, envs, 3);
    assert_string_equal(line,
                        "port1: write to 0xfee00000 by 0000:01:04.1 refused: it may not write "
                        "there (reason 0x5)");
    assert_int_equal(ports[0].state, PORT_RUNNING);
    assert_int_equal(ports[1].state, PORT_FAULTED);
    assert_int_equal(ports[1].fault, PORT_FAULT_DMA);
    assert_int_equal(ports[1].fault_value, 5);
    assert_int_equal(cut_off[0], 0);
    assert_int_equal(cut_off[1], 1);

    // What comes after that is said, but does not count again.
    refuse(0x121, 0x1000, 2);
    violations_poll(ports, envs, 3);
    assert_int_equal(ports[1].fault_count[PORT_FAULT_DMA], 1);
    assert_int_equal(cut_off[1], 1);
    assert_int_equal(lines, 2);
}

static void test_nobody_s_card(void **state)
{
    (void)state;
    refuse(0xff, 0x2000, 1);
    waiting[0].what.read = true;
    violations_poll(ports, envs, 3);
    assert_string_equal(line, "VT-d: read from 0x2000 by 0000:00:1f.7 refused: its bus reaches "
                              "nothing (reason 0x1)");
    refuse(0x18, 0, 2);
    waiting[0].segment = 1; // the address of port0, in another segment
    violations_poll(ports, envs, 3);
    assert_int_equal(ports[0].state, PORT_RUNNING);
    off = true;
    refuse(0x18, 0, 2);
    violations_poll(ports, envs, 3);
    assert_int_equal(ports[0].state, PORT_RUNNING);
}

static void test_interrupts(void **state)
{
    (void)state;
    char text[VIOLATION_TEXT_MAX];
    struct iommu_fault fault = {0, {.address = 0x30ull << 48, .source = 0x18, .reason = 0x26}};
    violation_text(text, &fault);
    assert_string_equal(
        text, "interrupt 0x30 by 0000:00:03.0 refused: another card's interrupt (reason 0x26)");
    // No reason is without a text, and no text is longer than a line.
    for (unsigned reason = 0; reason < 256; reason++) {
        fault.what = (struct vtd_fault){UINT64_MAX, 0xffff, (uint8_t)reason, true};
        violation_text(text, &fault);
        assert_true(strlen(text) < VIOLATION_TEXT_MAX - 1);
    }
}

static void test_the_log_is_not_flooded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        refuse(0x18, 0x1000 * i, 5);
        violations_poll(ports, envs, 3);
        now += 1000;
    }
    overflow = true;
    violations_poll(ports, envs, 3);
    overflow = false;
    assert_int_equal(lines, VIOLATION_LINES_MAX);
    now += 1000 * 1000;
    violations_poll(ports, envs, 3);
    assert_int_equal(lines, VIOLATION_LINES_MAX + 1);
    assert_string_equal(line, "VT-d: 7 more accesses were refused");
    now += 1000 * 1000;
    violations_poll(ports, envs, 3);
    assert_int_equal(lines, VIOLATION_LINES_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_right_port_fails, set_up),
        cmocka_unit_test_setup(test_nobody_s_card, set_up),
        cmocka_unit_test_setup(test_interrupts, set_up),
        cmocka_unit_test_setup(test_the_log_is_not_flooded, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
