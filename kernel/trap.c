// SPDX-License-Identifier: BSD-2-Clause
// The interrupt descriptor table, and who gets what comes through it. SDM volume 3, chapter 6.
#include "kernel/trap.h"

#include <stddef.h>

#include "kernel/apic.h"
#include "kernel/cpu.h"
#include "kernel/gate.h"
#include "kernel/panic.h"

enum { VECTOR_COUNT = 256, ENTRY_BYTES = 16 };

struct gate { // SDM 6.14.1
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 6.14.1");

extern const char trap_entries[]; // trap.S
void trap_dispatch(struct trap_frame *frame);

static struct gate idt[VECTOR_COUNT];
static struct {
    void (*handler)(void *context);
    void *context;
} handlers[VECTOR_COUNT];

void trap_init(void)
{
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        uint64_t entry = (uint64_t)trap_entries + i * ENTRY_BYTES;
        idt[i] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = CPU_KERNEL_CODE,
            .type = 0x8e, // present, ring 0, interrupt gate
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
    idt[TRAP_DOUBLE_FAULT].ist = CPU_IST_DOUBLE_FAULT;
    idt[TRAP_NMI].ist = CPU_IST_NMI;
    idt[TRAP_MACHINE_CHECK].ist = CPU_IST_MACHINE_CHECK;

    struct cpu_table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_set_handler(uint8_t vector, void (*handler)(void *context), void *context)
{
    if (vector < TRAP_DEVICE_FIRST || vector > TRAP_DEVICE_LAST)
        panic("trap: vector %#x is not a device's", vector);
    // Interrupts are off in between: no handler meets the other's context.
    const bool on = cpu_interruptible();
    cpu_interrupts(false);
    handlers[vector].context = context;
    handlers[vector].handler = handler;
    cpu_interrupts(on);
}

// Exceptions that say nothing about the code that they interrupt.
static bool is_the_machines(uint64_t vector)
{
    return vector == TRAP_NMI || vector == TRAP_DOUBLE_FAULT || vector == TRAP_MACHINE_CHECK;
}

void trap_dispatch(struct trap_frame *frame)
{
    const bool ring3 = (frame->cs & 3) == 3;
    if (ring3 && frame->vector < TRAP_EXCEPTIONS && !is_the_machines(frame->vector)) {
        gate_trap(frame);
        return;
    }
    if (frame->vector < TRAP_EXCEPTIONS)
        panic_trap(frame);
    if (handlers[frame->vector].handler != NULL)
        handlers[frame->vector].handler(handlers[frame->vector].context);
    // Also for a vector that nobody waits for: it would block those of its class for good. Only the
    // spurious one is not in service (SDM 11.9).
    if (frame->vector != APIC_SPURIOUS_VECTOR)
        apic_eoi();
    if (ring3)
        gate_trap(frame);
}
