// SPDX-License-Identifier: BSD-2-Clause
// What a bridge decided lately: the way of a frame, by its two addresses and the port where it came
// in. A decision holds as long as the filtering database's version stays the same, so nothing here
// is ever taken back: old decisions are no longer found.
//
// A decision is 16 bytes, and four of them are a set, which is one cache line. Which set two
// addresses belong to follows from a secret, as in net/fdb.h. Who has no place in a full set is
// looked up in the database each time: slower, and nothing else.
#pragma once
#include "drivers/frame.h"
#include "drivers/hints.h"

enum {
    DECISION_SETS_LOG2 = 11,
    DECISION_SETS = 1 << DECISION_SETS_LOG2,
    DECISION_SET = 4, // decisions in one

    // A tag: the way, the port where the frame came in, the version of the database.
    DECISION_PORT_SHIFT = 6,
    DECISION_VERSION_SHIFT = 10,
    DECISION_WAYS = 1 << DECISION_PORT_SHIFT,
};

// The first twelve bytes of a frame, as they lie there: destination, then source.
struct addresses {
    uint64_t first;
    uint32_t last;
};

struct decision {
    uint64_t first;
    uint32_t last;
    uint32_t tag;
};

struct decision_set {
    _Alignas(CACHE_LINE) struct decision slots[DECISION_SET]; // the latest one first
};
_Static_assert(sizeof(struct decision_set) == CACHE_LINE, "a set is one cache line");

struct decisions {
    uint64_t factors[2]; // odd, and nobody can guess them
    uint32_t lap;        // of the versions, of which a tag has only the low bits
    struct decision_set sets[DECISION_SETS];
};

// Forgets all decisions.
void decisions_forget(struct decisions *decisions);

// The tag of the way 0, of what comes in by a port (0..15) while the database has this version.
static inline uint32_t decisions_tag(struct decisions *decisions, uint32_t version, unsigned port)
{
    const uint32_t lap = version >> (32 - DECISION_VERSION_SHIFT);
    if (UNLIKELY(lap != decisions->lap)) {
        decisions->lap = lap; // versions come round again in what is kept
        decisions_forget(decisions);
    }
    return version << DECISION_VERSION_SHIFT | port << DECISION_PORT_SHIFT;
}

static inline struct decision *decisions_set(struct decisions *decisions,
                                             struct addresses addresses)
{
    const uint64_t hash =
        addresses.first * decisions->factors[0] + addresses.last * decisions->factors[1];
    return decisions->sets[hash >> (64 - DECISION_SETS_LOG2)].slots;
}

// Whether a set's decision is about these addresses.
static inline bool decision_about(const struct decision *decision, struct addresses addresses)
{
    return decision->first == addresses.first && decision->last == addresses.last;
}

// The way of a frame with these addresses, when it is known: a tag of which the way is 0 says from
// where and when. DECISION_WAYS or more: it is not.
static inline uint32_t decisions_find(struct decisions *decisions, struct addresses addresses,
                                      uint32_t tag)
{
    const struct decision *slot = decisions_set(decisions, addresses);
    const bool first = decision_about(slot, addresses) && (slot->tag ^ tag) < DECISION_WAYS;
    if (__builtin_expect_with_probability(first, 1, 0.9999))
        return slot->tag ^ tag;
#pragma GCC unroll 4
    for (unsigned i = 1; i < DECISION_SET; i++)
        if (decision_about(&slot[i], addresses) && (slot[i].tag ^ tag) < DECISION_WAYS)
            return slot[i].tag ^ tag;
    return DECISION_WAYS;
}

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
void decisions_keep(struct decisions *decisions, struct addresses addresses, uint32_t tag);

// No decisions yet. random is 2 numbers that nobody can guess.
void decisions_init(struct decisions *decisions, const uint64_t random[2]);
