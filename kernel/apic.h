// SPDX-License-Identifier: BSD-2-Clause
// The local APIC of each processor. Intel SDM volume 3, chapter 11 (edition 080).
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { APIC_SPURIOUS_VECTOR = 0xff };

struct apic_message {
    uint64_t address; // what a device writes to ...
    uint32_t data;    // ... and writes there
};

// Masks the two 8259s and all I/O APICs, in any case, and turns on the local APIC of this
// processor. Needs iommu_init() and vm_init(). Returns 0, or -ENODEV or -ENOMEM: there is no APIC
// then, and interrupts must stay off.
int apic_init(void);

// Whether apic_init() has turned it on.
bool apic_present(void);

// Whether it is in x2APIC mode.
bool apic_x2apic(void);

// This processor's id; 0 without an APIC.
uint32_t apic_id(void);

// Tells the APIC that the interrupt it delivered last has been dealt with. Does nothing without
// one.
void apic_eoi(void);

// The registers of this processor's timer (11.5.4), for kernel/timer.c alone. It is one-shot, and
// counts undivided: the vector by which it interrupts when it reaches 0, or not; how far it counts
// from now on, 0: not at all; what is left of that.
void apic_timer_vector(uint8_t vector, bool on);
void apic_timer_count(uint32_t counts);
uint32_t apic_timer_left(void);

// What a device writes to interrupt the processor with this id. vector: 0x10..0xfe. False when a
// plain message cannot name the processor (ids above 254 need interrupt remapping).
bool apic_compose_message(uint32_t id, uint8_t vector, struct apic_message *message);
