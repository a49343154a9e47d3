// SPDX-License-Identifier: BSD-2-Clause
// Two stacks, and which of them is in use.
#include "kernel/task.h"

#include <stddef.h>
#include <stdint.h>

#include "kernel/clock.h"
#include "kernel/panic.h"
#include "kernel/vm.h"

// Leaves the stack pointer in *from and goes on where `to` was left, or, on a new stack, at the
// address above six zeroes. System V ABI, AMD64 supplement, 3.2.1: what a function has to leave as
// it was. MXCSR and the x87 control word are the same everywhere in this kernel.
void task_switch(uint64_t *from, uint64_t to);
__asm__(".text\n"
        "task_switch:\n"
        "    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "    ret\n");
enum { SAVED_REGISTERS = 6 };

static uint64_t *top;            // of the task's stack
static uint64_t inside, outside; // stack pointers, of whoever does not run
static void (*the_work)(void);   // NULL: there is none
static bool running, held;
static uint64_t part_began; // us

void task_init(void)
{
    top = vm_stack(TASK_STACK_BYTES, "shell");
    if (top == NULL)
        panic("no memory for the shell's stack");
}

// Where a new stack begins. It never returns: the return address above its frame is 0, which also
// ends a backtrace.
static void enter(void)
{
    the_work();
    the_work = NULL;
    task_pause();
}

bool task_go_on(void)
{
    part_began = clock_us();
    running = true;
    task_switch(&outside, inside);
    running = false;
    return the_work != NULL;
}

bool task_begin(void (*work)(void))
{
    the_work = work;
    uint64_t *at = top; // a multiple of 16; enter() finds it as after a call: 8 more
    *--at = 0;
    *--at = (uint64_t)enter;
    for (unsigned i = 0; i < SAVED_REGISTERS; i++)
        *--at = 0;
    inside = (uint64_t)at;
    return task_go_on();
}

void task_pause(void)
{
    if (running && !held)
        task_switch(&inside, outside);
}

void task_breathe(void)
{
    if (running && clock_us() - part_began >= TASK_PART_US)
        task_pause();
}

void task_hold(void)
{
    held = true;
}
