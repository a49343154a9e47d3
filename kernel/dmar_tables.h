// SPDX-License-Identifier: BSD-2-Clause
// The layout of the DMAR table. Intel VT-d (D51397-018, revision 5.10), chapter 8. Little-endian,
// unaligned.
#pragma once
#include "kernel/acpi_tables.h"

// 8.1
enum {
    DMAR_INTERRUPT_REMAPPING = 1u << 0,
    DMAR_NO_X2APIC = 1u << 1,
};

struct acpi_dmar {
    struct acpi_header header;
    uint8_t address_width; // bits, less one
    uint8_t flags;
    uint8_t reserved[10];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_dmar) == 48, "VT-d 5.10, 8.1");

// 8.2
enum { DMAR_UNIT = 0, DMAR_REGION = 1 };

struct acpi_dmar_structure {
    uint16_t type;
    uint16_t length; // with these four bytes
} ACPI_PACKED;

// 8.3
enum { DMAR_UNIT_ALL = 1u << 0 };

struct acpi_dmar_unit {
    struct acpi_dmar_structure head;
    uint8_t flags;
    uint8_t size;
    uint16_t segment;
    uint64_t base;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_dmar_unit) == 16, "VT-d 5.10, 8.3");

// 8.4
struct acpi_dmar_region {
    struct acpi_dmar_structure head;
    uint16_t reserved;
    uint16_t segment;
    uint64_t first, last;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_dmar_region) == 24, "VT-d 5.10, 8.4");

// 8.3.1; pairs of device and function numbers follow.
struct acpi_dmar_scope {
    uint8_t type;
    uint8_t length; // with these six bytes
    uint16_t reserved;
    uint8_t enumeration;
    uint8_t bus;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_dmar_scope) == 6, "VT-d 5.10, 8.3.1");
