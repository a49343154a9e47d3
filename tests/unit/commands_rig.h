// SPDX-License-Identifier: BSD-2-Clause
// The console of tests of commands: keeps what is printed. Instead of kernel/console.c.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/shell.h"

extern char output[8192]; // a string
extern size_t output_length;

// Runs the command of that name, which the table has, with up to two arguments, NULL: none. Returns
// what it printed: whole lines of 80 columns at most.
const char *run_command(const struct shell_command *table, char *name, char *first, char *second);

// That what was printed is whole lines of 80 columns at most.
void expect_lines(void);

// That the text is in what was printed.
void expect(const char *printed, const char *text);
