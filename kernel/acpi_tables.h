// SPDX-License-Identifier: BSD-2-Clause
// The layout of the ACPI tables that Barewire reads. ACPI 6.4, chapter 5; MCFG: PCI Firmware 3.2,
// section 4.1.2. Little-endian, unaligned.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define ACPI_PACKED __attribute__((packed))

// 5.2.5.3. Revision 0 ends after rsdt.
struct acpi_rsdp {
    char signature[8]; // "RSD PTR "
    uint8_t checksum;  // over the first 20 bytes
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum; // over all
    uint8_t reserved[3];
} ACPI_PACKED;
_Static_assert(offsetof(struct acpi_rsdp, length) == 20, "ACPI 6.4, table 5.3");
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, table 5.3");

// 5.2.6
struct acpi_header {
    char signature[4];
    uint32_t length; // with this header
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4, table 5.4");

// 5.2.3.2
enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

struct acpi_address {
    uint8_t space;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t access_size;
    uint64_t address;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.4, table 5.1");

// 5.2.9
enum {
    ACPI_FADT_TIMER_32BIT = 1u << 8,
    ACPI_FADT_RESET = 1u << 10,
    ACPI_FADT_HARDWARE_REDUCED = 1u << 20,
};

struct acpi_fadt {
    struct acpi_header header;
    uint8_t unused0[4];
    uint32_t dsdt;
    uint8_t unused1[32];
    uint32_t pm_timer;
    uint8_t unused2[11];
    uint8_t pm_timer_length;
    uint8_t unused3[20];
    uint32_t flags;
    struct acpi_address reset;
    uint8_t reset_value;
    uint8_t unused4[11];
    uint64_t x_dsdt;
    uint8_t unused5[60];
    struct acpi_address x_pm_timer;
} ACPI_PACKED;
_Static_assert(offsetof(struct acpi_fadt, dsdt) == 40, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, pm_timer) == 76, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, pm_timer_length) == 91, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, reset) == 116, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, reset_value) == 128, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, x_pm_timer) == 208, "ACPI 6.4, table 5.9");

// 5.2.12
enum {
    ACPI_MADT_LOCAL_APIC = 0,
    ACPI_MADT_IO_APIC = 1,
    ACPI_MADT_LOCAL_APIC_ADDRESS = 5,
    ACPI_MADT_LOCAL_X2APIC = 9,
    ACPI_MADT_ENABLED = 1u << 0,
};

struct acpi_madt {
    struct acpi_header header;
    uint32_t local_apic;
    uint32_t flags;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.4, table 5.19");

struct acpi_madt_entry {
    uint8_t type;
    uint8_t length; // with these two bytes
} ACPI_PACKED;

// 5.2.12.2
struct acpi_madt_local_apic {
    struct acpi_madt_entry entry;
    uint8_t uid;
    uint8_t apic_id;
    uint32_t flags;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_local_apic) == 8, "ACPI 6.4, table 5.22");

// 5.2.12.3
struct acpi_madt_io_apic {
    struct acpi_madt_entry entry;
    uint8_t id;
    uint8_t reserved;
    uint32_t address;
    uint32_t first_interrupt;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_io_apic) == 12, "ACPI 6.4, table 5.23");

// 5.2.12.8
struct acpi_madt_local_apic_address {
    struct acpi_madt_entry entry;
    uint16_t reserved;
    uint64_t address;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_local_apic_address) == 12, "ACPI 6.4, table 5.29");

// 5.2.12.12
struct acpi_madt_local_x2apic {
    struct acpi_madt_entry entry;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t uid;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_local_x2apic) == 16, "ACPI 6.4, table 5.34");

// PCI Firmware 3.2, table 4-2. Entries follow the 8 reserved bytes.
struct acpi_mcfg {
    struct acpi_header header;
    uint8_t reserved[8];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg) == 44, "PCI Firmware 3.2, table 4-2");

// PCI Firmware 3.2, table 4-3
struct acpi_mcfg_entry {
    uint64_t base; // of bus 0, even where first_bus is not 0
    uint16_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
    uint32_t reserved;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg_entry) == 16, "PCI Firmware 3.2, table 4-3");
