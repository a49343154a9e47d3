// SPDX-License-Identifier: BSD-2-Clause
// A remapping unit that does what it is told (VT-d 5.10, 6.5.2 and 11.4), or stops in the middle of
// it. It looks at its registers whenever somebody looks at the clock. links: kernel/vtd.c
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "kernel/vtd.h"
#include "kernel/vtd_regs.h"

enum { PAGES_MAX = 8, COMMANDS_MAX = 16, RECORDS_AT = 0x200, RECORDS = 4 };

#define BASE       0xfed90000ull
#define INTERRUPTS 0x5000ull   // where their table is said to be
#define NO_COMMAND 0xffffffffu // in GCMD, which nobody reads: nothing was written
#define ONE_SHOT   ((uint32_t)VTD_ROOT_TABLE | VTD_INTERRUPT_TABLE)
#define EXTENDED   (1ull | 1ull << 1 | 1ull << 3 | 1ull << 4) // C, QI, IR, EIM
#define CAPABILITY                                                                           \
    (1ull << (8 + VTD_WIDTH_48) | 1ull << 5 | (uint64_t)RECORDS_AT / 16 << 24 | 1ull << 34 | \
     (uint64_t)(RECORDS - 1) << 40) // SAGAW, PLMR, FRO, SLLPS, NFR

static _Alignas(4096) uint8_t registers[4096];
static _Alignas(4096) uint8_t memory[PAGES_MAX][4096];
static unsigned pages_used, pages_allowed, logged;
static uint64_t now; // us
static struct vtd unit;

static struct {
    uint32_t stuck;      // bits of GSTS that stay as they are
    bool queue_stuck;    // invalidations are not looked at
    unsigned open_after; // so many looks until PRS follows EPM; UINT_MAX: never
    uint32_t commands[COMMANDS_MAX];
    unsigned command_count;
    uint64_t invalidations; // their types, a hexadecimal digit each, the last one lowest
} sim;

static volatile uint32_t *at32(unsigned offset)
{
    return (volatile uint32_t *)(registers + offset);
}

static volatile uint64_t *at64(unsigned offset)
{
    return (volatile uint64_t *)(registers + offset);
}

// What acts once is done at once, and stays so.
static void obey(uint32_t command)
{
    const uint32_t status = *at32(VTD_GSTS);
    const uint32_t next = (command & (uint32_t)VTD_KEEP) | ((status | command) & ONE_SHOT);
    *at32(VTD_GSTS) = (next & ~sim.stuck) | (status & sim.stuck);
    assert_true(sim.command_count < COMMANDS_MAX);
    sim.commands[sim.command_count++] = command;
}

static void serve_queue(void)
{
    const uint64_t *queue = (const uint64_t *)((*at64(VTD_IQA) & ~0xfffull) + VM_DIRECT);
    for (; *at64(VTD_IQH) != *at64(VTD_IQT); *at64(VTD_IQH) = (*at64(VTD_IQH) + 16) % 4096) {
        const uint64_t *words = queue + *at64(VTD_IQH) / 8;
        sim.invalidations = sim.invalidations << 4 | (words[0] & 0xf);
        if ((words[0] & 0xf) == 5)
            *(volatile uint32_t *)(words[1] + VM_DIRECT) = (uint32_t)(words[0] >> 32);
    }
}

uint64_t clock_us(void)
{
    const uint32_t command = *at32(VTD_GCMD);
    *at32(VTD_GCMD) = NO_COMMAND;
    if (command != NO_COMMAND)
        obey(command);
    if ((*at32(VTD_GSTS) & VTD_QUEUE) != 0 && !sim.queue_stuck)
        serve_queue();
    const bool asked = (*at32(VTD_PMEN) & (uint32_t)VTD_PMEN_ENABLE) == 0;
    if (asked && sim.open_after != UINT_MAX && sim.open_after-- == 0)
        *at32(VTD_PMEN) = sim.open_after = 0;
    return now += 1000;
}

void log_line(const char *format, ...)
{
    (void)format;
    logged++;
}

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    assert_int_equal(physical, BASE);
    assert_true(bytes <= sizeof registers);
    return registers;
}

// Physical addresses: vm_direct() adds VM_DIRECT, so they are what is left without it.
uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below)
{
    assert_true(bytes == 4096 && align == 4096 && below == 0);
    if (pages_used == pages_allowed)
        return 0;
    memset(memory[pages_used], 0xa5, 4096);
    return (uint64_t)memory[pages_used++] - VM_DIRECT;
}

