// SPDX-License-Identifier: BSD-2-Clause
// Sleep: HLT, with the timer set. Intel SDM volume 2, "STI": interrupts stay off for one
// instruction after it, so none can come between the last look and HLT and be slept through.
#include "kernel/idle.h"

#include <stddef.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/load.h"
#include "kernel/log.h"
#include "kernel/patience.h"
#include "kernel/timer.h"

enum {
    LATE_US = 1000000, // a timer that is later than that has failed,
    FAILURES_MAX = 3,  // which may be an emulator's hiccup, so often in a row
};

static struct patience patience; // none: sleep is not allowed
static uint64_t (*hooks[IDLE_HOOKS_MAX])(void);
static unsigned hook_count;
static volatile uint32_t causes; // bit n: cause n, since idle_begin()

const char *idle_cause_name(enum idle_cause cause)
{
    static const char *const names[IDLE_CAUSES] = {
        [IDLE_FRAMES] = "frames", [IDLE_ATTENTION] = "attention", [IDLE_INPUT] = "input",
        [IDLE_TIMER] = "timer",   [IDLE_OTHER] = "other",
    };
    return names[cause];
}

void idle_init(uint32_t after_us)
{
    patience = (struct patience){.after_us = timer_ready() ? after_us : 0};
}

uint32_t idle_after_us(void)
{
    return patience_us(&patience);
}

void idle_add_hook(uint64_t (*next)(void))
{
    if (hook_count < IDLE_HOOKS_MAX)
        hooks[hook_count++] = next;
}

uint64_t idle_deadline(uint64_t limit)
{
    for (unsigned i = 0; i < hook_count; i++) {
        const uint64_t next = hooks[i]();
        if (next < limit)
            limit = next;
    }
    return limit;
}

void idle_wake(enum idle_cause cause)
{
    causes = causes | 1u << cause;
}

void idle_begin(void)
{
    causes = 0;
}

static void time_is_up(void *context)
{
    (void)context;
    idle_wake(IDLE_TIMER);
}

// A frame is the reason that counts, even when the timer came too.
static enum idle_cause first_cause(uint32_t seen)
{
    for (unsigned cause = 0; cause < IDLE_OTHER; cause++)
        if (seen & 1u << cause)
            return (enum idle_cause)cause;
    return IDLE_OTHER;
}

static void check_timer(uint64_t until)
{
    static unsigned failures;
    if ((causes & 1u << IDLE_TIMER) != 0)
        failures = 0;
    if ((causes & 1u << IDLE_TIMER) != 0 || clock_us() < until + LATE_US ||
        ++failures < FAILURES_MAX)
        return;
    patience = (struct patience){0};
    log_line(
        "timer: an interrupt of the local APIC's timer is missing: the processor does not sleep "
        "any more");
}

void idle_sleep(uint64_t until, uint64_t quiet_since)
{
    const uint64_t now = clock_us();
    if (now >= until)
        return;
    timer_set((uint32_t)(until - now < TIMER_LONGEST_US ? until - now : TIMER_LONGEST_US),
              time_is_up, NULL);
    const uint64_t began = clock_tsc();
    cpu_interrupts(false);
    if (causes != 0) {
        cpu_interrupts(true);
    } else {
        __asm__ volatile("sti; hlt" : : : "memory");
        const enum idle_cause cause = first_cause(causes);
        load_slept(began, clock_tsc(), cause);
        patience_learn(&patience, cause == IDLE_FRAMES, clock_us() - quiet_since);
        check_timer(until);
    }
    timer_stop();
}
