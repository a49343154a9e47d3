// SPDX-License-Identifier: BSD-2-Clause
// Takes the rings of a dead data path over while the card keeps running.
//
// The driver's adopt() says which buffers the card holds, by descriptors that the dead could write.
// Each must be its queue's and be named once; then the queue's other buffers fill its free slots.
// So a lie costs at most an exchange of two buffers of the same port. A queue whose rings
// contradict the table is turned off and on by itself: then the table alone says what is in its
// slots.
#include "net/proxy_adopt.h"

#include <errno.h>
#include <inttypes.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/proxy_image.h"
#include "net/restarts.h"
#include "net/supervise.h"

enum { ONCE_IN_US = 1000 * 1000 };

#define MARK 0x8000u // in the judge's table, for the time of the audit

static struct proxy_queue *queue_at(struct proxy *proxy, unsigned number)
{
    const unsigned receive = proxy->port->rx_queues;
    return number < receive ? &proxy->rx[number] : &proxy->tx[number - receive];
}

static unsigned queue_count(const struct proxy *proxy)
{
    return proxy->port->rx_queues + proxy->port->tx_queues;
}

// Whether the buffer is the queue's and was not named yet. It is now.
static bool mark(struct proxy_queue *pq, uint32_t buffer)
{
    uint16_t *owner = pq->proxy->judge->owner;
    if (buffer >= pq->proxy->judge->area->count || owner[buffer] != pq->owner)
        return false;
    owner[buffer] |= MARK;
    return true;
}

