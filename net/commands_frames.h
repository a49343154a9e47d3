// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands that look at frames: drops and capture.
#pragma once
#include "kernel/shell.h"
#include "net/buffers.h"
#include "net/forward.h"

// What the commands look at; kept by pointer. Port numbers mean the same in both. Until this was
// called the commands say that nothing is forwarded.
void commands_frames_init(const struct buffers *buffers, const struct forwarder *forwarder);

void command_drops(int argc, char **argv);
void command_capture(int argc, char **argv);

// Their entries in the table that shell_init() takes.
#define COMMANDS_FRAMES                                                           \
    {"drops", "", "lost frames by reason, and how many a second", command_drops}, \
        {"capture", "PORT [N]", "show the next N frames of a port (10)", command_capture},
