// SPDX-License-Identifier: BSD-2-Clause
// The command line, with a terminal of the test's own: what it shows is checked on a screen.
// links: kernel/shell.c kernel/screen.c kernel/task.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/screen.h"
#include "kernel/shell.h"
#include "kernel/task.h"
#include "kernel/vm.h"

enum { COLUMNS = 80, ROWS = 25 };

static struct screen screen;
static uint16_t cells[ROWS * COLUMNS];
static const char *keys = "";
static void (*before_line)(void);
static unsigned replay_steps;
static void (*on_print)(void);
static uint64_t now; // us; each look takes 3
static _Alignas(16) char stack[TASK_STACK_BYTES];

void console_write(const char *text, size_t length)
{
    screen_write(&screen, text, length);
}

void console_printf(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert_in_range(length, 0, sizeof text - 1);
    console_write(text, (size_t)length);
    if (on_print != NULL)
        on_print();
}

void console_on_print(void (*then)(void))
{
    on_print = then;
}

void *vm_stack(uint64_t bytes, const char *owner)
{
    assert_int_equal(bytes, sizeof stack);
    assert_string_equal(owner, "shell");
    return stack + sizeof stack;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

int console_getc(void)
{
    return *keys == '\0' ? -1 : (unsigned char)*keys++;
}

uint64_t clock_us(void)
{
    return now += 3;
}

void log_on_line(void (*before)(void))
{
    before_line = before;
}

static bool replay_step(void)
{
    if (replay_steps == 0)
        return false;
    console_printf("old %u\n", replay_steps);
    return --replay_steps > 0;
}

static void log_text(const char *text)
{
    before_line();
    console_printf("%s\n", text);
}

// --- commands ----------------------------------------------------------------------------------

static int last_argc;
static char last[512];

static void run_args(int argc, char **argv)
{
    last_argc = argc;
    last[0] = '\0';
    for (int i = 0; i < argc; i++) {
        strcat(last, argv[i]);
        strcat(last, "|");
    }
    assert_null(argv[argc]);
}

static void run_log(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    replay_steps = 3;
    shell_go_on(replay_step);
}

static void run_noise(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    log_text("[log] from inside");
}

enum { LINES_OF_MANY = 12 };

static void run_many(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (unsigned i = 0; i < LINES_OF_MANY; i++)
        console_printf("line %u\n", i);
}

static const struct shell_command commands[] = {
    {"args", "[A] [B]", "shows its arguments", run_args},
    {"log", NULL, "shows the log", run_log},
    {"noise", "", "logs a line", run_noise},
    {"many", "", "says much", run_many},
    {NULL, NULL, NULL, NULL},
};

// --- helpers -----------------------------------------------------------------------------------

static int setup(void **state)
{
    (void)state;
    screen_init_ega(&screen, cells, COLUMNS, ROWS);
    task_init();
    shell_init(commands);
    last_argc = -1;
    keys = "\r"; // whatever the test before left typed is gone
    shell_poll();
    last_argc = -1;
    screen_init_ega(&screen, cells, COLUMNS, ROWS);
    keys = "\x15";
    shell_poll();
    return 0;
}

static void type(const char *text)
{
    keys = text;
    for (unsigned i = 0; i < 100 && (*keys != '\0' || shell_deadline() != UINT64_MAX); i++)
        shell_poll();
    assert_string_equal(keys, "");
    shell_poll();
}

// The row's text without the blanks at its end.
static const char *row(unsigned number)
{
    static char text[COLUMNS + 1];
    memcpy(text, screen.text[(screen.top + number) % ROWS], COLUMNS);
    size_t length = COLUMNS;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}

// --- tests -------------------------------------------------------------------------------------

static void test_prompt_and_command(void **state)
{
    (void)state;
    shell_poll();
    assert_string_equal(row(0), "barewire>");
    type("  args  one\ttwo ");
    assert_string_equal(row(0), "barewire>   args  onetwo"); // a tab is not taken
    type("\x15"
         "args one two\r");
    assert_string_equal(last, "args|one|two|");
    assert_int_equal(last_argc, 3);
    assert_string_equal(row(0), "barewire> args one two");
    assert_string_equal(row(1), "barewire>");
}

static void test_unknown_and_empty(void **state)
{
    (void)state;
    type("\r   \rbogus x\r");
    assert_string_equal(row(2), "barewire> bogus x");
    assert_string_equal(row(3), "bogus: unknown command; help lists them");
    assert_int_equal(last_argc, -1);
}

static void test_help(void **state)
{
    (void)state;
    type("help\r");
    assert_string_equal(row(1), "  help                       this list");
    assert_string_equal(row(2), "  args [A] [B]               shows its arguments");
    assert_string_equal(row(3), "  log                        shows the log");
    assert_string_equal(row(6), "barewire>");
}

// A command that prints without end in sight is interrupted, goes on where it was, and is alone:
// what is typed meanwhile waits, and what is logged is a line of its own.
static void test_a_long_answer(void **state)
{
    (void)state;
    unsigned polls = 0;
    keys = "many\rargs x\r";
    for (shell_poll(); last_argc < 0 && polls < 100; polls++) {
        if (polls == 1)
            log_text("[log] in between");
        assert_true(shell_deadline() < UINT64_MAX);
        shell_poll();
    }
    assert_in_range(polls, 4, 2 * LINES_OF_MANY);
    char expected[16];
    unsigned found = 0, logged = 0;
    for (unsigned i = 1; i <= LINES_OF_MANY + 1; i++) {
        snprintf(expected, sizeof expected, "line %u", found);
        logged += strcmp(row(i), "[log] in between") == 0;
        found += strcmp(row(i), expected) == 0;
    }
    assert_int_equal(found, LINES_OF_MANY);
    assert_int_equal(logged, 1);
    assert_string_equal(last, "args|x|");
    assert_string_equal(row(LINES_OF_MANY + 2), "barewire> args x");
    assert_true(shell_deadline() == UINT64_MAX);
}

static void test_editing(void **state)
{
    (void)state;
    type("\b\x7f"
         "argz\bs x\x7f\x7f"
         " y\r");
    assert_string_equal(last, "args|y|");
    assert_string_equal(row(0), "barewire> args y");
    type("rubbish\x15"
         "args 1\r");
    assert_string_equal(last, "args|1|");
    last_argc = -1;
    type("args 2\x03\r");
    assert_int_equal(last_argc, -1);
    assert_string_equal(row(2), "barewire> args 2^C");
    assert_string_equal(row(3), "barewire>");
}

static void test_line_ends(void **state)
{
    (void)state;
    type("args a\r\n");
    assert_string_equal(row(1), "barewire>");
    assert_string_equal(row(2), "");
    type("args b\n");
    assert_string_equal(last, "args|b|");
    type("\n");
    assert_string_equal(row(3), "barewire>");
    assert_string_equal(row(2), "barewire>");
}

static void test_line_limit(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    type(text);
    assert_string_equal(row(1), "");
    assert_true(strlen(row(0)) < COLUMNS);
    log_text("[log]");
    shell_poll();
    assert_string_equal(row(0), "[log]");
    assert_string_equal(row(2), "");
    type("\r");
    assert_memory_equal(row(2), "xxxx", 4);
}

static void test_many_words(void **state)
{
    (void)state;
    type("args 1 2 3 4 5 6 7\r");
    assert_int_equal(last_argc, SHELL_ARGUMENTS_MAX);
    last_argc = -1;
    type("args 1 2 3 4 5 6 7 8\r");
    assert_int_equal(last_argc, -1);
    assert_string_equal(row(2), "too many words, expected at most 8");
}

#define UP   "\033[A"
#define DOWN "\033[B"

static void test_history(void **state)
{
    (void)state;
    for (char c = 'a'; c <= 'j'; c++) {
        char text[] = "args ?\r";
        text[5] = c;
        type(text);
    }
    type(UP "\r");
    assert_string_equal(last, "args|j|");
    type(UP UP UP "\r"); // the same line twice is kept once: j i h
    assert_string_equal(last, "args|h|");
    type(UP UP UP UP UP UP UP UP UP UP UP UP "\r"); // eight are kept: h j i h g f e d
    assert_string_equal(last, "args|d|");
    type(UP UP DOWN "1\r"); // d h: back to d, and something behind it
    assert_string_equal(last, "args|d1|");
    last_argc = -1;
    type(UP DOWN DOWN "\r"); // below the newest is an empty line
    assert_int_equal(last_argc, -1);
}

static void test_escape_sequences(void **state)
{
    (void)state;
    type("ar\033[C\033[1;5Dgs\033[3~ x\033OPy\r");
    assert_string_equal(last, "args|xy|");
}

static void test_log_line_keeps_typing(void **state)
{
    (void)state;
    type("args he");
    log_text("[log] one");
    log_text("[log] two");
    assert_string_equal(row(0), "[log] one");
    assert_string_equal(row(1), "[log] two");
    shell_poll();
    assert_string_equal(row(2), "barewire> args he");
    type("re\r");
    assert_string_equal(last, "args|here|");
    type("noise\r");
    assert_string_equal(row(3), "barewire> noise");
    assert_string_equal(row(4), "[log] from inside");
    assert_string_equal(row(5), "barewire>");
}

static void test_long_answer(void **state)
{
    (void)state;
    keys = "log\rargs z\r";
    shell_poll();
    assert_int_equal(last_argc, -1); // what was typed ahead waits
    shell_poll();
    shell_poll();
    assert_string_equal(last, "args|z|");
    assert_string_equal(row(1), "old 3");
    assert_string_equal(row(3), "old 1");
    assert_string_equal(row(4), "barewire> args z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_prompt_and_command, setup),
        cmocka_unit_test_setup(test_unknown_and_empty, setup),
        cmocka_unit_test_setup(test_help, setup),
        cmocka_unit_test_setup(test_a_long_answer, setup),
        cmocka_unit_test_setup(test_editing, setup),
        cmocka_unit_test_setup(test_line_ends, setup),
        cmocka_unit_test_setup(test_line_limit, setup),
        cmocka_unit_test_setup(test_many_words, setup),
        cmocka_unit_test_setup(test_history, setup),
        cmocka_unit_test_setup(test_escape_sequences, setup),
        cmocka_unit_test_setup(test_log_line_keeps_typing, setup),
        cmocka_unit_test_setup(test_long_answer, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
