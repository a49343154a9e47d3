// SPDX-License-Identifier: BSD-2-Clause
// The PCI walk, BARs and capabilities on a fake bus: well behaved, and as some firmware leaves it.
// links: kernel/pci.c kernel/pci_scan.c kernel/pci_bars.c kernel/pci_place.c kernel/pci_caps.c
// links: tests/unit/fakepci.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/pci.h"
#include "kernel/pci_place.h"
#include "kernel/pci_scan.h"
#include "tests/unit/fakepci.h"

enum { NETWORK = 0x020000, STORAGE = 0x010601, MEM32 = 0, MEM64 = 4, PREFETCH = 8, IO = 1 };

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static uint16_t command(const struct pci_device *device)
{
    return (uint16_t)pci_read(device, PCI_COMMAND, 2);
}

static struct pci_device *find_one(uint8_t bus, uint8_t slot, uint8_t function)
{
    struct pci_device *device = pci_find(0, bus, slot, function);
    assert_non_null(device);
    return device;
}

static uint64_t register_address(const struct pci_device *device, unsigned bar)
{
    uint64_t address = pci_read(device, PCI_BAR_0 + 4 * bar, 4) & ~15u;
    if (device->bars[bar].is64)
        address |= (uint64_t)pci_read(device, PCI_BAR_0 + 4 * bar + 4, 4) << 32;
    return address;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void check_against_others(const struct pci_device *device, unsigned bar)
{
    const struct pci_bar *own = &device->bars[bar];
    for (size_t i = 0; i < pci_count(); i++) {
        for (unsigned other = 0; other < PCI_BARS; other++) {
            const struct pci_bar *b = &pci_at(i)->bars[other];
            if ((pci_at(i) != device || other != bar) && b->size != 0 && !b->io && b->address != 0)
                assert_false(overlap(own->address, own->size, b->address, b->size));
        }
    }
}

static void check_windows(const struct pci_device *device, const struct pci_bar *bar)
{
    for (const struct pci_device *bridge = device->bridge; bridge; bridge = bridge->bridge) {
        uint32_t window = pci_read(bridge, PCI_MEMORY_BASE, 4);
        assert_true(bar->address >= (uint64_t)(window & 0xfff0) << 16);
        assert_true(bar->address + bar->size <= (window & 0xfff00000) + 0x100000ull);
    }
}

// Every memory BAR has an address, in the register too, aligned, for itself, outside of memory and
// ECAM, and inside the windows of the bridges above.
static void check_layout(void)
{
    for (size_t i = 0; i < pci_count(); i++) {
        const struct pci_device *device = pci_at(i);
        for (unsigned bar = 0; bar < PCI_BARS; bar++) {
            const struct pci_bar *b = &device->bars[bar];
            if (b->size == 0 || b->io)
                continue;
            assert_int_not_equal(b->address, 0);
            assert_int_equal(b->address % b->size, 0);
            assert_int_equal(b->address, register_address(device, bar));
            for (unsigned r = 0; r < fake_boot.range_count; r++)
                assert_false(overlap(b->address, b->size, fake_boot.ranges[r].base,
                                     fake_boot.ranges[r].length));
            for (unsigned e = 0; e < fake_acpi.ecam_count; e++)
                assert_false(overlap(b->address, b->size, fake_acpi.ecam[e].base, 256 << 20));
            assert_true(b->address + b->size <= 0xfec00000);
            check_against_others(device, bar);
            check_windows(device, b);
        }
    }
}

static void test_functions(void **state)
{
    (void)state;
    fake_add(NULL, 3, 0, NETWORK);
    fake_add(NULL, 3, 1, NETWORK); // not announced as multi-function: not asked for
    fake_set_byte(fake_add(NULL, 31, 0, STORAGE), PCI_HEADER_TYPE, PCI_HEADER_MULTIFUNCTION);
    fake_add(NULL, 31, 7, STORAGE);
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 4);
    assert_null(pci_find(0, 0, 3, 1));
    assert_null(pci_at(4));
    const struct pci_device *last = find_one(0, 31, 7);
    assert_int_equal(last->class_code, STORAGE);
    assert_int_equal(last->revision, 1);
    assert_int_equal(last->vendor, 0x1af4);
}

