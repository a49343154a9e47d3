// SPDX-License-Identifier: BSD-2-Clause
// The ACPI walk on good and on broken tables. Every view of the fake physical memory is a heap
// block of its own, so that the sanitizer sees a read past what was asked for.
// links: kernel/acpi.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acpi.h"
#include "kernel/acpi_tables.h"
#include "kernel/log.h"
#include "kernel/vm.h"

enum {
    MEMORY_BYTES = 4 << 20,
    RSDP_AT = 0x1000,
    RSDT_AT = 0x2000,
    XSDT_AT = 0x3000,
    MADT_AT = 0x5000,
    MCFG_AT = 0x8000,
    FADT_AT = 0xa000,
    DMAR_AT = 0xb000,
    DSDT_AT = 0xc000,
    VIEWS_MAX = 4096,
};

static uint8_t memory[MEMORY_BYTES];
static void *views[VIEWS_MAX];
static unsigned view_count;
static uint64_t largest_view;
static char last_log[256];

const void *vm_map_readonly(uint64_t physical, uint64_t bytes)
{
    if (bytes == 0 || bytes > MEMORY_BYTES || physical > MEMORY_BYTES - bytes)
        return NULL;
    assert_true(view_count < VIEWS_MAX);
    if (bytes > largest_view)
        largest_view = bytes;
    void *view = malloc(bytes);
    memcpy(view, memory + physical, bytes);
    return views[view_count++] = view;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_log, sizeof last_log, format, arguments);
    va_end(arguments);
}

static uint8_t minus_sum(const void *bytes, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    return (uint8_t)-sum;
}

static void seal(uint64_t address)
{
    struct acpi_header *header = (void *)(memory + address);
    header->checksum = 0;
    header->checksum = minus_sum(header, header->length);
}

static void *begin_table(uint64_t address, const char *signature, uint32_t length)
{
    struct acpi_header *header = (void *)(memory + address);
    memset(header, 0, length);
    memcpy(header->signature, signature, 4);
    header->length = length;
    return header;
}

static void put_rsdp(uint64_t address, uint8_t revision)
{
    struct acpi_rsdp *rsdp = (void *)(memory + address);
    *rsdp = (struct acpi_rsdp){.revision = revision, .rsdt = RSDT_AT};
    memcpy(rsdp->signature, "RSD PTR ", 8);
    rsdp->checksum = minus_sum(rsdp, 20);
    if (revision >= 2) {
        rsdp->length = 36;
        rsdp->xsdt = XSDT_AT;
        rsdp->extended_checksum = minus_sum(rsdp, 36);
    }
}

static void put_xsdt(unsigned count, const uint64_t *addresses)
{
    begin_table(XSDT_AT, "XSDT", 36 + 8 * count);
    memcpy(memory + XSDT_AT + 36, addresses, 8 * count);
    seal(XSDT_AT);
}

static void put_rsdt(unsigned count, const uint32_t *addresses)
{
    begin_table(RSDT_AT, "RSDT", 36 + 4 * count);
    memcpy(memory + RSDT_AT + 36, addresses, 4 * count);
    seal(RSDT_AT);
}

// Two processors that are on, one that is off, one by x2APIC, and the first again.
static const uint8_t madt_entries[] = {
    0, 8,  0, 0, 1,    0,    0,    0,                            // APIC id 0
    0, 8,  1, 2, 1,    0,    0,    0,                            // APIC id 2
    0, 8,  2, 4, 0,    0,    0,    0,                            // APIC id 4: off
    1, 12, 0, 0, 0,    0,    0xc0, 0xfe, 0, 0, 0, 0,             // an I/O APIC
    9, 16, 0, 0, 0x34, 0x12, 0,    0,    1, 0, 0, 0, 0, 0, 0, 0, // x2APIC id 0x1234
    9, 16, 0, 0, 0,    0,    0,    0,    1, 0, 0, 0, 0, 0, 0, 0, // id 0 once more
};

static void put_madt(const uint8_t *entries, uint32_t bytes)
{
    struct acpi_madt *madt = begin_table(MADT_AT, "APIC", 44 + bytes);
    madt->local_apic = 0xfee00000;
    memcpy(madt + 1, entries, bytes);
    seal(MADT_AT);
}

static void put_mcfg(unsigned count, const struct acpi_mcfg_entry *entries)
{
    struct acpi_mcfg *mcfg = begin_table(MCFG_AT, "MCFG", 44 + 16 * count);
    memcpy(mcfg + 1, entries, 16 * count);
    seal(MCFG_AT);
}

