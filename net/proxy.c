// SPDX-License-Identifier: BSD-2-Clause
// The verbs of a port whose data path runs in a domain. proxy_image.c makes what the domain works
// on.
#include "net/proxy.h"

#include <errno.h>
#include <string.h>

#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "net/proxy_adopt.h"
#include "net/proxy_cross.h"
#include "net/proxy_image.h"
#include "net/proxy_relay.h"
#include "net/withheld.h"

static struct judge judge;
static struct proxy proxies[NET_PORTS_MAX];
static struct port_driver drivers[NET_PORTS_MAX];       // what port->driver points to
static const struct port_driver *behind[NET_PORTS_MAX]; // the real ones
static unsigned driver_count;
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

// --- the data verbs ---
//
// Each tries a second time when the domain ended and could be adopted.

static bool try_receive(struct proxy_queue *pq, struct frame *frames, unsigned max, unsigned *count)
{
    uint32_t value;
    pq->most = max;
    if (pq->fetched == 0 && UNLIKELY(!proxy_fetch(pq, max)))
        return false;
    *count = pq->fetched < max ? pq->fetched : max;
    const enum port_fault fault =
        judge_frames(&judge, pq->owner, pq->frames + pq->fetched_from, *count, frames, &value);
    if (UNLIKELY(fault != PORT_OK)) {
        proxy_violated(pq, fault, value);
        return false;
    }
    proxy_take(pq, *count);
    proxy_note_busy(pq, *count);
    return true;
}

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct proxy_queue *pq = proxied(queue);
    unsigned count;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING))
        return 0;
    while (UNLIKELY(!try_receive(pq, frames, max, &count)))
        if (!proxy_adopt_alone(pq))
            return 0;
    return count;
}

// Only notes them down: the next receive() takes them along.
static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct proxy_queue *pq = proxied(queue);
    struct frame *given = pq->call->buffers + pq->call->given;
    for (unsigned i = 0; i < count; i++) {
        judge_give(&judge, pq->owner, frames[i].buffer);
        given[i].buffer = frames[i].buffer;
    }
    pq->call->given += count;
    pq->put += count;
}

static unsigned room(struct queue *queue, unsigned wanted)
{
    struct proxy_queue *pq = proxied(queue);
    uint64_t free;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING))
        return 0;
    pq->most = wanted;
    if (pq->queue.free >= wanted)
        return wanted;
    while (UNLIKELY(!proxy_cross(pq, domain_room, BURST_MAX, BURST_MAX, &free)))
        if (!proxy_adopt_alone(pq))
            return 0;
    pq->queue.free = (uint32_t)free;
    pq->denials += free == 0;
    return pq->queue.free < wanted ? pq->queue.free : wanted;
}

// Lends the frames to the domain: their buffers are its queue's from here on.
static void lend(struct proxy_queue *pq, const struct frame *frames, unsigned count)
{
    struct frame *to = pq->frames;
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = frames[i];
        judge_give(&judge, pq->owner, frame.buffer);
        to[i] = frame;
    }
    proxy_write_fronts(pq, frames, count);
}

// Lets the driver send what it was lent. No errands while a fault is to be injected: each has its
// own crossing in which it can happen.
static bool send_lent(struct proxy_queue *pq, unsigned count, struct proxy_sent *sent)
{
    if (!UNLIKELY(proxy_wanted(pq->proxy) != 0))
        return proxy_send(pq, count, pq->most, sent);
    uint64_t value;
    pq->call->wanted = BURST_MAX; // afterwards nothing is known of its room
    if (!proxy_cross(pq, domain_transmit, count, count, &value))
        return false;
    *sent = (struct proxy_sent){.frames = (uint32_t)value};
    return true;
}

