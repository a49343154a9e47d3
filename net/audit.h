// SPDX-License-Identifier: BSD-2-Clause
// The proof that buffers are conserved: none lost, none in two places, none in a stranger's ring.
#pragma once
#include "net/buffers.h"

// What is wrong with a buffer.
enum audit_finding {
    AUDIT_OUT_OF_RANGE, // a slot names a buffer that does not exist
    AUDIT_FOREIGN,      // a slot names a buffer from another group's range
    AUDIT_DUPLICATE,    // two slots name the same buffer
    AUDIT_MISSING,      // no slot names it
    AUDIT_FINDINGS
};

struct audit_place {
    const struct port *port; // NULL: nowhere
    bool transmit;
    unsigned queue;
    uint32_t slot;
    bool stock; // of the port, for copies: no queue
};

struct audit_report {
    uint32_t slots;                 // looked at
    uint32_t found[AUDIT_FINDINGS]; // how many of each; all 0: the law holds
    // The first finding, in the order of ports, queues and slots; missing buffers come last.
    enum audit_finding first; // AUDIT_FINDINGS: there is none
    uint32_t buffer;
    struct audit_place place;   // AUDIT_MISSING: nowhere
    struct audit_place earlier; // AUDIT_DUPLICATE: the slot that named it first
};

// Proves that the buffers in all rings are a permutation of those of all ranges, each in a ring
// of its group. Call it between two rounds of forward_poll() only. Returns whether the law holds.
// Takes time in proportion to the number of slots. Needs the bitmap of buffers_deal().
bool buffers_audit(const struct buffers *buffers, struct audit_report *report);

// "duplicate", for people.
const char *audit_finding_name(enum audit_finding finding);
