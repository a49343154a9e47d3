// SPDX-License-Identifier: BSD-2-Clause
// What a bridge decided lately: the way of a frame, by its two addresses and the port where it came
// in. A decision holds as long as the filtering database's version stays the same, so nothing here
// is ever taken back: old decisions are no longer found. The table itself, and how it is looked
// into, is drivers/steer.h.
//
// Which set of decisions two addresses belong to follows from a secret, as in net/fdb.h. Who has no
// place in a full set is looked up in the database each time: slower, and nothing else.
#pragma once
#include "drivers/steer.h"

// A tag: the way, the port where the frame came in, the version of the database.
enum {
    DECISION_PORT_SHIFT = 6,
    DECISION_VERSION_SHIFT = 10,
};
_Static_assert(1 << DECISION_PORT_SHIFT == DECISION_WAYS, "the way is below the port");

// What decisions_tag() says meanwhile: of a port that there is not.
#define DECISION_NEVER ((uint32_t)15 << DECISION_PORT_SHIFT)

// A tag has only the low bits of the version. When those begin anew, old decisions would come to
// life again: nothing is kept or found then, until decisions_poll() has emptied the table.
COLD uint32_t decisions_new_lap(struct decisions *decisions, uint32_t lap);

// The tag of the way 0, of what comes in by a port (0..14) while the database has this version.
static inline uint32_t decisions_tag(struct decisions *decisions, uint32_t version, unsigned port)
{
    const uint32_t lap = version >> (32 - DECISION_VERSION_SHIFT);
    if (UNLIKELY(lap != decisions->lap))
        return decisions_new_lap(decisions, lap);
    return version << DECISION_VERSION_SHIFT | port << DECISION_PORT_SHIFT;
}

// Empties a part of the table, if that is to be done. Call it about every millisecond.
void decisions_poll(struct decisions *decisions);

// Whether it is exactly this way, which the tag names.
static inline bool decisions_agree(struct decisions *decisions, struct addresses addresses,
                                   uint32_t tag)
{
    const struct decision *slot = decisions_set(decisions, addresses);
#pragma GCC unroll 4
    for (unsigned i = 0; i < DECISION_SET; i++)
        if (decision_about(&slot[i], addresses) && slot[i].tag == tag)
            return true;
    return false;
}

// Keeps a decision, which the tag names, in front of the others in its set; the oldest one goes.
// Nothing is kept under DECISION_NEVER.
void decisions_keep(struct decisions *decisions, struct addresses addresses, uint32_t tag);

// No decisions yet. random is 2 numbers that nobody can guess.
void decisions_init(struct decisions *decisions, const uint64_t random[2]);
