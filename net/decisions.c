// SPDX-License-Identifier: BSD-2-Clause
// What a bridge decided lately: keeping and forgetting.
#include "net/decisions.h"

#define NO_DECISION UINT32_MAX // a tag that names the port 15, which there is not

enum { SETS_A_POLL = 256 }; // some microseconds' work

static void empty(struct decision_set *set, unsigned count)
{
    for (const struct decision_set *const end = set + count; set != end; set++)
        for (unsigned i = 0; i < DECISION_SET; i++)
            set->slots[i].tag = NO_DECISION;
}

void decisions_init(struct decisions *decisions, const uint64_t random[2])
{
    decisions->factors[0] = random[0] | 1;
    decisions->factors[1] = random[1] | 1;
    decisions->lap = decisions->next_lap = decisions->emptied = 0;
    empty(decisions->sets, DECISION_SETS);
}

uint32_t decisions_new_lap(struct decisions *decisions, uint32_t lap)
{
    if (decisions->next_lap != lap) {
        decisions->next_lap = lap;
        decisions->emptied = 0;
    }
    return DECISION_NEVER;
}

void decisions_poll(struct decisions *decisions)
{
    if (decisions->lap == decisions->next_lap)
        return;
    empty(decisions->sets + decisions->emptied, SETS_A_POLL);
    decisions->emptied += SETS_A_POLL;
    if (decisions->emptied == DECISION_SETS)
        decisions->lap = decisions->next_lap;
}

void decisions_keep(struct decisions *decisions, struct addresses addresses, uint32_t tag)
{
    if ((tag & ~(DECISION_WAYS - 1u)) == DECISION_NEVER)
        return;
    struct decision *slot = decisions_set(decisions, addresses);
    unsigned last = 0; // what stood there for the same addresses is not worth keeping
    while (last < DECISION_SET - 1 && !decision_about(&slot[last], addresses))
        last++;
    for (; last > 0; last--)
        slot[last] = slot[last - 1];
    slot[0] = (struct decision){addresses.first, addresses.last, tag};
}