// The same for what the slots name. The table's values stay in registers: there are thousands.
static bool mark_slots(struct proxy_queue *pq)
{
    uint16_t *const owner = pq->proxy->judge->owner;
    const uint32_t count = pq->proxy->judge->area->count;
    const uint16_t unmarked = pq->owner, marked = unmarked | MARK;
    const uint32_t *const end = pq->queue.buffer_of + pq->queue.slots;
    for (const uint32_t *buffer = pq->queue.buffer_of; buffer != end; buffer++) {
        if (*buffer == NO_BUFFER)
            continue;
        if (*buffer >= count || owner[*buffer] != unmarked)
            return false;
        owner[*buffer] = marked;
    }
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
    if (pq->proxy->verbs->adopt(pq->real, pq->transmit, pq->taken, put, &more) != 0)
        return false;
    if (!mark_slots(pq) || !mark_outside(pq, more, loan))
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

// Gives every buffer of the queue that nobody named a place: a free slot, or, in exchange for a
// frame that was sent, the caller. Ends with the last place: of the buffers of a port with many
// queues few are this one's.
static void place_others(struct proxy_queue *pq, struct proxy_loan *loan)
{
    uint16_t *const owner = pq->proxy->judge->owner;
    const uint32_t end = pq->range.first + pq->range.count;
    const uint32_t sent = pq->more < loan->count ? pq->more : loan->count;
    const uint16_t unmarked = pq->owner;
    uint32_t *slot = pq->queue.buffer_of + free_slot(pq);
    uint32_t *const last = pq->queue.buffer_of + pq->queue.slots;
    for (uint32_t buffer = pq->range.first; buffer < end && (slot != last || loan->sent < sent);
         buffer++) {
        if (owner[buffer] != unmarked)
            continue;
        if (slot != last) {
            *slot = buffer;
            while (slot != last && *slot != NO_BUFFER)
                slot++;
        } else {
            loan->frames[loan->sent++].buffer = buffer;
            owner[buffer] = JUDGE_RING_0;
        }
    }
}

static void unmark(struct proxy_queue *pq, uint32_t buffer)
{
    if (buffer < pq->proxy->judge->area->count)
        pq->proxy->judge->owner[buffer] &= (uint16_t)~MARK;
}

// Every mark is on a buffer that a slot, the caller or the refill under way names.
static void unmark_all(struct proxy_queue *pq, const struct proxy_loan *loan)
{
    uint16_t *const owner = pq->proxy->judge->owner;
    const uint32_t count = pq->proxy->judge->area->count;
    const uint32_t *const end = pq->queue.buffer_of + pq->queue.slots;
    for (const uint32_t *buffer = pq->queue.buffer_of; buffer != end; buffer++)
        if (*buffer < count)
            owner[*buffer] &= (uint16_t)~MARK;
    for (unsigned i = 0; i < loan->count; i++)
        unmark(pq, loan->frames[i].buffer);
    for (unsigned i = 0; i < pq->call->given; i++)
        unmark(pq, pq->call->buffers[i].buffer);
}

// After a good audit: every buffer has a place.
static void settle(struct proxy_queue *pq, struct proxy_loan *loan)
{
    const bool none_is_missing =
        !pq->transmit && pq->call->given > 0; // the ring is whole with those
    if (!none_is_missing)
        place_others(pq, loan);
    unmark_all(pq, loan);
}

static bool audit_all(struct proxy *proxy, struct proxy_queue *during, struct proxy_loan *loan)
{
    struct proxy_loan none = {0};
    bool good = true;
    for (unsigned i = 0; i < queue_count(proxy) && good; i++)
        good = audit(queue_at(proxy, i), queue_at(proxy, i) == during ? loan : &none);
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
    pq->fetched = 0; // they are in the ring still
}

static bool within_a_second(uint64_t now, uint64_t then)
{
    return then != 0 && now - then < ONCE_IN_US;
}

// Whether this was the data path's doing, and the card knows nothing of it.
static bool is_adoptable(enum port_fault cause)
{
    return cause >= PORT_FAULT_KILLED;
}

static void run_again(struct port *port)
{
    proxy_of(port)->suspect = NULL;
    port->state = PORT_RUNNING;
    port->fault = PORT_OK;
    port->fault_value = 0;
}

bool proxy_adopt(struct proxy_queue *pq, struct proxy_loan *loan)
{
    struct proxy *proxy = pq->proxy;
    struct port *port = proxy->port;
    const enum port_fault cause = port->fault;
    const uint64_t now = clock_us(), began = cause == PORT_FAULT_HANG ? gate_overdue_since() : now;
    if (!is_adoptable(cause) || proxy->verbs->adopt == NULL ||
        within_a_second(now, proxy->adopted_us))
        return false;
    if (!audit_all(proxy, pq, loan)) {
        for (unsigned i = 0; i < queue_count(proxy); i++)
            unmark_all(queue_at(proxy, i), loan);
        return false;
    }
    struct proxy_loan none = {0};
    for (unsigned i = 0; i < queue_count(proxy); i++) {
        struct proxy_queue *each = queue_at(proxy, i);
        settle(each, each == pq ? loan : &none);
        go_on(each);
    }
    if (proxy_image_make(proxy) != 0)
        return false;
    const uint32_t value = port->fault_value;
    run_again(port);
    proxy->adopted_us = clock_us();
    const uint64_t outage = proxy->adopted_us - began;
    restart_note(port, cause, STEP_ADOPT, outage, 0);
    log_line("%s: fault %s, value 0x%" PRIx32, port->name, port_fault_name(cause), value);
    log_line("%s: running again after %" PRIu64 " us, adopted: nothing lost", port->name, outage);
    return true;
}

// --- queues turned off and on ---

// What the domain, by itself, can have brought a queue to; and which queue that is, is known.
static bool is_mendable(const struct proxy *proxy, enum port_fault cause)
{
    const bool of_the_ring = cause == PORT_FAULT_USED_INDEX || cause == PORT_FAULT_USED_ID ||
                             cause == PORT_FAULT_USED_REPLAY || cause == PORT_FAULT_TX_HEAD;
    return proxy->verbs->adopt != NULL && proxy->verbs->requeue != NULL &&
           (is_adoptable(cause) || (of_the_ring && proxy->suspect != NULL));
}

// Decides whether the queue can be taken over, and else forgets what is in its slots.
static void audit_or_empty(struct proxy_queue *pq, bool renew)
{
    struct proxy_loan none = {0};
    pq->renew = renew || !audit(pq, &none);
    if (!pq->renew)
        return;
    unmark_all(pq, &none);
    for (uint32_t slot = 0; slot < pq->queue.slots; slot++)
        pq->queue.buffer_of[slot] = NO_BUFFER;
    pq->more = pq->filled = 0;
    pq->call->given = 0;
    pq->fetched = 0;
}

// Returns 1 when the queue was turned off and on, 0 when it was taken over, or a negative errno.
static int go_on_or_renew(struct proxy_queue *pq)
{
    if (!pq->renew) {
        go_on(pq);
        return 0;
    }
    if (free_slot(pq) != pq->queue.slots)
        return -EIO; // a buffer is missing
    pq->proxy->verbs->sync(pq->real, pq->transmit, pq->taken, pq->put);
    const int error = pq->proxy->verbs->requeue(pq->real, pq->transmit);
    if (error != 0)
        return error;
    pq->taken = pq->put = 0;
    pq->looked.ready = false;
    pq->queue.free = 0;
    return 1;
}

int proxy_revive(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    struct proxy_loan none = {0};
    const unsigned count = queue_count(proxy);
    const uint64_t now = clock_us();
    if (!is_mendable(proxy, port->fault))
        return -EPERM;
    const bool renew = !is_adoptable(port->fault) || within_a_second(now, proxy->adopted_us);
    if (renew && (proxy->suspect == NULL || within_a_second(now, proxy->renewed_us)))
        return -EAGAIN;
    for (unsigned i = 0; i < count; i++)
        audit_or_empty(queue_at(proxy, i), renew && queue_at(proxy, i) == proxy->suspect);
    for (unsigned i = 0; i < count; i++)
        settle(queue_at(proxy, i), &none);
    int renewed = 0;
    for (unsigned i = 0; i < count; i++) {
        const int done = go_on_or_renew(queue_at(proxy, i));
        if (done < 0)
            return done;
        renewed += done;
    }
    if (proxy_image_make(proxy) != 0)
        return -ENOMEM;
    run_again(port);
    proxy->adopted_us = clock_us();
    if (renewed > 0)
        proxy->renewed_us = proxy->adopted_us;
    return renewed;
}
