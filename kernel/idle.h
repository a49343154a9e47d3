// SPDX-License-Identifier: BSD-2-Clause
// Sleep: the processor stands still until something interrupts. net/loop.c decides when, and
// arms the ports; this file knows what woke the processor up, and how long it may sleep.
#pragma once
#include <stdint.h>

// What ended a sleep.
enum idle_cause {
    IDLE_FRAMES,    // a card: frames have arrived
    IDLE_ATTENTION, // a card: something else, mostly its link
    IDLE_INPUT,     // the serial port
    IDLE_TIMER,     // it was time for housekeeping
    IDLE_OTHER,     // an interrupt that nobody here claims
    IDLE_CAUSES
};

enum {
    IDLE_HOOKS_MAX = 4,
    IDLE_LONGEST_US = 50000, // at least so often housekeeping wants to run
};

// "frames", for people.
const char *idle_cause_name(enum idle_cause cause);

// Allows sleep, if the timer works, after so many microseconds without a frame; 0 forbids it. Needs
// what timer_ready() needs. Until then idle_after_us() is 0.
void idle_init(uint32_t after_us);

// Microseconds without a frame after which the processor may sleep; 0: never. What idle_init() was
// told, or more, as earlier sleeps have taught: kernel/patience.h.
uint32_t idle_after_us(void);

// Has next() asked before each sleep: the time, as clock_us() counts it, at which its owner's work
// has to go on at the latest; UINT64_MAX when nothing is under way, 0 when there is some now. The
// processor is awake by then, and housekeeping runs. At most IDLE_HOOKS_MAX hooks.
void idle_add_hook(uint64_t (*next)(void));

// The earliest of these times, and of limit.
uint64_t idle_deadline(uint64_t limit);

// Says, from an interrupt handler, that its interrupt is a reason to be awake.
void idle_wake(enum idle_cause cause);

// Forgets earlier reasons. What comes from here on keeps the next idle_sleep() from sleeping.
void idle_begin(void);

// Halts until an interrupt, or until the time `until`; the last frame came at `quiet_since` (both
// as clock_us() counts it). Returns at once when there has been a reason since idle_begin(), or
// when that time has come. Interrupts are on before and afterwards. If the timer has failed to wake
// the processor three times, that is logged and no sleep is allowed any more.
void idle_sleep(uint64_t until, uint64_t quiet_since);
