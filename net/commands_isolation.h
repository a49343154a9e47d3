// SPDX-License-Identifier: BSD-2-Clause
// The shell's command about the isolation of the ports.
#pragma once
#include "kernel/ports.h"
#include "kernel/shell.h"
#include "net/supervise.h"

// What the command shows. Both are kept, not copied; the numbers of ports are the same in both.
void commands_isolation_init(const struct ports *ports, const struct supervisor *supervisor);

void command_isolation(int argc, char **argv);

// Its entry in the table that shell_init() takes.
#define COMMANDS_ISOLATION \
    {"isolation", "", "what confines each port, and what it did last", command_isolation},
