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

enum { LINES_A_STEP = 8 };

static const struct config *current;

void commands_set_config(const struct config *config)
{
    current = config;
}

static bool more_log(void)
{
    return log_replay_step();
}

void command_log(int argc, char **argv)
{
    (void)argc, (void)argv;
    log_replay();
    shell_go_on(more_log);
}

void command_config(int argc, char **argv)
{
    (void)argc, (void)argv;
    config_print(current, console_printf);
}

static size_t pci_shown;

static bool more_pci(void)
{
    for (unsigned i = 0; i < LINES_A_STEP && pci_shown < pci_count(); i++) {
        const struct pci_device *device = pci_at(pci_shown++);
        console_printf("%04x:%02x:%02x.%u  %04x:%04x  class %06x\n", device->segment, device->bus,
                       device->slot, device->function, device->vendor, device->device,
                       device->class_code);
    }
    return pci_shown < pci_count();
}

void command_pci(int argc, char **argv)
{
    (void)argc, (void)argv;
    pci_shown = 0;
    shell_go_on(more_pci);
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
