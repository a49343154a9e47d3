// SPDX-License-Identifier: BSD-2-Clause
// The command line on the console: one line, edited at its end, with a short history. What it
// sends to the terminal is what kernel/screen.c understands: \r, \b and ESC [ K (ECMA-48, 8.3.41).
#include "kernel/shell.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/task.h"

static const char prompt[] = "barewire> ";

enum {
    LINE_LIMIT = 80 - sizeof prompt, // prompt and line fit into 80 columns, so that \r goes back to
                                     // the start of both
    HISTORY = 8,
    KEYS_A_POLL = 8,
    STEP_US = 1000,

    CONTROL_C = 0x03,
    CONTROL_U = 0x15,
    BACKSPACE = 0x08,
    DELETE = 0x7f,
    ESCAPE = 0x1b,
};

static const struct shell_command *table;
static bool answering;         // a command's task is under way
static bool (*going_on)(void); // what the command has still to do, step by step; NULL: nothing
static char command_line[LINE_LIMIT + 1]; // of the command, cut into words
static char line[LINE_LIMIT + 1];
static size_t length;
static bool shown;    // prompt and line stand on the terminal's last line
static bool after_cr; // a following \n belongs to it
static enum { PLAIN, ESCAPE_SEEN, BRACKET_SEEN } sequence;

static char history[HISTORY][LINE_LIMIT + 1];
static unsigned entered; // lines ever put into the history
static unsigned back;    // how many lines the user has gone up; 0: the line being typed

// --- what is on the terminal -------------------------------------------------------------------

// Also before a line of the log in the middle of anything: without a pause.
static void clear_away(void)
{
    if (shown)
        console_write("\r\033[K", 4);
    shown = false;
}

static void show(void)
{
    console_printf("\r\033[K%s%s", prompt, line);
    shown = true;
}

// --- commands ----------------------------------------------------------------------------------

static void help(void)
{
    console_printf("  %-26s %s\n", "help", "this list");
    for (const struct shell_command *c = table; c->name != NULL; c++) {
        const char *arguments = c->arguments != NULL ? c->arguments : "";
        const int padding = 25 - (int)(strlen(c->name) + strlen(arguments));
        console_printf("  %s %s%*s %s\n", c->name, arguments, padding > 0 ? padding : 0, "",
                       c->help);
    }
}

static void run(int argc, char **argv)
{
    if (strcmp(argv[0], "help") == 0) {
        help();
        return;
    }
    for (const struct shell_command *command = table; command->name != NULL; command++) {
        if (strcmp(command->name, argv[0]) == 0) {
            command->run(argc, argv);
            return;
        }
    }
    console_printf("%s: unknown command; help lists them\n", argv[0]);
}

static void split_and_run(void)
{
    char *argv[SHELL_ARGUMENTS_MAX + 1];
    int argc = 0;
    for (char *word = strtok(command_line, " \t"); word != NULL; word = strtok(NULL, " \t")) {
        if (argc == SHELL_ARGUMENTS_MAX) {
            console_printf("too many words, expected at most %d\n", SHELL_ARGUMENTS_MAX);
            return;
        }
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    if (argc > 0)
        run(argc, argv);
}

// The task of one command.
static void answer(void)
{
    split_and_run();
    while (going_on != NULL && going_on())
        task_pause();
    going_on = NULL;
}

// --- the line ----------------------------------------------------------------------------------

static void set_line(const char *text)
{
    strcpy(line, text);
    length = strlen(line);
}

static void remember(void)
{
    back = 0;
    if (length == 0 || (entered > 0 && strcmp(history[(entered - 1) % HISTORY], line) == 0))
        return;
    strcpy(history[entered++ % HISTORY], line);
}

static void enter(void)
{
    remember();
    strcpy(command_line, line);
    set_line("");
    console_printf("\n");
    shown = false;
    answering = task_begin(answer);
}

// step 1: an older line, -1: a newer one. Below the newest is an empty line.
static void travel(int step)
{
    unsigned kept = entered < HISTORY ? entered : HISTORY;
    if (step > 0 ? back >= kept : back == 0)
        return;
    back = step > 0 ? back + 1 : back - 1;
    set_line(back == 0 ? "" : history[(entered - back) % HISTORY]);
    show();
}

// ESC, '[' (or 'O', as some terminals send cursor and function keys), perhaps parameters, a final
// byte 40..7e.
static void escape_sequence(char c)
{
    if (sequence == ESCAPE_SEEN) {
        sequence = c == '[' || c == 'O' ? BRACKET_SEEN : PLAIN;
        return;
    }
    if (c >= 0x20 && c < 0x40)
        return;
    sequence = PLAIN;
    if (c == 'A')
        travel(1);
    else if (c == 'B')
        travel(-1);
}

static void edit(char c)
{
    switch (c) {
    case CONTROL_C:
        console_printf("^C\n");
        shown = false;
        back = 0;
        set_line("");
        break;
    case CONTROL_U:
        set_line("");
        show();
        break;
    case BACKSPACE:
    case DELETE:
        if (length > 0) {
            line[--length] = '\0';
            console_printf("\b \b");
        }
        break;
    default:
        if (c >= ' ' && c <= '~' && length < LINE_LIMIT) {
            line[length++] = c;
            line[length] = '\0';
            console_write(&c, 1);
        }
    }
}

static void typed(char c)
{
    bool second_half = c == '\n' && after_cr;
    after_cr = c == '\r';
    if (c == ESCAPE)
        sequence = ESCAPE_SEEN;
    else if (sequence != PLAIN)
        escape_sequence(c);
    else if (c == '\r' || (c == '\n' && !second_half))
        enter();
    else
        edit(c);
}

void shell_init(const struct shell_command *commands)
{
    table = commands;
    log_on_line(clear_away);
    console_on_print(task_breathe);
}

void shell_go_on(bool (*step)(void))
{
    going_on = step;
}

uint64_t shell_deadline(void)
{
    return answering ? clock_us() + STEP_US : UINT64_MAX;
}

void shell_poll(void)
{
    if (answering)
        answering = task_go_on();
    if (answering)
        return;
    for (unsigned i = 0; i < KEYS_A_POLL; i++) {
        if (!shown)
            show();
        int c = console_getc();
        if (c < 0)
            return;
        typed((char)c);
        if (answering)
            return;
    }
}
