// SPDX-License-Identifier: BSD-2-Clause
// A PCI function on the console, from an honest one to one that is gone.
// links: kernel/pci_describe.c kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c
// links: kernel/pci_caps.c tests/unit/fakepci.c tests/unit/commands_rig.c
#include <string.h>

#include "kernel/pci_describe.h"
#include "tests/unit/commands_rig.h"
#include "tests/unit/fakepci.h"

enum { POWER = 0x40, MSIX = 0x70, EXPRESS = 0xa0 };

static struct fake_function *function;
static struct pci_device *device;

// A card with the capabilities of an 82599, in the order in which that has them.
static int make_card(void **state)
{
    (void)state;
    fake_reset();
    function = fake_add(NULL, 3, 0, 0x020000);
    function->space[PCI_VENDOR / 4] = 0x10fb8086;
    function->space[PCI_SUBSYSTEM_VENDOR / 4] = 0x00038086;
    fake_bar(function, 0, 0x20000, 0x4);
    function->space[PCI_STATUS / 4] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(function, PCI_CAPABILITIES, POWER);
    function->space[POWER / 4] = 0x01 | MSIX << 8;
    function->space[MSIX / 4] = 0x11 | EXPRESS << 8 | 0x803fu << 16;
    function->space[EXPRESS / 4] = 0x10;
    function->space[EXPRESS / 4 + 2] = 0x0009u << 16; // device status
    function->space[EXPRESS / 4 + 3] = 0x00000082;    // x8 at 5 GT/s
    function->space[EXPRESS / 4 + 4] = 0x0041u << 16; // x4 at 2.5 GT/s
    pci_init(&fake_boot);
    device = pci_find(0, 0, 3, 0);
    return device == NULL ? -1 : 0;
}

static const char *describe(void)
{
    output[output_length = 0] = '\0';
    const uint64_t reads = fake_reads, writes = fake_writes;
    pci_describe(device);
    assert_true(fake_reads - reads < 400);
    assert_int_equal(fake_writes, writes);
    expect_lines();
    return output;
}

static void test_honest_card(void **state)
{
    (void)state;
    expect(describe(),
           "  0000:00:03.0  8086:10fb  subsystem 8086:0003  class 020000  revision 01\n");
    expect(describe(), ": memory OFF, bus master off, INTx on; status 0010\n");
    expect(describe(), "  BAR 0: memory 64-bit, 131072 bytes at 0x");
    expect(describe(), "  power: D0 (PMCSR 0000)\n");
    expect(describe(), "  PCI Express: 2.5 GT/s x4 of at most 5 GT/s x8; device status 0009\n");
    expect(describe(), "  MSI-X: 64 vectors, on\n");
    pci_memory_decoding(device);
    expect(describe(), ": memory on, bus master off, ");
}

static void test_asleep(void **state)
{
    (void)state;
    function->space[POWER / 4 + 1] = 0x0103;
    expect(describe(), "  power: D3 (PMCSR 0103)\n");
}

static void test_odd_link(void **state)
{
    (void)state;
    function->space[EXPRESS / 4 + 3] = 0x000003ff;
    function->space[EXPRESS / 4 + 4] = 0xffffu << 16;
    expect(describe(), "  PCI Express: ? GT/s x63 of at most ? GT/s x63; ");
    // The capability would reach beyond the end.
    function->space[MSIX / 4] = 0x11 | 0xfc << 8;
    function->space[0xfc / 4] = 0x10;
    assert_null(strstr(describe(), "PCI Express"));
}

static uint32_t all_ones(struct pci_address address, unsigned offset)
{
    (void)address, (void)offset;
    return UINT32_MAX;
}

static void test_gone(void **state)
{
    (void)state;
    fake_override = all_ones;
    expect(describe(), "  configuration space reads all ones: the card is gone\n");
    assert_null(strstr(output, "power"));
}

static uint32_t mostly_ones(struct pci_address address, unsigned offset)
{
    (void)address;
    return offset < 4 ? 0x10fb8086 : UINT32_MAX;
}

// Dies while it is being looked at.
static void test_dying(void **state)
{
    (void)state;
    fake_override = mostly_ones;
    expect(describe(), "status ffff\n");
    assert_null(strstr(output, "power"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_honest_card, make_card),
        cmocka_unit_test_setup(test_asleep, make_card),
        cmocka_unit_test_setup(test_odd_link, make_card),
        cmocka_unit_test_setup(test_gone, make_card),
        cmocka_unit_test_setup(test_dying, make_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
