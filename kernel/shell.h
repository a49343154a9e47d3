// SPDX-License-Identifier: BSD-2-Clause
// The command line on the console.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { SHELL_ARGUMENTS_MAX = 8 }; // with the command's name

struct shell_command {
    const char *name;
    const char *arguments; // as help shows them: "[PORT]"; NULL or "": none
    const char *help;      // one line
    // argv[0] is the name, argv[argc] is NULL. It runs as a task (kernel/task.h): whenever it, or a
    // step of it, has printed something, the main loop may go on before it does. So it takes a copy
    // of numbers that belong together before it prints the first, and what it does without printing
    // takes no more than some 10 microseconds.
    void (*run)(int argc, char **argv);
};

// The table ends with a NULL name and is kept by the caller. "help" is built in.
void shell_init(const struct shell_command *commands);

// For a command's run(): its answer is not complete. step() is called by each shell_poll(), about
// every millisecond, until it returns false; the prompt follows then. What is typed meanwhile
// waits, unless step() itself asks for it.
void shell_go_on(bool (*step)(void));

// When shell_poll() has to be called next, as clock_us() counts; UINT64_MAX: when something is
// typed.
uint64_t shell_deadline(void);

// Takes what was typed since the last call; runs a command when a line is complete. Called from the
// main loop; never waits.
void shell_poll(void);