static struct acpi_fadt *begin_fadt(uint32_t length)
{
    struct acpi_fadt *fadt = begin_table(FADT_AT, "FACP", length);
    fadt->pm_timer = 0x608;
    fadt->pm_timer_length = 4;
    return fadt;
}

static void put_fadt(void)
{
    struct acpi_fadt *fadt = begin_fadt(276);
    fadt->flags = ACPI_FADT_TIMER_32BIT | ACPI_FADT_RESET;
    fadt->reset = (struct acpi_address){ACPI_SPACE_IO, 8, 0, 1, 0xcf9};
    fadt->reset_value = 0x0f;
    fadt->x_pm_timer = (struct acpi_address){ACPI_SPACE_IO, 32, 0, 3, 0xb008};
    seal(FADT_AT);
}

static const struct acpi_mcfg_entry good_ecam = {0xb0000000, 0, 0, 255, 0};

static int set_up(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    largest_view = 0;
    put_rsdp(RSDP_AT, 2);
    put_xsdt(4, (const uint64_t[]){MADT_AT, MCFG_AT, FADT_AT, DMAR_AT});
    put_rsdt(1, (const uint32_t[]){FADT_AT});
    put_madt(madt_entries, sizeof madt_entries);
    put_mcfg(1, &good_ecam);
    put_fadt();
    begin_table(DMAR_AT, "DMAR", 48);
    seal(DMAR_AT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (view_count > 0)
        free(views[--view_count]);
    return 0;
}

static void test_everything_is_read(void **state)
{
    (void)state;
    acpi_init(RSDP_AT);
    const struct acpi *a = acpi();
    assert_int_equal(a->local_apic, 0xfee00000);
    assert_int_equal(a->cpu_count, 3);
    assert_int_equal(a->cpu_apic_ids[0], 0);
    assert_int_equal(a->cpu_apic_ids[1], 2);
    assert_int_equal(a->cpu_apic_ids[2], 0x1234);
    assert_int_equal(a->io_apic_count, 1);
    assert_int_equal(a->io_apics[0], 0xfec00000);
    assert_int_equal(a->ecam_count, 1);
    assert_int_equal(a->ecam[0].base, 0xb0000000);
    assert_int_equal(a->ecam[0].last_bus, 255);
    assert_int_equal(a->pm_timer_port, 0xb008);
    assert_true(a->pm_timer_32bit);
    assert_int_equal(a->dmar, DMAR_AT);
    assert_int_equal(a->reset_address, 0xcf9);
    assert_int_equal(a->reset_space, ACPI_SPACE_IO);
    assert_int_equal(a->reset_value, 0x0f);
}

static void test_revision_0_uses_rsdt(void **state)
{
    (void)state;
    put_rsdp(RSDP_AT, 0);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0xb008);
    assert_int_equal(acpi()->cpu_count, 0);
    assert_int_equal(acpi()->dmar, 0);
}

static void test_broken_xsdt_falls_back(void **state)
{
    (void)state;
    memory[XSDT_AT + 36]++;
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0xb008);
    assert_int_equal(acpi()->cpu_count, 0);
}

static void test_broken_extended_rsdp_falls_back(void **state)
{
    (void)state;
    memory[RSDP_AT + 24]++; // in the address of the XSDT: only the extended checksum covers it
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0xb008);
    assert_int_equal(acpi()->cpu_count, 0);
}

static void of_qemu(uint64_t address)
{
    struct acpi_header *header = (void *)(memory + address);
    memcpy(header->oem, "BOCHS ", 6);
    memcpy(header->oem_table, "BXPC    ", 8);
    seal(address);
}

// Only QEMU's is kept, whole and of the right kind, wherever the FADT says it is.
static void test_dsdt(void **state)
{
    (void)state;
    struct acpi_fadt *fadt = (void *)(memory + FADT_AT);
    begin_table(DSDT_AT, "DSDT", 99);
    fadt->dsdt = DSDT_AT;
    of_qemu(DSDT_AT);
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_null(acpi()->qemu_dsdt); // another maker's FADT
    of_qemu(FADT_AT);
    acpi_init(RSDP_AT);
    assert_non_null(acpi()->qemu_dsdt);
    assert_int_equal(acpi()->qemu_dsdt->length, 99);
    fadt->dsdt = 0x1234;
    fadt->x_dsdt = DSDT_AT;
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_non_null(acpi()->qemu_dsdt);
    memory[DSDT_AT + 50]++;
    acpi_init(RSDP_AT);
    assert_null(acpi()->qemu_dsdt);
    begin_table(DSDT_AT, "SSDT", 99);
    of_qemu(DSDT_AT);
    acpi_init(RSDP_AT);
    assert_null(acpi()->qemu_dsdt);
    begin_table(DSDT_AT, "DSDT", 99);
    seal(DSDT_AT);
    acpi_init(RSDP_AT);
    assert_null(acpi()->qemu_dsdt);
}

