// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about ports and frames.
#pragma once
#include "kernel/shell.h"
#include "net/audit.h"
#include "net/fdb.h"
#include "net/forward.h"
#include "net/supervise.h"

// What the commands look at; kept by pointer. Port numbers mean the same in all three. Until this
// was called, after buffers_deal(), the commands say that nothing is forwarded.
void commands_init(const struct buffers *buffers, const struct forwarder *forwarder,
                   struct supervisor *supervisor);

// The table of a bridge, whose fill `stats` shows; kept.
void commands_set_fdb(const struct fdb *fdb);

void command_ports(int argc, char **argv);
void command_stats(int argc, char **argv);
void command_audit(int argc, char **argv);
void command_restart(int argc, char **argv);

// Their entries in the table that shell_init() takes.
#define COMMANDS_NET                                                             \
    {"ports", "", "what each port is and how it fares", command_ports},          \
        {"stats", "[PORT]", "frames and bytes, drops by reason", command_stats}, \
        {"audit", "", "prove that no buffer is lost", command_audit},            \
        {"restart", "PORT", "stop and start a port", command_restart},