static void test_bus_masters_are_stopped(void **state)
{
    (void)state;
    struct fake_function *bridge = fake_add_bridge(NULL, 1);
    fake_set_buses(bridge, 0, 1, 1);
    struct fake_function *nic = fake_add(bridge, 0, 0, NETWORK);
    nic->space[1] = 0x0007;
    bridge->space[1] = 0x0003;
    pci_init(&fake_boot);
    struct pci_device *device = find_one(1, 0, 0);
    assert_int_equal(command(device), 3);
    assert_int_equal(command(device->bridge), 3);
    pci_bus_master(device, true);
    assert_int_equal(command(device), 7);
    assert_int_equal(command(device->bridge), 7);
    pci_bus_master(device, false);
    assert_int_equal(command(device), 3);
    assert_int_equal(command(device->bridge), 7);
}

// The scan and the end both leave what others, or firmware, still work through.
static void test_bridges_and_usb_stay_bus_masters(void **state)
{
    (void)state;
    struct fake_function *bridge = fake_add_bridge(NULL, 1);
    fake_set_buses(bridge, 0, 1, 1);
    struct fake_function *const stay[] = {bridge, fake_add(NULL, 2, 0, 0x060100),
                                          fake_add(bridge, 0, 0, 0x0c0300),
                                          fake_add(NULL, 3, 0, 0x0c0330)};
    struct fake_function *const stop[] = {fake_add(NULL, 4, 0, NETWORK),
                                          fake_add(NULL, 5, 0, 0x0c0500),
                                          fake_add(bridge, 1, 0, STORAGE)};
    for (unsigned i = 0; i < 4; i++)
        stay[i]->space[1] = 7;
    for (unsigned i = 0; i < 3; i++)
        stop[i]->space[1] = 7;
    pci_init(&fake_boot);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(stay[i]->space[1], 7);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(stop[i]->space[1], 3);

    pci_bus_master(find_one(1, 1, 0), true);
    pci_bus_master(find_one(0, 4, 0), true);
    pci_stop_all_dma();
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(stay[i]->space[1], 7);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(stop[i]->space[1], 3);
    // A fault in it restarts, and that comes here again.
    fake_reads = 0;
    pci_stop_all_dma();
    assert_int_equal(fake_reads, 0);
}

// The walk meets bus 9 first, and the bus that it numbers itself last.
static void test_order_is_by_address(void **state)
{
    (void)state;
    struct fake_function *high = fake_add_bridge(NULL, 1), *low = fake_add_bridge(NULL, 2);
    struct fake_function *late = fake_add_bridge(high, 3);
    fake_set_buses(high, 0, 9, 12);
    fake_set_buses(low, 0, 4, 4);
    fake_add(high, 0, 0, NETWORK);
    fake_add(low, 7, 0, NETWORK);
    fake_add(low, 2, 0, NETWORK);
    fake_add(late, 0, 0, NETWORK);
    pci_init(&fake_boot);
    static const uint8_t expected[][2] = {{0, 0}, {0, 1}, {0, 2}, {4, 2},
                                          {4, 7}, {9, 0}, {9, 3}, {10, 0}};
    assert_int_equal(pci_count(), 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(pci_at(i)->bus, expected[i][0]);
        assert_int_equal(pci_at(i)->slot, expected[i][1]);
    }
    assert_ptr_equal(find_one(4, 7, 0)->bridge, find_one(0, 2, 0));
    assert_ptr_equal(find_one(10, 0, 0)->bridge, find_one(9, 3, 0));
}

