// SPDX-License-Identifier: BSD-2-Clause
// What a DSDT says about taking cards out: one that is put together here as QEMU does, and the same
// cut off and damaged.
// links: kernel/aml_hotplug.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/aml_hotplug.h"

enum { BLOCK_MAX = 4096, MUTATIONS = 200000 };

struct block {
    size_t length;
    uint8_t bytes[BLOCK_MAX];
};

static struct aml_hotplug found;

static void add(struct block *to, const void *bytes, size_t length)
{
    assert_true(to->length + length <= BLOCK_MAX);
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}

#define ADD(to, text) add(to, text, sizeof text - 1)

// An opcode, a package length of one to four bytes, a name, and what is in the package. 20.2.4
static void add_package(struct block *to, const char *op, unsigned length_bytes, const char *name,
                        const struct block *inside)
{
    const size_t length = length_bytes + strlen(name) + inside->length;
    uint8_t lead[4] = {(uint8_t)length};
    if (length_bytes == 1)
        assert_true(length < 64);
    else
        lead[0] = (uint8_t)((length_bytes - 1) << 6 | (length & 15));
    for (unsigned i = 1; i < length_bytes; i++)
        lead[i] = (uint8_t)(length >> (8 * i - 4));
    add(to, op, strlen(op));
    add(to, lead, length_bytes);
    add(to, name, strlen(name));
    add(to, inside->bytes, inside->length);
}

#define DEVICE "\x5b\x82"
#define SCOPE  "\x10"
#define METHOD "\x14"

// \_SB.PCI0 with a bus of its own, a bridge in slot 3, function 1, with a bus, behind which is
// another in slot 31, and a bridge whose bus no card can leave.
static void make(struct block *dsdt)
{
    struct block last = {0}, bridge = {0}, silent = {0}, bus = {0}, region = {0}, odd = {0};
    ADD(&last, "\x08_ADR\x0c\x00\x00\x1f\x00\x08"
               "BSEL\x0b\x34\x12");
    ADD(&bridge, "\x08_ADR\x0c\x01\x00\x03\x00");
    ADD(&bridge, "\x08"
                 "BSEL\x01");
    add_package(&bridge, DEVICE, 2, "SF8_", &last);
    ADD(&silent, "\x08_ADR\x0c\x00\x00\x04\x00");
    ADD(&bus, "\x08"
              "BSEL\x00");
    ADD(&bus, "\x08"
              "NOTE\x0d"
              "a \x5b\x82 text\x00"
              "\x08"
              "SOME\x12\x04\x02\x01\x00");
    add_package(&bus, DEVICE, 3, "S19_", &bridge);
    add_package(&bus, DEVICE, 1, "S20_", &silent);
    ADD(&odd, "\x70\x00"
              "BSEL\x08"
              "BSEL\x0a\x63");
    add_package(&bus, METHOD, 1, "DVNT", &odd); // passed over, with what looks like a name
    ADD(&region, "\x5b\x80PCST\x01\x0b\xc0\x0c\x0a\x08"
                 "\x5b\x80SEJ_\x01\x0b\xc8\x0c\x0a\x04"
                 "\x5b\x01"
                 "BLCK\x00");
    add_package(dsdt, SCOPE, 1, "\x5c\x2e_SB_PCI0", &region);
    struct block system = {0};
    add_package(&system, SCOPE, 2, "PCI0", &bus);
    add_package(dsdt, SCOPE, 4, "\x5c_SB_", &system);
}

static void test_what_qemu_writes(void **state)
{
    (void)state;
    struct block dsdt = {0};
    make(&dsdt);
    uint8_t *copy = malloc(dsdt.length);
    memcpy(copy, dsdt.bytes, dsdt.length);
    aml_find_hotplug(copy, dsdt.length, &found);
    free(copy);
    assert_int_equal(found.registers, 0x0cc0);
    assert_int_equal(found.bus_count, 3);
    assert_int_equal(found.buses[0].selector, 0);
    assert_int_equal(found.buses[0].bridge_count, 0);
    assert_int_equal(found.buses[1].selector, 1);
    assert_int_equal(found.buses[1].bridge_count, 1);
    assert_int_equal(found.buses[1].bridges[0].slot, 3);
    assert_int_equal(found.buses[1].bridges[0].function, 1);
    assert_int_equal(found.buses[2].selector, 0x1234);
    assert_int_equal(found.buses[2].bridge_count, 2);
    assert_int_equal(found.buses[2].bridges[1].slot, 31);
    assert_int_equal(found.buses[2].bridges[1].function, 0);
}

