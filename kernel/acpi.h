// SPDX-License-Identifier: BSD-2-Clause
// ACPI tables, as far as Barewire needs them. ACPI 6.4, chapter 5. Nothing in them is trusted:
// every length is checked against what is mapped, every checksum verified.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { ACPI_ECAM_MAX = 8, ACPI_CPUS_MAX = 256, ACPI_IO_APICS_MAX = 64 };

struct acpi_ecam {
    uint64_t base; // physical, of bus 0, even where first_bus is not 0
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

struct acpi_header;

struct acpi {
    uint64_t local_apic; // physical address, from MADT; 0: unknown
    uint32_t cpu_apic_ids[ACPI_CPUS_MAX];
    unsigned cpu_count;
    uint32_t io_apics[ACPI_IO_APICS_MAX]; // physical addresses, from MADT
    unsigned io_apic_count;
    struct acpi_ecam ecam[ACPI_ECAM_MAX];
    unsigned ecam_count;
    uint16_t pm_timer_port; // 0: none
    bool pm_timer_32bit;
    uint64_t dmar; // physical address of the DMAR table, checksum verified; 0: none
    const struct acpi_header *qemu_dsdt; // mapped, checksum verified; NULL: not QEMU's tables
    uint64_t reset_address;              // FADT reset register; 0: none
    uint8_t reset_space;                 // 0 memory, 1 I/O port, 2 PCI configuration (5.2.3.2)
    uint8_t reset_value;
};

// Reads the tables that the RSDP leads to. rsdp is its physical address, or 0 to search where a
// BIOS leaves it. Needs vm_init(). What is missing or broken is logged and left 0.
void acpi_init(uint64_t rsdp);
const struct acpi *acpi(void);
