// SPDX-License-Identifier: BSD-2-Clause
// What a card must send to interrupt the processor: a plain message, or, where interrupts are
// remapped, the number of a table entry that only that card may use.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kernel/apic.h"

struct pci_device;

// Physical address of the interrupt remapping table: 256 entries, one for each vector.
uint64_t interrupt_table(void);

// The message by which this function interrupts this processor with that vector, which must be its
// alone. False when no message can name the processor.
bool interrupt_message(const struct pci_device *device, uint8_t vector,
                       struct apic_message *message);

// The address of the message with the highest vector, whosesoever it is: for those who forge one.
// Without remapping that of a plain message to processor 0.
uint64_t interrupt_latest(void);

// Afterwards nobody interrupts with that vector, whatever he sends.
void interrupt_withdraw(uint8_t vector);
