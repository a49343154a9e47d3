// SPDX-License-Identifier: BSD-2-Clause
// The I/O APICs, which turn interrupt lines into messages. Nothing here uses a line.
#pragma once

// Masks every line of every I/O APIC that ACPI names, whatever firmware left there. Needs
// acpi_init() and vm_init().
void io_apic_mask_all(void);
