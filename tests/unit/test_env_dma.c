// SPDX-License-Identifier: BSD-2-Clause
// What a card reaches: the levels, what happens where the IOMMU cannot do it, and the order in
// which it is let and cut off. links: kernel/env_dma.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acs.h"
#include "kernel/env.h"
#include "kernel/page.h"
#include "kernel/vm.h"

enum { MEMORY = 8 << 20 };

static _Alignas(2 << 20) uint8_t memory[MEMORY];
static uint64_t next, free_bytes;
static const char *not_confined, *not_released;
static const struct pci_device *without_acs;
static int attach_error, detach_error;
static char order[64], said[256];
static struct {
    uint64_t address, bytes;
    bool write;
} mapped[8];
static unsigned map_count;
static struct pci_device card;
static struct env env;

uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below)
{
    assert_int_equal(below, 0);
    next = (next + align - 1) & ~(align - 1);
    if (bytes > MEMORY - next)
        return 0;
    next += bytes;
    return (uint64_t)memory + next - bytes - VM_DIRECT;
}

uint64_t page_free_bytes(void)
{
    return free_bytes;
}

uint64_t vm_physical(const void *address)
{
    return (uint64_t)address - VM_DIRECT;
}

const char *iommu_confine(struct iommu_device *device, struct pci_device *pci)
{
    assert_ptr_equal(pci, &card);
    *device = (struct iommu_device){0};
    if (not_confined == NULL)
        *device = (struct iommu_device){.pci = pci, .confined = true};
    return not_confined;
}

const char *iommu_release(struct iommu_device *device, struct pci_device *pci)
{
    assert_ptr_equal(pci, &card);
    *device = (struct iommu_device){0};
    return not_released;
}

const struct pci_device *acs_enable(const struct pci_device *pci)
{
    assert_ptr_equal(pci, &card);
    return without_acs;
}

int iommu_map(struct iommu_device *device, uint64_t address, uint64_t bytes, bool write)
{
    assert_true(device->confined);
    mapped[map_count].address = address;
    mapped[map_count].bytes = bytes;
    mapped[map_count++].write = write;
    return 0;
}

int iommu_attach(struct iommu_device *device)
{
    assert_ptr_equal(device, &env.iommu);
    strcat(order, "attach ");
    return attach_error;
}

int iommu_detach(struct iommu_device *device)
{
    assert_ptr_equal(device, &env.iommu);
    strcat(order, "detach ");
    return detach_error;
}

void pci_bus_master(struct pci_device *device, bool on)
{
    assert_ptr_equal(device, &card);
    strcat(order, on ? "on " : "off ");
}

void env_log(struct env *logged, const char *format, ...)
{
    assert_ptr_equal(logged, &env);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
}

static int set_up(void **state)
{
    (void)state;
    next = map_count = 0;
    free_bytes = 64u << 20;
    not_confined = not_released = NULL;
    without_acs = NULL;
    attach_error = detach_error = 0;
    order[0] = said[0] = '\0';
    env = (struct env){.pci = &card};
    return 0;
}

static void test_levels(void **state)
{
    (void)state;
    assert_true(env_isolate(&env, true, true));
    assert_true(env_confined(&env));
    assert_string_equal(said, "");
    assert_true(env_isolate(&env, false, true));
    assert_false(env_confined(&env));

    static const struct pci_device bridge = {.bus = 2, .slot = 0x1c, .function = 1};
    without_acs = &bridge;
    assert_true(env_isolate(&env, true, true));
    assert_true(env_confined(&env));
    assert_non_null(strstr(said, "bridge 0000:02:1c.1 has no ACS"));

    not_confined = "the stars";
    assert_false(env_isolate(&env, true, true));
    assert_string_equal(said, "isolation = iommu is not possible: the stars; expected none");
    assert_true(env_isolate(&env, true, false));
    assert_false(env_confined(&env));
    assert_string_equal(said, "no IOMMU confines its card: the stars");

    not_released = "the moon";
    assert_false(env_isolate(&env, false, false));
    assert_string_equal(said, "isolation = none is not possible: the moon");
}

static void test_a_card_past_the_iommu(void **state)
{
    (void)state;
    assert_true(env_isolate(&env, true, true));
    assert_false(env_unconfined(&env)); // asked for
    assert_true(env_confined(&env));
    assert_true(env_isolate(&env, true, false));
    assert_true(env_unconfined(&env)); // left to the machine
    assert_false(env_confined(&env));
    assert_non_null(strstr(said, "iommu_platform=on"));
    assert_true(env_unconfined(&env));

    // One that says so only after it was given memory is not believed.
    struct env_dma dma;
    assert_true(env_isolate(&env, true, false));
    assert_true(env_dma_alloc(&env, 1, &dma));
    assert_false(env_unconfined(&env));
    assert_true(env_confined(&env));
}

static void test_memory(void **state)
{
    (void)state;
    struct env_dma one, two, three;
    memset(memory, 0xa5, sizeof memory);
    assert_true(env_isolate(&env, true, true));
    assert_true(env_dma_alloc(&env, 5000, &one));
    assert_true(env_dma_alloc(&env, 1, &two));
    assert_int_equal(map_count, 1); // one large page for both
    assert_int_equal(mapped[0].bytes, PAGE_LARGE);
    assert_true(mapped[0].write);
    assert_int_equal(one.address, mapped[0].address);
    assert_int_equal(two.address, one.address + 8192);
    assert_ptr_equal(vm_direct(two.address), two.memory);
    assert_int_equal(*(uint8_t *)one.memory, 0);
    assert_true(env_dma_alloc(&env, PAGE_LARGE, &three));
    assert_int_equal(map_count, 2);
    assert_int_equal(three.address % PAGE_LARGE, 0);
    assert_false(env_dma_alloc(&env, SIZE_MAX, &three));
    assert_false(env_dma_alloc(&env, 0, &three));
    assert_false(env_dma_alloc(&env, MEMORY, &three));
}

static void test_little_memory(void **state)
{
    (void)state;
    struct env_dma one, two;
    free_bytes = 16u << 20;
    assert_true(env_isolate(&env, true, true));
    assert_true(env_dma_alloc(&env, 5000, &one));
    assert_true(env_dma_alloc(&env, 5000, &two));
    assert_int_equal(map_count, 2);
    assert_int_equal(mapped[1].bytes, 8192);

    // Without an IOMMU nothing is mapped, and nothing is rounded to large pages.
    set_up(NULL);
    assert_true(env_isolate(&env, false, false));
    assert_true(env_dma_alloc(&env, 5000, &one));
    assert_int_equal(map_count, 0);
    assert_int_equal(next, 8192);
    assert_int_equal(env_grant(&env, 0, 4096, true), 0);
    assert_int_equal(map_count, 0);
}

static void test_order(void **state)
{
    (void)state;
    assert_true(env_isolate(&env, true, true));
    env_bus_master(&env, true);
    env_bus_master(&env, false);
    env_cut_off(&env);
    assert_string_equal(order, "attach on off detach detach ");
    order[0] = '\0';
    attach_error = detach_error = -ETIMEDOUT;
    env_bus_master(&env, true); // the card stays without
    env_cut_off(&env);          // the other way
    assert_string_equal(order, "attach detach off ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_levels, set_up),
        cmocka_unit_test_setup(test_a_card_past_the_iommu, set_up),
        cmocka_unit_test_setup(test_memory, set_up),
        cmocka_unit_test_setup(test_little_memory, set_up),
        cmocka_unit_test_setup(test_order, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
