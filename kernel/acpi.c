// SPDX-License-Identifier: BSD-2-Clause
// The walk over the ACPI tables. ACPI 6.4, 5.2.5 (RSDP), 5.2.7 (RSDT), 5.2.8 (XSDT), 5.2.9 (FADT),
// 5.2.12 (MADT); PCI Firmware 3.2, 4.1.2 (MCFG).
#include "kernel/acpi.h"

#include <string.h>

#include "kernel/acpi_tables.h"
#include "kernel/log.h"
#include "kernel/vm.h"

enum {
    TABLE_BYTES_MAX = 1 << 20, // of a table that we read; real ones have some hundred bytes
    TABLES_MAX = 256,          // root table entries that are looked at
    EBDA_POINTER = 0x40e,      // segment of the extended BIOS data area
    EBDA_BYTES = 1024,         // searched at its beginning (5.2.5.1)
    BIOS_AREA = 0xe0000,
    BIOS_AREA_BYTES = 0x20000,
    RSDP_REVISION_0_BYTES = 20,
    BUS_SHIFT = 20, // ECAM: 1 MiB of configuration space a bus
};

static struct acpi found;

const struct acpi *acpi(void)
{
    return &found;
}

static bool sums_to_zero(const void *bytes, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    return sum == 0;
}

// A whole table with the right checksum, or NULL. It is at least minimum bytes long.
static const void *map_table(uint64_t address, size_t minimum)
{
    const struct acpi_header *header = vm_map_readonly(address, sizeof *header);
    if (header == NULL)
        return NULL;
    uint32_t length = header->length;
    if (length < minimum || length > TABLE_BYTES_MAX) {
        log_line("ACPI: %.4s at %#llx has length %u, expected %zu to %u: ignored",
                 header->signature, (unsigned long long)address, (unsigned)length, minimum,
                 (unsigned)TABLE_BYTES_MAX);
        return NULL;
    }
    header = vm_map_readonly(address, length);
    if (header == NULL || header->length != length) {
        log_line("ACPI: table at %#llx, %u bytes, cannot be read: ignored",
                 (unsigned long long)address, (unsigned)length);
        return NULL;
    }
    if (!sums_to_zero(header, length)) {
        log_line("ACPI: %.4s at %#llx has a wrong checksum: ignored", header->signature,
                 (unsigned long long)address);
        return NULL;
    }
    return header;
}

static void add_cpu(uint32_t apic_id, uint32_t flags)
{
    if (!(flags & ACPI_MADT_ENABLED))
        return;
    for (unsigned i = 0; i < found.cpu_count; i++)
        if (found.cpu_apic_ids[i] == apic_id)
            return;
    if (found.cpu_count == ACPI_CPUS_MAX) {
        log_line("ACPI: more than %u processors: APIC id %u ignored", (unsigned)ACPI_CPUS_MAX,
                 (unsigned)apic_id);
        return;
    }
    found.cpu_apic_ids[found.cpu_count++] = apic_id;
}

static void add_io_apic(uint32_t address)
{
    if (address == 0)
        return;
    for (unsigned i = 0; i < found.io_apic_count; i++)
        if (found.io_apics[i] == address)
            return;
    if (found.io_apic_count == ACPI_IO_APICS_MAX) {
        log_line("ACPI: more than %u I/O APICs: the one at %#x is ignored",
                 (unsigned)ACPI_IO_APICS_MAX, (unsigned)address);
        return;
    }
    found.io_apics[found.io_apic_count++] = address;
}

static void read_madt_entry(const void *entry, unsigned type, unsigned length)
{
    if (type == ACPI_MADT_LOCAL_APIC && length >= sizeof(struct acpi_madt_local_apic)) {
        const struct acpi_madt_local_apic *cpu = entry;
        add_cpu(cpu->apic_id, cpu->flags);
    } else if (type == ACPI_MADT_IO_APIC && length >= sizeof(struct acpi_madt_io_apic)) {
        const struct acpi_madt_io_apic *io_apic = entry;
        add_io_apic(io_apic->address);
    } else if (type == ACPI_MADT_LOCAL_X2APIC && length >= sizeof(struct acpi_madt_local_x2apic)) {
        const struct acpi_madt_local_x2apic *cpu = entry;
        add_cpu(cpu->apic_id, cpu->flags);
    } else if (type == ACPI_MADT_LOCAL_APIC_ADDRESS &&
               length >= sizeof(struct acpi_madt_local_apic_address)) {
        const struct acpi_madt_local_apic_address *override = entry;
        found.local_apic = override->address;
    }
}

static void read_madt(const void *table)
{
    const struct acpi_madt *madt = table;
    found.local_apic = madt->local_apic;
    uint32_t offset = sizeof *madt;
    while (madt->header.length - offset >= sizeof(struct acpi_madt_entry)) {
        const uint8_t *entry = (const uint8_t *)table + offset;
        unsigned type = entry[0], length = entry[1];
        if (length < sizeof(struct acpi_madt_entry) || length > madt->header.length - offset) {
            log_line("ACPI: MADT entry at %u has length %u: the rest is ignored", (unsigned)offset,
                     length);
            return;
        }
        read_madt_entry(entry, type, length);
        offset += length;
    }
}