// Elsewhere, the same names mean nothing: another root bus, a name space of its own, a device that
// does not begin with its address, a scope that is entered by another way.
static void test_other_places(void **state)
{
    (void)state;
    static const char *const places[] = {"\x5c\x2e_SB_PC10", "\x5c\x2e_GPEPCI0", "\x5e_SB_", "ABCD",
                                         "\x5c\x2f\x03_SB_PCI0S18_"};
    struct block inside = {0}, dsdt = {0}, late = {0}, bus = {0};
    ADD(&inside, "\x08"
                 "BSEL\x01");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        add_package(&dsdt, SCOPE, 1, places[i], &inside);
    ADD(&late, "\x08_SUN\x01\x08_ADR\x0c\x00\x00\x03\x00\x08"
               "BSEL\x01");
    add_package(&bus, DEVICE, 1, "S18_", &late);
    add_package(&dsdt, SCOPE, 1, "\x5c\x2e_SB_PCI0", &bus);
    aml_find_hotplug(dsdt.bytes, dsdt.length, &found);
    assert_int_equal(found.bus_count, 0);
    assert_int_equal(found.registers, 0);
}

// What is not known ends its own package only.
static void test_unknown_terms(void **state)
{
    (void)state;
    struct block unknown = {0}, system = {0}, bus = {0}, dsdt = {0};
    ADD(&unknown, "\xaa\xaa\xaa");
    ADD(&bus, "\x08"
              "BSEL\x05\xaa\x08"
              "BSEL\x06");
    add_package(&system, DEVICE, 1, "ODD_", &unknown);
    add_package(&system, SCOPE, 1, "PCI0", &bus);
    add_package(&dsdt, SCOPE, 1, "\x5c_SB_", &system);
    aml_find_hotplug(dsdt.bytes, dsdt.length, &found);
    assert_int_equal(found.bus_count, 0); // 5 is no constant
    bus.bytes[5] = 1;
    dsdt.length = system.length = 0;
    add_package(&system, DEVICE, 1, "ODD_", &unknown);
    add_package(&system, SCOPE, 1, "PCI0", &bus);
    add_package(&dsdt, SCOPE, 1, "\x5c_SB_", &system);
    aml_find_hotplug(dsdt.bytes, dsdt.length, &found);
    assert_int_equal(found.bus_count, 1);
    assert_int_equal(found.buses[0].selector, 1);
}

static void test_a_full_table(void **state)
{
    (void)state;
    struct block bus = {0}, dsdt = {0};
    for (unsigned i = 0; i < AML_BUSES_MAX + 5; i++)
        ADD(&bus, "\x08"
                  "BSEL\x01");
    add_package(&dsdt, SCOPE, 2, "\x5c\x2e_SB_PCI0", &bus);
    aml_find_hotplug(dsdt.bytes, dsdt.length, &found);
    assert_int_equal(found.bus_count, AML_BUSES_MAX);
}

// Packages in packages, more than are followed; and bridges behind bridges likewise.
static void test_depth(void **state)
{
    (void)state;
    struct block inner = {0}, outer, dsdt = {0};
    for (unsigned i = 0; i < 100; i++) {
        outer = (struct block){0};
        ADD(&outer, "\x08_ADR\x00\x08"
                    "BSEL\x01");
        add_package(&outer, DEVICE, 3, "S00_", &inner);
        inner = outer;
    }
    add_package(&dsdt, SCOPE, 3, "\x5c\x2e_SB_PCI0", &outer);
    aml_find_hotplug(dsdt.bytes, dsdt.length, &found);
    assert_int_equal(found.bus_count, 1 + AML_BRIDGES_MAX);
}

static void test_cut_and_damaged(void **state)
{
    (void)state;
    struct block whole = {0};
    make(&whole);
    for (size_t length = 0; length < whole.length; length++) {
        uint8_t *cut = malloc(length > 0 ? length : 1);
        memcpy(cut, whole.bytes, length);
        aml_find_hotplug(cut, length, &found);
        assert_true(found.bus_count <= 3);
        free(cut);
    }
    uint8_t *copy = malloc(whole.length);
    srand(4);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        memcpy(copy, whole.bytes, whole.length);
        for (int k = rand() % 4; k >= 0; k--)
            copy[(unsigned)rand() % whole.length] = (uint8_t)rand();
        aml_find_hotplug(copy, whole.length, &found);
        assert_true(found.bus_count <= AML_BUSES_MAX);
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_qemu_writes),
        cmocka_unit_test(test_other_places),
        cmocka_unit_test(test_unknown_terms),
        cmocka_unit_test(test_a_full_table),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_cut_and_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
