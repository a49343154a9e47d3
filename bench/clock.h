// SPDX-License-Identifier: BSD-2-Clause
// This processor's time stamp counter around a piece of code (Intel SDM volume 3, 18.17).
#pragma once
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

// Nothing before it is still under way, nothing after it has begun.
static inline uint64_t time_stamp(void)
{
    _mm_lfence();
    const uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

// What two time stamps cost by themselves, on the average of many, cycles. A counter that goes up
// in steps makes a single one wrong.
static inline double time_stamps_mean(void)
{
    enum { TRIES = 4096 };
    uint64_t sum = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        const uint64_t begin = time_stamp(), cost = time_stamp() - begin;
        sum += cost < 1000 ? cost : 0; // an interrupt is not a cost of theirs
    }
    return (double)sum / TRIES;
}

// The counter's rate, cycles a microsecond, against the system's clock.
static inline double time_stamp_rate(void)
{
    enum { NS = 50 * 1000 * 1000 };
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC_RAW, &begin);
    const uint64_t first = time_stamp();
    double ns;
    do {
        clock_gettime(CLOCK_MONOTONIC_RAW, &end);
        ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    } while (ns < NS);
    return (double)(time_stamp() - first) / ns * 1000;
}

// What this computer takes from a process that does nothing but read its clock.
struct interruptions {
    double per_second; // that are longer than a microsecond
    double share;      // of the time, 0..1
    double longest;    // microseconds
};

// Looks for a fifth of a second. rate: cycles a microsecond.
static inline struct interruptions interruptions(double rate)
{
    const double wanted = rate * 200 * 1000;
    const uint64_t begin = time_stamp();
    uint64_t last = begin;
    double lost = 0, longest = 0;
    unsigned count = 0;
    while ((double)(last - begin) < wanted) {
        const uint64_t now = time_stamp();
        const double gap = (double)(now - last);
        last = now;
        if (gap <= rate)
            continue;
        count++;
        lost += gap;
        longest = gap > longest ? gap : longest;
    }
    const double took = (double)(last - begin);
    return (struct interruptions){count * rate * 1e6 / took, lost / took, longest / rate};
}
