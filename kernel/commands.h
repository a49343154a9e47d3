// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about the machine itself.
#pragma once
#include "kernel/config.h"
#include "kernel/panic_test.h"
#include "kernel/shell.h"

// What `config` prints.
void commands_set_config(const struct config *config);

void command_log(int argc, char **argv);
void command_config(int argc, char **argv);
void command_pci(int argc, char **argv);
void command_memory(int argc, char **argv);
void command_uptime(int argc, char **argv);
void command_reboot(int argc, char **argv);

// Their entries in the table that shell_init() takes.
#define COMMANDS_KERNEL                                                      \
    {"log", "", "the log since boot, as far as it is kept", command_log},    \
        {"config", "", "the configuration in force", command_config},        \
        {"pci", "", "every PCI function that was found", command_pci},       \
        {"memory", "", "physical memory, total and free", command_memory},   \
        {"uptime", "", "time since the kernel was entered", command_uptime}, \
        {"reboot", "", "restart the machine", command_reboot},               \
        {"panic-test", "NAME", "crash on purpose, to see the protection work", panic_test},
