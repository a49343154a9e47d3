// SPDX-License-Identifier: BSD-2-Clause
// Which way configuration accesses take: ECAM that shows what the ports show, or the ports. An IN
// or OUT instruction faults in an ordinary process; the handler of that fault plays the host
// bridge. links: kernel/pci_config.c
#define _GNU_SOURCE // the registers in a signal's context
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "kernel/acpi.h"
#include "kernel/log.h"
#include "kernel/pci_config.h"
#include "kernel/vm.h"

enum {
    BUSES = 8,
    BUS_BYTES = 1 << 20,
    IDS = 0x29c08086, // of the host bridge, by the ports
    OTHER = 0x12345678,
    WINDOW_GAP = 0x10000000,
};

#define ECAM_BASE 0xb0000000ull

static struct acpi tables;
static uint8_t *ecam[ACPI_ECAM_MAX]; // BUSES buses of each window
static unsigned port_reads, port_writes, log_lines, maps;
static uint32_t selected; // by port 0xCF8

const struct acpi *acpi(void)
{
    return &tables;
}

void log_line(const char *format, ...)
{
    (void)format;
    log_lines++;
}

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    uint64_t window = (physical - ECAM_BASE) / WINDOW_GAP, offset = physical % WINDOW_GAP;
    assert_true(window < tables.ecam_count && offset <= (BUSES - 1) * BUS_BYTES);
    assert_true(bytes <= BUSES * BUS_BYTES - offset);
    maps++;
    return ecam[window] + offset;
}

static uint32_t read_by_ports(void)
{
    port_reads++;
    return (selected & 0xffff) == 0 ? IDS + (selected >> 16 & 0xff) : 0x5a5a5a5a;
}

// The instructions of kernel/port_io.h that pci_config.c uses here: with the port in DX, 32 bits
// wide; any other ends the test.
static void play_host_bridge(int number, siginfo_t *info, void *context)
{
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    uint16_t port = (uint16_t)registers[REG_RDX];
    if (code[0] == 0xef && port == 0xcf8)
        selected = (uint32_t)registers[REG_RAX];
    else if (code[0] == 0xef && port == 0xcfc)
        port_writes++;
    else if (code[0] == 0xed && port == 0xcfc)
        registers[REG_RAX] = read_by_ports();
    else {
        signal(number, SIG_DFL);
        return;
    }
    registers[REG_RIP]++;
}

static int make_machine(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACPI_ECAM_MAX; i++)
        ecam[i] = calloc(BUSES, BUS_BYTES);
    return 0;
}

static int unmake_machine(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACPI_ECAM_MAX; i++)
        free(ecam[i]);
    return 0;
}

// Inside of each test, because cmocka installs a handler of its own before it.
static void begin(void)
{
    const struct sigaction action = {.sa_sigaction = play_host_bridge, .sa_flags = SA_SIGINFO};
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    port_reads = port_writes = log_lines = maps = 0;
}

static unsigned add_window(uint16_t segment, uint8_t first_bus, uint8_t last_bus)
{
    unsigned window = tables.ecam_count++;
    tables.ecam[window] =
        (struct acpi_ecam){ECAM_BASE + (uint64_t)window * WINDOW_GAP, segment, first_bus, last_bus};
    return window;
}

static uint32_t *word(unsigned window, unsigned bus, unsigned offset)
{
    return (uint32_t *)(ecam[window] + bus * BUS_BYTES + offset);
}

static uint32_t read_ids(uint16_t segment, uint8_t bus, uint8_t slot)
{
    return pci_config_read((struct pci_address){segment, bus, slot, 0}, PCI_VENDOR, 4);
}

// The verdict of the first use holds for the whole window, whichever bus was asked for first. (The
// tests are in the order in which the windows are added: a verdict is never taken back.)
static void test_window_that_lies(void **state)
{
    (void)state;
    begin();
    unsigned window = add_window(0, 0, 3);
    *word(window, 0, 0) = OTHER;
    *word(window, 2, 0) = OTHER;
    assert_int_equal(read_ids(0, 2, 0), IDS + 2);
    assert_int_equal(read_ids(0, 0, 0), IDS);
    assert_int_equal(read_ids(0, 3, 0), IDS + 3);
    pci_config_write((struct pci_address){0, 2, 0, 0}, PCI_COMMAND, 4, 7);
    assert_int_equal(*word(window, 2, PCI_COMMAND), 0);
    assert_int_equal(port_writes, 1);
    // What only ECAM reaches is not there.
    assert_int_equal(pci_config_read((struct pci_address){0, 2, 0, 0}, 0x100, 4), 0xffffffff);
    assert_int_equal(log_lines, 1);
    assert_int_equal(maps, 1);
}

// A second window of the same segment is judged by its own first bus.
static void test_window_that_is_right(void **state)
{
    (void)state;
    begin();
    unsigned window = add_window(0, 4, 7);
    *word(window, 4, 0) = IDS + 4;
    *word(window, 6, 3 << 15) = OTHER;
    *word(window, 6, 0x100) = 0x77;
    assert_int_equal(read_ids(0, 6, 3), OTHER);
    assert_int_equal(pci_config_read((struct pci_address){0, 6, 0, 0}, 0x100, 4), 0x77);
    assert_int_equal(read_ids(0, 4, 0), IDS + 4);
    assert_int_equal(port_reads, 1); // to compare, once
    pci_config_write((struct pci_address){0, 6, 3, 0}, PCI_COMMAND, 2, 7);
    assert_int_equal(*word(window, 6, (3 << 15) + PCI_COMMAND), 7);
    assert_int_equal(port_writes, 0);
    assert_int_equal(log_lines, 0);
}

static void test_other_segment(void **state)
{
    (void)state;
    begin();
    unsigned window = add_window(1, 0, 7);
    *word(window, 0, 0) = OTHER;
    assert_int_equal(read_ids(1, 0, 0), OTHER);
    assert_int_equal(read_ids(2, 0, 0), 0xffffffff);
    assert_int_equal(port_reads, 0);
}

static void test_what_makes_no_sense(void **state)
{
    (void)state;
    begin();
    const struct pci_address good = {0, 0, 0, 0};
    assert_int_equal(pci_config_read((struct pci_address){0, 0, 32, 0}, 0, 4), 0xffffffff);
    assert_int_equal(pci_config_read((struct pci_address){0, 0, 0, 8}, 0, 4), 0xffffffff);
    assert_int_equal(pci_config_read(good, 4096, 4), 0xffffffff);
    assert_int_equal(pci_config_read(good, 2, 4), 0xffffffff);
    assert_int_equal(pci_config_read(good, 4096, 1), 0xff);
    pci_config_write(good, 4096, 4, 0);
    pci_config_write(good, 256, 4, 0); // the ports end before it
    assert_int_equal(port_reads, 0);
    assert_int_equal(port_writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_that_lies),
        cmocka_unit_test(test_window_that_is_right),
        cmocka_unit_test(test_other_segment),
        cmocka_unit_test(test_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, make_machine, unmake_machine);
}
