// SPDX-License-Identifier: BSD-2-Clause
// Attacks on our own memory protection, run from the console. None of them may come back.
#include "kernel/panic_test.h"

#include <stdint.h>
#include <string.h>

#include "kernel/console.h"
#include "kernel/image.h"
#include "kernel/panic.h"
#include "kernel/vm.h"

// The address goes through here so that the compiler cannot know it.
static volatile uint8_t *hidden(uint64_t address)
{
    __asm__("" : "+r"(address));
    return (volatile uint8_t *)address;
}

static void write_null(void)
{
    *hidden(0) = 1;
}

static void read_zero_page(void)
{
    (void)*hidden(0xff8);
}

static void write_text(void)
{
    *hidden((uint64_t)image_start) = 0xcc;
}

static void write_text_alias(void)
{
    *hidden(VM_DIRECT + vm_physical(image_start)) = 0xcc;
}

static void write_rodata(void)
{
    *hidden((uint64_t)text_end) = 0;
}

static void exec_data(void)
{
    static uint8_t ret[16];
    *hidden((uint64_t)ret) = 0xc3;
    ((void (*)(void))(uintptr_t)hidden((uint64_t)ret))();
}

static void exec_stack(void)
{
    uint8_t ret[16];
    *hidden((uint64_t)ret) = 0xc3;
    ((void (*)(void))(uintptr_t)hidden((uint64_t)ret))();
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static unsigned recurse(unsigned depth)
{
    volatile uint8_t room[256];
    room[depth % sizeof room] = (uint8_t)depth;
    return recurse(depth + 1) + room[depth % sizeof room];
}
#pragma GCC diagnostic pop

static void stack_overflow(void)
{
    recurse(0);
}

static void stack_smash(void)
{
    char room[16];
    volatile uint8_t *at = hidden((uint64_t)room);
    for (unsigned i = 0; i < 64; i++)
        at[i] = 0x41;
}

static void divide(void)
{
    uint32_t zero = 0, one = 1;
    __asm__ volatile("divl %1" : "+a"(one) : "r"(zero), "d"(0) : "cc");
}

static int hidden_number(int number)
{
    __asm__ volatile("" : "+r"(number));
    return number;
}

static void array_bounds(void)
{
    uint8_t room[16];
    *hidden((uint64_t)room) = 0;
    (void)hidden_number(room[hidden_number(sizeof room)]);
}

static void overflow(void)
{
    (void)hidden_number(hidden_number(INT32_MAX) + 1);
}

static void shift(void)
{
    (void)hidden_number(1 << hidden_number(32));
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

static void assertion(void)
{
    panic("panic-test: as asked");
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"null", write_null},
    {"zero-page", read_zero_page},
    {"write-text", write_text},
    {"write-text-alias", write_text_alias},
    {"write-rodata", write_rodata},
    {"exec-data", exec_data},
    {"exec-stack", exec_stack},
    {"stack-overflow", stack_overflow},
    {"stack-smash", stack_smash},
    {"divide", divide},
    {"array-bounds", array_bounds},
    {"overflow", overflow},
    {"shift", shift},
    {"ud2", undefined},
    {"panic", assertion},
};

void panic_test(int argc, char **argv)
{
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (argc == 2 && strcmp(argv[1], tests[i].name) == 0) {
            console_printf("panic-test %s\n", tests[i].name);
            tests[i].run();
            console_printf("NOT TRAPPED: %s came back\n", tests[i].name);
            return;
        }
    }
    console_printf("panic-test takes one of:");
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++)
        console_printf(" %s", tests[i].name);
    console_printf("\n");
}
