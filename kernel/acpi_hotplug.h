// SPDX-License-Identifier: BSD-2-Clause
// Cards that leave where QEMU asks by ACPI: q35's default, and all that the machine pc can do.
// QEMU, docs/specs/acpi_pci_hotplug.rst; the selector of the bus (BSEL) is in hw/acpi/pcihp.c.
//
// Its `device_del` sets a bit in a register, from which a program in the firmware's tables would
// tell the operating system. That program is not executed. Where the registers are, and which bus
// is which in them, is read from those tables (kernel/aml_hotplug.h), and only if they are QEMU's
// own: no other machine has a port read or written for this. The card leaves at once: by ACPI
// nobody can take the request back.
#pragma once
#include "drivers/port.h"
#include "kernel/pci.h"

// Looks after the slot that this port's card is in, if it is one of QEMU's that cards leave by
// ACPI. The port is kept; its `removed` is set when the card leaves. At most CONFIG_PORTS_MAX
// ports. Needs acpi_init().
void acpi_hotplug_add(struct port *port, const struct pci_device *card);

// Looks at the slots: two port accesses for each. Returns whether a card is on its way out, so that
// the next look should come soon.
bool acpi_hotplug_look(void);
