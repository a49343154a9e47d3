// SPDX-License-Identifier: BSD-2-Clause
// MSI-X on a fake function: what is programmed, and tables that are not where they claim to be.
// links: kernel/msix.c kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c
// links: kernel/pci_caps.c tests/unit/fakepci.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/apic.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/msix.h"
#include "kernel/pci.h"
#include "kernel/trap.h"
#include "kernel/vm.h"
#include "tests/unit/fakepci.h"

enum {
    CAPABILITY = 0x70,
    BAR_BYTES = 0x4000,
    TABLE_OFFSET = 0x2010, // not at the beginning of a page
    ENTRIES = 5,
};

static _Alignas(4096) uint8_t bar_memory[BAR_BYTES];
static uint64_t mapped_bytes;
static bool window_full, cpu_unreachable, no_apic, withdrawn[256];
static struct fake_function *function;
static struct pci_device *device;
static struct msix msix;
static struct {
    void (*handler)(void *context);
    void *context;
} handlers[256];

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    const struct pci_bar *bar = &device->bars[1];
    assert_true(physical >= bar->address && bytes <= bar->address + BAR_BYTES - physical);
    mapped_bytes = bytes;
    return window_full ? NULL : bar_memory + (physical - bar->address);
}

void trap_set_handler(uint8_t vector, void (*handler)(void *context), void *context)
{
    assert_true(vector >= 0x30 && vector <= TRAP_DEVICE_LAST);
    handlers[vector].handler = handler;
    handlers[vector].context = context;
}

bool apic_present(void)
{
    return !no_apic;
}

bool interrupt_message(const struct pci_device *asking, uint8_t vector,
                       struct apic_message *message)
{
    assert_ptr_equal(asking, device);
    *message = (struct apic_message){0x1fee00000 | 9 << 12, vector};
    return !cpu_unreachable;
}

void interrupt_withdraw(uint8_t vector)
{
    withdrawn[vector] = true;
}

static volatile uint32_t *entry(unsigned index)
{
    return (volatile uint32_t *)(bar_memory + TABLE_OFFSET) + index * 4;
}

static uint32_t control(void)
{
    return function->space[CAPABILITY / 4] >> 16;
}

static void set_table(uint32_t offset_and_bir, unsigned entries)
{
    function->space[CAPABILITY / 4] = (entries - 1) << 16 | 0x11;
    function->space[CAPABILITY / 4 + 1] = offset_and_bir;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    window_full = cpu_unreachable = no_apic = false;
    function = fake_add(NULL, 3, 0, 0x020000);
    fake_bar(function, 0, 0x40, 1);
    fake_bar(function, 1, BAR_BYTES, 0);
    function->space[1] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(function, PCI_CAPABILITIES, CAPABILITY);
    function->writable[CAPABILITY / 4] = 0xc0000000;
    set_table(TABLE_OFFSET | 1, ENTRIES);
    pci_init(&fake_boot);
    device = pci_find(0, 0, 3, 0);
    memset(bar_memory, 0xa5, sizeof bar_memory);
    memset(handlers, 0, sizeof handlers);
    memset(&msix, 0, sizeof msix);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    msix_close(&msix);
    return 0;
}

static void count_up(void *context)
{
    ++*(unsigned *)context;
}

static void test_open_masks_everything(void **state)
{
    (void)state;
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix.count, ENTRIES);
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_int_equal(entry(i)[3], 1);
    assert_int_equal(bar_memory[TABLE_OFFSET - 1], 0xa5);
    assert_int_equal(bar_memory[TABLE_OFFSET + ENTRIES * 16], 0xa5);
    assert_int_equal(mapped_bytes, ENTRIES * 16);
    assert_int_equal(control(), 0x8000 | (ENTRIES - 1)); // on; not masked as a whole
    assert_int_equal(function->space[1] & 7, 2);         // it answers, but does not reach memory
}

static void test_route(void **state)
{
    (void)state;
    unsigned count = 0, other = 0;
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix_route(&msix, 2, 0, count_up, &count), 0);
    assert_int_equal(msix_route(&msix, 4, 0, count_up, &other), 0);
    assert_int_equal(entry(2)[0], 0xfee09000);
    assert_int_equal(entry(2)[1], 1);
    assert_int_equal(entry(2)[3], 0);
    assert_int_equal(entry(3)[3], 1);
    assert_int_not_equal(entry(2)[2], entry(4)[2]);
    unsigned vector = entry(2)[2];
    assert_true(vector < 256 && handlers[vector].handler != NULL);
    handlers[vector].handler(handlers[vector].context);
    assert_int_equal(count, 1);
    assert_int_equal(other, 0);
    assert_int_equal(msix_route(&msix, ENTRIES, 0, count_up, &count), -ENOENT);
    assert_int_equal(msix_route(&msix, UINT32_MAX, 0, count_up, &count), -ENOENT);
}

