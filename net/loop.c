// SPDX-License-Identifier: BSD-2-Clause
// Once round the box, for ever. docs/architecture.md, "One core, one loop".
#include "net/loop.h"

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/hotplug.h"
#include "kernel/idle.h"
#include "kernel/load.h"
#include "kernel/ports.h"
#include "kernel/shell.h"
#include "net/box.h"

enum { HOUSEKEEPING_US = 1000 };

static bool forwarding;

// One round over all lanes. Returns whether it found frames.
static bool forward_round(void)
{
    const bool busy = forwarding && box_forward() > 0;
    load_round(busy);
    return busy;
}

// Sleeps until something interrupts, or for so many microseconds; no frame has come for quiet_us.
// The order is that of port_driver.arm(): armed, looked once more, asleep. Returns whether there is
// no use in trying again before the next housekeeping: a card cannot interrupt.
static bool sleep(uint64_t us, uint64_t quiet_us)
{
    const uint64_t until = idle_deadline(clock_us() + us);
    if (until <= clock_us())
        return false;
    if (!ports_arm(true))
        return true;
    if (!forward_round())
        idle_sleep(until, clock_us() - quiet_us);
    ports_arm(false);
    return false;
}

static void housekeep(void)
{
    ports_police();
    hotplug_poll();
    box_housekeeping();
    console_poll();
    shell_poll();
    load_housekept();
}

// What cannot wait for the next housekeeping. Returns when it has to be called again, in ticks.
static uint64_t hasten(void)
{
    const uint64_t us = forwarding ? box_hasten() : UINT64_MAX;
    load_housekept();
    return us == UINT64_MAX ? us : load.last + clock_us_ticks(us);
}

_Noreturn void loop_run(bool forwards, bool managed)
{
    forwarding = forwards;
    const uint64_t often = clock_us_ticks(HOUSEKEEPING_US);
    uint64_t housekept = 0, seen = clock_tsc(); // ticks: when that was last done, and a frame seen
    uint64_t hurry = 0;                         // ticks, when hasten() comes next
    bool awake = false;                         // until the next housekeeping
    load_begin();
    for (;;) {
        const bool busy = forward_round();
        const bool sliced = managed && box_manage(busy);
        const uint64_t now = load.last;
        if (busy)
            seen = now;
        else
            idle_begin(); // ahead of the look for attention
        if (now - housekept >= often || (!busy && ports_attention())) {
            housekeep();
            housekept = now;
            hurry = 0;
            awake = idle_after_us() == 0;
        } else if (now >= hurry) {
            hurry = hasten();
        } else if (!busy && !sliced) {
            // No PAUSE here: an emulator leaves its translated code for it, and on hardware a poll
            // of a ring in cached memory disturbs nobody.
            console_poll();
            if (!awake && now - seen >= clock_us_ticks(idle_after_us()))
                awake = sleep(IDLE_LONGEST_US - clock_ticks_us(now - housekept),
                              clock_ticks_us(now - seen));
        }
    }
}
