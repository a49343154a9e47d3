// SPDX-License-Identifier: BSD-2-Clause
// A crossing into a port's domain, and what is believed of it when it comes back: that the driver
// still drives, that the answer is to this very call, and that the number in it can be.
#pragma once
#include "drivers/hints.h"
#include "net/proxy.h"
#include "net/proxy_adopt.h"

// What is between a port and its domain while somebody experiments. The same as proxy_cross().
COLD bool proxy_cross_watched(struct proxy_queue *pq,
                              uint64_t (*function)(const struct domain_call *call), unsigned count,
                              uint64_t most, uint64_t *value);

// Fails the port for what is wrong with the result of a crossing. Returns false.
COLD bool proxy_cross_failed(struct proxy_queue *pq, struct gate_result result, uint64_t most);

// Fails the port: the domain broke a rule of the judge's.
COLD void proxy_violated(struct proxy_queue *pq, enum port_fault fault, uint32_t value);

// Two injected faults last until the driver is ended: this ends them.
COLD void proxy_forget_lasting_fault(struct proxy *proxy);

// proxy_adopt() when the domain had been lent nothing.
COLD bool proxy_adopt_alone(struct proxy_queue *pq);

// After a crossing with count frames lent failed: takes the domain over if that can be, and takes
// back what it had not sent. Returns how many it had sent, whose frames[] now hold empty buffers,
// or -1 when all of them can be sent again.
COLD int proxy_recover(struct proxy_queue *pq, struct frame *frames, unsigned count);

// The frames from..to-1 were not sent: their buffers are ring 0's again.
COLD void proxy_take_back(struct proxy_queue *pq, const struct frame *frames, unsigned from,
                          unsigned to);

// Ring 3 cannot write in front of frames, where some cards want a header: zeros in all of ours.
void proxy_write_front_bytes(struct proxy_queue *pq, const struct frame *frames, unsigned count);

static inline void proxy_write_fronts(struct proxy_queue *pq, const struct frame *frames,
                                      unsigned count)
{
    if (pq->proxy->verbs->front != 0)
        proxy_write_front_bytes(pq, frames, count);
}

// Whether what the domain left in memory says that all is well.
static inline bool proxy_answered(const struct proxy_queue *pq)
{
    const struct proxy *proxy = pq->proxy;
    return *(volatile enum port_state *)&proxy->image->state == PORT_RUNNING &&
           *(volatile uint64_t *)&proxy->domain->answer->generation == pq->call->generation;
}

// Runs a function in the domain. Returns whether *value, an unbelieved number, may be looked at: it
// is no more than `most`, in the answer to this very call. If not, the port has failed.
static inline bool proxy_cross(struct proxy_queue *pq,
                               uint64_t (*function)(const struct domain_call *call), unsigned count,
                               uint64_t most, uint64_t *value)
{
    struct proxy *proxy = pq->proxy;
    if (UNLIKELY(((unsigned)proxy->kill | (unsigned)proxy->fault.fault | proxy->flips) != 0))
        return proxy_cross_watched(pq, function, count, most, value);
    pq->call->count = count;
    pq->call->generation = ++proxy->crossings;
    const struct gate_result result = domain_run(proxy->domain, function, pq->call_address);
    *value = result.value;
    if (UNLIKELY(result.ended != GATE_RETURNED || !proxy_answered(pq) || result.value > most))
        return proxy_cross_failed(pq, result, most);
    return true;
}

// Lets the driver take up to max frames off its ring, after the empty buffers of the last refill()
// were given to it. fetched says how many there are, 0 was before. False: the port has failed.
static inline bool proxy_fetch(struct proxy_queue *pq, unsigned max)
{
    uint64_t count;
    if (UNLIKELY(!proxy_cross(pq, domain_receive, max, max, &count)))
        return false;
    pq->call->given = 0; // those are in its ring
    pq->fetched = (uint32_t)count;
    pq->fetched_from = 0;
    pq->denials += count == 0;
    pq->proxy->vain += count == 0;
    return true;
}

// Ring 0 has taken so many of the fetched frames.
static inline void proxy_take(struct proxy_queue *pq, unsigned count)
{
    pq->fetched -= count;
    pq->fetched_from += count;
    pq->taken += count;
}
