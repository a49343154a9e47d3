// SPDX-License-Identifier: BSD-2-Clause
// The PCI walk over a configuration space that answers whatever it likes: it ends, and within its
// table.
// links: kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c kernel/pci_caps.c
// links: tests/unit/fakepci.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/pci.h"
#include "kernel/pci_scan.h"
#include "tests/unit/fakepci.h"

enum { NETWORK = 0x020000 };

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static uint32_t same_everywhere(struct pci_address address, unsigned offset)
{
    (void)address;
    switch (offset) {
    case PCI_VENDOR:
        return 0x15211af4;
    case PCI_REVISION:
        return NETWORK << 8;
    case PCI_HEADER_TYPE:
        return PCI_HEADER_MULTIFUNCTION;
    case PCI_COMMAND:
        return 0;
    default:
        return 0xfffff000;
    }
}

static uint32_t bridges_everywhere(struct pci_address address, unsigned offset)
{
    switch (offset) {
    case PCI_REVISION:
        return 0x06040000;
    case PCI_HEADER_TYPE:
        return address.slot < 2 ? PCI_HEADER_BRIDGE : 0xff;
    case PCI_SECONDARY_BUS:
        return address.bus + 1u;
    case PCI_SUBORDINATE_BUS:
        return 255;
    default:
        return address.slot < 2 ? same_everywhere(address, offset) : 0xffffffff;
    }
}

static void test_every_function_answers(void **state)
{
    (void)state;
    fake_override = same_everywhere;
    pci_scan(true);
    assert_int_equal(pci_count(), PCI_DEVICES_MAX);
    assert_string_equal(fake_log, "PCI: more than 1024 functions: the others are left out");
    fake_override = bridges_everywhere;
    fake_reads = 0;
    pci_init(&fake_boot);
    assert_true(pci_count() <= PCI_DEVICES_MAX);
    assert_true(fake_reads < 1000000);
}

// Bus 1 is behind it when it is asked the first time, and then bus 0, on which it lies itself.
static uint32_t another_bus_each_time(struct pci_address address, unsigned offset)
{
    static bool asked;
    if (offset == PCI_SECONDARY_BUS) {
        const bool first = !asked;
        asked = true;
        return first;
    }
    if (offset == PCI_SUBORDINATE_BUS)
        return 1;
    return address.bus + address.slot == 0 ? bridges_everywhere(address, offset) : 0xffffffff;
}

static void test_bus_numbers_that_change(void **state)
{
    (void)state;
    fake_override = another_bus_each_time;
    pci_scan(false);
    assert_int_equal(pci_count(), 1);
    assert_int_equal(pci_at(0)->secondary, 1);
}

static uint32_t garbage(struct pci_address address, unsigned offset)
{
    (void)address;
    // Mostly something that lets the walk go deeper.
    uint32_t random = (uint32_t)rand() << 16 ^ (uint32_t)rand();
    if (offset == PCI_HEADER_TYPE && random % 4 != 0)
        return random % 2;
    if (offset == PCI_REVISION && random % 4 != 0)
        return 0x06040000;
    return random % 16 == 0 ? 0xffffffff : random;
}

static void test_garbage(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        srand(seed);
        fake_override = garbage;
        fake_reads = 0;
        pci_init(&fake_boot);
        assert_true(pci_count() <= PCI_DEVICES_MAX);
        assert_true(fake_reads < 1000000);
        for (size_t i = 0; i < pci_count(); i++)
            pci_capability(pci_at(i), 0x11, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_function_answers, set_up),
        cmocka_unit_test_setup(test_bus_numbers_that_change, set_up),
        cmocka_unit_test_setup(test_garbage, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
