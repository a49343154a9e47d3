// SPDX-License-Identifier: BSD-2-Clause
// Panic: registers, a backtrace with names, and then a reboot or a halt.
#include "kernel/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/image.h"
#include "kernel/pci.h"
#include "kernel/reboot.h"
#include "kernel/symbols.h"
#include "kernel/task.h"
#include "kernel/trap.h"
#include "kernel/vm.h"

enum { BACKTRACE_MAX = 32, REBOOT_SECONDS = 10 };

static bool halt_at_end;
static int depth;

void panic_set_halt(bool halt)
{
    halt_at_end = halt;
}

static const char *const exception_names[TRAP_EXCEPTIONS] = {
    // SDM volume 3, table 6-1
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack segment fault",
    "general protection",
    "page fault",
    "reserved",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization",
    "control protection",
};

const char *panic_exception_name(unsigned vector)
{
    const char *name = vector < TRAP_EXCEPTIONS ? exception_names[vector] : NULL;
    return name != NULL ? name : "reserved";
}

const char *panic_access_name(uint64_t error)
{
    return error & 0x10 ? "execution of" : error & 2 ? "write to" : "read of";
}

static void print_place(uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_at(address, &offset);
    if (name != NULL)
        console_printf("    %016llx  %s+%#llx\n", (unsigned long long)address, name,
                       (unsigned long long)offset);
    else
        console_printf("    %016llx\n", (unsigned long long)address);
}

// A return address names the instruction after the call, which may belong to the next function when
// the callee never returns: the call itself is what counts.
static void print_caller(uint64_t return_address)
{
    uint64_t offset;
    if (symbol_at(return_address - 1, &offset) != NULL)
        print_place(return_address - 1);
    else
        print_place(return_address);
}

static void backtrace(uint64_t rbp)
{
    // A saved frame pointer is believed only where it can be one: aligned, in a stack, rising.
    for (int i = 0; i < BACKTRACE_MAX && rbp % 8 == 0 && vm_in_stack(rbp) && vm_in_stack(rbp + 8);
         i++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0)
            break;
        print_caller(frame[1]);
        if (frame[0] <= rbp)
            break;
        rbp = frame[0];
    }
}

static void print_page_fault(const struct trap_frame *frame, uint64_t address)
{
    const char *why = frame->error & 8   ? "a reserved bit is set in its page table entry"
                      : frame->error & 1 ? "forbidden by the page's protection"
                                         : "not mapped";
    console_printf("  %s %#llx: %s%s\n", panic_access_name(frame->error),
                   (unsigned long long)address, why, address < 4096 ? " (zero page)" : "");
}

// What the compiler lays behind its own checks (TRAPS in the Makefile): gcc a UD2, clang a UD1 with
// the number of the check in it. Intel SDM volume 2, UD.
static bool is_failed_check(uint64_t rip)
{
    static const uint8_t ud2[] = {0x0f, 0x0b}, ud1[] = {0x67, 0x0f, 0xb9};
    if (rip < (uint64_t)image_start || rip + sizeof ud1 > (uint64_t)text_end)
        return false;
    const void *at = (const void *)(uintptr_t)rip;
    return memcmp(at, ud2, sizeof ud2) == 0 || memcmp(at, ud1, sizeof ud1) == 0;
}

static void print_registers(const struct trap_frame *f)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx},    {"rdx", f->rdx},   {"rsi", f->rsi},
        {"rdi", f->rdi}, {"rbp", f->rbp}, {"rsp", f->rsp},    {"r8 ", f->r8},    {"r9 ", f->r9},
        {"r10", f->r10}, {"r11", f->r11}, {"r12", f->r12},    {"r13", f->r13},   {"r14", f->r14},
        {"r15", f->r15}, {"rip", f->rip}, {"flg", f->rflags}, {"err", f->error},
    };
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++)
        console_printf("  %s %016llx%s", registers[i].name, (unsigned long long)registers[i].value,
                       i % 3 == 2 ? "\n" : "");
    console_printf("\n");
}

static void enter(void)
{
    cpu_interrupts(false);
    task_hold();
    const int nested = depth++;
    if (nested == 0)
        return;
    // The printing itself failed: what has been said is all that can be said, unless that fails
    // too.
    if (nested == 1)
        console_flush();
    pci_stop_all_dma();
    if (halt_at_end)
        cpu_halt_forever();
    reboot();
}

_Noreturn static void finish(void)
{
    console_flush(); // first, in case that it is this which fails
    pci_stop_all_dma();
    if (halt_at_end) {
        console_printf("  halted\n");
        console_flush();
        cpu_halt_forever();
    }
    console_printf("  reboot in %d seconds\n", REBOOT_SECONDS);
    console_flush();
    for (int i = 0; i < REBOOT_SECONDS; i++)
        clock_wait_us(1000000);
    reboot();
}

void panic(const char *format, ...)
{
    char text[160];
    va_list arguments;
    enter();
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    console_printf("\nPANIC: %s\n", text);
    console_printf("  backtrace\n");
    backtrace((uint64_t)__builtin_frame_address(0));
    finish();
}

void panic_trap(const struct trap_frame *frame)
{
    uint64_t address = cpu_read_cr2();
    enter();
    console_printf("\nPANIC: %s (vector %llu)\n", panic_exception_name((unsigned)frame->vector),
                   (unsigned long long)frame->vector);
    // With no stack left to push the page fault on, an overflow arrives as a double fault.
    bool page_fault = frame->vector == TRAP_PAGE_FAULT;
    const char *owner = vm_guard_owner(address);
    if (owner != NULL && (page_fault || frame->vector == TRAP_DOUBLE_FAULT))
        console_printf("  stack overflow: the guard page under the %s stack was hit\n", owner);
    if (page_fault)
        print_page_fault(frame, address);
    if (frame->vector == TRAP_INVALID_OPCODE && is_failed_check(frame->rip))
        console_printf("  a check failed: array bounds, signed overflow, shift or division\n");
    print_registers(frame);

    uint64_t offset;
    console_printf("  backtrace\n");
    print_place(frame->rip);
    // A jump into nowhere has made no frame yet: who called lies on top of the stack.
    if (symbol_at(frame->rip, &offset) == NULL && frame->rsp % 8 == 0 && vm_in_stack(frame->rsp))
        print_caller(*(const uint64_t *)frame->rsp);
    backtrace(frame->rbp);
    finish();
}

void __stack_chk_fail(void);

// Called by the epilogue of a function whose canary was overwritten.
void __stack_chk_fail(void)
{
    uint64_t offset;
    const char *name = symbol_at((uint64_t)__builtin_return_address(0) - 1, &offset);
    panic("stack smashed in %s", name != NULL ? name : "an unknown function");
}
