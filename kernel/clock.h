// SPDX-License-Identifier: BSD-2-Clause
// Time: the TSC, with the rate that the processor or the hypervisor states, or calibrated once
// against the ACPI PM timer or the PIT.
#pragma once
#include <stdint.h>

// Finds the rate, in at most 3 ms. Needs acpi_init(). Until then clock_us() assumes 5 GHz: faster
// than any TSC, so that time passes too slowly rather than going back here.
void clock_init(void);

uint64_t clock_us(void); // microseconds since kernel entry, monotonic

// Spans of time: ticks of the TSC in microseconds, and the other way round; nanoseconds of one
// tick, as a fraction of 2^32.
uint64_t clock_ticks_us(uint64_t ticks);
uint64_t clock_us_ticks(uint64_t us);
uint64_t clock_ns_per_tick(void);

// Waits at least so long, by spinning.
void clock_wait_us(uint32_t us);

static inline uint64_t clock_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
