// SPDX-License-Identifier: BSD-2-Clause
// The story of the box, from the first C instruction to the loop that never ends (net/loop.c). The
// one place where kernel, drivers and net meet.
#include <string.h>

#include "drivers/ixgbe/ixgbe.h"
#include "drivers/virtio/virtio_net.h"
#include "kernel/acpi.h"
#include "kernel/apic.h"
#include "kernel/bench.h"
#include "kernel/bootinfo.h"
#include "kernel/clock.h"
#include "kernel/commands.h"
#include "kernel/commands_load.h"
#include "kernel/config.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/gate.h"
#include "kernel/hotplug.h"
#include "kernel/idle.h"
#include "kernel/image.h"
#include "kernel/iommu.h"
#include "kernel/isolation.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/panic.h"
#include "kernel/pci.h"
#include "kernel/ports.h"
#include "kernel/shell.h"
#include "kernel/task.h"
#include "kernel/trap.h"
#include "kernel/vm.h"
#include "net/box.h"
#include "net/commands.h"
#include "net/commands_card.h"
#include "net/commands_fdb.h"
#include "net/commands_frames.h"
#include "net/commands_isolation.h"
#include "net/flips.h"
#include "net/inject.h"
#include "net/loop.h"
#include "net/stack/lwip_port.h"
#include "net/stack/ping.h"

static const struct port_driver *const drivers[] = {&virtio_net_driver, &ixgbe_driver, NULL};
static const struct shell_command commands[] = {
    COMMANDS_NET COMMANDS_FDB COMMANDS_FRAMES COMMANDS_CARD COMMANDS_ISOLATION COMMANDS_INJECT
        COMMANDS_FLIPS COMMANDS_BENCH COMMANDS_KERNEL COMMANDS_LOAD COMMANDS_PING{0}};

static struct bootinfo boot;
static struct config config;
static struct ports ports;

static void init_machine(uint32_t magic, uint32_t address)
{
    console_init();
    log_line("Barewire " BAREWIRE_VERSION);
    if (!bootinfo_read(&boot, magic, address))
        panic("the boot loader left neither multiboot2 nor PVH information that can be used");
    page_init(&boot, vm_physical(image_start), vm_physical(image_end));
    vm_init();
    cpu_init();
    trap_init();
    gate_init();
    task_init();
    console_screen(&boot);
    log_line("booted by %s, %llu MiB of memory, W^X NX%s", boot.loader,
             (unsigned long long)(page_total_bytes() >> 20), cpu_protections());
    acpi_init(boot.rsdp);
    iommu_init();
    clock_init();
    apic_init();
    pci_init(&boot);
    stack_init();
}

static void report_errors(void)
{
    unsigned kept = config.error_count < CONFIG_ERRORS_MAX ? config.error_count : CONFIG_ERRORS_MAX;
    for (unsigned i = 0; i < kept; i++)
        log_line("%s", config.errors[i]);
    if (config.error_count > kept)
        log_line("%u more errors", config.error_count - kept);
}

static bool join_first_two(void)
{
    log_line("on-error = wire: joining the first two cards instead%s",
             config.manage.on ? ", without [manage]" : "");
    if (!ports_first_two(&config, drivers)) {
        log_line("on-error = wire: fewer than two cards that a driver knows");
        return false;
    }
    isolation_settle(&config);
    return true;
}

// Whether there is a configuration to forward by. A broken one never forwards by accident.
static bool configure(void)
{
    config_read(&config, boot.config_name, boot.config, boot.config_length, boot.command_line);
    isolation_settle(&config);
    commands_set_config(&config);
    panic_set_halt(config.on_panic == CONFIG_ON_PANIC_HALT);
    if (config.error_count == 0)
        return true;
    report_errors();
    return config.on_error == CONFIG_ON_ERROR_WIRE && join_first_two();
}

// Returns how many ports run, or -1 when nothing is forwarded.
static int start_forwarding(void)
{
    if (!configure() || iommu_start(isolation_wants_iommu(&config)) != 0)
        return -1;
    ports_open(&ports, &config, drivers);
    return box_start(&ports, &config);
}

static void announce(int running)
{
    const unsigned long long us = clock_us(), ms = us / 1000;
    if (running < 0)
        log_line("NOT FORWARDING: see above (after %llu.%03llu ms)", ms, us % 1000);
    else if ((unsigned)running < ports.count)
        log_line("READY, %d of %u ports running, in %llu.%03llu ms", running, ports.count, ms,
                 us % 1000);
    else
        log_line("READY in %llu.%03llu ms", ms, us % 1000);
}

void kernel_main(uint32_t magic, uint32_t address);

__attribute__((no_stack_protector)) void kernel_main(uint32_t magic, uint32_t address)
{
    cpu_init_canary();
    init_machine(magic, address);
    const int running = start_forwarding();
    idle_init(config.idle_us);
    idle_add_hook(console_deadline);
    idle_add_hook(shell_deadline);
    idle_add_hook(hotplug_deadline);
    cpu_interrupts(apic_present());
    commands_card_init(&ports);
    shell_init(commands);
    announce(running);

    const bool forwards = running >= 0 || box_managed();
    loop_run(forwards, forwards && config.manage.on);
}
