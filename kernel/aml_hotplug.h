// SPDX-License-Identifier: BSD-2-Clause
// What a DSDT says about QEMU's registers for taking cards out by ACPI: where they are, and by
// which number each PCI bus is selected in them.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { AML_BUSES_MAX = 64, AML_BRIDGES_MAX = 6 };

// A PCI bus whose cards can leave: the one behind these bridges, counted from the root bus.
struct aml_bus {
    uint32_t selector;
    unsigned bridge_count; // 0: the root bus itself
    struct {
        uint8_t slot, function;
    } bridges[AML_BRIDGES_MAX];
};

struct aml_hotplug {
    uint16_t registers; // I/O port; 0: not named
    unsigned bus_count;
    struct aml_bus buses[AML_BUSES_MAX]; // further ones are left out
};

// Reads the term list of a definition block, `length` bytes behind the table's header. Nothing in
// it is executed or believed: what is broken, or not known here, hides what follows it in the same
// package, and nothing else.
void aml_find_hotplug(const uint8_t *aml, size_t length, struct aml_hotplug *found);
