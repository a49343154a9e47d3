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

// Whether somebody wants the domain's end, or a fault of it.
static inline unsigned proxy_wanted(const struct proxy *proxy)
{
    return (unsigned)proxy->kill | (unsigned)proxy->fault.fault;
}

// Runs a function in the domain. Returns whether *value, an unbelieved number, may be looked at: it
// is no more than `most`, in the answer to this very call. If not, the port has failed.
static inline bool proxy_cross(struct proxy_queue *pq,
                               uint64_t (*function)(const struct domain_call *call), unsigned count,
                               uint64_t most, uint64_t *value)
{
    struct proxy *proxy = pq->proxy;
    if (UNLIKELY((proxy_wanted(proxy) | proxy->flips) != 0))
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

// So many frames were there when the driver was asked: what is sent to this port next brings more
// along, or not.
static inline void proxy_note_busy(struct proxy_queue *pq, unsigned count)
{
    if (count != 0)
        pq->proxy->busy = pq;
    else if (pq->proxy->busy == pq)
        pq->proxy->busy = NULL;
}

// What a crossing that sent frames said, which can be.
struct proxy_sent {
    uint32_t frames;          // of count
    uint32_t received, room;  // unless 0: by the errands
    struct proxy_queue *back; // for which it received; NULL: for none
};

// What the queue `to` is to do besides sending count frames: look for room, when it may not have
// enough for the next burst, of up to `next`; and receive for the other direction, which had frames
// when it was last asked and has none waiting. Returns the receive queue, or NULL.
static inline struct proxy_queue *proxy_errands(struct proxy_queue *to, unsigned count,
                                                unsigned next)
{
    to->call->wanted = to->queue.free < count + next ? BURST_MAX : 0;
    struct proxy_queue *back = to->proxy->busy;
    if (back == NULL || back->fetched != 0 || back->taken != back->put) {
        to->call->then = NULL;
        return NULL;
    }
    to->call->then = (const struct domain_call *)back->call_address;
    back->call->count = back->most;
    return back;
}

// Lets the driver send count frames, which are lent to it, and do its errands (next: frames of the
// burst after this one, at most). False: the port has
// failed. Else the caller judges what came back, and then says proxy_was_sent().
static inline bool proxy_send(struct proxy_queue *to, unsigned count, unsigned next,
                              struct proxy_sent *sent)
{
    struct proxy_queue *back = proxy_errands(to, count, next);
    uint64_t value;
    if (UNLIKELY(!proxy_cross(to, domain_exchange, count, UINT64_MAX, &value)))
        return false;
    *sent = (struct proxy_sent){EXCHANGE_SENT(value), EXCHANGE_RECEIVED(value),
                                EXCHANGE_ROOM(value), back};
    const bool too_many = sent->received > (back != NULL ? back->most : 0);
    if (UNLIKELY(sent->frames > count || too_many || sent->room > to->call->wanted)) {
        proxy_violated(too_many && back != NULL ? back : to, PORT_FAULT_COUNT_LIE, (uint32_t)value);
        return false;
    }
    return true;
}

// After the judge.
static inline void proxy_was_sent(struct proxy_queue *to, unsigned count,
                                  const struct proxy_sent *sent)
{
    struct proxy_queue *back = sent->back;
    to->put += sent->frames;
    to->denials += sent->frames < count;
    if (to->call->wanted != 0)
        to->queue.free = sent->room;
    else
        to->queue.free -= sent->frames; // it was enough
    if (back != NULL) {
        back->call->given = 0;
        back->fetched = sent->received;
        back->fetched_from = 0;
        back->denials += sent->received == 0;
    }
}

// Ring 0 has taken so many of the fetched frames.
static inline void proxy_take(struct proxy_queue *pq, unsigned count)
{
    pq->fetched -= count;
    pq->fetched_from += count;
    pq->taken += count;
}
