// SPDX-License-Identifier: BSD-2-Clause
// Access control in the ports above a card, and extended capabilities that loop.
// links: kernel/acs.c kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c
// links: kernel/pci_caps.c tests/unit/fakepci.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acs.h"
#include "kernel/pci.h"
#include "tests/unit/fakepci.h"

enum { EXPRESS = 0x40, ACS = 0x140 };

// A root port with a card behind it. It can do these things of ACS (0: has none at all).
static struct fake_function *make(uint32_t can)
{
    fake_reset();
    struct fake_function *port = fake_add_bridge(NULL, 0x1c);
    fake_set_buses(port, 0, 1, 1);
    port->space[1] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(port, PCI_CAPABILITIES, EXPRESS);
    port->space[EXPRESS / 4] = 4u << 20 | 0x10; // root port
    port->space[0x100 / 4] = (uint32_t)ACS << 20 | 1 << 16 | 1;
    port->space[ACS / 4] = can != 0 ? 1 << 16 | 0x0d : 0;
    port->space[ACS / 4 + 1] = can;
    port->writable[ACS / 4 + 1] = can << 16;
    fake_add(port, 0, 0, 0x020000);
    fake_add(NULL, 3, 0, 0x020000);
    pci_init(&fake_boot);
    return port;
}

static void test_turned_on(void **state)
{
    (void)state;
    const struct fake_function *port = make(0x1f);
    assert_null(acs_enable(pci_find(0, 1, 0, 0)));
    assert_int_equal(port->space[ACS / 4 + 1] >> 16, 0x1d); // not translation blocking
    assert_null(acs_enable(pci_find(0, 0, 3, 0)));          // nothing is above
}

static void test_missing(void **state)
{
    (void)state;
    make(0);
    const struct pci_device *card = pci_find(0, 1, 0, 0);
    assert_ptr_equal(acs_enable(card), card->bridge);
    make(0x01); // validates sources, but does not redirect
    card = pci_find(0, 1, 0, 0);
    assert_ptr_equal(acs_enable(card), card->bridge);
}

static void test_lists_that_loop(void **state)
{
    (void)state;
    struct fake_function *port = make(0);
    const struct pci_device *bridge = pci_find(0, 0, 0x1c, 0);
    port->space[0x100 / 4] = 0x100u << 20 | 1;
    assert_int_equal(pci_extended_capability(bridge, 0x0d), 0);
    assert_int_equal(pci_extended_capability(bridge, 1), 0x100);
    port->space[0x100 / 4] = 0xffcu << 20 | 1;
    port->space[0xffc / 4] = 0x040u << 20 | 2; // below where they can be
    assert_int_equal(pci_extended_capability(bridge, 0x0d), 0);
    assert_int_equal(pci_extended_capability(bridge, 2), 0xffc);
    port->space[0x100 / 4] = UINT32_MAX;
    assert_int_equal(pci_extended_capability(bridge, 0xffff), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turned_on),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_lists_that_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
