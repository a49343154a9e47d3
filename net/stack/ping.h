// SPDX-License-Identifier: BSD-2-Clause
// The shell's command ping: ICMP echo (RFC 792, RFC 4443) from the box to a neighbour or beyond.
#pragma once
#include "kernel/shell.h"

void command_ping(int argc, char **argv);

// Its entry in the table that shell_init() takes.
#define COMMANDS_PING \
    {"ping", "ADDRESS [COUNT]", "send echo requests from the box; Ctrl-C stops", command_ping},
