// SPDX-License-Identifier: BSD-2-Clause
// The local APIC's timer, for one interrupt at a time. Intel SDM volume 3, 11.5.4.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    TIMER_VECTOR = 0x20,        // of those that MSI-X does not use
    TIMER_LONGEST_US = 1000000, // a longer wait ends after that
};

// Whether the timer can be relied on. The first call measures its rate against the clock, and
// checks that its interrupt really comes; that takes a millisecond, half a second when it does not
// come, and logs why not. Needs apic_init(), clock_init() and trap_init(); interrupts are off
// before and afterwards.
bool timer_ready(void);

// Calls handler(context), with interrupts off, about every us microseconds while nothing else is
// set. Once; only when timer_ready() returned true.
void timer_background(uint32_t us, void (*handler)(void *context), void *context);

// Calls handler(context), with interrupts off, in us microseconds or a little later; replaces what
// was set before. Only when timer_ready() returned true.
void timer_set(uint32_t us, void (*handler)(void *context), void *context);

// Forgets what timer_set() set.
void timer_stop(void);
