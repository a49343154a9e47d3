// SPDX-License-Identifier: BSD-2-Clause
// Experiments with isolation: the shell's commands kill and inject.
#pragma once
#include "net/buffers.h"
#include "net/forward.h"

// What the commands look at; kept by pointer.
void inject_init(const struct buffers *buffers, struct forwarder *forwarder);

// Whether a fault in ring 0 waits in front of the port's driver.
bool inject_armed(const struct port *port);

void command_kill(int argc, char **argv);
void command_inject(int argc, char **argv);

#define COMMANDS_INJECT                                                               \
    {"kill", "PORT", "end a port's driver as if it had broken a rule", command_kill}, \
        {"inject", "PORT FAULT [TIMES]", "make a driver do what it must not", command_inject},
