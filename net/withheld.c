// SPDX-License-Identifier: BSD-2-Clause
// The rule: if there was something to do when ring 0 looked, and nothing was done since, then a
// driver that was asked in between and said that it could do nothing has lied. No time is in it: an
// honest driver, however slow, does at least one frame of what was there before it was asked.
#include "net/withheld.h"

static uint64_t done(const struct proxy_queue *pq)
{
    return pq->transmit ? pq->put : pq->taken;
}

void withheld_look(struct proxy_queue *pq)
{
    struct proxy *proxy = pq->proxy;
    const bool ready = proxy->verbs->ready(pq->real, pq->transmit);
    if (ready && pq->looked.ready && pq->looked.done == done(pq) &&
        pq->looked.denials != pq->denials)
        proxy->kill = PORT_FAULT_WITHHELD;
    pq->looked.ready = ready;
    pq->looked.done = done(pq);
    pq->looked.denials = pq->denials;
}
