// SPDX-License-Identifier: BSD-2-Clause
// Random faults: bits that change in what a driver in ring 3 works with, while it runs. The shell's
// command flips.
#pragma once
#include "net/supervise.h"

struct proxy;

// What the command looks at; kept by pointer.
void flips_init(struct supervisor *supervisor);

// Around a crossing, while proxy->flips is not 0. After some number of instructions in ring 3, of
// this crossing or a later one, one bit changes of what the domain can write or execute: its text,
// its stack, its answer, its queues, its rings, the card's queue registers, or the processor's.
void flips_begin(struct proxy *proxy);
void flips_end(void);

// Every few milliseconds: a port that was parked in the course of an experiment is started again,
// as if somebody had asked.
void flips_poll(void);

void command_flips(int argc, char **argv);

#define COMMANDS_FLIPS                                                                      \
    {"flips", "PORT [COUNT [SEED]]", "change random bits of a driver in ring 3 as it runs", \
     command_flips},
