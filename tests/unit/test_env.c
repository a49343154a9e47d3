// SPDX-License-Identifier: BSD-2-Clause
// What a driver gets of a card that claims too much: address space, and the processor's attention.
// links: kernel/env.c kernel/msix.c kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c
// links: kernel/pci_place.c kernel/pci_caps.c tests/unit/fakepci.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/apic.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/env.h"
#include "kernel/idle.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/page.h"
#include "kernel/trap.h"
#include "kernel/vm.h"
#include "tests/unit/fakepci.h"

enum { CAPABILITY = 0x70, TABLE_BYTES = 4096, HUGE_BAR = 0, TABLE_BAR = 2, SMALL_BAR = 3 };

#define MIB (1ull << 20)

static _Alignas(4096) uint8_t table_memory[TABLE_BYTES];
static struct fake_function *function;
static struct env env;
static uint64_t mapped_bytes, now;
static bool window_full;
static void (*handler)(void *context);
static void *handler_context;
static unsigned woken[IDLE_CAUSES];

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    (void)physical;
    mapped_bytes = bytes;
    return window_full ? NULL : table_memory;
}

void trap_set_handler(uint8_t vector, void (*called)(void *context), void *context)
{
    (void)vector;
    handler = called;
    handler_context = context;
}

bool apic_present(void)
{
    return true;
}

bool interrupt_message(const struct pci_device *device, uint8_t vector,
                       struct apic_message *message)
{
    (void)device;
    *message = (struct apic_message){0xfee00000, vector};
    return true;
}

void interrupt_withdraw(uint8_t vector)
{
    (void)vector;
}

void env_bus_master(struct env *owner, bool on)
{
    pci_bus_master(owner->pci, on);
}

uint64_t clock_us(void)
{
    return now;
}

void idle_wake(enum idle_cause cause)
{
    woken[cause]++;
}

void clock_wait_us(uint32_t us)
{
    now += us;
}

uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t limit)
{
    (void)bytes, (void)align, (void)limit;
    return 0;
}

uint64_t vm_physical(const void *address)
{
    return (uint64_t)(uintptr_t)address;
}

void console_printf(const char *format, ...)
{
    (void)format;
}

static volatile uint32_t *mask_word(void)
{
    return (volatile uint32_t *)table_memory + 3;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    function = fake_add(NULL, 3, 0, 0x020000);
    fake_bar(function, HUGE_BAR, 1ull << 40, 4);
    function->space[5] = 0x100; // above 1 TiB
    fake_bar(function, TABLE_BAR, TABLE_BYTES, 0);
    fake_bar(function, SMALL_BAR, 16 * MIB, 0);
    function->space[1] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(function, PCI_CAPABILITIES, CAPABILITY);
    function->writable[CAPABILITY / 4] = 0xc0000000;
    function->space[CAPABILITY / 4] = 0x11;
    function->space[CAPABILITY / 4 + 1] = TABLE_BAR;
    pci_init(&fake_boot);
    window_full = false;
    memset(woken, 0, sizeof woken);
    now = 1000000;
    return env_open(&env, pci_find(0, 0, 3, 0), "lan");
}

static void test_bar_is_mapped_up_to_a_limit(void **state)
{
    (void)state;
    uint64_t size = 0;
    assert_int_equal(env.pci->bars[HUGE_BAR].size, 1ull << 40);
    assert_non_null(env_map_bar(&env, HUGE_BAR, &size));
    assert_int_equal(size, 16 * MIB);
    assert_int_equal(mapped_bytes, 16 * MIB);
    assert_non_null(env_map_bar(&env, SMALL_BAR, &size));
    assert_int_equal(size, 16 * MIB);
    assert_non_null(env_map_bar(&env, TABLE_BAR, &size));
    assert_int_equal(size, TABLE_BYTES);
    assert_int_equal(mapped_bytes, TABLE_BYTES);
    assert_null(env_map_bar(&env, 1, &size));
    assert_null(env_map_bar(&env, 6, &size));
}

static void test_no_room_for_a_bar(void **state)
{
    (void)state;
    uint64_t size = 7;
    window_full = true;
    assert_null(env_map_bar(&env, TABLE_BAR, &size));
    assert_int_equal(size, 7);
    window_full = false;
    assert_non_null(env_map_bar(&env, TABLE_BAR, &size)); // it is tried again
    assert_int_equal(size, TABLE_BYTES);
}

// The card interrupts whenever it is not masked, all the time.
static void test_storm(void **state)
{
    (void)state;
    enum { ROUNDS = 10000, ROUND_US = 3 };
    assert_int_equal(env_interrupt(&env, 0), 0);
    assert_false(env_attention(&env));
    unsigned answered = 0;
    for (unsigned i = 0; i < ROUNDS; i++, now += ROUND_US) {
        if (*mask_word() == 0)
            handler(handler_context);
        assert_int_equal(*mask_word(), 1);
        answered += env_attention(&env);
    }
    assert_true(env.interrupts >= ROUNDS * ROUND_US / 1000);
    assert_true(env.interrupts <= ROUNDS * ROUND_US / 1000 + 2);
    assert_int_equal(answered, env.interrupts);
}

static void test_first_interrupt_is_not_delayed(void **state)
{
    (void)state;
    assert_int_equal(env_interrupt(&env, 0), 0);
    handler(handler_context);
    assert_int_equal(woken[IDLE_ATTENTION], 1);
    assert_true(env_attention(&env));
    assert_int_equal(*mask_word(), 0);
    handler(handler_context); // the second within a millisecond: heard, then held up
    assert_true(env_attention(&env));
    assert_false(env_attention(&env));
    assert_int_equal(*mask_word(), 1);
    now += 1000;
    assert_false(env_attention(&env));
    assert_int_equal(*mask_word(), 0);
}

// An interrupt for frames asks for nobody's attention, and comes again when the box wants to sleep.
static void test_frames_interrupt_once_for_each_sleep(void **state)
{
    (void)state;
    assert_int_equal(env_interrupt_frames(&env, 0), 0);
    handler(handler_context);
    assert_int_equal(env.frame_interrupts, 1);
    assert_int_equal(woken[IDLE_FRAMES], 1);
    assert_int_equal(*mask_word(), 1);
    for (unsigned i = 0; i < 10; i++, now += 1000)
        assert_false(env_attention(&env));
    assert_int_equal(*mask_word(), 1);
    env_let_frames_interrupt(&env);
    assert_int_equal(*mask_word(), 0);
    assert_int_equal(env.interrupts, 0);
}

static void test_close(void **state)
{
    (void)state;
    assert_int_equal(env_interrupt(&env, 0), 0);
    env_bus_master(&env, true);
    env_close(&env);
    assert_int_equal(function->space[1] & PCI_COMMAND_MASTER, 0);
    assert_int_equal(*mask_word(), 1);
    handler(handler_context); // one that was on its way
    assert_int_equal(env.interrupts, 0);
    assert_false(env_attention(&env));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bar_is_mapped_up_to_a_limit, set_up),
        cmocka_unit_test_setup(test_no_room_for_a_bar, set_up),
        cmocka_unit_test_setup(test_storm, set_up),
        cmocka_unit_test_setup(test_first_interrupt_is_not_delayed, set_up),
        cmocka_unit_test_setup(test_frames_interrupt_once_for_each_sleep, set_up),
        cmocka_unit_test_setup(test_close, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