// Bus 0 of the window may lie at any multiple of 1 MiB below 2^52.
static bool ecam_plausible(const struct acpi_mcfg_entry *entry)
{
    const uint64_t limit = 1ull << 52;
    uint64_t bytes = (uint64_t)(entry->last_bus + 1u) << BUS_SHIFT;
    return entry->base != 0 && entry->base % (1u << BUS_SHIFT) == 0 &&
           entry->first_bus <= entry->last_bus && entry->base <= limit - bytes;
}

// What two windows show would be found twice.
static bool ecam_known(const struct acpi_mcfg_entry *entry)
{
    for (unsigned i = 0; i < found.ecam_count; i++)
        if (found.ecam[i].segment == entry->segment && found.ecam[i].first_bus <= entry->last_bus &&
            entry->first_bus <= found.ecam[i].last_bus)
            return true;
    return false;
}

static void read_mcfg(const void *table)
{
    const struct acpi_mcfg *mcfg = table;
    const struct acpi_mcfg_entry *entry = (const void *)(mcfg + 1);
    unsigned count = (unsigned)((mcfg->header.length - sizeof *mcfg) / sizeof *entry);
    for (unsigned i = 0; i < count; i++, entry++) {
        if (!ecam_plausible(entry)) {
            log_line("ACPI: MCFG entry %u is not plausible (base %#llx, buses %u to %u): ignored",
                     i, (unsigned long long)entry->base, entry->first_bus, entry->last_bus);
            continue;
        }
        if (ecam_known(entry)) {
            log_line(
                "ACPI: MCFG entry %u (segment %u, buses %u to %u) has buses of another: ignored", i,
                entry->segment, entry->first_bus, entry->last_bus);
            continue;
        }
        if (found.ecam_count == ACPI_ECAM_MAX) {
            log_line("ACPI: more than %u MCFG entries: the rest is ignored",
                     (unsigned)ACPI_ECAM_MAX);
            return;
        }
        found.ecam[found.ecam_count++] =
            (struct acpi_ecam){entry->base, entry->segment, entry->first_bus, entry->last_bus};
    }
}

// 4.8.3.3, 5.2.9: the extended address holds where it is there; otherwise the old field.
static void read_pm_timer(const struct acpi_fadt *fadt)
{
    uint64_t port = fadt->pm_timer_length == 4 ? fadt->pm_timer : 0;
    if (fadt->header.length >= sizeof *fadt && fadt->x_pm_timer.address != 0)
        port = fadt->x_pm_timer.space == ACPI_SPACE_IO ? fadt->x_pm_timer.address : 0;
    if (port == 0 || port > 0xfffc || (fadt->flags & ACPI_FADT_HARDWARE_REDUCED))
        return;
    found.pm_timer_port = (uint16_t)port;
    found.pm_timer_32bit = (fadt->flags & ACPI_FADT_TIMER_32BIT) != 0;
}

// 4.8.3.6: eight bits wide, in memory, an I/O port or the configuration space of bus 0.
static void read_reset(const struct acpi_fadt *fadt)
{
    const size_t end = offsetof(struct acpi_fadt, reset_value) + 1;
    if (fadt->header.length < end || !(fadt->flags & ACPI_FADT_RESET))
        return;
    uint8_t space = fadt->reset.space;
    uint64_t address = fadt->reset.address;
    if (space > ACPI_SPACE_PCI || (space == ACPI_SPACE_IO && address > 0xffff)) {
        log_line("ACPI: reset register in space %u at %#llx is not usable", space,
                 (unsigned long long)address);
        return;
    }
    found.reset_address = address;
    found.reset_space = space;
    found.reset_value = fadt->reset_value;
}

// Both parts of the maker's name. QEMU, include/hw/acpi/aml-build.h.
static bool is_of_qemu(const struct acpi_header *header)
{
    return memcmp(header->oem, "BOCHS ", sizeof header->oem) == 0 &&
           memcmp(header->oem_table, "BXPC    ", sizeof header->oem_table) == 0;
}

// 5.2.11.1. Those of other makers are of no use here.
static void read_dsdt(const struct acpi_fadt *fadt)
{
    uint64_t address = fadt->dsdt;
    if (fadt->header.length >= sizeof *fadt && fadt->x_dsdt != 0)
        address = fadt->x_dsdt;
    const struct acpi_header *dsdt = NULL;
    if (address != 0 && is_of_qemu(&fadt->header))
        dsdt = map_table(address, sizeof *dsdt);
    if (dsdt != NULL && is_of_qemu(dsdt) &&
        memcmp(dsdt->signature, "DSDT", sizeof dsdt->signature) == 0)
        found.qemu_dsdt = dsdt;
}

static void read_fadt(const void *table)
{
    read_dsdt(table);
    read_pm_timer(table);
    read_reset(table);
}

