// SPDX-License-Identifier: BSD-2-Clause
// The local APIC's timer, one shot. Intel SDM volume 3, 11.5.4. It counts a clock of unknown rate
// (the bus's or the crystal's) down to zero. On processors without ARAT it stands still in deep
// sleep states; HLT enters none of those by itself, and timer_ready() only believes what it
// has seen.
#include "kernel/timer.h"

#include <stddef.h>

#include "kernel/apic.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/trap.h"

enum {
    MEASURE_US = 500,
    TRIAL_US = 100,
    TRIAL_LIMIT_US = 500000, // an emulator on a busy computer may be late
    PER_MS_MIN = 100,        // a slower clock than 100 kHz is none
};

static uint64_t per_ms; // counts; 0: there is no timer that works
static void (*called)(void *context);
static void *called_with;

static struct {
    uint32_t us;
    void (*handler)(void *context);
    void *context;
} background;

static void arm(uint32_t us)
{
    const uint64_t counts = us * per_ms / 1000 + 1; // 0 would stop it
    apic_timer_vector(TIMER_VECTOR, true);
    apic_timer_count(counts < UINT32_MAX ? (uint32_t)counts : UINT32_MAX);
}

static void expired(void *context)
{
    (void)context;
    if (called != NULL) {
        called(called_with);
    } else if (background.handler != NULL) {
        arm(background.us);
        background.handler(background.context);
    }
}

static void note(void *context)
{
    *(volatile bool *)context = true;
}

static uint64_t measure(void)
{
    apic_timer_vector(TIMER_VECTOR, false);
    const uint64_t began = clock_us();
    apic_timer_count(UINT32_MAX);
    clock_wait_us(MEASURE_US);
    const uint32_t left = apic_timer_left();
    const uint64_t took = clock_us() - began;
    apic_timer_count(0);
    return (uint64_t)(UINT32_MAX - left) * 1000 / took;
}

// Whether the interrupt comes, and not before its time.
static bool try_it(void)
{
    volatile bool came = false;
    const uint64_t began = clock_us();
    timer_set(TRIAL_US, note, (void *)&came);
    cpu_interrupts(true);
    while (!came && clock_us() - began < TRIAL_LIMIT_US)
        ;
    cpu_interrupts(false);
    const uint64_t took = clock_us() - began;
    timer_stop();
    return came && took >= TRIAL_US / 2;
}

static void try_out(void)
{
    if (!apic_present())
        return;
    trap_set_handler(TIMER_VECTOR, expired, NULL);
    per_ms = measure();
    if (per_ms < PER_MS_MIN) {
        log_line("timer: the local APIC's timer does not count: the processor never sleeps");
        per_ms = 0;
    } else if (!try_it()) {
        log_line("timer: no interrupt of the local APIC's timer came in time: the processor never "
                 "sleeps");
        per_ms = 0;
    }
}

static void stop(void)
{
    apic_timer_count(0);
    apic_timer_vector(TIMER_VECTOR, false);
    called = NULL;
}

void timer_set(uint32_t us, void (*handler)(void *context), void *context)
{
    if (us > TIMER_LONGEST_US)
        us = TIMER_LONGEST_US;
    stop();
    called_with = context;
    called = handler;
    arm(us);
}

void timer_stop(void)
{
    stop();
    if (background.handler != NULL)
        arm(background.us);
}

bool timer_ready(void)
{
    static bool tried;
    if (!tried)
        try_out();
    tried = true;
    return per_ms != 0;
}

void timer_background(uint32_t us, void (*handler)(void *context), void *context)
{
    background.us = us;
    background.handler = handler;
    background.context = context;
    timer_stop();
}
