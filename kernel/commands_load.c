// SPDX-License-Identifier: BSD-2-Clause
// The shell's command about the core's time. Made for 80 columns.
#include "kernel/commands_load.h"

#include <inttypes.h>
#include <stddef.h>

#include "kernel/console.h"
#include "kernel/load.h"
#include "kernel/ports.h"

enum { SECOND_US = 1000000 };

static struct load_report report;

static unsigned share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (unsigned)(part * 1000 / whole);
}

static void show_shares(const char *when, unsigned busy, unsigned housekeeping, unsigned asleep)
{
    const unsigned known = busy + housekeeping + asleep;
    const unsigned polling = known < 1000 ? 1000 - known : 0;
    console_printf("%s busy %u.%u %%, polling %u.%u %%, housekeeping %u.%u %%, asleep %u.%u %%\n",
                   when, busy / 10, busy % 10, polling / 10, polling % 10, housekeeping / 10,
                   housekeeping % 10, asleep / 10, asleep % 10);
}

static void show_sleeps(void)
{
    uint64_t sleeps = 0;
    for (unsigned i = 0; i < IDLE_CAUSES; i++)
        sleeps += report.wakes[i];
    console_printf("slept %" PRIu64 " times, woken by", sleeps);
    for (unsigned i = 0; i < IDLE_CAUSES; i++)
        console_printf(" %s %" PRIu64 "%s", idle_cause_name((enum idle_cause)i), report.wakes[i],
                       i + 1 < IDLE_CAUSES ? "," : "\n");
    console_printf("%" PRIu64 " interrupts for frames\n", ports_frame_interrupts());
    if (idle_after_us() == 0)
        console_printf("never sleeps: idle = off, or no timer that works: see the log\n");
    else if (ports_unarmed() != NULL)
        console_printf("does not sleep: %s cannot interrupt for frames\n", ports_unarmed()->name);
}

static void show_gaps(void)
{
    for (unsigned i = 0; i < LOAD_GAPS; i++)
        if (report.gaps[i] != 0)
            console_printf("  from %10" PRIu64 ".%03u us %20" PRIu64 "\n",
                           (UINT64_C(1) << i) / 1000, (unsigned)((UINT64_C(1) << i) % 1000),
                           report.gaps[i]);
}

void command_load(int argc, char **argv)
{
    (void)argc, (void)argv;
    load_read(&report, LOAD_CONSOLE);
    if (report.us > 2 * SECOND_US) // one is over for certain
        show_shares("last second:", report.last_second.busy, report.last_second.housekeeping,
                    report.last_second.asleep);
    show_shares("since boot: ", share(report.busy_us, report.us),
                share(report.housekeeping_us, report.us), share(report.asleep_us, report.us));
    show_sleeps();
    console_printf("longest gap %" PRIu64 ".%03u us, since last asked %" PRIu64 ".%03u us\n",
                   report.gap_max_ns / 1000, (unsigned)(report.gap_max_ns % 1000),
                   report.gap_max_recent_ns / 1000, (unsigned)(report.gap_max_recent_ns % 1000));
    show_gaps();
}
