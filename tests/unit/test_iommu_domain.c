// SPDX-License-Identifier: BSD-2-Clause
// Second-level tables: walked as the hardware does (VT-d 5.10, 3.7), they give what was mapped,
// with its rights, and nothing else. links: kernel/iommu_domain.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/iommu_domain.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "kernel/vtd.h"

enum { PAGES_MAX = 64, MIB = 1 << 20 };

static _Alignas(4096) uint8_t memory[PAGES_MAX][4096];
static unsigned pages_used, pages_allowed;
static unsigned flushes;
static struct vtd unit;
static struct iommu_domain domain;

uint64_t *vtd_table(const struct vtd *reader)
{
    assert_ptr_equal(reader, &unit);
    if (pages_used == pages_allowed)
        return NULL;
    memset(memory[pages_used], 0, 4096);
    return (uint64_t *)memory[pages_used++];
}

// Physical addresses of tables: vm_direct() adds VM_DIRECT, so they are what is left without it.
uint64_t vm_physical(const void *address)
{
    return (uint64_t)address - VM_DIRECT;
}

void vtd_flush(const struct vtd *flushed, const void *address, uint64_t bytes)
{
    assert_ptr_equal(flushed, &unit);
    assert_true(address != NULL && bytes > 0);
    flushes++;
}

#define CAP(widths, bits) ((uint64_t)(widths) << 8 | (uint64_t)((bits) - 1) << 16)

static void make(uint64_t capability, uint64_t extended)
{
    pages_used = flushes = 0;
    pages_allowed = PAGES_MAX;
    unit = (struct vtd){.capability = capability, .extended = extended};
    assert_int_equal(iommu_domain_init(&domain, &unit, 5), 0);
}

// What the unit makes of an address: 0 when it is refused, else the bits of the leaf; *large is set
// for 2 MiB.
static uint64_t translate(uint64_t address, bool *large)
{
    uint64_t table = iommu_domain_context_low(&domain) & ~0xfffull;
    *large = false;
    for (int level = domain.levels - 1; level >= 0; level--) {
        const uint64_t *entries = (const uint64_t *)(table + VM_DIRECT);
        const uint64_t entry = entries[address >> (12 + 9 * level) & 511];
        if ((entry & 3) == 0)
            return 0;
        *large = level == 1 && (entry & 1 << 7) != 0;
        if (level == 0 || *large) {
            const uint64_t mask = *large ? 2 * MIB - 1 : 4095;
            assert_int_equal(entry & 0x000ffffffffff000, address & ~mask);
            return entry & ~0x000ffffffffff080ull;
        }
        table = entry & 0x000ffffffffff000;
    }
    return 0;
}

static void test_rights_and_sizes(void **state)
{
    (void)state;
    make(CAP(4, 48), 0);
    assert_int_equal(domain.levels, 4);
    assert_int_equal(iommu_domain_map(&domain, 0x1ff000, 4 * MIB + 0x2000, true), 0);
    assert_int_equal(iommu_domain_map(&domain, 0x40000000, 4096, false), 0);
    bool large;
    assert_int_equal(translate(0x1fe000, &large), 0);
    assert_int_equal(translate(0x1ff000, &large), 3);
    assert_false(large);
    assert_int_equal(translate(0x200000, &large), 3);
    assert_true(large);
    assert_int_equal(translate(0x5fffff, &large), 3);
    assert_true(large);
    assert_int_equal(translate(0x600000, &large), 3);
    assert_false(large);
    assert_int_equal(translate(0x601000, &large), 0);
    assert_int_equal(translate(0x40000123, &large), 1);
    assert_int_equal(translate(0x40001000, &large), 0);
    assert_int_equal(translate(0xfee00000, &large), 0);
    assert_int_equal(iommu_domain_context_low(&domain) & 0xfff, 1); // TT 00b
    assert_int_equal(iommu_domain_context_high(&domain), 2 | 5 << 8);
    assert_true(flushes >= pages_used + 4);
}

static void test_conflicts(void **state)
{
    (void)state;
    make(CAP(2, 39), 1 << 7);
    assert_int_equal(domain.levels, 3);
    assert_int_equal(iommu_domain_context_high(&domain), 1 | 5 << 8);
    assert_int_equal(iommu_domain_map(&domain, 2 * MIB, 2 * MIB, false), 0);
    bool large;
    assert_int_equal(translate(2 * MIB, &large), 1 | 1 << 11);               // snooped
    assert_int_equal(iommu_domain_map(&domain, 2 * MIB, 2 * MIB, false), 0); // the same again
    assert_int_equal(iommu_domain_map(&domain, 2 * MIB, 4096, false), 0);
    assert_int_equal(iommu_domain_map(&domain, 2 * MIB, 2 * MIB, true), -EEXIST);
    assert_int_equal(iommu_domain_map(&domain, 2 * MIB + 4096, 4096, true), -EEXIST);
    assert_int_equal(iommu_domain_map(&domain, 4 * MIB, 4096, true), 0);
    assert_int_equal(iommu_domain_map(&domain, 4 * MIB, 2 * MIB, true), -EEXIST);
    assert_int_equal(translate(2 * MIB, &large), 1 | 1 << 11);
}

static void test_bounds(void **state)
{
    (void)state;
    make(CAP(6, 39), 0); // 4 levels, but addresses of 39 bits only
    const uint64_t end = 1ull << 39;
    assert_int_equal(iommu_domain_map(&domain, end - 4096, 4096, true), 0);
    assert_int_equal(iommu_domain_map(&domain, end - 4096, 8192, true), -ERANGE);
    assert_int_equal(iommu_domain_map(&domain, end, 4096, true), -ERANGE);
    assert_int_equal(iommu_domain_map(&domain, UINT64_MAX - 4095, 4096, true), -ERANGE);
    assert_int_equal(iommu_domain_map(&domain, 4096, UINT64_MAX - 4095, true), -ERANGE);
    assert_int_equal(iommu_domain_map(&domain, 1, 4096, true), -EINVAL);
    assert_int_equal(iommu_domain_map(&domain, 4096, 1, true), -EINVAL);
    assert_int_equal(iommu_domain_map(&domain, 4096, 0, true), 0);
    pages_allowed = pages_used;
    assert_int_equal(iommu_domain_map(&domain, 0, 4096, true), -ENOMEM);
    assert_int_equal(iommu_domain_init(&domain, &unit, 6), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights_and_sizes),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
