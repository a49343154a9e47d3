// SPDX-License-Identifier: BSD-2-Clause
// The log: a fixed ring of lines in memory, each also shown on the console.
#include "kernel/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"

struct entry {
    uint64_t us;
    char text[LOG_LINE_LENGTH];
};

enum {
    SHOWN_LENGTH = LOG_LINE_LENGTH + 32, // with the time in front
};

static struct entry entries[LOG_LINES];
static uint64_t written;                 // lines, ever
static uint64_t replay_next, replay_end; // lines that log_replay() has to show yet
static void (*before_line)(void);

static void show(const struct entry *entry)
{
    char text[SHOWN_LENGTH];
    int length =
        snprintf(text, sizeof text, "[%5llu.%03u] %s\n", (unsigned long long)(entry->us / 1000),
                 (unsigned)(entry->us % 1000), entry->text);
    console_write(text, (size_t)length);
}

// What a device or a configuration file says must not steer the terminal.
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

void log_line(const char *format, ...)
{
    struct entry *entry = &entries[written % LOG_LINES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(entry->text, sizeof entry->text, format, arguments);
    va_end(arguments);
    if (length < 0)
        strcpy(entry->text, "(a line that could not be formatted)");
    else if ((size_t)length >= sizeof entry->text)
        strcpy(entry->text + sizeof entry->text - 4, "...");
    make_printable(entry->text);
    entry->us = clock_us();
    written++;

    if (before_line != NULL)
        before_line();
    show(entry);
}

void log_replay(void)
{
    replay_next = 0;
    replay_end = written;
    log_replay_step();
}

bool log_replay_step(void)
{
    if (written > LOG_LINES && replay_next < written - LOG_LINES)
        replay_next = written - LOG_LINES;
    if (replay_next < replay_end && console_room() >= SHOWN_LENGTH)
        show(&entries[replay_next++ % LOG_LINES]);
    return replay_next < replay_end;
}

void log_on_line(void (*before)(void))
{
    before_line = before;
}
