// SPDX-License-Identifier: BSD-2-Clause
// The DMAR table: what honest ones say, and that no broken one is believed.
// links: kernel/dmar.c kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c
// links: kernel/pci_caps.c tests/unit/fakepci.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/dmar.h"
#include "kernel/pci.h"
#include "tests/unit/fakepci.h"

static uint8_t table[4096];
static size_t length;
static struct dmar dmar;

static void byte(unsigned value)
{
    table[length++] = (uint8_t)value;
}

static void number(uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        byte((uint8_t)(value >> 8 * i));
}

static void begin(unsigned width, unsigned flags)
{
    memset(table, 0, sizeof table);
    memcpy(table, "DMAR", 4);
    length = 36;
    byte(width - 1);
    byte(flags);
    length += 10;
}

static void unit(uint64_t base, unsigned flags, unsigned segment, unsigned scope_bytes)
{
    number(0, 2);
    number(16 + scope_bytes, 2);
    byte(flags);
    byte(0);
    number(segment, 2);
    number(base, 8);
}

static void region(uint64_t first, uint64_t last, unsigned scope_bytes)
{
    number(1, 2);
    number(24 + scope_bytes, 2);
    number(0, 2);
    number(0, 2);
    number(first, 8);
    number(last, 8);
}

// One of two steps when slot2 is not 0xff: 8 or 10 bytes.
static void scope(unsigned type, unsigned bus, unsigned slot, unsigned function, unsigned slot2)
{
    byte(type);
    byte(slot2 == 0xff ? 8 : 10);
    number(0, 3);
    byte(bus);
    byte(slot);
    byte(function);
    if (slot2 != 0xff) {
        byte(slot2);
        byte(0);
    }
}

// Of exactly that size, so that the sanitizer sees any read beyond it.
static bool parse(void)
{
    uint8_t *copy = malloc(length != 0 ? length : 1);
    memcpy(copy, table, length);
    memset(&dmar, 0xa5, sizeof dmar);
    const bool good = dmar_parse(&dmar, copy, length);
    free(copy);
    return good;
}

static void test_a_whole_table(void **state)
{
    (void)state;
    begin(46, 3);
    unit(0xfed90000, 0, 0, 8);
    scope(1, 0, 2, 0, 0xff);
    unit(0xfed91000, 1, 0, 8);
    scope(3, 0xf0, 0x1f, 0, 0xff); // an I/O APIC
    region(0xcf000000, 0xcf7fffff, 18);
    scope(1, 0, 0x14, 0, 0xff);
    scope(1, 0, 0x1c, 0, 0);
    number(2, 2); // ATSR
    number(8, 2);
    number(0, 4);
    assert_true(parse());
    assert_int_equal(dmar.address_bits, 46);
    assert_true(dmar.interrupt_remapping);
    assert_true(dmar.no_x2apic);
    assert_int_equal(dmar.unit_count, 2);
    assert_int_equal(dmar.units[0].base, 0xfed90000);
    assert_false(dmar.units[0].all);
    assert_int_equal(dmar.units[0].scopes.count, 1);
    assert_true(dmar.units[1].all);
    assert_int_equal(dmar.units[1].scopes.count, 0);
    assert_int_equal(dmar.region_count, 1);
    assert_int_equal(dmar.regions[0].last, 0xcf7fffff);
    assert_int_equal(dmar.regions[0].scopes.first, 1);
    assert_int_equal(dmar.regions[0].scopes.count, 2);
    assert_int_equal(dmar.scopes[2].hops, 2);
    assert_int_equal(dmar.scopes[2].path[0].slot, 0x1c);

    begin(39, 0);
    assert_true(parse());
    assert_int_equal(dmar.unit_count, 0);
    assert_false(dmar.interrupt_remapping);
}

