// SPDX-License-Identifier: BSD-2-Clause
// Crossing from ring 0 to ring 3 and back: a function call whose callee may do anything, and comes
// back all the same.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    GATE_TICK_US = 100,
    GATE_TICKS = 2, // within one crossing: it has taken GATE_TICK_US at least, twice that at most
    // A hypervisor may take the processor away, or keep it in a device, at any moment, for as long
    // as it likes: what looks like a hang must look like one for longer. And a tick costs more.
    GATE_TICK_US_VIRTUAL = 1000,
    GATE_TICKS_VIRTUAL = 16,
};

struct trap_frame;

// What gate_enter() reads; gate.S knows the offsets.
struct gate_entry {
    uint64_t rip;      // a function in ring 3, whose return address lies at rsp
    uint64_t rsp;      // 8 less than a multiple of 16, as after a call
    uint64_t argument; // its only one
    uint64_t root;     // for CR3, with a PCID of its own; 0: CR3 stays as it is
    uint64_t pkru;     // for PKRU while ring 3 runs; 0: no protection keys
};
_Static_assert(sizeof(struct gate_entry) == 40, "gate.S knows the offsets");

// Why ring 3 did not come back by SYSCALL.
enum gate_end {
    GATE_RETURNED,               // it did
    GATE_OVERDUE,                // the watchdog has seen the same crossing too often
    GATE_EXCEPTION_BASE = 0x100, // and the vector of an exception
};

struct gate_result {
    uint64_t value; // what ring 3 left in rax: believe nothing of it
    uint64_t ended; // enum gate_end
};

// Lets SYSCALL arrive here (IA32_STAR, IA32_LSTAR, IA32_FMASK, EFER.SCE). Needs cpu_init().
//
// Where a domain has page tables of its own, CR3 is written on the way in when another domain ran
// last, and not on the way out: all roots share ring 0's half. With PCIDs (SDM volume 3, 4.10.1)
// that write keeps all translations. None of them is ever invalidated, because none becomes wrong:
// a domain's pages are mapped once, where nothing was before, which no processor remembers
// (4.10.2.3), and a PCID belongs to one root for ever.
void gate_init(void);

// Runs ring 3 until it comes back, with interrupts on and all registers but these zero. Returns in
// any case: after SYSCALL, after an exception in ring 3, or when it is overdue. Not from an
// interrupt, and not from within itself.
struct gate_result gate_enter(const struct gate_entry *entry);

// Called by trap_dispatch() for an exception or after an interrupt that came while ring 3 ran.
// Comes back when ring 3 goes on: after an interrupt, and after a step that gate_step() asked for.
// For any other exception, and when the watchdog has had enough, gate_enter() returns instead.
void gate_trap(struct trap_frame *frame);

// For experiments: lets ring 3 run one instruction at a time (TF; SDM volume 3, 18.3.1.4), and
// calls `then` once, with ring 3's registers, when it has run so many in this crossing and those
// that follow. It may change them: of rip and rflags only what IRET takes from ring 3. 0
// instructions: no more. Returns how many were left of an earlier call.
unsigned gate_step(unsigned instructions, void (*then)(struct trap_frame *frame));

// What ring 3 left in registers that ring 0 takes no notice of; gate.S knows the offsets.
struct gate_left {
    uint64_t rflags, rsp;
    uint32_t mxcsr;
};
extern struct gate_left gate_left;

// For experiments. on: from now on gate_left is what ring 3 had when it came back by SYSCALL; 0
// until it has.
void gate_look(bool on);

// Starts the watchdog: every GATE_TICK_US, or GATE_TICK_US_VIRTUAL, a tick, and so many of them
// within the same crossing end it. False when this processor has no timer for it. Once; further
// calls do nothing.
bool gate_watch(void);

// After GATE_OVERDUE: when that crossing began, clock_us(), or up to a tick before.
uint64_t gate_overdue_since(void);

// For people: how the last crossing that did not return ended, such as "page fault (write to 0x10)
// at 0x2000". Writes one line without a newline into text.
void gate_describe(uint64_t ended, char *text, unsigned size);

extern uint64_t gate_crossings;  // so many, ever
extern const char gate_wrpkru[]; // the instruction on the way in: no domain may execute it
extern uint32_t gate_flags;      // for RFLAGS while ring 3 runs
