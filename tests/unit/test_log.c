// SPDX-License-Identifier: BSD-2-Clause
// The log, with a console and a clock of the test's own.
// links: kernel/log.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/log.h"

static uint64_t now_us;
static size_t room;
static char out[128 * 1024];
static size_t used;

uint64_t clock_us(void)
{
    return now_us;
}

void console_write(const char *text, size_t length)
{
    assert_in_range(length, 1, sizeof out - 1 - used);
    assert_true(length < room);
    memcpy(out + used, text, length);
    used += length;
    out[used] = '\0';
    room -= length + 1; // "\n" becomes two
}

size_t console_room(void)
{
    return room;
}

static int reset(void **state)
{
    (void)state;
    used = 0;
    out[0] = '\0';
    room = sizeof out;
    return 0;
}

static void test_format(void **state)
{
    (void)state;
    now_us = 12345;
    log_line("port %s: %u Mbit/s", "lan", 10000u);
    now_us = 3600000001;
    log_line("an hour");
    assert_string_equal(out, "[   12.345] port lan: 10000 Mbit/s\n[3600000.001] an hour\n");
}

static void test_hostile_text(void **state)
{
    (void)state;
    now_us = 0;
    log_line("%s", "a\nb\033[2J\xff");
    assert_string_equal(out, "[    0.000] a?b?[2J?\n");
}

static void test_long_line(void **state)
{
    (void)state;
    char text[512], expected[600];
    now_us = 0;
    for (size_t length = LOG_LINE_LENGTH - 2; length <= LOG_LINE_LENGTH + 1; length++) {
        reset(state);
        memset(text, 'x', length);
        text[length] = '\0';
        log_line("%s", text);
        if (length >= LOG_LINE_LENGTH)
            strcpy(text + LOG_LINE_LENGTH - 4, "...");
        sprintf(expected, "[    0.000] %s\n", text);
        assert_string_equal(out, expected);
    }
}

// Logs so many lines that the first are forgotten, and shows them through a console that has little
// room: what is kept comes once each, in order.
static void test_replay(void **state)
{
    enum { LINES = LOG_LINES + 44 };
    static char expected[sizeof out];
    size_t length = 0;
    for (unsigned i = 0; i < LINES; i++) {
        now_us = i;
        log_line("line %u", i);
        if (i >= LINES - LOG_LINES)
            length += (size_t)sprintf(expected + length, "[    0.%03u] line %u\n", i, i);
    }
    reset(state);
    room = 1000;
    log_replay();
    assert_in_range(used, 1, 1000);
    unsigned steps = 0;
    do {
        room = 1000;
        assert_in_range(++steps, 1, LOG_LINES);
    } while (log_replay_step());
    assert_string_equal(out, expected);
    assert_true(steps > 3);
    assert_false(log_replay_step());
}

// Lines that come while older ones are being shown are shown once, and those that they push out of
// the ring are not shown as something else.
static void test_replay_overtaken(void **state)
{
    for (unsigned i = 0; i < LOG_LINES; i++)
        log_line("old %u", i);
    reset(state);
    room = 300;
    log_replay();
    assert_non_null(strstr(out, "old 0\n"));
    room = sizeof out;
    for (unsigned i = 0; i < 100; i++)
        log_line("new %u", i);
    reset(state);
    while (log_replay_step())
        ;
    assert_null(strstr(out, "new"));
    assert_null(strstr(out, "old 99\n"));
    assert_non_null(strstr(out, "old 100\n"));
    assert_non_null(strstr(out, "old 255\n"));
}

static unsigned calls;

static void clear_away(void)
{
    calls++;
    console_write("<clear>", 7);
}

static void test_hook(void **state)
{
    (void)state;
    now_us = 0;
    log_on_line(clear_away);
    log_line("x");
    log_on_line(NULL);
    log_line("y");
    assert_string_equal(out, "<clear>[    0.000] x\n[    0.000] y\n");
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_format, reset),
        cmocka_unit_test_setup(test_hostile_text, reset),
        cmocka_unit_test_setup(test_long_line, reset),
        cmocka_unit_test_setup(test_replay, reset),
        cmocka_unit_test_setup(test_replay_overtaken, reset),
        cmocka_unit_test_setup(test_hook, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
