// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target for acpi_init(). The input describes tables: each has a byte that says what it
// is, two with its length, and its contents; signature, length and checksum are put right, so that
// mutations reach what is behind them. With the first byte odd the input is the memory itself, as
// is. links: kernel/acpi.c
//
//   clang-19 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. \
//       -o build/fuzz_acpi tests/fuzz/fuzz_acpi.c kernel/acpi.c
//   mkdir -p build/corpus_acpi && build/fuzz_acpi -max_len=4096 -max_total_time=60 \
//       build/corpus_acpi tests/fuzz/acpi_corpus
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/acpi.h"
#include "kernel/acpi_tables.h"
#include "kernel/log.h"
#include "kernel/vm.h"

enum {
    MEMORY_BYTES = 64 * 1024,
    RSDP_AT = 0x10,
    XSDT_AT = 0x100,
    TABLES_AT = 0x1000,
    TABLES_MAX = 32,
    VIEWS_MAX = 2048, // 256 tables, each looked at three times, in two root tables
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MEMORY_BYTES];
static void *views[VIEWS_MAX];
static unsigned view_count;

static void require(bool holds)
{
    if (!holds)
        abort();
}

// A block of its own for each view: the sanitizer sees every byte read past it.
const void *vm_map_readonly(uint64_t physical, uint64_t bytes)
{
    if (bytes == 0 || bytes > MEMORY_BYTES || physical > MEMORY_BYTES - bytes)
        return NULL;
    require(view_count < VIEWS_MAX);
    void *view = malloc(bytes);
    memcpy(view, memory + physical, bytes);
    return views[view_count++] = view;
}

void log_line(const char *format, ...)
{
    (void)format;
}

static void seal(void *bytes, size_t length, uint8_t *checksum)
{
    uint8_t sum = 0;
    *checksum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + ((uint8_t *)bytes)[i]);
    *checksum = (uint8_t)-sum;
}

static void put_table(uint64_t at, const char *signature, const uint8_t *contents, size_t size)
{
    struct acpi_header *header = (void *)(memory + at);
    memcpy(header->signature, signature, 4);
    header->length = (uint32_t)(sizeof *header + size);
    memcpy(header + 1, contents, size);
    seal(header, header->length, &header->checksum);
}

static void put_tables(const uint8_t *data, size_t size)
{
    static const char *const signatures[] = {"APIC", "MCFG", "FACP", "DMAR", "XSDT", "HPET"};
    uint64_t addresses[TABLES_MAX], at = TABLES_AT;
    unsigned count = 0;
    while (size >= 3 && count < TABLES_MAX) {
        size_t length = data[1] | (size_t)(data[2] & 0x0f) << 8;
        const char *signature = signatures[data[0] % 6];
        data += 3;
        size -= 3;
        if (length > size)
            length = size;
        if (length > MEMORY_BYTES - sizeof(struct acpi_header) - at)
            break;
        put_table(at, signature, data, length);
        addresses[count++] = at;
        at += sizeof(struct acpi_header) + length;
        data += length;
        size -= length;
    }
    put_table(XSDT_AT, "XSDT", (const uint8_t *)addresses, count * sizeof addresses[0]);

    struct acpi_rsdp *rsdp = (void *)(memory + RSDP_AT);
    memcpy(rsdp->signature, "RSD PTR ", 8);
    rsdp->revision = 2;
    seal(rsdp, 20, &rsdp->checksum);
    rsdp->length = sizeof *rsdp;
    rsdp->xsdt = XSDT_AT;
    seal(rsdp, sizeof *rsdp, &rsdp->extended_checksum);
}

static void check(const struct acpi *a)
{
    require(a->cpu_count <= ACPI_CPUS_MAX && a->ecam_count <= ACPI_ECAM_MAX);
    for (unsigned i = 0; i < a->ecam_count; i++) {
        const struct acpi_ecam *e = &a->ecam[i];
        require(e->base != 0 && e->base % (1 << 20) == 0 && e->first_bus <= e->last_bus);
        require(e->base + ((e->last_bus + 1ull) << 20) <= 1ull << 52);
    }
    for (unsigned i = 0; i < a->cpu_count; i++)
        for (unsigned j = 0; j < i; j++)
            require(a->cpu_apic_ids[i] != a->cpu_apic_ids[j]);
    require(a->reset_space <= ACPI_SPACE_PCI);
    require(a->reset_space != ACPI_SPACE_IO || a->reset_address <= 0xffff);
    require(a->pm_timer_port <= 0xfffc);
    require(a->dmar == 0 || (a->dmar < MEMORY_BYTES && memcmp(memory + a->dmar, "DMAR", 4) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    memset(memory, 0, sizeof memory);
    if (data[0] & 1)
        memcpy(memory, data + 1, size - 1 < MEMORY_BYTES ? size - 1 : MEMORY_BYTES);
    else
        put_tables(data + 1, size - 1);
    acpi_init(RSDP_AT);
    check(acpi());
    while (view_count > 0)
        free(views[--view_count]);
    return 0;
}
