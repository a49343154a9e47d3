// SPDX-License-Identifier: BSD-2-Clause
// Cards that leave: the slots of PCI Express that say so, and what kernel/acpi_hotplug.h knows. PCI
// Express Base 4.0, 6.7 (the usage model) and 7.5.3.9 to 7.5.3.11 (slot registers).
//
// Whoever wants to take a card out presses the attention button of its slot; QEMU does for
// `device_del`. The slot's power indicator blinks for five seconds, in which a second press takes
// that back; then the ports of the card are stopped, the slot is switched off, and the card can go.
// A card that goes without asking is noticed too. One that comes later is not used.
#pragma once
#include "drivers/port.h"
#include "kernel/pci.h"

enum { HOTPLUG_ABORT_US = 5000000, HOTPLUG_LOOK_US = 20000 };

// Looks after the slot that this port's card is in, if it is one that cards can leave. The port is
// kept; its `removed` is set when the card leaves. At most CONFIG_PORTS_MAX ports.
void hotplug_add(struct port *port, const struct pci_device *card);

// Follows the slots. Call it about every millisecond; a look costs a read of configuration space
// for each slot, every HOTPLUG_LOOK_US.
void hotplug_poll(void);

// When hotplug_poll() has something to do next, as clock_us() counts; UINT64_MAX: no hurry.
uint64_t hotplug_deadline(void);
