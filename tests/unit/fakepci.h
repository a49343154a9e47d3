// SPDX-License-Identifier: BSD-2-Clause
// A PCI bus in memory, in place of kernel/pci_config.c: functions behind bridges that pass accesses
// on as their bus numbers say, and BARs of which only the address bits can be written.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kernel/acpi.h"
#include "kernel/bootinfo.h"
#include "kernel/pci_config.h"

enum { FAKE_FUNCTIONS_MAX = 300 };

struct fake_function {
    struct fake_function *bridge; // NULL: on root bus root_bus
    uint8_t root_bus, slot, function;
    uint32_t space[1024];
    uint32_t writable[1024];
};

extern struct acpi fake_acpi;
extern struct bootinfo fake_boot;
extern uint64_t fake_reads, fake_writes;
extern char fake_log[256]; // the line logged last

// When set, answers every read, and writes go nowhere.
extern uint32_t (*fake_override)(struct pci_address address, unsigned offset);

// An empty bus; one host bridge at 00:00.0; 256 MiB of memory.
void fake_reset(void);

// bridge: NULL or from fake_add_bridge().
struct fake_function *fake_add(struct fake_function *bridge, uint8_t slot, uint8_t function,
                               uint32_t class_code);
// Without bus numbers and windows, as after a reset.
struct fake_function *fake_add_bridge(struct fake_function *bridge, uint8_t slot);
void fake_set_buses(struct fake_function *bridge, uint8_t primary, uint8_t secondary,
                    uint8_t subordinate);

// size is a power of two; flags are the low bits of the register.
void fake_bar(struct fake_function *function, unsigned index, uint64_t size, uint32_t flags);

uint8_t fake_byte(const struct fake_function *function, unsigned offset);
void fake_set_byte(struct fake_function *function, unsigned offset, uint8_t value);
