// SPDX-License-Identifier: BSD-2-Clause
// Exceptions and interrupts. SDM volume 3, chapter 6.
#pragma once
#include <stdint.h>

enum {              // vectors
    TRAP_DEBUG = 1, // exceptions: table 6-1
    TRAP_NMI = 2,
    TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_PAGE_FAULT = 14,
    TRAP_MACHINE_CHECK = 18,
    TRAP_EXCEPTIONS = 32,     // so many of them
    TRAP_DEVICE_FIRST = 0x20, // those that trap_set_handler() takes
    TRAP_DEVICE_LAST = 0xef,
};

// What trap.S leaves on the stack; the order is the order of the pushes.
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss; // pushed by the processor
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "trap.S pushes 22 words");

// Fills and loads the interrupt descriptor table. Needs cpu_init(). Exceptions end in panic().
void trap_init(void);

// What runs, with interrupts off, when the interrupt comes; the local APIC is told afterwards. May
// be called again for the same vector, at any time.
void trap_set_handler(uint8_t vector, void (*handler)(void *context), void *context);