// Cut off at every byte, and with every byte of its structures changed: refused, or read within
// bounds.
static void test_hostile_tables(void **state)
{
    (void)state;
    begin(39, 1);
    unit(0xfed90000, 0, 0, 18);
    scope(1, 0, 2, 0, 0xff);
    scope(2, 0, 0x1c, 0, 3);
    region(0xcf000000, 0xcf7fffff, 8);
    scope(1, 0, 0x14, 0, 0xff);
    static const size_t ends[] = {48, 48 + 34, 48 + 34 + 32};
    const size_t whole = length;
    assert_int_equal(whole, ends[2]);
    for (length = 0; length <= whole; length++)
        assert_int_equal(parse(), length == ends[0] || length == ends[1] || length == ends[2]);
    length = whole;
    unsigned refused = 0;
    for (size_t at = 48; at < whole; at++) {
        const uint8_t kept = table[at];
        for (unsigned value = 0; value < 256; value++) {
            table[at] = (uint8_t)value;
            const bool good = parse();
            refused += !good;
            for (unsigned i = 0; good && i < dmar.scope_count; i++)
                assert_in_range(dmar.scopes[i].hops, 1, DMAR_PATH_MAX);
        }
        table[at] = kept;
    }
    assert_true(refused > 1000);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    begin(39, 1);
    unit(0, 1, 0, 0); // no registers
    assert_false(parse());
    begin(39, 1);
    unit(0xfed90800, 1, 0, 0); // not on a page
    assert_false(parse());
    begin(39, 1);
    region(0x1000, 0xfff, 0); // ends before it begins
    assert_false(parse());
    begin(39, 1);
    region(0x1000, 0x2000, 0); // the last byte of no page
    assert_false(parse());
    begin(39, 1);
    unit(0xfed90000, 0, 0, 8);
    scope(1, 0, 32, 0, 0xff); // no such device
    assert_false(parse());
    begin(39, 1);
    unit(0xfed90000, 0, 0, 6);
    number(0x0601, 2); // a scope without a path
    number(0, 4);
    assert_false(parse());

    begin(39, 1);
    for (unsigned i = 0; i < DMAR_UNITS_MAX; i++)
        unit(0xfed90000 + i * 0x1000, 0, 0, 0);
    assert_true(parse());
    unit(0xfee90000, 0, 0, 0);
    assert_false(parse());

    begin(39, 1);
    unit(0xfed90000, 0, 0, 8 * DMAR_SCOPES_MAX);
    for (unsigned i = 0; i < DMAR_SCOPES_MAX; i++)
        scope(1, 0, i % 32, 0, 0xff);
    assert_true(parse());
    region(0x1000, 0x1fff, 8);
    scope(1, 0, 1, 0, 0xff);
    assert_false(parse());
}

// A root port at 00:1c.0, a card behind it at 01:00.0, one on the root bus at 00:03.0.
static void make_bus(void)
{
    fake_reset();
    struct fake_function *port = fake_add_bridge(NULL, 0x1c);
    fake_set_buses(port, 0, 1, 1);
    fake_add(port, 0, 0, 0x020000);
    fake_add(NULL, 3, 0, 0x020000);
    pci_init(&fake_boot);
}

static void assert_says(unsigned type, unsigned bytes, const char *text)
{
    begin(39, 1);
    number(type, 2);
    number(bytes, 2);
    number(0, 4);
    assert_false(parse());
    assert_string_equal(fake_log, text);
}

static void test_what_a_length_should_be(void **state)
{
    (void)state;
    assert_says(0, 8, "DMAR: a unit of 8 bytes, expected at least 16");
    assert_says(1, 8, "DMAR: a reserved region of 8 bytes, expected at least 24");
    assert_says(2, 3, "DMAR: a structure of 3 bytes, expected at least 4 and at most 8");
    assert_says(0, 16, "DMAR: a structure of 16 bytes, expected at least 4 and at most 8");
}

static void test_which_unit(void **state)
{
    (void)state;
    make_bus();
    const struct pci_device *behind = pci_find(0, 1, 0, 0), *root = pci_find(0, 0, 3, 0);
    assert_non_null(behind);

    begin(39, 1);
    unit(0xfed90000, 1, 0, 0); // takes the rest, wherever it stands
    unit(0xfed91000, 0, 0, 10);
    scope(1, 0, 0x1c, 0, 0); // the card, by way of its bridge
    assert_true(parse());
    assert_int_equal(dmar_unit_of(&dmar, behind), 1);
    assert_int_equal(dmar_unit_of(&dmar, root), 0);
    assert_ptr_equal(dmar_scope_device(&dmar.scopes[0], 0), behind);
    assert_null(dmar_scope_device(&dmar.scopes[0], 1));

    begin(39, 1);
    unit(0xfed90000, 0, 0, 8);
    scope(2, 0, 0x1c, 0, 0xff); // all behind the bridge
    assert_true(parse());
    assert_int_equal(dmar_unit_of(&dmar, behind), 0);
    assert_int_equal(dmar_unit_of(&dmar, behind->bridge), 0);
    assert_int_equal(dmar_unit_of(&dmar, root), -1);

    begin(39, 1);
    unit(0xfed90000, 1, 7, 0); // another segment
    unit(0xfed91000, 0, 0, 18);
    scope(1, 0, 0x1c, 0, 0xff); // the bridge alone
    scope(1, 0, 3, 0, 0);       // through something that is no bridge
    assert_true(parse());
    assert_int_equal(dmar_unit_of(&dmar, behind), -1);
    assert_int_equal(dmar_unit_of(&dmar, behind->bridge), 1);
    assert_int_equal(dmar_unit_of(&dmar, root), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_table),   cmocka_unit_test(test_hostile_tables),
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_what_a_length_should_be),
        cmocka_unit_test(test_which_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
