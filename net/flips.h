// SPDX-License-Identifier: BSD-2-Clause
// Random faults: bits that change in a driver's memory while it runs in ring 3. The shell's command
// flips.
#pragma once
#include "net/supervise.h"

struct proxy;

// What the command looks at; kept by pointer.
void flips_init(struct supervisor *supervisor);

// Changes one bit of what the domain of this port can write or execute: its text, its queues, its
// stack, its rings, or its answer. Before a crossing, while proxy->flips is not 0.
void flips_flip(struct proxy *proxy);

// Every few milliseconds: a port that was parked in the course of an experiment is started again,
// as if somebody had asked.
void flips_poll(void);

void command_flips(int argc, char **argv);

#define COMMANDS_FLIPS \
    {"flips", "PORT COUNT [SEED]", "change random bits of a driver in ring 3", command_flips},
