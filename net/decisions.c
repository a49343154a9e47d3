// SPDX-License-Identifier: BSD-2-Clause
// What a bridge decided lately: keeping and forgetting.
#include "net/decisions.h"

#define NO_DECISION UINT32_MAX // a tag that names the port 15, which there is not

void decisions_forget(struct decisions *decisions)
{
    for (unsigned set = 0; set < DECISION_SETS; set++)
        for (unsigned i = 0; i < DECISION_SET; i++)
            decisions->sets[set].slots[i].tag = NO_DECISION;
}

void decisions_init(struct decisions *decisions, const uint64_t random[2])
{
    decisions->factors[0] = random[0] | 1;
    decisions->factors[1] = random[1] | 1;
    decisions->lap = 0;
    decisions_forget(decisions);
}

void decisions_keep(struct decisions *decisions, struct addresses addresses, uint32_t tag)
{
    struct decision *slot = decisions_set(decisions, addresses);
    unsigned last = 0; // what stood there for the same addresses is not worth keeping
    while (last < DECISION_SET - 1 && !decision_about(&slot[last], addresses))
        last++;
    for (; last > 0; last--)
        slot[last] = slot[last - 1];
    slot[0] = (struct decision){addresses.first, addresses.last, tag};
}
