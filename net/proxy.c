// SPDX-License-Identifier: BSD-2-Clause
// The verbs of a port whose data path runs in a domain. proxy_image.c makes what the domain works
// on.
#include "net/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "net/flips.h"
#include "net/proxy_adopt.h"
#include "net/proxy_image.h"
#include "net/withheld.h"

#define COLD        __attribute__((noinline, cold))
#define UNLIKELY(x) __builtin_expect(x, 0)

static struct judge judge;
static struct proxy proxies[NET_PORTS_MAX];
static unsigned proxy_count;
static uint16_t owner_count;

static struct proxy_queue *proxied(struct queue *queue)
{
    return (struct proxy_queue *)queue; // its first member
}

struct proxy *proxy_of(const struct port *port)
{
    for (unsigned i = 0; i < proxy_count; i++)
        if (proxies[i].port == port)
            return &proxies[i];
    return NULL;
}

// --- crossing ---

// The domain did not come back by itself.
COLD static void ended(struct proxy_queue *pq, uint64_t how)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = pq;
    gate_describe(how, proxy->last_words, sizeof proxy->last_words);
    log_line("%s: domain ended: %s", proxy->port->name, proxy->last_words);
    if (how == GATE_OVERDUE)
        port_fail(proxy->port, PORT_FAULT_HANG, 0);
    else
        port_fail(proxy->port, PORT_FAULT_EXCEPTION, (uint32_t)(how - GATE_EXCEPTION_BASE));
}

// The domain broke a rule of the judge's.
COLD static void violated(struct proxy_queue *pq, enum port_fault fault, uint32_t value)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = pq;
    snprintf(proxy->last_words, sizeof proxy->last_words, "its answer broke a rule");
    port_fail(proxy->port, fault, value);
}

// The driver itself, in the domain, failed the port. What it says of the card may be a lie, but
// harms only this port.
COLD static void failed(struct proxy_queue *pq)
{
    struct proxy *proxy = pq->proxy;
    proxy->suspect = pq;
    const enum port_fault fault = *(volatile enum port_fault *)&proxy->image->fault;
    const bool known = fault > PORT_OK && fault < PORT_FAULT_KILLED;
    snprintf(proxy->last_words, sizeof proxy->last_words, "it gave the card up");
    port_fail(proxy->port, known ? fault : PORT_FAULT_STALE, proxy->image->fault_value);
}

// Two faults last until the driver is ended.
COLD static void forget_lasting_fault(struct proxy *proxy)
{
    if (proxy->fault.fault == FAULT_SILENCE || proxy->fault.fault == FAULT_HOARD)
        proxy->fault.fault = FAULT_NONE;
}

COLD static uint32_t armed_fault(struct proxy_queue *pq, unsigned count)
{
    struct proxy_fault *fault = &pq->proxy->fault;
    if (domain_fault_on_transmit(fault->fault) != pq->transmit ||
        (fault->fault == FAULT_SENT_DUPLICATE && count < 2))
        return FAULT_NONE;
    pq->call->target = fault->target;
    return fault->fault;
}

// After a crossing with a fault: whether that was it. One that needs a frame waits for one, and two
// of them last until the port is restarted.
COLD static void fault_done(struct proxy_queue *pq, uint64_t value)
{
    struct proxy_fault *fault = &pq->proxy->fault;
    const bool lasts = fault->fault == FAULT_SILENCE || fault->fault == FAULT_HOARD;
    pq->call->fault = FAULT_NONE;
    if (lasts ||
        (domain_fault_waits(fault->fault, value) && pq->proxy->port->state == PORT_RUNNING))
        return;
    if (--fault->times == 0)
        fault->fault = FAULT_NONE;
}

