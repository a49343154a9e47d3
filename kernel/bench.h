// SPDX-License-Identifier: BSD-2-Clause
// Measurements that run inside the image.
#pragma once

// The shell's command `bench`: what a call into ring 3 and back costs, what a domain may read.
void command_bench(int argc, char **argv);

#define COMMANDS_BENCH \
    {"bench", "crossing | walls", "ring 3: cycles of a call; what is closed", command_bench},