static void test_rsdp_is_searched(void **state)
{
    (void)state;
    memset(memory + RSDP_AT, 0, 36);
    put_rsdp(0xffff0 - 16, 2);
    acpi_init(0);
    assert_int_equal(acpi()->cpu_count, 3);
    // Not on a boundary of 16 bytes: not an RSDP.
    memset(memory + 0xe0000, 0, 0x20000);
    put_rsdp(0xf0008, 2);
    acpi_init(0);
    assert_int_equal(acpi()->cpu_count, 0);
    // In the EBDA, which the word at 0x40e names; a broken one stands before it.
    memcpy(memory + 0x40e, &(uint16_t){0x9fc0}, 2);
    put_rsdp(0x9fc00, 2);
    memory[0x9fc00 + 9]++;
    put_rsdp(0x9fc20, 2);
    acpi_init(0);
    assert_int_equal(acpi()->cpu_count, 3);
}

static void test_wrong_rsdp_address_searches(void **state)
{
    (void)state;
    put_rsdp(0xe0000, 2);
    acpi_init(0x7654);
    assert_int_equal(acpi()->cpu_count, 3);
    acpi_init(UINT64_MAX - 3);
    assert_int_equal(acpi()->cpu_count, 3);
}

static void test_no_rsdp(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    acpi_init(0);
    assert_int_equal(acpi()->cpu_count, 0);
    assert_int_equal(acpi()->local_apic, 0);
    assert_string_equal(last_log, "ACPI: no RSDP");
}

// Whatever length a table claims, it is either right or ignored, and never mapped beyond 1 MiB.
static void test_lengths(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {
        0, 1, 35, 36, 43, 1 << 20, 1 << 21, 0x7fffffff, 0x80000000, UINT32_MAX, UINT32_MAX - 35};
    static const uint64_t tables[] = {XSDT_AT, MADT_AT, MCFG_AT, FADT_AT, DMAR_AT};
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (unsigned l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            set_up(NULL);
            memcpy(memory + tables[t] + 4, &lengths[l], 4);
            acpi_init(RSDP_AT);
            assert_true(largest_view <= 1 << 20);
            if (tables[t] == MADT_AT)
                assert_int_equal(acpi()->cpu_count, 0);
            if (tables[t] == MCFG_AT)
                assert_int_equal(acpi()->ecam_count, 0);
            tear_down(NULL);
        }
    }
}

// Each table cut short, with a good checksum: what is still whole is used, nothing else is read.
static void test_truncated(void **state)
{
    (void)state;
    static const uint64_t tables[] = {XSDT_AT, MADT_AT, MCFG_AT, FADT_AT};
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        uint32_t whole;
        memcpy(&whole, memory + tables[t] + 4, 4);
        for (uint32_t length = 36; length < whole; length++) {
            set_up(NULL);
            memcpy(memory + tables[t] + 4, &length, 4);
            seal(tables[t]);
            acpi_init(RSDP_AT);
            if (tables[t] == FADT_AT && length >= 129)
                assert_int_equal(acpi()->reset_address, 0xcf9);
            if (tables[t] == FADT_AT && length < 129)
                assert_int_equal(acpi()->reset_address, 0);
            if (tables[t] == FADT_AT && length >= 116 && length < 220)
                assert_int_equal(acpi()->pm_timer_port, 0x608);
            if (tables[t] == MCFG_AT)
                assert_int_equal(acpi()->ecam_count, 0);
            tear_down(NULL);
        }
    }
}

static void test_table_ends_outside_memory(void **state)
{
    (void)state;
    const uint64_t at = MEMORY_BYTES - 40;
    struct acpi_header *header = (void *)(memory + at);
    memcpy(header->signature, "APIC", 4);
    header->length = 100;
    put_xsdt(4, (const uint64_t[]){at, MEMORY_BYTES - 8, UINT64_MAX - 8, MCFG_AT});
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 0);
    assert_int_equal(acpi()->ecam_count, 1);
}

