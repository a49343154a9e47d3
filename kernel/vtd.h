// SPDX-License-Identifier: BSD-2-Clause
// One VT-d remapping unit: its registers, its root table, its invalidation queue. Intel VT-d
// (D51397-018, revision 5.10), chapters 6, 9 and 11. Legacy mode translation.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct vtd {
    uint64_t base; // of the registers, physical
    uint16_t segment;
    volatile char *registers; // NULL: not mapped
    uint64_t capability, extended;
    uint64_t *root;         // 256 entries of two words
    uint64_t *queue;        // of invalidations
    unsigned tail;          // where the next one goes
    volatile uint32_t done; // written by the unit when an invalidation is done
    bool broken;            // it did not do what it was told in time
};

// What a unit has recorded about a refused access.
struct vtd_fault {
    uint64_t address;
    uint16_t source; // requester id: bus, device, function
    uint8_t reason;  // 7.1.3
    bool read;
};

// Maps the unit's registers and reads what it can do; changes nothing. Returns NULL, or what keeps
// it from being used.
const char *vtd_open(struct vtd *unit, uint64_t base, uint16_t segment);

// Turns off what firmware may have left on: translation, interrupt remapping, protected regions.
// No function may be a bus master that needs them. Returns 0 or -ETIMEDOUT after logging.
int vtd_off(struct vtd *unit);

// Lets no function reach anything: translation on with an empty root table, interrupt remapping on
// with the table of 256 entries at this physical address, requests in compatibility format
// blocked. Returns 0, -ENOMEM, or -ETIMEDOUT after logging.
int vtd_on(struct vtd *unit, uint64_t interrupts, bool x2apic);

// Writes the context entry of a function, two words (9.3), and makes it hold; low 0: the function
// reaches nothing from then on, and what it had under way has ended. Returns 0, -ENOMEM or
// -ETIMEDOUT.
int vtd_set_context(struct vtd *unit, uint16_t source, uint64_t low, uint64_t high);

// Makes the unit forget what it knows about interrupt remapping. Returns 0 or -ETIMEDOUT.
int vtd_forget_interrupts(struct vtd *unit);

// Takes up to max fault records. *lost is set when there were more than the unit could record.
unsigned vtd_take_faults(struct vtd *unit, struct vtd_fault *faults, unsigned max, bool *lost);

// A page of zeroes for a table that the unit reads; NULL when there is no memory.
uint64_t *vtd_table(const struct vtd *unit);

// Makes what was written to a table visible to a unit that does not look into the processor's
// caches. bytes from address on.
void vtd_flush(const struct vtd *unit, const void *address, uint64_t bytes);
