// SPDX-License-Identifier: BSD-2-Clause
// Takes the rings of a dead data path over while the card keeps running.
//
// The driver's adopt() says which buffers the card holds, by descriptors that the dead could write.
// Each must be its queue's and be named once; then the queue's other buffers fill its free slots.
// So a lie costs at most an exchange of two buffers of the same port.
#include "net/proxy_adopt.h"

#include <inttypes.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/proxy_image.h"
#include "net/restarts.h"
#include "net/supervise.h"

enum { ONCE_IN_US = 1000 * 1000 };

#define MARK 0x8000u // in the judge's table, for the time of the audit

// Whether the buffer is the queue's and was not named yet. It is now.
static bool mark(struct proxy_queue *pq, uint32_t buffer)
{
    uint16_t *owner = pq->proxy->judge->owner;
    if (buffer >= pq->proxy->judge->area->count || owner[buffer] != pq->owner)
        return false;
    owner[buffer] |= MARK;
    return true;
}

// What is known to be elsewhere than in the ring, although the queue owns it.
static bool mark_outside(struct proxy_queue *pq, uint32_t more, const struct proxy_loan *loan)
{
    if (pq->transmit) {
        for (unsigned i = more; i < loan->count; i++)
            if (!mark(pq, loan->frames[i].buffer))
                return false;
        return true;
    }
    if (more != 0 && more != pq->call->given)
        return false;
    for (unsigned i = 0; more == 0 && i < pq->call->given; i++)
        if (!mark(pq, pq->call->buffers[i].buffer))
            return false;
    return true;
}

// Asks the driver, and checks what it found.
static bool audit(struct proxy_queue *pq, struct proxy_loan *loan)
{
    uint32_t more = pq->transmit ? loan->count : pq->call->given;
    const uint64_t put = pq->transmit ? pq->put : pq->put - pq->call->given;
    if (pq->proxy->real->adopt(pq->real, pq->transmit, pq->taken, put, &more) != 0)
        return false;
    for (uint32_t slot = 0; slot < pq->queue.slots; slot++)
        if (pq->queue.buffer_of[slot] != NO_BUFFER && !mark(pq, pq->queue.buffer_of[slot]))
            return false;
    if (!mark_outside(pq, more, loan))
        return false;
    pq->more = more;
    pq->filled = 0;
    return true;
}

// The next slot that holds no buffer; slots when there is none.
static uint32_t free_slot(struct proxy_queue *pq)
{
    while (pq->filled < pq->queue.slots && pq->queue.buffer_of[pq->filled] != NO_BUFFER)
        pq->filled++;
    return pq->filled;
}

// Gives every buffer of the port that nobody named a place: a free slot, or, in exchange for a
// frame that was sent, the caller.
static void place_others(struct proxy *proxy, struct proxy_queue *const queues[],
                         struct proxy_queue *during, struct proxy_loan *loan)
{
    uint16_t *owner = proxy->judge->owner;
    const uint32_t count = proxy->judge->area->count;
    for (uint32_t buffer = 0; buffer < count; buffer++) {
        const uint16_t marked = owner[buffer] & MARK, of = owner[buffer] & (uint16_t)~MARK;
        struct proxy_queue *pq = queues[of];
        if (of == JUDGE_RING_0 || pq->proxy != proxy)
            continue;
        owner[buffer] = of;
        if (marked || (!pq->transmit && pq->call->given > 0))
            continue;
        const uint32_t slot = free_slot(pq);
        if (slot < pq->queue.slots) {
            pq->queue.buffer_of[slot] = buffer;
        } else if (pq == during && loan->sent < pq->more) {
            loan->frames[loan->sent++].buffer = buffer;
            owner[buffer] = JUDGE_RING_0;
        }
    }
}

static void unmark(struct proxy *proxy)
{
    for (uint32_t buffer = 0; buffer < proxy->judge->area->count; buffer++)
        proxy->judge->owner[buffer] &= (uint16_t)~MARK;
}

static bool audit_all(struct proxy *proxy, struct proxy_queue *during, struct proxy_loan *loan)
{
    struct proxy_loan none = {0};
    bool good = true;
    for (unsigned i = 0; i < proxy->port->rx_queues && good; i++)
        good = audit(&proxy->rx[i], &none);
    for (unsigned i = 0; i < proxy->port->tx_queues && good; i++)
        good = audit(&proxy->tx[i], &proxy->tx[i] == during ? loan : &none);
    return good;
}

// The counters of a queue after the audit.
static void go_on(struct proxy_queue *pq)
{
    if (pq->transmit)
        pq->put += pq->more;
    else if (pq->more != 0)
        pq->call->given = 0;
    pq->queue.free = 0;
}

bool proxy_adopt(struct proxy_queue *pq, struct proxy_loan *loan)
{
    struct proxy *proxy = pq->proxy;
    struct port *port = proxy->port;
    const uint64_t began = clock_us();
    const enum port_fault cause = port->fault;
    if (cause < PORT_FAULT_KILLED || proxy->real->adopt == NULL ||
        (proxy->adopted_us != 0 && began - proxy->adopted_us < ONCE_IN_US))
        return false;
    if (!audit_all(proxy, pq, loan)) {
        unmark(proxy);
        return false;
    }
    place_others(proxy, proxy_queues(), pq, loan);
    for (unsigned i = 0; i < port->rx_queues; i++)
        go_on(&proxy->rx[i]);
    for (unsigned i = 0; i < port->tx_queues; i++)
        go_on(&proxy->tx[i]);
    if (proxy_image_make(proxy) != 0)
        return false;
    port->state = PORT_RUNNING;
    const uint32_t value = port->fault_value;
    port->fault = PORT_OK;
    port->fault_value = 0;
    proxy->adopted_us = clock_us();
    const uint64_t outage = proxy->adopted_us - began;
    restart_note(port, cause, STEP_ADOPT, outage, 0);
    log_line("%s: fault %s, value 0x%" PRIx32, port->name, port_fault_name(cause), value);
    log_line("%s: running again after %" PRIu64 " us, adopted: nothing lost", port->name, outage);
    return true;
}
