// SPDX-License-Identifier: BSD-2-Clause
// How the core's time is spent: sums, and the last second.
#include "kernel/load.h"

#include <string.h>

struct load load;

static uint64_t wakes[IDLE_CAUSES];
static uint64_t gap_max;              // ticks, of all times
static uint64_t unread[LOAD_READERS]; // ticks
static struct load_shares last_second;
static struct load_times second_began; // sums when the second under way began,
static uint64_t second_began_at;       // and when that was, ticks

void load_begin(void)
{
    memset(&load, 0, sizeof load);
    memset(wakes, 0, sizeof wakes);
    memset(unread, 0, sizeof unread);
    last_second = (struct load_shares){0};
    second_began = (struct load_times){0};
    gap_max = 0;
    load.ns_per_tick = clock_ns_per_tick();
    load.began = load.last = second_began_at = clock_tsc();
}

static unsigned share(uint64_t part, uint64_t whole)
{
    return (unsigned)(part * 1000 / whole);
}

static void close_second(uint64_t now)
{
    const uint64_t ticks = now - second_began_at;
    if (clock_ticks_us(ticks) < 1000000)
        return;
    last_second = (struct load_shares){
        .busy = share(load.times.busy - second_began.busy, ticks),
        .housekeeping = share(load.times.housekeeping - second_began.housekeeping, ticks),
        .asleep = share(load.times.asleep - second_began.asleep, ticks),
    };
    second_began = load.times;
    second_began_at = now;
}

void load_housekept(void)
{
    const uint64_t now = clock_tsc();
    load.times.housekeeping += load_gap(now);
    close_second(now);
}

void load_slept(uint64_t from, uint64_t to, enum idle_cause cause)
{
    load.times.asleep += to - from;
    load.last = to;
    wakes[cause]++;
}

void load_read(struct load_report *report, enum load_reader reader)
{
    if (load.gap_max > gap_max)
        gap_max = load.gap_max;
    for (unsigned i = 0; i < LOAD_READERS; i++)
        if (load.gap_max > unread[i])
            unread[i] = load.gap_max;
    load.gap_max = 0;
    *report = (struct load_report){
        .last_second = last_second,
        .us = clock_ticks_us(clock_tsc() - load.began),
        .busy_us = clock_ticks_us(load.times.busy),
        .housekeeping_us = clock_ticks_us(load.times.housekeeping),
        .asleep_us = clock_ticks_us(load.times.asleep),
        .gap_max_ns = load_ns(gap_max),
        .gap_max_recent_ns = load_ns(unread[reader]),
    };
    unread[reader] = 0;
    memcpy(report->wakes, wakes, sizeof wakes);
    for (unsigned i = 0; i < LOAD_BUCKETS; i++)
        report->gaps[i < LOAD_GAPS ? i : LOAD_GAPS - 1] += load.gaps[i];
}
