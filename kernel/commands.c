// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about the machine itself.
#include "kernel/commands.h"

#include <stddef.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/pci.h"
#include "kernel/reboot.h"
#include "kernel/task.h"

static const struct config *current;

void commands_set_config(const struct config *config)
{
    current = config;
}

void command_log(int argc, char **argv)
{
    (void)argc, (void)argv;
    log_replay();
    while (log_replay_step())
        task_breathe();
}

void command_config(int argc, char **argv)
{
    (void)argc, (void)argv;
    config_print(current, console_printf);
}

void command_pci(int argc, char **argv)
{
    (void)argc, (void)argv;
    for (size_t i = 0; i < pci_count(); i++) {
        const struct pci_device *device = pci_at(i);
        console_printf("%04x:%02x:%02x.%u  %04x:%04x  class %06x\n", device->segment, device->bus,
                       device->slot, device->function, device->vendor, device->device,
                       device->class_code);
    }
}

void command_memory(int argc, char **argv)
{
    (void)argc, (void)argv;
    console_printf("%llu KiB of RAM, %llu KiB free\n",
                   (unsigned long long)(page_total_bytes() >> 10),
                   (unsigned long long)(page_free_bytes() >> 10));
}

void command_uptime(int argc, char **argv)
{
    (void)argc, (void)argv;
    unsigned long long seconds = clock_us() / 1000000;
    console_printf("%llu d %02llu:%02llu:%02llu\n", seconds / 86400, seconds / 3600 % 24,
                   seconds / 60 % 60, seconds % 60);
}

void command_reboot(int argc, char **argv)
{
    (void)argc, (void)argv;
    console_printf("rebooting\n");
    console_flush();
    reboot();
}
