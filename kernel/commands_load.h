// SPDX-License-Identifier: BSD-2-Clause
// The shell's command about the core's time: load.
#pragma once
#include "kernel/shell.h"

void command_load(int argc, char **argv);

// Its entry in the table that shell_init() takes.
#define COMMANDS_LOAD {"load", "", "how the core's time is spent", command_load},
