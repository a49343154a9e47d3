// SPDX-License-Identifier: BSD-2-Clause
// The proof that buffers are conserved: none lost, none in two places, none in a stranger's ring.
//
// There are two ways. buffers_audit() reads all slots at one go. audit_step() reads some at a time,
// while frames cross in between, and rests on this: what ports do between two rounds is to exchange
// the contents of slots, so each group's slots hold the same buffers, each as often, for as long as
// nobody mends. If every buffer of a range was seen in some slot of its group, at whatever moment,
// then all of them are there; and if there are as many slots as buffers, each is there once, and
// nothing else is. A buffer that is missing is never seen, however long one looks. One that wanders
// may escape a look, so further looks follow; each finds most of what the others have missed.
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

enum {
    AUDIT_STEP_SLOTS = 512,
    AUDIT_LOOKS_MAX = 32,
};

// An audit in steps.
struct audit {
    const struct buffers *buffers;
    struct walk walk;
    uint32_t slot; // of the queue at which the walk stands, the next one to be read
    uint32_t counted[BUFFER_GROUPS_MAX]; // slots read in this look, by group
    unsigned looks;                      // that have ended
    uint32_t mends;                      // buffers->mends when it began
};

enum audit_result {
    AUDIT_MORE,   // goes on
    AUDIT_SOUND,  // the law held from the first step to the last
    AUDIT_UNSURE, // not all buffers were seen: buffers_audit() tells what is wrong
};

// Begins an audit. The bitmap of buffers_deal() is its own until it ends, but for buffers_mend().
void audit_begin(struct audit *audit, const struct buffers *buffers);

// Slots read in the look under way, or the last one.
uint32_t audit_slots(const struct audit *audit);

// Reads AUDIT_STEP_SLOTS further slots at most, or looks what was seen. Call it between two rounds
// of forward_poll() only.
enum audit_result audit_step(struct audit *audit);

// "duplicate", for people.
const char *audit_finding_name(enum audit_finding finding);