static void test_numbered_bridges(void **state)
{
    (void)state;
    struct fake_function *outer = fake_add_bridge(NULL, 1), *inner = fake_add_bridge(outer, 2);
    fake_set_buses(outer, 0, 4, 9);
    fake_set_buses(inner, 4, 7, 7);
    fake_add(inner, 5, 0, NETWORK);
    struct fake_function *late = fake_add_bridge(NULL, 2); // forgotten by firmware
    fake_add(late, 0, 0, NETWORK);
    pci_init(&fake_boot);
    assert_int_equal(find_one(7, 5, 0)->bridge->secondary, 7);
    assert_int_equal(find_one(7, 5, 0)->bridge->bridge->secondary, 4);
    assert_int_equal(fake_byte(outer, PCI_SUBORDINATE_BUS), 9);
    find_one(10, 0, 0); // after all that firmware gave away
}

static void test_unnumbered_bridges(void **state)
{
    (void)state;
    struct fake_function *first = fake_add_bridge(NULL, 1), *inner = fake_add_bridge(first, 2);
    struct fake_function *second = fake_add_bridge(NULL, 2);
    fake_add(inner, 5, 0, NETWORK);
    fake_add(second, 6, 0, NETWORK);
    pci_init(&fake_boot);
    find_one(2, 5, 0);
    find_one(3, 6, 0);
    assert_int_equal(first->space[PCI_PRIMARY_BUS / 4], 0x020100);
    assert_int_equal(inner->space[PCI_PRIMARY_BUS / 4], 0x020201);
    assert_int_equal(second->space[PCI_PRIMARY_BUS / 4], 0x030300);
}

static void test_no_bus_number_left(void **state)
{
    (void)state;
    struct fake_function *full = fake_add_bridge(NULL, 1);
    fake_set_buses(full, 0, 1, 255);
    fake_add(fake_add_bridge(NULL, 2), 0, 0, NETWORK); // nothing is left for this one
    fake_add(fake_add_bridge(full, 2), 0, 0, NETWORK); // but inside the other there is
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 5);
    assert_int_equal(find_one(0, 2, 0)->secondary, 0);
    find_one(2, 0, 0);
}

static void test_nested_too_deep(void **state)
{
    (void)state;
    struct fake_function *bridge = NULL;
    for (unsigned i = 0; i < 30; i++)
        bridge = fake_add_bridge(bridge, 1);
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 1 + 17);
}

static void test_one_slot_behind_a_port(void **state)
{
    (void)state;
    struct fake_function *port = fake_add_bridge(NULL, 1);
    port->space[1] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(port, PCI_CAPABILITIES, 0x40);
    port->space[0x40 / 4] = 0x00420010; // PCI Express, root port
    fake_add(port, 0, 0, NETWORK);
    fake_add(port, 1, 0, NETWORK); // a ghost
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 3);
}

static void test_other_root_buses(void **state)
{
    (void)state;
    fake_add(NULL, 2, 0, NETWORK)->root_bus = 0x17;
    struct fake_function *bridge = fake_add_bridge(NULL, 0);
    bridge->root_bus = 0x80;
    fake_add(bridge, 0, 0, NETWORK);
    fake_add(NULL, 3, 0, NETWORK)->root_bus = 0x80;
    fake_reads = 0;
    pci_scan(false);
    assert_true(fake_reads < 500);
    assert_int_equal(pci_count(), 4);
    assert_null(find_one(0x80, 3, 0)->bridge);
    assert_ptr_equal(find_one(0x81, 0, 0)->bridge, find_one(0x80, 0, 0));
    pci_scan(true);
    assert_int_equal(pci_count(), 5);
    assert_null(find_one(0x17, 2, 0)->bridge);
}

// MCFG leaves out, or is not believed about, the first buses: the ports reach them.
static void test_ecam_begins_behind_bus_0(void **state)
{
    (void)state;
    fake_acpi.ecam[0] = (struct acpi_ecam){0xb0000000, 0, 0x40, 0x7f};
    fake_acpi.ecam[1] = (struct acpi_ecam){0xb0000000, 0, 0x80, 0xff};
    fake_acpi.ecam_count = 2;
    fake_add(NULL, 2, 0, NETWORK)->root_bus = 0x80;
    fake_add(fake_add_bridge(NULL, 3), 0, 0, NETWORK);
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 4);
    find_one(0x80, 2, 0);
    find_one(0, 0, 0);
    find_one(1, 0, 0);
}