// A card that never stops is heard once for each time that it is unmasked.
static void test_interrupt_masks_until_rearmed(void **state)
{
    (void)state;
    unsigned count = 0, other = 0;
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix_route(&msix, 1, 0, count_up, &count), 0);
    assert_int_equal(msix_route(&msix, 3, 0, count_up, &other), 0);
    assert_false(msix_waiting(&msix, 0));
    unsigned vector = entry(3)[2];
    handlers[vector].handler(handlers[vector].context);
    assert_int_equal(entry(3)[3], 1);
    assert_int_equal(entry(1)[3], 0);
    assert_int_equal(other, 1);
    assert_true(msix_waiting(&msix, 0));
    handlers[vector].handler(handlers[vector].context); // was on its way already
    assert_int_equal(other, 2);
    msix_rearm(&msix, 0);
    assert_int_equal(entry(3)[3], 0);
    assert_false(msix_waiting(&msix, 0));
    entry(1)[3] = 1; // by somebody else: stays
    msix_rearm(&msix, 0);
    assert_int_equal(entry(1)[3], 1);
    assert_int_equal(count, 0);
}

static void test_groups_are_rearmed_by_themselves(void **state)
{
    (void)state;
    unsigned count = 0;
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), 0);
    assert_int_equal(msix_route(&msix, 1, 1, count_up, &count), 0);
    for (unsigned i = 0; i < 2; i++) {
        const unsigned vector = entry(i)[2];
        handlers[vector].handler(handlers[vector].context);
    }
    assert_true(msix_waiting(&msix, 0));
    msix_rearm(&msix, 0);
    assert_false(msix_waiting(&msix, 0));
    assert_true(msix_waiting(&msix, 1));
    assert_int_equal(entry(0)[3], 0);
    assert_int_equal(entry(1)[3], 1);
    msix_rearm(&msix, 1);
    assert_int_equal(entry(1)[3], 0);
}

static void test_close(void **state)
{
    (void)state;
    unsigned count = 0;
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), 0);
    unsigned vector = entry(0)[2];
    withdrawn[vector] = false;
    msix_close(&msix);
    assert_true(withdrawn[vector]);
    assert_int_equal(entry(0)[3], 1);
    assert_int_equal(control() & 0x8000, 0);
    handlers[vector].handler(handlers[vector].context); // one that was on its way
    assert_int_equal(count, 0);
    assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), -ENOENT);
    msix_close(&msix);
    // The vector is free again.
    assert_int_equal(msix_open(&msix, device), 0);
    assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), 0);
    assert_int_equal(entry(0)[2], vector);
}

static void test_limits(void **state)
{
    (void)state;
    enum { MANY = 40 };
    static struct msix more[MANY];
    unsigned count = 0, routed = 0;
    set_table(TABLE_OFFSET | 1, 64);
    for (unsigned m = 0; m < MANY; m++) {
        assert_int_equal(msix_open(&more[m], device), 0);
        for (unsigned i = 0; i < MSIX_ROUTES_MAX; i++) {
            int error = msix_route(&more[m], i, 0, count_up, &count);
            assert_true(error == 0 || error == -ENOSPC);
            routed += error == 0;
        }
    }
    assert_int_equal(routed, TRAP_DEVICE_LAST - 0x30 + 1);
    assert_int_equal(msix_route(&more[0], 40, 0, count_up, &count), -EMFILE);
    for (unsigned m = 0; m < MANY; m++)
        msix_close(&more[m]);
}

static void test_unreachable_processor(void **state)
{
    (void)state;
    unsigned count = 0;
    cpu_unreachable = true;
    assert_int_equal(msix_open(&msix, device), 0);
    for (unsigned i = 0; i < 300; i++) // and no vector is lost by failing
        assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), -EOPNOTSUPP);
    assert_int_equal(entry(0)[3], 1);
    cpu_unreachable = false;
    no_apic = true;
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), -ENODEV);
    assert_int_equal(entry(0)[3], 1);
    no_apic = false;
    assert_int_equal(msix_route(&msix, 0, 0, count_up, &count), 0);
}

static void expect_refused(uint32_t offset_and_bir, unsigned entries)
{
    set_table(offset_and_bir, entries);
    mapped_bytes = 0;
    assert_int_equal(msix_open(&msix, device), -EINVAL);
    assert_int_equal(msix.capability, 0);
    assert_int_equal(mapped_bytes, 0);
    assert_int_equal(control() & 0xc000, 0);
}

static void test_table_outside(void **state)
{
    (void)state;
    expect_refused(1 | BAR_BYTES, 1);
    expect_refused(1 | (BAR_BYTES - 8), 1);
    expect_refused(1 | (BAR_BYTES - 0x40), 5);
    expect_refused(1 | 0xfffffff8, 2048);
    expect_refused(1, 2048);
    expect_refused(0, 1); // an I/O BAR
    expect_refused(2, 1); // not there
    expect_refused(6, 1); // no such BAR
    expect_refused(7, 1);
    set_table(1 | (BAR_BYTES - 0x40), 4); // just inside
    assert_int_equal(msix_open(&msix, device), 0);
}

static void test_not_there(void **state)
{
    (void)state;
    fake_set_byte(function, CAPABILITY, 0x05);
    assert_int_equal(msix_open(&msix, device), -ENOENT);
    fake_set_byte(function, CAPABILITY, 0x11);
    device->bars[1].address = 0;
    assert_int_equal(msix_open(&msix, device), -EINVAL);
}

static void test_window_full(void **state)
{
    (void)state;
    window_full = true;
    assert_int_equal(msix_open(&msix, device), -ENOMEM);
    assert_int_equal(msix.capability, 0);
    assert_int_equal(control() & 0xc000, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open_masks_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupt_masks_until_rearmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups_are_rearmed_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreachable_processor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_table_outside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_window_full, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
