// SPDX-License-Identifier: BSD-2-Clause
// The log: a fixed ring of lines in memory, each also shown on the console.
#pragma once
#include <stdbool.h>

enum {
    LOG_LINES = 256,       // kept; the oldest makes room
    LOG_LINE_LENGTH = 184, // with the terminating NUL; what is longer ends in "..."
};

// One line, without a newline at its end; the time since kernel entry in milliseconds is put in
// front: "[   12.345] text". Bytes outside printable ASCII show as '?'. Never waits. Not for use
// from interrupt handlers.
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Prints the kept lines, oldest first, to the console: some of them now, the others as
// log_replay_step() is called.
void log_replay(void);

// Goes on with what log_replay() began, by a few lines and no more than the console has room for.
// True as long as lines are left.
bool log_replay_step(void);

// Has before() called ahead of each line that goes to the console, so that whoever holds the
// console's last line can clear it away.
void log_on_line(void (*before)(void));