static void test_two_bridges_claim_one_bus(void **state)
{
    (void)state;
    struct fake_function *a = fake_add_bridge(NULL, 1), *b = fake_add_bridge(NULL, 2);
    fake_set_buses(a, 0, 1, 1);
    fake_set_buses(b, 0, 1, 1);
    fake_add(a, 0, 0, NETWORK);
    fake_add(b, 3, 0, NETWORK);
    pci_init(&fake_boot);
    find_one(1, 0, 0);
    find_one(2, 3, 0);
}

static void test_bar_kinds(void **state)
{
    (void)state;
    struct fake_function *nic = fake_add(NULL, 1, 0, NETWORK);
    fake_bar(nic, 0, 0x20, IO);
    fake_bar(nic, 1, 0x1000, MEM32);
    fake_bar(nic, 2, 0x80000, MEM64 | PREFETCH);
    fake_bar(nic, 4, 8ull << 30, MEM64);
    nic->space[4] |= 0xc000;
    nic->space[5] = 0xfe000000;
    nic->space[6] |= 0xe0000000;
    nic->space[7] = 0x12;
    nic->space[9] = 0x40;
    nic->space[1] = 3; // decoding
    pci_init(&fake_boot);
    const struct pci_bar *bars = find_one(0, 1, 0)->bars;
    assert_true(bars[0].io && bars[0].size == 0x20 && bars[0].address == 0xc000);
    assert_true(!bars[1].io && !bars[1].is64 && bars[1].size == 0x1000);
    assert_int_equal(bars[1].address, 0xfe000000);
    assert_true(bars[2].is64 && bars[2].prefetchable && bars[2].size == 0x80000);
    assert_int_equal(bars[2].address, 0x12e0000000);
    assert_int_equal(bars[3].size, 0);
    assert_int_equal(bars[4].size, 8ull << 30);
    assert_int_equal(bars[4].address, 0x4000000000);
    assert_int_equal(command(find_one(0, 1, 0)), 3);
    assert_int_equal(nic->space[6], 0xe000000c);
}

static void test_absurd_bars(void **state)
{
    (void)state;
    struct fake_function *nic = fake_add(NULL, 1, 0, NETWORK);
    fake_bar(nic, 0, 1ull << 63, MEM64);
    fake_bar(nic, 2, 0x1000, MEM32);
    nic->writable[6] = 0xf0f0f000; // bits missing in between
    fake_bar(nic, 3, 0x1000, 6);   // reserved type
    nic->writable[8] = 0xfffffff0;
    nic->space[8] = 3;                   // I/O with a reserved bit
    fake_bar(nic, 5, 0x1000, MEM32 | 4); // 64 bits without a second register
    pci_init(&fake_boot);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        assert_int_equal(find_one(0, 1, 0)->bars[i].size, 0);
        assert_int_equal(find_one(0, 1, 0)->bars[i].address, 0);
    }
    assert_int_equal(nic->space[PCI_CAPABILITIES / 4], 0);
}

// 6.2.5.1: 2 GiB at most in 32 bits. These hold no address, only what kind they are.
static void test_bars_without_address_bits(void **state)
{
    (void)state;
    struct fake_function *nic = fake_add(NULL, 1, 0, NETWORK);
    fake_bar(nic, 0, 1ull << 32, MEM32 | PREFETCH);
    fake_bar(nic, 1, 0, MEM64 | PREFETCH);
    fake_bar(nic, 3, 1ull << 31, MEM32);
    pci_init(&fake_boot);
    const struct pci_bar *bars = find_one(0, 1, 0)->bars;
    assert_int_equal(bars[0].size, 0);
    assert_int_equal(bars[1].size, 0);
    assert_int_equal(bars[3].size, 1ull << 31);
}

