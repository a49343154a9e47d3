// SPDX-License-Identifier: BSD-2-Clause
// The clock. The TSC counts; its rate comes from, in this order: CPUID leaf 0x15 (Intel SDM volume
// 2), the hypervisor's leaf 0x40000010, a measurement against the ACPI PM timer (ACPI 6.4, 4.8.3.3)
// or against channel 2 of the PIT (Intel 8254 data sheet).
#include "kernel/clock.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/acpi.h"
#include "kernel/cpu.h"
#include "kernel/image.h"
#include "kernel/log.h"
#include "kernel/port_io.h"

#define HZ_MIN     100000000ull
#define HZ_MAX     10000000000ull
#define HZ_ASSUMED 5000000000ull

enum {
    PM_TIMER_HZ = 3579545,
    PIT_HZ = 1193182,
    PIT_CHANNEL_2 = 0x42,
    PIT_COMMAND = 0x43,
    PIT_GATE = 0x61, // bit 0 starts channel 2, bit 1 is the loudspeaker
    SAMPLES = 8,
    TRIES = 3,
    STILL_READS_MAX = 1000, // a reference that does not move is given up after so many reads
    READS_MAX = 200000,     // and one that does not get anywhere after so many
    GOOD_PPM = 2000,
};

// Something that counts upwards at a known rate, modulo mask + 1.
struct reference {
    const char *name;
    uint32_t hz, mask;
    uint32_t (*read)(void);
};

struct sample {
    uint64_t tsc;    // in the middle of the read
    uint64_t window; // TSC ticks that the read took: the error is at most half of it
    uint32_t count;
};

static struct {
    uint64_t us_per_tick; // as a fraction of 2^64
    uint64_t offset_us;   // added so that time did not go back when the rate became known
    uint64_t hz;
} state = {.us_per_tick = 3689348814741910, .hz = HZ_ASSUMED}; // 10^6 * 2^64 / HZ_ASSUMED

// 10^6 * 2^64 / hz, which fits into 64 bits because hz > 10^6.
static uint64_t fraction_of(uint64_t hz)
{
    uint64_t quotient, remainder;
    __asm__("divq %[hz]"
            : "=a"(quotient), "=d"(remainder)
            : [hz] "r"(hz), "a"(0ull), "d"(1000000ull)
            : "cc");
    return quotient;
}

uint64_t clock_ticks_us(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * state.us_per_tick >> 64);
}

uint64_t clock_us_ticks(uint64_t us)
{
    return us / 1000000 * state.hz + us % 1000000 * state.hz / 1000000;
}

uint64_t clock_ns_per_tick(void)
{
    return (uint64_t)((unsigned __int128)state.us_per_tick * 1000 >> 32);
}

uint64_t clock_us(void)
{
    return clock_ticks_us(clock_tsc() - boot_tsc) + state.offset_us;
}

void clock_wait_us(uint32_t us)
{
    uint64_t begin = clock_us();
    while (clock_us() - begin <= us)
        cpu_pause();
}

static void set_rate(uint64_t hz)
{
    uint64_t before = clock_us();
    state.us_per_tick = fraction_of(hz);
    state.hz = hz;
    uint64_t after = clock_us();
    if (after < before)
        state.offset_us = before - after;
}

static bool plausible(uint64_t hz)
{
    return hz >= HZ_MIN && hz <= HZ_MAX;
}

// An old processor's TSC counts more slowly, or not at all, when that saves power (SDM volume 3,
// 18.17.1). A hypervisor that does not promise an invariant TSC mostly provides one.
static void warn_if_variable(void)
{
    bool invariant = (cpuid(0x80000007, 0).edx & 1u << 8) != 0;
    if (!invariant && !cpu_is_virtual())
        log_line("clock: the TSC of this processor is not invariant: times may be wrong");
}

// Leaf 0x15: crystal rate in ECX times EBX / EAX; any of them may be 0.
static uint64_t rate_from_cpuid(void)
{
    struct cpuid leaf = cpuid(0x15, 0);
    if (leaf.eax == 0 || leaf.ebx == 0 || leaf.ecx == 0)
        return 0;
    return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
}

// VMware's and KVM's leaf 0x40000010 has the TSC rate in kHz in EAX; others use it differently.
static uint64_t rate_from_hypervisor(void)
{
    if (!cpu_is_virtual())
        return 0;
    struct cpuid leaf = cpuid(0x40000000, 0);
    const uint32_t name[3] = {leaf.ebx, leaf.ecx, leaf.edx};
    if (memcmp(name, "VMwareVMware", 12) != 0 && memcmp(name, "KVMKVMKVM\0\0\0", 12) != 0)
        return 0;
    return (uint64_t)cpuid(0x40000010, 0).eax * 1000;
}

