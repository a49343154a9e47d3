// SPDX-License-Identifier: BSD-2-Clause
// How the core's time is spent: forwarding, polling rings that are empty, looking after the box,
// and asleep; and for how long at a time.
// A gap is a round over all lanes, or what comes between two.
//
// Each round of the main loop costs one look at the TSC, whatever it carries.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kernel/clock.h"
#include "kernel/idle.h"

// Bucket n of a report has the gaps of 2^n nanoseconds up to, not including, 2^(n+1); the first
// also has shorter ones, the last also longer ones. No gap is too long for the buckets that count.
enum { LOAD_GAPS = 32, LOAD_BUCKETS = 64 };

// Who reads the longest gap "since it was last read". Each has its own.
enum load_reader { LOAD_CONSOLE, LOAD_METRICS, LOAD_READERS };

struct load_times { // ticks of the TSC
    uint64_t busy, housekeeping, asleep;
};

// Written by the main loop alone.
struct load {
    uint64_t began;       // ticks, when the loop did
    uint64_t last;        // when the last round, housekeeping or sleep ended
    uint64_t ns_per_tick; // as a fraction of 2^32
    uint64_t gap_max;     // ticks, since it was last read by anybody
    struct load_times times;
    uint64_t gaps[LOAD_BUCKETS];
};
extern struct load load;

static inline uint64_t load_ns(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * load.ns_per_tick >> 32);
}

// A gap ends now. Returns its ticks.
static inline uint64_t load_gap(uint64_t now)
{
    const uint64_t gap = now - load.last;
    load.gaps[63 - __builtin_clzll(load_ns(gap) | 1)]++;
    if (gap > load.gap_max)
        load.gap_max = gap;
    load.last = now;
    return gap;
}

// A round over all lanes has ended; busy: it found frames. Returns the time, in ticks.
static inline uint64_t load_round(bool busy)
{
    const uint64_t now = clock_tsc(), gap = load_gap(now);
    if (busy)
        load.times.busy += gap;
    return now;
}

// The loop begins now.
void load_begin(void);

// Housekeeping has taken the time since the last round ended. Also closes the second under way.
void load_housekept(void);

// The processor was asleep from one TSC value to the other, and this woke it up. That is no gap: a
// frame would have ended it.
void load_slept(uint64_t from, uint64_t to, enum idle_cause cause);

// Shares of the last whole second, in thousandths; what is missing from 1,000 polled empty rings.
struct load_shares {
    unsigned busy, housekeeping, asleep;
};

// All since the loop began, unless it says otherwise.
struct load_report {
    struct load_shares last_second;
    uint64_t us, busy_us, housekeeping_us, asleep_us; // the rest polled empty rings
    uint64_t wakes[IDLE_CAUSES];                      // sleeps, by what ended them
    uint64_t gap_max_ns;
    uint64_t gap_max_recent_ns; // since this reader last asked
    uint64_t gaps[LOAD_GAPS];   // their sum is us - asleep_us
};

// Takes what `reader` has not seen yet of the longest gap.
void load_read(struct load_report *report, enum load_reader reader);