static void test_garbage_header_type(void **state)
{
    (void)state;
    struct fake_function *nic = fake_add(NULL, 1, 0, 0x060400);
    fake_set_byte(nic, PCI_HEADER_TYPE, 0x7f);
    fake_bar(nic, 0, 0x1000, MEM32);
    pci_init(&fake_boot);
    assert_int_equal(find_one(0, 1, 0)->bars[0].size, 0);
    assert_int_equal(fake_writes, 0);
    assert_int_equal(pci_capability(find_one(0, 1, 0), 0x11, 0), 0);
}

// What is in use and no network card is left alone as long as every BAR has its address.
static void test_others_are_not_disturbed(void **state)
{
    (void)state;
    struct fake_function *screen = fake_add(NULL, 1, 0, 0x030000);
    fake_bar(screen, 0, 0x1000000, MEM32);
    screen->space[4] = 0xfd000000;
    screen->space[1] = 3;
    struct fake_function *nic = fake_add(NULL, 2, 0, NETWORK);
    fake_bar(nic, 0, 0x1000, MEM32);
    nic->space[4] = 0xfe000000;
    pci_init(&fake_boot);
    assert_false(find_one(0, 1, 0)->sized);
    assert_int_equal(find_one(0, 2, 0)->bars[0].address, 0xfe000000);
    // But when something has to be placed it must be known where they are.
    nic->space[4] = 0;
    fake_boot.ranges[0].length = 0xfb000000;
    screen->space[4] = 0xfb000000;
    pci_init(&fake_boot);
    assert_int_equal(find_one(0, 1, 0)->bars[0].address, 0xfb000000);
    assert_int_equal(find_one(0, 2, 0)->bars[0].address, 0);
}

static void test_nothing_was_assigned(void **state)
{
    (void)state;
    struct fake_function *a = fake_add_bridge(NULL, 1), *b = fake_add_bridge(a, 2);
    struct fake_function *c = fake_add_bridge(NULL, 3);
    fake_bar(a, 0, 0x1000, MEM32);
    fake_acpi.ecam[0] = (struct acpi_ecam){0xb0000000, 0, 0, 255};
    fake_acpi.ecam_count = 1;
    static const uint64_t sizes[] = {0x100, 0x80000, 0x4000, 0x4000000, 0x20000, 0x1000};
    struct fake_function *const where[] = {NULL, a, b, c};
    for (uint8_t w = 0; w < 4; w++) {
        for (uint8_t n = 0; n < 3; n++) {
            struct fake_function *nic = fake_add(where[w], (uint8_t)(10 + n), 0, NETWORK);
            fake_bar(nic, 0, sizes[(w + n) % 6], MEM64 | PREFETCH);
            fake_bar(nic, 2, sizes[(w + n + 1) % 6], MEM32);
            fake_bar(nic, 3, 0x40, IO);
        }
    }
    pci_init(&fake_boot);
    assert_int_equal(pci_count(), 16);
    check_layout();
    // The other window must not show the first MiB.
    assert_int_equal(c->space[PCI_PREFETCH_BASE / 4] & 0xfff0, 0xfff0);
    assert_int_equal(c->space[PCI_PREFETCH_BASE / 4] & 0xfff00000, 0);
    assert_int_equal(find_one(0, 10, 0)->bars[3].address, 0);
    struct pci_device *deep = find_one(2, 10, 0);
    pci_memory_decoding(deep);
    assert_int_equal(command(deep), 2);
    assert_int_equal(command(deep->bridge->bridge), 2);
    // As after a reset of the function.
    uint64_t address = deep->bars[0].address;
    pci_write(deep, PCI_BAR_0, 4, 0);
    pci_restore_bars(deep);
    assert_int_equal(register_address(deep, 0), address);
}

