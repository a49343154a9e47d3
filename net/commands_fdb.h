// SPDX-License-Identifier: BSD-2-Clause
// The shell's command about the stations that a bridge knows.
#pragma once
#include "kernel/shell.h"
#include "net/bridge.h"

// What the command looks at; kept by pointer. Until this was called it says that there is no
// bridge.
void commands_fdb_init(struct bridge *bridge);

void command_fdb(int argc, char **argv);

// Its entry in the table that shell_init() takes.
#define COMMANDS_FDB \
    {"fdb", "[PORT|ADDRESS|flush [PORT]]", "stations that the bridge knows", command_fdb},