static void test_bad_checksum(void **state)
{
    (void)state;
    memory[MADT_AT + 40]++;
    memory[DMAR_AT + 40]++;
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 0);
    assert_int_equal(acpi()->local_apic, 0);
    assert_int_equal(acpi()->dmar, 0);
    assert_int_equal(acpi()->ecam_count, 1);
}

static void test_loops(void **state)
{
    (void)state;
    uint64_t itself[64];
    for (unsigned i = 0; i < 64; i++)
        itself[i] = i == 63 ? MCFG_AT : XSDT_AT;
    put_xsdt(64, itself);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, 1);
    // The same table many times counts once.
    for (unsigned i = 0; i < 64; i++)
        itself[i] = MCFG_AT;
    put_xsdt(64, itself);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, 1);
    // An RSDP whose XSDT is an RSDT, and the other way round.
    struct acpi_rsdp *rsdp = (void *)(memory + RSDP_AT);
    rsdp->xsdt = RSDT_AT;
    rsdp->extended_checksum = 0;
    rsdp->extended_checksum = minus_sum(rsdp, 36);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, 0);
    assert_int_equal(acpi()->pm_timer_port, 0xb008);
}

static void test_too_many_tables(void **state)
{
    (void)state;
    uint64_t many[400];
    for (unsigned i = 0; i < 400; i++)
        many[i] = i == 399 ? MCFG_AT : i == 255 ? MADT_AT : XSDT_AT;
    put_xsdt(400, many);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 3);
    assert_int_equal(acpi()->ecam_count, 0);
}

static void test_madt_entry_lengths(void **state)
{
    (void)state;
    // Length 0 must not spin, 1 neither; what came before stands.
    for (uint8_t length = 0; length < 2; length++) {
        const uint8_t entries[] = {0, 8, 0, 7, 1, 0, 0, 0, 0, length, 0, 9, 1, 0, 0, 0};
        put_madt(entries, sizeof entries);
        acpi_init(RSDP_AT);
        assert_int_equal(acpi()->cpu_count, 1);
        assert_int_equal(acpi()->cpu_apic_ids[0], 7);
    }
    // Longer than the table.
    const uint8_t beyond[] = {0, 9, 0, 7, 1, 0, 0, 0};
    put_madt(beyond, sizeof beyond);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 0);
    // Too short for their type, but well formed: skipped, at the very end of the table too.
    const uint8_t cut[] = {0, 4, 0, 7, 5, 4, 0, 0, 0, 8, 0, 3, 1,
                           0, 0, 0, 9, 8, 0, 0, 1, 0, 0, 0, 0, 2};
    put_madt(cut, sizeof cut);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 1);
    assert_int_equal(acpi()->cpu_apic_ids[0], 3);
    assert_int_equal(acpi()->local_apic, 0xfee00000);
    // One byte left over.
    const uint8_t odd[] = {0, 8, 0, 3, 1, 0, 0, 0, 0};
    put_madt(odd, sizeof odd);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, 1);
}

static void test_local_apic_override(void **state)
{
    (void)state;
    const uint8_t entries[] = {5, 12, 0, 0, 0, 0, 0, 0xd0, 0x0f, 0, 0, 0};
    put_madt(entries, sizeof entries);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->local_apic, 0xfd0000000);
}

static void test_too_many_processors(void **state)
{
    (void)state;
    static uint8_t entries[300 * 16];
    for (unsigned i = 0; i < 300; i++) {
        const uint8_t cpu[16] = {9, 16, 0, 0, (uint8_t)i, (uint8_t)(i >> 8), 0, 0, 1};
        memcpy(entries + i * 16, cpu, 16);
    }
    put_madt(entries, sizeof entries);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->cpu_count, ACPI_CPUS_MAX);
    assert_int_equal(acpi()->cpu_apic_ids[255], 255);
}

static void test_io_apics(void **state)
{
    (void)state;
    static uint8_t entries[100 * 12];
    for (unsigned i = 0; i < 100; i++) { // the first is nowhere, the last two are the same
        const uint8_t io_apic[12] = {
            1, 12, 0, 0, 0, (uint8_t)((i < 99 ? i : 98) << 4), 0xc0, i == 0 ? 0 : 0xfe};
        memcpy(entries + i * 12, io_apic, 12);
    }
    entries[6] = 0;
    put_madt(entries, 12 * 12);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->io_apic_count, 11);
    assert_int_equal(acpi()->io_apics[0], 0xfec01000);
    put_madt(entries + 97 * 12, 3 * 12);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->io_apic_count, 2);
    for (unsigned i = 0; i < 100; i++)
        entries[i * 12 + 4] = (uint8_t)i; // all different
    put_madt(entries, sizeof entries);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->io_apic_count, ACPI_IO_APICS_MAX);
    const uint8_t cut[] = {1, 11, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0};
    put_madt(cut, sizeof cut);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->io_apic_count, 0);
}

