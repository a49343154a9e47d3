// SPDX-License-Identifier: BSD-2-Clause
// The parts of the gate that are C: its registers, exceptions in ring 3, and the watchdog.
// SDM volume 3, 5.8.8 (SYSCALL), 6.12 (exceptions); volume 4 for the MSRs.
#include "kernel/gate.h"

#include <stddef.h>
#include <stdio.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "kernel/timer.h"
#include "kernel/trap.h"

enum {
    EFER = 0xc0000080,
    EFER_SCE = 1 << 0,
    STAR = 0xc0000081,
    LSTAR = 0xc0000082,
    FMASK = 0xc0000084,
};

#define CR3_KEEP (1ull << 63) // SDM volume 3, 4.10.4.1: with PCIDs, translations stay

#define FLAG_TF (1u << 8)
// TF, IF, DF, NT, AC: SYSCALL clears these.
#define FLAGS_CLEARED (FLAG_TF | 1u << 9 | 1u << 10 | 1u << 14 | 1u << 18)

extern const char gate_syscall[], gate_syscall_looked_at[];
extern volatile uint8_t gate_inside; // ring 3 runs
extern uint8_t gate_wide;            // vector registers have upper halves
extern uint64_t gate_keep;           // bits of CR3 that keep translations when it is written
_Noreturn void gate_unwind(uint64_t ended);

// The last time that ring 3 did not come back.
static struct {
    uint64_t rip, address, error;
    uint8_t vector;
} last;
static volatile uint64_t seen_crossing; // inside which the last tick came
static volatile unsigned seen_times;    // so many ticks came inside it
static uint64_t seen_at;                // when the first of them did, microseconds
static unsigned ticks_allowed, tick_us;
static volatile bool overdue;
static struct {
    unsigned left; // instructions
    void (*then)(struct trap_frame *frame);
} steps;

void gate_init(void)
{
    cpu_write_msr(STAR, (uint64_t)CPU_KERNEL_DATA << 48 | (uint64_t)CPU_KERNEL_CODE << 32);
    cpu_write_msr(LSTAR, (uint64_t)gate_syscall);
    cpu_write_msr(FMASK, FLAGS_CLEARED);
    cpu_write_msr(EFER, cpu_read_msr(EFER) | EFER_SCE);
    gate_wide = cpu_has_avx();
    gate_keep = cpu_has_pcid() ? CR3_KEEP : 0;
}

void gate_look(bool on)
{
    gate_left = (struct gate_left){0};
    cpu_write_msr(LSTAR, (uint64_t)(on ? gate_syscall_looked_at : gate_syscall));
}

static void tick(void *context)
{
    (void)context;
    if (!gate_inside)
        return;
    if (seen_crossing != gate_crossings) {
        seen_crossing = gate_crossings;
        seen_times = 0;
        seen_at = clock_us();
    }
    seen_times++;
    overdue = seen_times >= ticks_allowed;
}

bool gate_watch(void)
{
    static bool watching;
    if (watching)
        return true;
    const bool interruptible = cpu_interruptible();
    cpu_interrupts(false);
    watching = timer_ready();
    ticks_allowed = cpu_is_virtual() ? GATE_TICKS_VIRTUAL : GATE_TICKS;
    tick_us = cpu_is_virtual() ? GATE_TICK_US_VIRTUAL : GATE_TICK_US;
    if (watching)
        timer_background(tick_us, tick, NULL);
    cpu_interrupts(interruptible);
    return watching;
}

uint64_t gate_overdue_since(void)
{
    return seen_at - tick_us; // there was none in it before the first
}

unsigned gate_step(unsigned instructions, void (*then)(struct trap_frame *frame))
{
    const unsigned left = steps.left;
    steps.left = instructions;
    steps.then = then;
    gate_flags = instructions != 0 ? gate_flags | FLAG_TF : gate_flags & ~FLAG_TF;
    return left;
}

static void step(struct trap_frame *frame)
{
    void (*const then)(struct trap_frame *) = steps.then;
    if (--steps.left != 0)
        return;
    gate_step(0, NULL);
    frame->rflags &= ~(uint64_t)FLAG_TF;
    then(frame);
}

void gate_trap(struct trap_frame *frame)
{
    if (frame->vector == TRAP_DEBUG && steps.left != 0) {
        step(frame);
        return;
    }
    if (frame->vector < TRAP_EXCEPTIONS) {
        last.rip = frame->rip;
        last.address = frame->vector == TRAP_PAGE_FAULT ? cpu_read_cr2() : 0;
        last.error = frame->error;
        last.vector = (uint8_t)frame->vector;
        gate_unwind(GATE_EXCEPTION_BASE + frame->vector);
    }
    if (overdue) {
        overdue = false;
        last.rip = frame->rip;
        gate_unwind(GATE_OVERDUE);
    }
}

void gate_describe(uint64_t ended, char *text, unsigned size)
{
    if (ended < GATE_EXCEPTION_BASE)
        snprintf(text, size, "%s at %#llx",
                 ended == GATE_OVERDUE ? "did not come back in time, was" : "came back",
                 (unsigned long long)last.rip);
    else if (last.vector == TRAP_PAGE_FAULT)
        snprintf(text, size, "page fault (%s %#llx) at %#llx", panic_access_name(last.error),
                 (unsigned long long)last.address, (unsigned long long)last.rip);
    else
        snprintf(text, size, "%s at %#llx", panic_exception_name(last.vector),
                 (unsigned long long)last.rip);
}
