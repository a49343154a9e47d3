// SPDX-License-Identifier: BSD-2-Clause
// The command line on the console.
#pragma once
#include <stddef.h>

enum { SHELL_ARGUMENTS_MAX = 8 }; // with the command's name

struct shell_command {
    const char *name;
    const char *arguments;              // as help shows them: "[PORT]"; NULL or "": none
    const char *help;                   // one line
    void (*run)(int argc, char **argv); // argv[0] is the name, argv[argc] is NULL
};

// The table ends with a NULL name and is kept by the caller. "help" is built in.
void shell_init(const struct shell_command *commands);

// Takes what was typed since the last call; runs a command when a line is complete. Called from the
// main loop; never waits.
void shell_poll(void);