static void test_absurd_mcfg(void **state)
{
    (void)state;
    const struct acpi_mcfg_entry entries[] = {
        {0, 0, 0, 255, 0},                      // nowhere
        {0xb0000000, 0, 5, 4, 0},               // ends before it begins
        {0xb0001000, 0, 0, 255, 0},             // not aligned
        {0xfffffffffff00000, 0, 0, 255, 0},     // wraps
        {(1ull << 52) - (1 << 20), 0, 0, 1, 0}, // beyond what can be addressed
        {0xb0000000, 3, 255, 255, 0},           // odd, but possible
    };
    put_mcfg(6, entries);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, 1);
    assert_int_equal(acpi()->ecam[0].segment, 3);
    struct acpi_mcfg_entry many[20];
    for (unsigned i = 0; i < 20; i++)
        many[i] = (struct acpi_mcfg_entry){0x100000000 * (i + 1), (uint16_t)i, 0, 255, 0};
    put_mcfg(20, many);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, ACPI_ECAM_MAX);
}

static void test_mcfg_with_the_same_buses_twice(void **state)
{
    (void)state;
    const struct acpi_mcfg_entry entries[] = {
        {0xb0000000, 0, 0x10, 0x7f, 0}, {0xb0000000, 0, 0x10, 0x7f, 0}, // again
        {0xc0000000, 0, 0x00, 0x10, 0},                                 // shares the first,
        {0xc0000000, 0, 0x7f, 0xff, 0},                                 // the last,
        {0xc0000000, 0, 0x00, 0xff, 0},                                 // all,
        {0xc0000000, 0, 0x20, 0x20, 0},                                 // one
        {0xc0000000, 1, 0x00, 0xff, 0},                                 // of another segment
        {0xd0000000, 0, 0x00, 0x0f, 0}, {0xd0000000, 0, 0x80, 0xff, 0}, // before and behind
    };
    put_mcfg(9, entries);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->ecam_count, 4);
    assert_int_equal(acpi()->ecam[0].base, 0xb0000000);
    assert_int_equal(acpi()->ecam[1].segment, 1);
    assert_int_equal(acpi()->ecam[2].last_bus, 0x0f);
    assert_int_equal(acpi()->ecam[3].first_bus, 0x80);
}

static void test_fadt_variants(void **state)
{
    (void)state;
    // ACPI 1.0: 116 bytes, 24-bit timer, no reset register.
    begin_fadt(116);
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0x608);
    assert_false(acpi()->pm_timer_32bit);
    assert_int_equal(acpi()->reset_address, 0);
    // No ACPI hardware: no timer.
    begin_fadt(276)->flags = ACPI_FADT_HARDWARE_REDUCED;
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0);
    // A timer and a reset register where we cannot reach them.
    struct acpi_fadt *fadt = begin_fadt(276);
    fadt->flags = ACPI_FADT_RESET;
    fadt->x_pm_timer = (struct acpi_address){ACPI_SPACE_MEMORY, 32, 0, 3, 0xfed00000};
    fadt->reset = (struct acpi_address){ACPI_SPACE_IO, 8, 0, 1, 0x10cf9};
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0);
    assert_int_equal(acpi()->reset_address, 0);
    fadt = begin_fadt(276);
    fadt->flags = ACPI_FADT_RESET;
    fadt->pm_timer = 0x1fffc;
    fadt->reset = (struct acpi_address){127, 8, 0, 1, 0xcf9};
    seal(FADT_AT);
    acpi_init(RSDP_AT);
    assert_int_equal(acpi()->pm_timer_port, 0);
    assert_int_equal(acpi()->reset_address, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_everything_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revision_0_uses_rsdt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_xsdt_falls_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_extended_rsdp_falls_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dsdt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rsdp_is_searched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_rsdp_address_searches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_rsdp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_table_ends_outside_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_checksum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_madt_entry_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_apic_override, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_processors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_io_apics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absurd_mcfg, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mcfg_with_the_same_buses_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fadt_variants, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
