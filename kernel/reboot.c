// SPDX-License-Identifier: BSD-2-Clause
// Restarting the machine: the ACPI reset register (ACPI 6.4, 4.8.3.6), the chipset's reset control
// register at port 0xCF9 (Intel ICH and PCH datasheets, "RST_CNT"), the keyboard controller's reset
// line, a triple fault.
#include "kernel/reboot.h"

#include <stddef.h>
#include <stdint.h>

#include "kernel/acpi.h"
#include "kernel/acpi_tables.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/pci.h"
#include "kernel/pci_config.h"
#include "kernel/port_io.h"
#include "kernel/vm.h"

enum {
    SETTLE_US = 20000, // a reset that works has worked by then
    PORT_RESET_CONTROL = 0xcf9,
    RESET_HARD = 1u << 1,  // what kind
    RESET_START = 1u << 2, // its rising edge does it
    KEYBOARD_STATUS = 0x64,
    KEYBOARD_BUSY = 1u << 1,
    KEYBOARD_PULSE_RESET = 0xfe,
    KEYBOARD_TRIES = 1000,
};

static void reset_by_acpi(void)
{
    uint64_t address = acpi()->reset_address;
    uint8_t value = acpi()->reset_value;
    if (address == 0)
        return;
    switch (acpi()->reset_space) {
    case ACPI_SPACE_MEMORY: {
        volatile uint8_t *memory = vm_map_device(address, 1);
        if (memory != NULL)
            *memory = value;
        break;
    }
    case ACPI_SPACE_IO:
        outb((uint16_t)address, value);
        break;
    case ACPI_SPACE_PCI: // 5.2.3.2: device, function and offset in 16 bits each; bus 0
        pci_config_write((struct pci_address){.slot = (uint8_t)(address >> 32),
                                              .function = (uint8_t)(address >> 16)},
                         address & 0xffff, 1, value);
        break;
    }
    clock_wait_us(SETTLE_US);
}

static void reset_by_chipset(void)
{
    outb(PORT_RESET_CONTROL, RESET_HARD);
    outb(PORT_RESET_CONTROL, RESET_HARD | RESET_START);
    clock_wait_us(SETTLE_US);
}

static void reset_by_keyboard(void)
{
    for (unsigned i = 0; i < KEYBOARD_TRIES && (inb(KEYBOARD_STATUS) & KEYBOARD_BUSY); i++)
        clock_wait_us(10);
    outb(KEYBOARD_STATUS, KEYBOARD_PULSE_RESET);
    clock_wait_us(SETTLE_US);
}

// An exception with no table to look it up in, and none for the fault that this raises.
_Noreturn static void reset_by_triple_fault(void)
{
    static const struct cpu_table_pointer nothing;
    __asm__ volatile("lidt %0\n\tint3" : : "m"(nothing));
    cpu_halt_forever();
}

void reboot(void)
{
    cpu_interrupts(false);
    pci_stop_all_dma();
    reset_by_acpi();
    reset_by_chipset();
    reset_by_keyboard();
    reset_by_triple_fault();
}
