// SPDX-License-Identifier: BSD-2-Clause
// What the IOMMU refused. Intel VT-d (D51397-018, revision 5.10), 7.1.3 (reasons), 11.4.7.6
// (records).
#include "kernel/violations.h"

#include <inttypes.h>
#include <stdio.h>

#include "kernel/clock.h"
#include "kernel/env.h"
#include "kernel/log.h"
#include "kernel/pci.h"

enum {
    SECOND_US = 1000 * 1000,
    RECORDS_MAX = 16, // at a time
    INTERRUPT_REASONS = 0x20,
    INTERRUPT_INDEX_SHIFT = 48, // of the table entry that was asked for
};

static struct {
    uint64_t second_began; // us
    unsigned lines, held_back;
} limit;

static const char *reason_text(unsigned reason)
{
    static const char *const reasons[] = {
        [0x01] = "its bus reaches nothing",
        [0x02] = "it is not let to reach anything",
        [0x03] = "invalid context entry",
        [0x04] = "address beyond what the IOMMU translates",
        [0x05] = "it may not write there",
        [0x06] = "it may not read there",
        [0x07] = "a page table cannot be read",
        [0x08] = "the root table cannot be read",
        [0x09] = "a context table cannot be read",
        [0x0d] = "it claims a translated address",
        [0x20] = "malformed interrupt request",
        [0x21] = "interrupt beyond the table",
        [0x22] = "an interrupt that nobody has",
        [0x23] = "the interrupt table cannot be read",
        [0x25] = "an interrupt in compatibility format",
        [0x26] = "another card's interrupt",
    };
    if (reason >= sizeof reasons / sizeof reasons[0] || reasons[reason] == NULL)
        return "see VT-d 5.10, 7.1.3";
    return reasons[reason];
}

void violation_text(char text[VIOLATION_TEXT_MAX], const struct iommu_fault *fault)
{
    char what[48];
    const struct vtd_fault *f = &fault->what;
    if (f->reason >= INTERRUPT_REASONS && f->reason < 2 * INTERRUPT_REASONS)
        snprintf(what, sizeof what, "interrupt %#" PRIx64, f->address >> INTERRUPT_INDEX_SHIFT);
    else
        snprintf(what, sizeof what, "%s %#" PRIx64, f->read ? "read from" : "write to", f->address);
    snprintf(text, VIOLATION_TEXT_MAX, "%s by %04x:%02x:%02x.%u refused: %s (reason %#x)", what,
             fault->segment, f->source >> 8, f->source >> 3 & 0x1f, f->source & 7u,
             reason_text(f->reason), f->reason);
}

// The first lines of each second; how many more there were is said when it is over.
static void report(const char *name, const struct iommu_fault *fault)
{
    if (limit.lines == VIOLATION_LINES_MAX) {
        limit.held_back++;
        return;
    }
    char text[VIOLATION_TEXT_MAX];
    if (limit.lines == 0)
        limit.second_began = clock_us();
    limit.lines++;
    violation_text(text, fault);
    log_line("%s: %s", name, text);
}

static void next_second(void)
{
    const uint64_t now = clock_us();
    if (now - limit.second_began < SECOND_US)
        return;
    if (limit.held_back > 0)
        log_line("VT-d: %u more accesses were refused", limit.held_back);
    limit.lines = limit.held_back = 0;
}

static void violated(struct port *ports, struct env *envs, unsigned count,
                     const struct iommu_fault *fault)
{
    for (unsigned i = 0; i < count; i++) {
        const struct pci_device *pci = envs[i].pci;
        if (pci == NULL || pci->segment != fault->segment ||
            iommu_source(pci) != fault->what.source)
            continue;
        report(ports[i].name, fault);
        if (ports[i].state != PORT_RUNNING)
            return;
        port_fail(&ports[i], PORT_FAULT_DMA, fault->what.reason);
        env_cut_off(&envs[i]);
        return;
    }
    report("VT-d", fault);
}

void violations_poll(struct port *ports, struct env *envs, unsigned count)
{
    struct iommu_fault faults[RECORDS_MAX];
    bool lost;
    if (!iommu_on())
        return;
    const unsigned taken = iommu_take_faults(faults, RECORDS_MAX, &lost);
    for (unsigned i = 0; i < taken; i++)
        violated(ports, envs, count, &faults[i]);
    if (lost)
        limit.held_back++;
    if (limit.lines > 0 || limit.held_back > 0)
        next_second();
}
