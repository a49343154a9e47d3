// SPDX-License-Identifier: BSD-2-Clause
// Measurements that run inside the image.
#pragma once

// The shell's command `bench crossing`: what a call into ring 3 and back costs.
void command_bench(int argc, char **argv);

#define COMMANDS_BENCH \
    {"bench", "crossing", "cycles of a call into ring 3 and back", command_bench},