uint64_t vm_physical(const void *address)
{
    return (uint64_t)address - VM_DIRECT;
}

static int set_up(void **state)
{
    (void)state;
    memset(registers, 0, sizeof registers);
    memset(&sim, 0, sizeof sim);
    pages_used = logged = 0;
    pages_allowed = PAGES_MAX;
    now = 0;
    *at32(VTD_GCMD) = NO_COMMAND;
    *at64(VTD_CAP) = CAPABILITY;
    *at64(VTD_ECAP) = EXTENDED;
    assert_null(vtd_open(&unit, BASE, 0));
    return 0;
}

static void test_what_cannot_be_used_says_why(void **state)
{
    (void)state;
    static const struct {
        uint64_t capability, extended;
        const char *why;
    } units[] = {
        {UINT64_MAX, EXTENDED, "its registers read all ones"},
        {CAPABILITY, EXTENDED & ~(1ull << 1), "it has no queued invalidation"},
        {CAPABILITY, EXTENDED & ~(1ull << 3),
         "it cannot remap interrupts, so a card could forge them"},
        {CAPABILITY & ~(1ull << 34), EXTENDED, "it has no 2 MiB pages"},
        {CAPABILITY & ~(0x1full << 8), EXTENDED, "it has neither 3-level nor 4-level tables"},
    };
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        *at64(VTD_CAP) = units[i].capability;
        *at64(VTD_ECAP) = units[i].extended;
        assert_string_equal(vtd_open(&unit, BASE, 0), units[i].why);
    }
    assert_int_equal(sim.command_count, 0);
}

// 11.4.4.1: one command at a time, in which what is on stays on.
static void test_on(void **state)
{
    (void)state;
    const uint32_t queue = VTD_QUEUE, interrupts = queue | VTD_INTERRUPTS;
    const uint32_t expected[] = {VTD_ROOT_TABLE, queue, queue | VTD_INTERRUPT_TABLE, interrupts,
                                 interrupts | (uint32_t)VTD_TRANSLATION};
    assert_int_equal(vtd_on(&unit, INTERRUPTS, true), 0);
    assert_int_equal(sim.command_count, sizeof expected / sizeof expected[0]);
    assert_memory_equal(sim.commands, expected, sizeof expected);
    assert_int_equal(sim.invalidations, 0x152545); // contexts, pages, interrupts, each waited for
    assert_int_equal(*at64(VTD_IRTA), INTERRUPTS | VTD_IRTA_X2APIC | 7);
    const uint64_t *root = (const uint64_t *)(*at64(VTD_RTADDR) + VM_DIRECT);
    for (unsigned i = 0; i < 512; i++)
        assert_int_equal(root[i], 0); // nobody reaches anything
    assert_int_equal(logged, 0);
}

static void test_firmware_had_it_on(void **state)
{
    (void)state;
    const uint32_t on = (uint32_t)VTD_TRANSLATION | VTD_INTERRUPTS | VTD_QUEUE;
    const uint32_t expected[] = {VTD_INTERRUPTS | VTD_QUEUE, VTD_QUEUE, 0};
    *at32(VTD_GSTS) = on;
    *at32(VTD_PMEN) = (uint32_t)VTD_PMEN_ENABLE | VTD_PMEN_STATUS;
    sim.queue_stuck = true; // firmware's queue is none of ours
    sim.open_after = 3;
    assert_int_equal(vtd_off(&unit), 0);
    assert_int_equal(sim.command_count, 3);
    assert_memory_equal(sim.commands, expected, sizeof expected);
    assert_int_equal(*at32(VTD_GSTS), 0);
    assert_int_equal(*at32(VTD_PMEN), 0); // not before the regions are open
    assert_int_equal(logged, 0);
}

static void assert_gave_up(int error)
{
    assert_int_equal(error, -ETIMEDOUT);
    assert_true(unit.broken);
    assert_int_equal(logged, 1);
    assert_true(now < 1000 * 1000);
}

static void test_regions_that_stay_protected(void **state)
{
    (void)state;
    *at32(VTD_PMEN) = (uint32_t)VTD_PMEN_ENABLE | VTD_PMEN_STATUS;
    sim.open_after = UINT_MAX;
    assert_gave_up(vtd_off(&unit));
}