static uint32_t read_pm_timer(void)
{
    return inl(acpi()->pm_timer_port);
}

// Counts down; the complement counts up. The latch command freezes a count for the two reads.
static uint32_t read_pit(void)
{
    outb(PIT_COMMAND, 0x80);
    uint32_t low = inb(PIT_CHANNEL_2);
    uint32_t high = inb(PIT_CHANNEL_2);
    return ~(high << 8 | low);
}

static void start_pit(void)
{
    outb(PIT_GATE, (uint8_t)((inb(PIT_GATE) & ~2u) | 1u));
    outb(PIT_COMMAND, 0xb0); // channel 2, both bytes, mode 0, binary
    outb(PIT_CHANNEL_2, 0xff);
    outb(PIT_CHANNEL_2, 0xff);
}

// The tightest of several reads: one during which the processor was taken away is not chosen.
static struct sample take_sample(const struct reference *reference)
{
    struct sample best = {.window = UINT64_MAX};
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t before = clock_tsc();
        uint32_t count = reference->read();
        uint64_t window = clock_tsc() - before;
        if (window < best.window)
            best = (struct sample){before + window / 2, window, count};
    }
    return best;
}

// Waits until the reference has counted so far from begin. False when it never does.
static bool wait_for(const struct reference *reference, uint32_t begin, uint32_t target)
{
    uint32_t last = begin;
    for (unsigned reads = 0, still = 0; reads < READS_MAX && still < STILL_READS_MAX; reads++) {
        uint32_t count = reference->read();
        if (((count - begin) & reference->mask) >= target)
            return true;
        still = count == last ? still + 1 : 0;
        last = count;
    }
    return false;
}

// One measurement over about 0.8 ms. Returns the rate, or 0; *ppm is how far it may be off.
static uint64_t measure_once(const struct reference *reference, uint64_t *ppm)
{
    struct sample begin = take_sample(reference);
    uint32_t target = reference->hz / 1250;
    if (!wait_for(reference, begin.count, target))
        return 0;
    struct sample end = take_sample(reference);
    uint64_t counts = (end.count - begin.count) & reference->mask;
    uint64_t ticks = end.tsc - begin.tsc;
    if (counts < target || ticks == 0 || ticks > UINT64_MAX / PM_TIMER_HZ)
        return 0;
    *ppm = (begin.window + end.window) / 2 * 1000000 / ticks + 1000000 / counts;
    return ticks * reference->hz / counts;
}

// The best of at most three measurements; one that is good enough ends it.
static uint64_t measure(const struct reference *reference)
{
    uint64_t best = 0, best_ppm = UINT64_MAX;
    for (unsigned i = 0; i < TRIES && best_ppm > GOOD_PPM; i++) {
        uint64_t ppm, hz = measure_once(reference, &ppm);
        if (plausible(hz) && ppm < best_ppm) {
            best = hz;
            best_ppm = ppm;
        }
    }
    if (best != 0)
        log_line("clock: TSC %llu kHz, measured against the %s, within %llu ppm",
                 (unsigned long long)best / 1000, reference->name, (unsigned long long)best_ppm);
    else
        log_line("clock: the %s gave no plausible rate", reference->name);
    return best;
}

static uint64_t stated_rate(void)
{
    uint64_t hz = rate_from_cpuid();
    if (plausible(hz)) {
        log_line("clock: TSC %llu kHz, from CPUID leaf 0x15", (unsigned long long)hz / 1000);
        return hz;
    }
    hz = rate_from_hypervisor();
    if (plausible(hz)) {
        log_line("clock: TSC %llu kHz, from the hypervisor", (unsigned long long)hz / 1000);
        return hz;
    }
    return 0;
}

static uint64_t measured_rate(void)
{
    uint64_t hz = 0;
    if (acpi()->pm_timer_port != 0) {
        const struct reference timer = {"ACPI PM timer", PM_TIMER_HZ,
                                        acpi()->pm_timer_32bit ? 0xffffffff : 0xffffff,
                                        read_pm_timer};
        hz = measure(&timer);
    }
    if (hz == 0) {
        const struct reference pit = {"PIT", PIT_HZ, 0xffff, read_pit};
        start_pit();
        hz = measure(&pit);
    }
    return hz;
}

void clock_init(void)
{
    warn_if_variable();
    uint64_t hz = stated_rate();
    if (hz == 0)
        hz = measured_rate();
    if (hz == 0) {
        log_line("clock: the rate of the TSC is unknown: %llu MHz assumed, times are wrong",
                 HZ_ASSUMED / 1000000);
        return;
    }
    set_rate(hz);
}