static bool try_transmit(struct proxy_queue *pq, struct frame *frames, unsigned count,
                         unsigned *sent)
{
    static struct frame empties[BURST_MAX];
    struct proxy_sent did;
    uint32_t value;
    lend(pq, frames, count);
    if (UNLIKELY(!send_lent(pq, count, &did)))
        return false;
    const enum port_fault fault =
        judge_empties(&judge, pq->owner, JUDGE_RING_0, pq->frames, did.frames, empties, &value);
    if (UNLIKELY(fault != PORT_OK)) {
        proxy_violated(pq, fault, value);
        return false;
    }
    if (UNLIKELY(did.frames < count))
        proxy_take_back(pq, frames, did.frames, count);
    for (unsigned i = 0; i < did.frames; i++)
        frames[i].buffer = empties[i].buffer;
    proxy_was_sent(pq, count, &did);
    *sent = did.frames;
    return true;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct proxy_queue *pq = proxied(queue);
    unsigned sent;
    if (UNLIKELY(pq->proxy->port->state != PORT_RUNNING || count == 0))
        return 0;
    while (UNLIKELY(!try_transmit(pq, frames, count, &sent))) {
        const int before = proxy_recover(pq, frames, count);
        if (before >= 0)
            return (unsigned)before;
    }
    return sent;
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
    while (!proxy_cross(pq, domain_next_empty, 1, UINT32_MAX, &buffer))
        if (!proxy_adopt_alone(pq))
            return false;
    if (buffer == NO_BUFFER)
        return false;
    const struct frame named = {(uint32_t)buffer, FRAME_HEADROOM, (uint16_t)length};
    struct frame frame;
    const enum port_fault fault = judge_frames(&judge, pq->owner, &named, 1, &frame, &value);
    if (fault != PORT_OK) {
        proxy_violated(pq, fault, value);
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
    pq->proxy->verbs->sync(pq->real, pq->transmit, pq->taken, pq->put);
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

// Between stop() and the end of start() the slots are as the driver, in ring 0, knows them, and
// fills its rings by that.
static void settle(struct queue *queue)
{
    const struct proxy *proxy = proxied(queue)->proxy;
    if (proxy->port->state != PORT_STOPPED && !proxy->copies)
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
    pq->fetched = 0;
}

// The card runs, but nothing passes before the domain has its copy, in a call of its own.
static int wait_for_copy(struct proxy *proxy)
{
    struct port *port = proxy->port;
    proxy->copies = true;
    proxy->poll_soon_us = port->poll_soon_us;
    port->poll_soon_us = PORT_PAUSE_US;
    port->state = PORT_FAULTED;
    port_close(port);
    return -EINPROGRESS;
}

static int start(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    if (!proxy->copies) {
        const int error = proxy->real->start(port);
        if (error != 0)
            return error;
        for_each_queue(proxy, own_slots);
        return wait_for_copy(proxy);
    }
    proxy->copies = false;
    port->poll_soon_us = proxy->poll_soon_us;
    const int error = proxy_image_make(proxy);
    if (error != 0)
        return error; // it is PORT_FAULTED: stop() comes next
    proxy->kill = PORT_OK;
    proxy->suspect = proxy->busy = NULL;
    proxy_forget_lasting_fault(proxy);
    port->state = PORT_RUNNING;
    return 0;
}

// Its last call is for the slots alone.
static int stop(struct port *port)
{
    struct proxy *proxy = proxy_of(port);
    if (port->state == PORT_RUNNING || port->state == PORT_FAULTED)
        for_each_queue(proxy, sync);
    if (port->state != PORT_STOPPING)
        proxy->copies = proxy->settles = false;
    if (proxy->settles) {
        for_each_queue(proxy, settle_slots);
        port->poll_soon_us = 0;
        port->state = PORT_STOPPED;
        return 0;
    }
    const int error = proxy->real->stop(port);
    if (error != 0 || port->state != PORT_STOPPED)
        return error;
    proxy->settles = true;
    port->poll_soon_us = PORT_PAUSE_US;
    port->state = PORT_STOPPING;
    return -EINPROGRESS;
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
        .queue = {.port = (*at)->port, .buffer_of = (*at)->buffer_of, .slots = (*at)->slots},
        .proxy = proxy,
        .real = *at,
        .owner = ++owner_count,
        .transmit = transmits,
    };
    pq->call = domain_memory(proxy->domain, sizeof *pq->call, VM_USER_READ, &pq->call_address);
    if (pq->call == NULL)
        return false;
    const struct port_driver *real = proxy->real;
    const struct domain_verbs *verbs = proxy->verbs;
    struct domain *domain = proxy->domain;
    struct domain_answer *seen = (struct domain_answer *)domain->answer_address; // by ring 3
    pq->frames = transmits ? domain->answer->sent : domain->answer->received;
    pq->call->answer = seen;
    pq->call->frames = transmits ? seen->sent : seen->received;
    pq->call->receive =
        (__typeof__(pq->call->receive))domain_function(domain, (const void *)real->receive);
    pq->call->room = (__typeof__(pq->call->room))domain_function(domain, (const void *)real->room);
    pq->call->transmit =
        (__typeof__(pq->call->transmit))domain_function(domain, (const void *)real->transmit);
    pq->call->refill =
        (__typeof__(pq->call->refill))domain_function(domain, (const void *)real->refill);
    pq->call->next_empty =
        (__typeof__(pq->call->next_empty))domain_function(domain, (const void *)verbs->next_empty);
    pq->call->misdeed =
        (__typeof__(pq->call->misdeed))domain_function(domain, (const void *)verbs->misdeed);
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

// The proxy's verbs, with the rest of a driver. Ports that share a driver share this one.
static const struct port_driver *driver_in_front_of(const struct port_driver *real)
{
    unsigned number = 0;
    while (number < driver_count && behind[number] != real)
        number++;
    struct port_driver *driver = &drivers[number];
    if (number < driver_count)
        return driver;
    behind[driver_count++] = real;
    *driver = *real;
    driver->receive = receive;
    driver->refill = refill;
    driver->room = room;
    driver->transmit = transmit;
    driver->exchange = NULL;
    driver->put = NULL;
    driver->relay = proxy_relay;
    driver->steer = NULL;
    driver->enqueue = NULL;
    driver->ring = NULL;
    driver->send_copy = send_copy;
    driver->start = start;
    driver->stop = stop;
    driver->poll = poll;
    driver->settle = settle;
    driver->revive = proxy_revive;
    if (real->arm != NULL)
        driver->arm = arm;
    if (real->describe != NULL)
        driver->describe = describe;
    return driver;
}

int proxy_insert(struct port *port, const struct buffers *buffers)
{
    const struct port_driver *real = port->driver;
    if (real->domain == NULL) {
        log_line("%s: isolation domain: the data path of this card runs in ring 0 only",
                 port->name);
        return -ENOTSUP;
    }
    struct proxy *proxy = &proxies[proxy_count];
    *proxy = (struct proxy){
        .real = real,
        .verbs = real->domain,
        .port = port,
        .judge = &judge,
        .domain = domain_create(port->name),
    };
    if (proxy->domain == NULL)
        return -ENOMEM;
    const uint16_t owners = owner_count;
    bool memory = true;
    for (unsigned i = 0; i < port->rx_queues && memory; i++)
        memory = insert_queue(proxy, &proxy->rx[i], &port->rx[i], false);
    for (unsigned i = 0; i < port->tx_queues && memory; i++)
        memory = insert_queue(proxy, &proxy->tx[i], &port->tx[i], true);
    if (!memory || !proxy_image_plan(proxy)) {
        owner_count = owners;
        log_line("%s: isolation domain: no memory", port->name);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < port->rx_queues; i++)
        port->rx[i] = &proxy->rx[i].queue;
    for (unsigned i = 0; i < port->tx_queues; i++)
        port->tx[i] = &proxy->tx[i].queue;
    set_ranges(proxy, buffers);
    port_use(port, driver_in_front_of(real));
    proxy_count++;
    return 0;
}