static const struct wanted {
    char signature[5];
    size_t minimum;
    void (*read)(const void *table); // NULL: only its address is kept
} wanted[] = {
    {"APIC", sizeof(struct acpi_madt), read_madt},
    {"MCFG", sizeof(struct acpi_mcfg), read_mcfg},
    {"FACP", offsetof(struct acpi_fadt, reset), read_fadt}, // as long as in ACPI 1.0
    {"DMAR", sizeof(struct acpi_header), NULL},
};
enum { WANTED = sizeof wanted / sizeof wanted[0] };

// Reads the table at this address if it is wanted and was not yet seen.
static void read_table(uint64_t address, bool seen[WANTED])
{
    const struct acpi_header *header = vm_map_readonly(address, sizeof *header);
    if (header == NULL) {
        log_line("ACPI: table at %#llx is outside of readable memory", (unsigned long long)address);
        return;
    }
    for (unsigned i = 0; i < WANTED; i++) {
        if (memcmp(header->signature, wanted[i].signature, sizeof header->signature) != 0)
            continue;
        const void *table = seen[i] ? NULL : map_table(address, wanted[i].minimum);
        if (table == NULL)
            return;
        seen[i] = true;
        if (wanted[i].read != NULL)
            wanted[i].read(table);
        else
            found.dmar = address;
        return;
    }
}

// address_bytes: 4 in an RSDT, 8 in an XSDT. False when there is no such table.
static bool read_root(uint64_t address, const char *signature, size_t address_bytes)
{
    const struct acpi_header *root = address != 0 ? map_table(address, sizeof *root) : NULL;
    if (root == NULL || memcmp(root->signature, signature, sizeof root->signature) != 0)
        return false;
    size_t count = (root->length - sizeof *root) / address_bytes;
    if (count > TABLES_MAX) {
        log_line("ACPI: %s names %zu tables; only %u are looked at", signature, count,
                 (unsigned)TABLES_MAX);
        count = TABLES_MAX;
    }
    bool seen[WANTED] = {false};
    for (size_t i = 0; i < count; i++) {
        uint64_t table = 0;
        memcpy(&table, (const uint8_t *)(root + 1) + i * address_bytes, address_bytes);
        if (table != 0)
            read_table(table, seen);
    }
    log_line("ACPI: %s at %#llx, %zu tables, %u processors, %u ECAM windows", signature,
             (unsigned long long)address, count, found.cpu_count, found.ecam_count);
    return true;
}

// Copies the RSDP at this address if there is a valid one.
static bool copy_rsdp(uint64_t address, struct acpi_rsdp *rsdp)
{
    const void *at = vm_map_readonly(address, RSDP_REVISION_0_BYTES);
    memset(rsdp, 0, sizeof *rsdp);
    if (at == NULL)
        return false;
    memcpy(rsdp, at, RSDP_REVISION_0_BYTES);
    if (memcmp(rsdp->signature, "RSD PTR ", sizeof rsdp->signature) != 0 ||
        !sums_to_zero(rsdp, RSDP_REVISION_0_BYTES))
        return false;
    if (rsdp->revision < 2)
        return true;
    at = vm_map_readonly(address, sizeof *rsdp);
    if (at == NULL || !sums_to_zero(at, sizeof *rsdp)) {
        log_line("ACPI: extended RSDP is broken: only its RSDT is used");
        return true;
    }
    memcpy(rsdp, at, sizeof *rsdp);
    return true;
}

// 5.2.5.1: on a boundary of 16 bytes.
static bool search_rsdp(uint64_t base, uint64_t bytes, struct acpi_rsdp *rsdp)
{
    const char *area = vm_map_readonly(base, bytes);
    if (area == NULL)
        return false;
    for (uint64_t i = 0; i + RSDP_REVISION_0_BYTES <= bytes; i += 16)
        if (memcmp(area + i, "RSD PTR ", 8) == 0 && copy_rsdp(base + i, rsdp))
            return true;
    return false;
}

static bool find_rsdp(struct acpi_rsdp *rsdp)
{
    const void *pointer = vm_map_readonly(EBDA_POINTER, sizeof(uint16_t));
    if (pointer != NULL) {
        uint16_t segment;
        memcpy(&segment, pointer, sizeof segment);
        if (segment != 0 && search_rsdp((uint64_t)segment << 4, EBDA_BYTES, rsdp))
            return true;
    }
    return search_rsdp(BIOS_AREA, BIOS_AREA_BYTES, rsdp);
}

void acpi_init(uint64_t address)
{
    struct acpi_rsdp rsdp;
    memset(&found, 0, sizeof found);
    if (address != 0 && !copy_rsdp(address, &rsdp)) {
        log_line("ACPI: no valid RSDP at %#llx: searching", (unsigned long long)address);
        address = 0;
    }
    if (address == 0 && !find_rsdp(&rsdp)) {
        log_line("ACPI: no RSDP");
        return;
    }
    if (!read_root(rsdp.xsdt, "XSDT", 8) && !read_root(rsdp.rsdt, "RSDT", 4))
        log_line("ACPI: neither XSDT nor RSDT is usable");
}
