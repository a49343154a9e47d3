// SPDX-License-Identifier: BSD-2-Clause
// What steer() goes by: decisions about pairs of addresses, and the queue of each way that can be
// decided. Whoever steers decides, and keeps the table; a driver only looks.
//
// A decision is 16 bytes, and four of them are a set, which is one cache line. Which set two
// addresses belong to follows from a secret.
#pragma once
#include "drivers/frame.h"
#include "drivers/hints.h"

struct queue;

enum {
    DECISION_SETS_LOG2 = 13,
    DECISION_SETS = 1 << DECISION_SETS_LOG2,
    DECISION_SET = 4, // decisions in one
    DECISION_WAYS = 64,
    CACHE_LINE_LOG2 = 6,

    STEER_WAYS = 8, // the ways 0..7 can lead to a queue
};

// The first twelve bytes of a frame, as they lie there: destination, then source.
struct addresses {
    uint64_t first;
    uint32_t last;
};

struct decision {
    uint64_t first;
    uint32_t last;
    uint32_t tag; // its low bits: the way; the others: for whom and when that was decided
};

struct decision_set {
    _Alignas(CACHE_LINE) struct decision slots[DECISION_SET]; // the latest one first
};
_Static_assert(sizeof(struct decision_set) == 1 << CACHE_LINE_LOG2, "a set is one cache line");

struct decisions {
    uint64_t factors[2]; // odd, and nobody can guess them
    uint32_t lap;        // of what tags count,
    uint32_t next_lap;   // the one for which the table is being emptied, as far as
    uint32_t emptied;    // so many sets: net/decisions.h
    struct decision_set sets[DECISION_SETS];
};

// A way out. frames and longer are added to by steer(), and taken away by whoever steers.
struct steer_way {
    struct queue *tx; // never NULL
    uint64_t frames;
    uint64_t longer; // their bytes without FCS, FRAME_MIN less for each
    uint64_t unused; // a way is found by a shift
};
_Static_assert(sizeof(struct steer_way) == 32, "found by a shift");

struct steering {
    struct decisions *decisions;
    struct steer_way *ways; // [STEER_WAYS]
    const uint8_t *frames;  // where the frame in buffer 0 of the receiving port's area starts
    uint32_t tag;           // of the way 0, for this receive queue, now
};

// The two addresses of a frame. Each byte is read once: the card may go on writing them.
static INLINE struct addresses addresses_of(const uint8_t *frame)
{
    typedef uint64_t __attribute__((aligned(1), may_alias)) first_eight;
    typedef uint32_t __attribute__((aligned(1), may_alias)) last_four;
    const uint64_t first = *(const volatile first_eight *)frame;
    return (struct addresses){first, *(const volatile last_four *)(frame + sizeof first)};
}

static INLINE struct decision *decisions_set(struct decisions *decisions,
                                             struct addresses addresses)
{
    const uint64_t hash =
        addresses.first * decisions->factors[0] + addresses.last * decisions->factors[1];
    // The number of a set, in bytes: one instruction less.
    const uint64_t at = hash >> (64 - DECISION_SETS_LOG2 - CACHE_LINE_LOG2) & -(uint64_t)CACHE_LINE;
    return (struct decision *)((char *)decisions->sets + at);
}

// Whether a set's decision is about these addresses.
static INLINE bool decision_about(const struct decision *decision, struct addresses addresses)
{
    return decision->first == addresses.first && decision->last == addresses.last;
}

// The way of a frame with these addresses, when it is known and below `ways`, a constant up to
// DECISION_WAYS: a tag of which the way is 0 says for whom and when. DECISION_WAYS or more: it is
// not.
static INLINE uint32_t decisions_find(struct decisions *decisions, struct addresses addresses,
                                      uint32_t tag, const uint32_t ways)
{
    const struct decision *slot = decisions_set(decisions, addresses);
    const bool first = decision_about(slot, addresses) && (slot->tag ^ tag) < ways;
    if (__builtin_expect_with_probability(first, 1, 0.9999))
        return slot->tag ^ tag;
#pragma GCC unroll 4
    for (unsigned i = 1; i < DECISION_SET; i++)
        if (decision_about(&slot[i], addresses) && (slot[i].tag ^ tag) < ways)
            return slot[i].tag ^ tag;
    return DECISION_WAYS;
}