// Runs a function in the domain. Returns whether *value, an unbelieved number of frames, may be
// looked at: no more than `most`, in the answer to this very call. If not, the port has failed.
static bool cross(struct proxy_queue *pq, uint64_t (*function)(const struct domain_call *call),
                  unsigned count, uint64_t most, uint64_t *value)
{
    struct proxy *proxy = pq->proxy;
    struct domain_call *call = pq->call;
    if (UNLIKELY(proxy->kill != PORT_OK)) {
        proxy->suspect = pq;
        forget_lasting_fault(proxy);
        port_fail(proxy->port, proxy->kill, 0);
        proxy->kill = PORT_OK;
        return false;
    }
    if (UNLIKELY(proxy->flips != 0))
        flips_begin(proxy);
    call->count = count;
    call->generation = ++proxy->generation;
    if (UNLIKELY(proxy->fault.fault != FAULT_NONE))
        call->fault = armed_fault(pq, count);
    const uint64_t how = domain_run(proxy->domain, function, pq->call_address, value);
    if (UNLIKELY(proxy->flips != 0))
        flips_end();
    const bool faulty = call->fault != FAULT_NONE;
    bool good = false;
    if (UNLIKELY(how != GATE_RETURNED))
        ended(pq, how);
    else if (UNLIKELY(*(volatile enum port_state *)&proxy->image->state != PORT_RUNNING))
        failed(pq);
    else if (UNLIKELY(*(volatile uint64_t *)&proxy->domain->answer->generation != call->generation))
        violated(pq, PORT_FAULT_STALE, 0);
    else if (UNLIKELY(*value > most))
        violated(pq, PORT_FAULT_COUNT_LIE, (uint32_t)*value);
    else
        good = true;
    if (UNLIKELY(faulty))
        fault_done(pq, *value);
    return good;
}

static bool adopt(struct proxy_queue *pq)
{
    struct proxy_loan none = {0};
    return proxy_adopt(pq, &none);
}

// --- the data verbs ---
//
// Each tries a second time when the domain ended and could be adopted.

static bool try_receive(struct proxy_queue *pq, struct frame *frames, unsigned max, uint64_t *count)
{
    if (UNLIKELY(!cross(pq, domain_receive, max, max, count)))
        return false;
    uint32_t value;
    const enum port_fault fault = judge_frames(&judge, pq->owner, pq->proxy->domain->answer->frames,
                                               (unsigned)*count, frames, &value);
    if (UNLIKELY(fault != PORT_OK)) {
        violated(pq, fault, value);
        return false;
    }
    pq->call->given = 0; // those are in its ring
    pq->taken += *count;
    pq->denials += *count == 0;
    return true;
}

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct proxy_queue *pq = proxied(queue);
    uint64_t count;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING))
        return 0;
    while (UNLIKELY(!try_receive(pq, frames, max, &count)))
        if (!adopt(pq))
            return 0;
    return (unsigned)count;
}

// Only notes them down: the next receive() takes them along.
static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct proxy_queue *pq = proxied(queue);
    for (unsigned i = 0; i < count; i++) {
        judge_give(&judge, pq->owner, frames[i].buffer);
        pq->call->buffers[i].buffer = frames[i].buffer;
    }
    pq->call->given = count;
    pq->put += count;
}

static unsigned room(struct queue *queue, unsigned wanted)
{
    struct proxy_queue *pq = proxied(queue);
    uint64_t free;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING))
        return 0;
    if (pq->queue.free >= wanted)
        return wanted;
    while (UNLIKELY(!cross(pq, domain_room, BURST_MAX, BURST_MAX, &free)))
        if (!adopt(pq))
            return 0;
    pq->queue.free = (uint32_t)free;
    pq->denials += free == 0;
    return pq->queue.free < wanted ? pq->queue.free : wanted;
}

// Lends the frames to the domain: their buffers are its queue's from here on.
static void lend(struct proxy_queue *pq, const struct frame *frames, unsigned count)
{
    struct proxy *proxy = pq->proxy;
    const unsigned front = proxy->real->front;
    struct frame *to = proxy->domain->answer->frames;
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = frames[i];
        judge_give(&judge, pq->owner, frame.buffer);
        if (front != 0)
            memset(packet_data(judge.area, frame.buffer, frame.offset) - front, 0, front);
        to[i] = frame;
    }
}

static void take_back(const struct frame *frames, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        judge_give(&judge, JUDGE_RING_0, frames[i].buffer);
}

static bool try_transmit(struct proxy_queue *pq, struct frame *frames, unsigned count,
                         uint64_t *sent)
{
    static struct frame empties[BURST_MAX];
    uint32_t value;
    lend(pq, frames, count);
    if (UNLIKELY(!cross(pq, domain_transmit, count, count, sent)))
        return false;
    const enum port_fault fault = judge_empties(
        &judge, pq->owner, pq->proxy->domain->answer->frames, (unsigned)*sent, empties, &value);
    if (UNLIKELY(fault != PORT_OK)) {
        violated(pq, fault, value);
        return false;
    }
    if (UNLIKELY(*sent < count)) {
        take_back(frames, (unsigned)*sent, count);
        pq->denials++;
    }
    for (unsigned i = 0; i < *sent; i++)
        frames[i].buffer = empties[i].buffer;
    pq->put += *sent;
    pq->queue.free = pq->queue.free > *sent ? pq->queue.free - (uint32_t)*sent : 0;
    return true;
}