static void test_firmware_windows_are_kept(void **state)
{
    (void)state;
    struct fake_function *bridge = fake_add_bridge(NULL, 1);
    fake_set_buses(bridge, 0, 1, 1);
    bridge->space[PCI_MEMORY_BASE / 4] = 0xfe10fe00; // 2 MiB
    struct fake_function *placed = fake_add(bridge, 1, 0, NETWORK);
    fake_bar(placed, 0, 0x80000, MEM32);
    placed->space[4] = 0xfe080000;
    struct fake_function *late = fake_add(bridge, 2, 0, NETWORK);
    fake_bar(late, 0, 0x100000, MEM32);
    fake_bar(late, 1, 0x1000, MEM32);
    fake_bar(late, 2, 0x200000, MEM32); // larger than what is left
    pci_init(&fake_boot);
    assert_int_equal(bridge->space[PCI_MEMORY_BASE / 4], 0xfe10fe00);
    assert_int_equal(placed->space[4], 0xfe080000);
    const struct pci_bar *bars = find_one(1, 2, 0)->bars;
    assert_int_equal(bars[0].address, 0xfe100000);
    assert_int_equal(bars[1].address, 0);
    assert_int_equal(bars[2].address, 0);
    fake_bar(late, 0, 0x10000, MEM32);
    late->writable[6] = 0;
    pci_init(&fake_boot);
    check_layout();
}

// What may be plugged in behind a bridge later must not find its window taken.
static void test_root_avoids_windows(void **state)
{
    (void)state;
    struct fake_function *bridge = fake_add_bridge(NULL, 1);
    fake_set_buses(bridge, 0, 1, 1);
    bridge->space[PCI_MEMORY_BASE / 4] = 0xfbf0fb80;
    bridge->space[PCI_PREFETCH_BASE / 4] = 0xfb71fb01;
    fake_boot.ranges[0].length = 0xfae00000; // less is left below the windows than they take
    fake_bar(fake_add(NULL, 2, 0, NETWORK), 0, 0x1000, MEM32);
    pci_init(&fake_boot);
    assert_int_equal(find_one(0, 2, 0)->bars[0].address, 0xfafff000);
}

static void test_bar_on_memory_is_moved(void **state)
{
    (void)state;
    struct fake_function *nic = fake_add(NULL, 1, 0, NETWORK);
    fake_bar(nic, 0, 0x10000, MEM32);
    nic->space[4] = 0x00100000;
    fake_boot.ranges[1] = (struct boot_range){0xe0000000, 0x1c000000, BOOT_RESERVED};
    fake_boot.range_count = 2;
    pci_init(&fake_boot);
    check_layout();
    assert_int_equal(nic->space[4], 0xdfff0000);
}

// One that fits nowhere must not keep its neighbours from their places.
static void test_huge_bar_stays_alone(void **state)
{
    (void)state;
    struct fake_function *bridge = fake_add_bridge(NULL, 1);
    fake_bar(fake_add(bridge, 1, 0, 0x030000), 0, 8ull << 30, MEM64);
    fake_bar(fake_add(bridge, 2, 0, NETWORK), 0, 0x1000, MEM32);
    pci_init(&fake_boot);
    assert_int_equal(find_one(1, 1, 0)->bars[0].address, 0);
    assert_int_not_equal(find_one(1, 2, 0)->bars[0].address, 0);
    pci_place_bars(find_one(1, 1, 0), 1, &fake_boot);
    assert_string_equal(fake_log, "PCI: 01:01.0: BAR 0 of 8192 MiB stays without an address: below "
                                  "4 GiB there is none for more than 2048 MiB");
}

static void test_no_hole(void **state)
{
    (void)state;
    fake_bar(fake_add(NULL, 1, 0, NETWORK), 0, 0x10000, MEM32);
    fake_boot.ranges[0].length = 0xfe000000;
    pci_init(&fake_boot);
    assert_int_equal(find_one(0, 1, 0)->bars[0].address, 0);
    fake_boot.ranges[0].length = 0xfbff0000; // exactly enough
    pci_init(&fake_boot);
    assert_int_equal(find_one(0, 1, 0)->bars[0].address, 0xfbff0000);
}

static struct pci_device *with_capabilities(struct fake_function **function, uint8_t first)
{
    *function = fake_add(NULL, 1, 0, NETWORK);
    (*function)->space[1] |= PCI_STATUS_CAPABILITIES << 16;
    fake_set_byte(*function, PCI_CAPABILITIES, first);
    pci_init(&fake_boot);
    return find_one(0, 1, 0);
}