static void test_commands_that_do_nothing(void **state)
{
    (void)state;
    static const uint32_t bits[] = {VTD_ROOT_TABLE, VTD_QUEUE, VTD_INTERRUPT_TABLE, VTD_INTERRUPTS,
                                    VTD_TRANSLATION};
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        set_up(NULL);
        sim.stuck = bits[i];
        assert_gave_up(vtd_on(&unit, INTERRUPTS, false));
    }
}

// A unit that failed once is not waited for again.
static void test_queue_that_stands_still(void **state)
{
    (void)state;
    sim.queue_stuck = true;
    assert_gave_up(vtd_on(&unit, INTERRUPTS, false));
    const uint64_t then = now;
    assert_int_equal(vtd_forget_interrupts(&unit), -ETIMEDOUT);
    assert_int_equal(now, then);
}

static void test_no_memory(void **state)
{
    (void)state;
    pages_allowed = 1;
    assert_int_equal(vtd_on(&unit, INTERRUPTS, false), -ENOMEM);
    assert_int_equal(sim.command_count, 0);
}

static void test_contexts(void **state)
{
    (void)state;
    assert_int_equal(vtd_on(&unit, INTERRUPTS, false), 0);
    sim.invalidations = 0;
    assert_int_equal(vtd_set_context(&unit, 0x0308, 0x7001, 0x102), 0);
    assert_int_equal(sim.invalidations, 0x1525);
    const uint64_t *root = (const uint64_t *)(*at64(VTD_RTADDR) + VM_DIRECT);
    assert_int_equal(root[2 * 3] & 0xfff, VTD_PRESENT);
    const uint64_t *contexts = (const uint64_t *)((root[2 * 3] & VTD_ADDRESS) + VM_DIRECT);
    assert_int_equal(contexts[2 * 8], 0x7001);
    assert_int_equal(contexts[2 * 8 + 1], 0x102);
    assert_int_equal(contexts[2 * 9], 0);
    // More invalidations than the queue has entries.
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(vtd_set_context(&unit, 0x0308, i, i), 0);
    pages_allowed = pages_used;
    assert_int_equal(vtd_set_context(&unit, 0x0400, 1, 1), -ENOMEM);
}

static void record(unsigned index, uint64_t address, uint16_t source, uint8_t reason)
{
    *at64(RECORDS_AT + 16 * index) = address;
    *at64(RECORDS_AT + 16 * index + 8) =
        VTD_FAULT | VTD_FAULT_READ | (uint64_t)reason << 32 | source;
}

// 7.2.1: a ring, which begins where FSTS says.
static void test_faults(void **state)
{
    (void)state;
    struct vtd_fault faults[RECORDS];
    bool lost;
    assert_int_equal(vtd_take_faults(&unit, faults, RECORDS, &lost), 0);
    record(3, 0x1000, 0x0308, 5);
    record(0, 0x2000, 0x0310, 6);
    *at32(VTD_FSTS) = 3 << 8 | VTD_FSTS_PENDING | VTD_FSTS_OVERFLOW;
    assert_int_equal(vtd_take_faults(&unit, faults, RECORDS, &lost), 2);
    assert_true(lost);
    assert_int_equal(faults[0].address, 0x1000);
    assert_int_equal(faults[0].reason, 5);
    assert_int_equal(faults[1].source, 0x0310);
    assert_true(faults[1].read);
    assert_int_equal(*at32(VTD_FSTS), VTD_FSTS_OVERFLOW); // cleared by writing a one
    *at32(VTD_FSTS) = 0xff00 | VTD_FSTS_PENDING;          // a record that is not there
    assert_in_range(vtd_take_faults(&unit, faults, 1, &lost), 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_cannot_be_used_says_why, set_up),
        cmocka_unit_test_setup(test_on, set_up),
        cmocka_unit_test_setup(test_firmware_had_it_on, set_up),
        cmocka_unit_test_setup(test_regions_that_stay_protected, set_up),
        cmocka_unit_test_setup(test_commands_that_do_nothing, set_up),
        cmocka_unit_test_setup(test_queue_that_stands_still, set_up),
        cmocka_unit_test_setup(test_no_memory, set_up),
        cmocka_unit_test_setup(test_contexts, set_up),
        cmocka_unit_test_setup(test_faults, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