// The domain ended with frames in its hands. Returns how many it had sent before, or -1 when they
// can be sent again.
COLD static int recover_transmit(struct proxy_queue *pq, struct frame *frames, unsigned count)
{
    struct proxy_loan loan = {.frames = frames, .count = count};
    const bool adopted = proxy_adopt(pq, &loan);
    take_back(frames, loan.sent, count);
    return adopted && loan.sent == 0 ? -1 : (int)loan.sent;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct proxy_queue *pq = proxied(queue);
    uint64_t sent;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING || count == 0))
        return 0;
    while (UNLIKELY(!try_transmit(pq, frames, count, &sent))) {
        const int before = recover_transmit(pq, frames, count);
        if (before >= 0)
            return (unsigned)before;
    }
    return (unsigned)sent;
}

// The domain names the buffer that it would hand out next, ring 0 fills it, and it is exchanged for
// itself.
static bool send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct proxy_queue *pq = proxied(queue);
    struct proxy *proxy = pq->proxy;
    uint64_t buffer;
    uint32_t value;
    if (proxy->port->state != PORT_RUNNING || length < FRAME_MIN ||
        length > proxy->port->max_frame || length > judge.area->capacity)
        return false;
    while (!cross(pq, domain_next_empty, 1, UINT32_MAX, &buffer))
        if (!adopt(pq))
            return false;
    if (buffer == NO_BUFFER)
        return false;
    const struct frame named = {(uint32_t)buffer, FRAME_HEADROOM, (uint16_t)length};
    struct frame frame;
    const enum port_fault fault = judge_frames(&judge, pq->owner, &named, 1, &frame, &value);
    if (fault != PORT_OK) {
        violated(pq, fault, value);
        return false;
    }
    memcpy(packet_data(judge.area, frame.buffer, frame.offset), data, length);
    const bool sent = transmit(queue, &frame, 1) == 1;
    // Its own again: the one that came back, or, when nothing was sent, the one that was named.
    judge_give(&judge, pq->owner, frame.buffer);
    return sent;
}

// --- the other verbs ---

static void for_each_queue(struct proxy *proxy, void (*run)(struct proxy_queue *pq))
{
    for (unsigned i = 0; i < proxy->port->rx_queues; i++)
        run(&proxy->rx[i]);
    for (unsigned i = 0; i < proxy->port->tx_queues; i++)
        run(&proxy->tx[i]);
}

static void sync(struct proxy_queue *pq)
{
    pq->proxy->real->sync(pq->real, pq->transmit, pq->taken, pq->put);
}

// Whose slot each buffer is, in whatever order: as many as there are slots, between two bursts.
static void settle_slots(struct proxy_queue *pq)
{
    const uint16_t *const owner = judge.owner, mine = pq->owner;
    const uint32_t end = pq->range.first + pq->range.count;
    uint32_t *slot = pq->queue.buffer_of, *const last = slot + pq->queue.slots;
    for (uint32_t buffer = pq->range.first; buffer < end && slot != last; buffer++)
        if (owner[buffer] == mine)
            *slot++ = buffer;
    while (slot != last)
        *slot++ = NO_BUFFER;
}

static void settle(struct queue *queue)
{
    settle_slots(proxied(queue));
}

static void own_slots(struct proxy_queue *pq)
{
    for (uint32_t slot = 0; slot < pq->queue.slots; slot++)
        judge_give(&judge, pq->owner, pq->queue.buffer_of[slot]);
    pq->taken = pq->put = 0;
    pq->queue.free = 0;
    pq->looked.ready = false;
    pq->call->given = 0;
}

static int start(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    int error = proxy->real->start(port);
    if (error != 0)
        return error;
    error = proxy_image_make(proxy);
    if (error != 0) {
        proxy->real->stop(port);
        return error;
    }
    for_each_queue(proxy, own_slots);
    proxy->kill = PORT_OK;
    proxy->suspect = NULL;
    forget_lasting_fault(proxy);
    return 0;
}

static void stop(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    if (port->state == PORT_RUNNING || port->state == PORT_FAULTED)
        for_each_queue(proxy, sync);
    proxy->real->stop(port);
    for_each_queue(proxy, settle_slots);
}

static void poll(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    for_each_queue(proxy, sync);
    for_each_queue(proxy, withheld_look);
    proxy->real->poll(port);
}