static void test_capabilities(void **state)
{
    (void)state;
    struct fake_function *f;
    struct pci_device *device = with_capabilities(&f, 0x43); // the low bits are reserved
    f->space[0x40 / 4] = 0x8009;
    f->space[0x80 / 4] = 0x5011;
    f->space[0x50 / 4] = 0x0009;
    assert_int_equal(pci_capability(device, 0x09, 0), 0x40);
    assert_int_equal(pci_capability(device, 0x09, 1), 0x50);
    assert_int_equal(pci_capability(device, 0x09, 2), 0);
    assert_int_equal(pci_capability(device, 0x11, 0), 0x80);
    assert_int_equal(pci_capability(device, 0x05, 0), 0);
    f->space[1] = 0; // no list after all
    assert_int_equal(pci_capability(device, 0x11, 0), 0);
}

static void test_hostile_capabilities(void **state)
{
    (void)state;
    struct fake_function *f;
    struct pci_device *device = with_capabilities(&f, 0x40);
    f->space[0x40 / 4] = 0x4009; // itself
    fake_reads = 0;
    assert_int_equal(pci_capability(device, 0x11, 0), 0);
    assert_int_equal(pci_capability(device, 0x09, 1000), 0);
    assert_true(fake_reads < 200);
    f->space[0x40 / 4] = 0x5009;
    f->space[0x50 / 4] = 0x4009; // a ring of two
    assert_int_equal(pci_capability(device, 0x11, 0), 0);
    fake_set_byte(f, PCI_CAPABILITIES, 0xff);
    f->space[0xfc / 4] = 0x1011; // at the very end, and on to the header
    assert_int_equal(pci_capability(device, 0x11, 0), 0xfc);
    assert_int_equal(pci_capability(device, 0x11, 1), 0);
    fake_set_byte(f, PCI_CAPABILITIES, 0x3c);
    f->space[0x3c / 4] = 0x0011;
    assert_int_equal(pci_capability(device, 0x11, 0), 0);
    fake_set_byte(f, PCI_CAPABILITIES, 0x60);
    f->space[0x60 / 4] = 0xffffffff; // gone
    assert_int_equal(pci_capability(device, 0xff, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_functions, set_up),
        cmocka_unit_test_setup(test_bus_masters_are_stopped, set_up),
        cmocka_unit_test_setup(test_bridges_and_usb_stay_bus_masters, set_up),
        cmocka_unit_test_setup(test_order_is_by_address, set_up),
        cmocka_unit_test_setup(test_numbered_bridges, set_up),
        cmocka_unit_test_setup(test_unnumbered_bridges, set_up),
        cmocka_unit_test_setup(test_no_bus_number_left, set_up),
        cmocka_unit_test_setup(test_nested_too_deep, set_up),
        cmocka_unit_test_setup(test_one_slot_behind_a_port, set_up),
        cmocka_unit_test_setup(test_other_root_buses, set_up),
        cmocka_unit_test_setup(test_ecam_begins_behind_bus_0, set_up),
        cmocka_unit_test_setup(test_two_bridges_claim_one_bus, set_up),
        cmocka_unit_test_setup(test_bar_kinds, set_up),
        cmocka_unit_test_setup(test_absurd_bars, set_up),
        cmocka_unit_test_setup(test_bars_without_address_bits, set_up),
        cmocka_unit_test_setup(test_garbage_header_type, set_up),
        cmocka_unit_test_setup(test_others_are_not_disturbed, set_up),
        cmocka_unit_test_setup(test_nothing_was_assigned, set_up),
        cmocka_unit_test_setup(test_firmware_windows_are_kept, set_up),
        cmocka_unit_test_setup(test_root_avoids_windows, set_up),
        cmocka_unit_test_setup(test_bar_on_memory_is_moved, set_up),
        cmocka_unit_test_setup(test_huge_bar_stays_alone, set_up),
        cmocka_unit_test_setup(test_no_hole, set_up),
        cmocka_unit_test_setup(test_capabilities, set_up),
        cmocka_unit_test_setup(test_hostile_capabilities, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
