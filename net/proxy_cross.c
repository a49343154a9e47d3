// SPDX-License-Identifier: BSD-2-Clause
// Crossings that do not end as they should, and those that somebody experiments with.
#include "net/proxy_cross.h"

#include <stdio.h>
#include <string.h>

#include "kernel/log.h"
#include "net/deed.h"
#include "net/flips.h"

// The queue that the domain had in hand: with domain_exchange() the other direction's, once it says
// that it has come to that. If that is a lie, it is about two queues of its own.
static struct proxy_queue *in_hand(struct proxy_queue *pq)
{
    const struct proxy *proxy = pq->proxy;
    const uint64_t receiving = *(volatile uint64_t *)&proxy->domain->answer->receiving;
    const bool received = proxy->busy != NULL && pq->call->then != NULL;
    return received && receiving == pq->call->generation ? proxy->busy : pq;
}

// The domain did not come back by itself.
static void ended(struct proxy_queue *pq, uint64_t how)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = in_hand(pq);
    gate_describe(how, proxy->last_words, sizeof proxy->last_words);
    log_line("%s: domain ended as it %s: %s", proxy->port->name,
             proxy->suspect->transmit ? "sent" : "received", proxy->last_words);
    if (how == GATE_OVERDUE)
        port_fail(proxy->port, PORT_FAULT_HANG, 0);
    else
        port_fail(proxy->port, PORT_FAULT_EXCEPTION, (uint32_t)(how - GATE_EXCEPTION_BASE));
}

void proxy_violated(struct proxy_queue *pq, enum port_fault fault, uint32_t value)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = pq;
    snprintf(proxy->last_words, sizeof proxy->last_words, "its answer broke a rule");
    port_fail(proxy->port, fault, value);
}

// The driver itself, in the domain, failed the port. What it says of the card may be a lie, but
// harms only this port. One that failed it as it sent has not sent all.
static void failed(struct proxy_queue *pq, uint64_t value)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = EXCHANGE_SENT(value) < pq->call->count ? pq : in_hand(pq);
    const enum port_fault fault = *(volatile enum port_fault *)&proxy->image->fault;
    const bool known = fault > PORT_OK && fault < PORT_FAULT_KILLED;
    snprintf(proxy->last_words, sizeof proxy->last_words, "it gave the card up");
    port_fail(proxy->port, known ? fault : PORT_FAULT_STALE, proxy->image->fault_value);
}

bool proxy_cross_failed(struct proxy_queue *pq, struct gate_result result, uint64_t most)
{
    const struct proxy *proxy = pq->proxy;
    if (result.ended != GATE_RETURNED)
        ended(pq, result.ended);
    else if (*(volatile enum port_state *)&proxy->image->state != PORT_RUNNING)
        failed(pq, result.value);
    else if (result.value > most)
        proxy_violated(pq, PORT_FAULT_COUNT_LIE, (uint32_t)result.value);
    else
        proxy_violated(pq, PORT_FAULT_STALE, 0);
    return false;
}

// --- experiments ---

void proxy_forget_lasting_fault(struct proxy *proxy)
{
    if (proxy->fault.fault == FAULT_SILENCE || proxy->fault.fault == FAULT_HOARD)
        proxy->fault.fault = FAULT_NONE;
}

// A fault of what is sent is none of a crossing that asks for room.
static uint32_t armed_fault(struct proxy_queue *pq,
                            uint64_t (*function)(const struct domain_call *call))
{
    struct proxy_fault *fault = &pq->proxy->fault;
    if (fault->fault == FAULT_NONE || domain_fault_on_transmit(fault->fault) != pq->transmit)
        return FAULT_NONE;
    const bool sends = function == domain_transmit || function == domain_exchange;
    if (!sends && domain_fault_where(fault->fault) == WHERE_TRANSMIT && fault->fault != FAULT_HOARD)
        return FAULT_NONE;
    pq->call->target = fault->target;
    return fault->fault;
}

static struct deed deed_of(const struct proxy_queue *pq)
{
    const struct proxy *proxy = pq->proxy;
    return (struct deed){
        .port = proxy->port->name,
        .fault = proxy->fault.name,
        .verbs = proxy->verbs,
        .queue = pq->real,
        .transmit = pq->transmit,
        .answer = proxy->domain->answer,
        .place = proxy->fault.place,
    };
}

// After a crossing with a fault: whether that was it. One that needs a frame waits for one, and two
// of them last until the port is restarted.
static void fault_done(struct proxy_queue *pq, const struct deed *deed, uint64_t value)
{
    struct proxy_fault *fault = &pq->proxy->fault;
    const bool lasts = fault->fault == FAULT_SILENCE || fault->fault == FAULT_HOARD;
    pq->call->fault = FAULT_NONE;
    if (lasts || (domain_fault_waits(fault->fault, pq->call->given, value) &&
                  pq->proxy->port->state == PORT_RUNNING))
        return;
    deed_after(deed, &gate_left);
    if (--fault->times == 0)
        fault->fault = FAULT_NONE;
}

bool proxy_cross_watched(struct proxy_queue *pq,
                         uint64_t (*function)(const struct domain_call *call), unsigned count,
                         uint64_t most, uint64_t *value)
{
    struct proxy *proxy = pq->proxy;
    struct domain_call *call = pq->call;
    if (proxy->kill != PORT_OK) {
        proxy->suspect = pq;
        proxy_forget_lasting_fault(proxy);
        port_fail(proxy->port, proxy->kill, 0);
        proxy->kill = PORT_OK;
        return false;
    }
    if (proxy->flips != 0)
        flips_begin(proxy);
    call->count = count;
    call->generation = ++proxy->crossings;
    call->fault = armed_fault(pq, function);
    const bool faulty = call->fault != FAULT_NONE, flipped = proxy->flips != 0;
    const struct deed deed = deed_of(pq);
    if (faulty) {
        deed_before(&deed);
        gate_look(true);
    }
    const struct gate_result result = domain_run(proxy->domain, function, pq->call_address);
    if (flipped)
        flips_end();
    *value = result.value;
    const bool good = result.ended == GATE_RETURNED && proxy_answered(pq) && result.value <= most;
    if (!good)
        proxy_cross_failed(pq, result, most);
    if (faulty) {
        fault_done(pq, &deed, result.value);
        gate_look(false);
    }
    return good;
}

// --- after the end of a domain ---

bool proxy_adopt_alone(struct proxy_queue *pq)
{
    struct proxy_loan none = {0};
    return proxy_adopt(pq, &none);
}

void proxy_take_back(struct proxy_queue *pq, const struct frame *frames, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        judge_give(pq->proxy->judge, JUDGE_RING_0, frames[i].buffer);
}

int proxy_recover(struct proxy_queue *pq, struct frame *frames, unsigned count)
{
    struct proxy_loan loan = {.frames = frames, .count = count};
    const bool adopted = proxy_adopt(pq, &loan);
    proxy_take_back(pq, frames, loan.sent, count);
    return adopted && loan.sent == 0 ? -1 : (int)loan.sent;
}

void proxy_write_front_bytes(struct proxy_queue *pq, const struct frame *frames, unsigned count)
{
    const struct packet_area *area = pq->proxy->judge->area;
    const unsigned front = pq->proxy->verbs->front;
    for (unsigned i = 0; i < count; i++)
        memset(packet_data(area, frames[i].buffer, frames[i].offset) - front, 0, front);
}