static bool arm(struct port *port, bool on)
{
    struct proxy *proxy = proxy_of(port);
    if (port->state == PORT_RUNNING)
        for_each_queue(proxy, sync);
    return proxy->real->arm(port, on);
}

static void describe(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    if (port->state == PORT_RUNNING)
        for_each_queue(proxy, sync);
    proxy->real->describe(port);
}

// --- insertion ---

bool proxy_init(const struct packet_area *area)
{
    const uint64_t table = page_alloc(area->count * sizeof *judge.owner, PAGE_SIZE, 0);
    if (table == 0)
        return false;
    judge = (struct judge){.owner = vm_direct(table), .area = area};
    memset(judge.owner, 0, area->count * sizeof *judge.owner);
    return true;
}

static bool insert_queue(struct proxy *proxy, struct proxy_queue *pq, struct queue **at,
                         bool transmits)
{
    *pq = (struct proxy_queue){
        .queue = {(*at)->port, (*at)->buffer_of, (*at)->slots, 0},
        .proxy = proxy,
        .real = *at,
        .owner = ++owner_count,
        .transmit = transmits,
    };
    pq->call = domain_memory(proxy->domain, sizeof *pq->call, VM_USER_READ, &pq->call_address);
    if (pq->call == NULL)
        return false;
    const struct port_driver *real = proxy->real;
    struct domain *domain = proxy->domain;
    pq->call->answer = (struct domain_answer *)domain->answer_address;
    pq->call->receive =
        (__typeof__(pq->call->receive))domain_function(domain, (const void *)real->receive);
    pq->call->room = (__typeof__(pq->call->room))domain_function(domain, (const void *)real->room);
    pq->call->transmit =
        (__typeof__(pq->call->transmit))domain_function(domain, (const void *)real->transmit);
    pq->call->refill =
        (__typeof__(pq->call->refill))domain_function(domain, (const void *)real->refill);
    pq->call->next_empty =
        (__typeof__(pq->call->next_empty))domain_function(domain, (const void *)real->next_empty);
    pq->call->misdeed =
        (__typeof__(pq->call->misdeed))domain_function(domain, (const void *)real->misdeed);
    return true;
}

// Once the port's queues are the proxy's.
static void set_ranges(const struct proxy *proxy, const struct buffers *buffers)
{
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++)
        if (buffers->ports[walk.port] == proxy->port && !walk.stock)
            proxied(queue)->range = buffers->range[walk_group(buffers, &walk)];
}

int proxy_insert(struct port *port, const struct buffers *buffers)
{
    const struct port_driver *real = port->driver;
    if (real->parts == NULL) {
        log_line("%s: isolation domain: the data path of this card runs in ring 0 only",
                 port->name);
        return -ENOTSUP;
    }
    struct proxy *proxy = &proxies[proxy_count];
    *proxy = (struct proxy){
        .driver = *real,
        .real = real,
        .port = port,
        .judge = &judge,
        .domain = domain_create(port->name),
    };
    if (proxy->domain == NULL)
        return -ENOMEM;
    bool memory = true;
    for (unsigned i = 0; i < port->rx_queues && memory; i++)
        memory = insert_queue(proxy, &proxy->rx[i], &port->rx[i], false);
    for (unsigned i = 0; i < port->tx_queues && memory; i++)
        memory = insert_queue(proxy, &proxy->tx[i], &port->tx[i], true);
    if (!memory || !proxy_image_plan(proxy)) {
        log_line("%s: isolation domain: no memory", port->name);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < port->rx_queues; i++)
        port->rx[i] = &proxy->rx[i].queue;
    for (unsigned i = 0; i < port->tx_queues; i++)
        port->tx[i] = &proxy->tx[i].queue;
    set_ranges(proxy, buffers);
    proxy->driver.relay = NULL;
    proxy->driver.receive = receive;
    proxy->driver.refill = refill;
    proxy->driver.room = room;
    proxy->driver.transmit = transmit;
    proxy->driver.send_copy = send_copy;
    proxy->driver.start = start;
    proxy->driver.stop = stop;
    proxy->driver.poll = poll;
    proxy->driver.settle = settle;
    proxy->driver.revive = proxy_revive;
    if (real->arm != NULL)
        proxy->driver.arm = arm;
    if (real->describe != NULL)
        proxy->driver.describe = describe;
    port->driver = &proxy->driver;
    proxy_count++;
    return 0;
}
