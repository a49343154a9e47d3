// SPDX-License-Identifier: BSD-2-Clause
// The box's own objects between simulated cards.
#include "bench/rig.h"
#include "bench/foreign.h"
#include "drivers/virtio/split.h"
#include "net/audit.h"
#include "net/bounce.h"
#include "net/proxy.h"
#include "net/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGN = 2 << 20,
    NUMBER = 16,     // where a frame carries its number
    SOURCE = 6,      // where its second address begins
    STATION = 3,     // where an address says, in two bytes, which of its port's stations it is,
    BEHIND = 5,      // and at which port
    STATIONS = 4096, // that the bridge can learn
    AGEING = 300,    // seconds
};

struct rig rig;

static __attribute__((noreturn)) void give_up(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", rig.path->name, what);
    exit(1);
}

// Where the number-th frame of a port goes: to each of the others in turn.
static unsigned destination(unsigned port, uint32_t number)
{
    return (port + 1 + number % (rig.path->ports - 1)) % rig.path->ports;
}

static void make_address(uint8_t *address, unsigned port, uint32_t number)
{
    const unsigned flows = rig.path->flows > 0 ? rig.path->flows : 1;
    const uint16_t station = (uint16_t)(number / (rig.path->ports - 1) % flows);
    memcpy(address, (const uint8_t[]){2, 0, 0}, 3);
    memcpy(address + STATION, &station, sizeof station);
    address[BEHIND] = (uint8_t)port;
}

void rig_frame(uint8_t *frame, unsigned port, uint32_t number)
{
    memset(frame, (int)(number * 5 + port), RIG_FRAME);
    make_address(frame, destination(port, number), number);
    make_address(frame + SOURCE, port, number);
    memcpy(frame + 2 * SOURCE, (const uint8_t[]){0x88, 0xb5}, 2);
    memcpy(frame + NUMBER, &number, sizeof number);
}

void rig_sent(unsigned port, const uint8_t *frame, unsigned length)
{
    const unsigned from = frame[SOURCE + BEHIND];
    if (length != RIG_FRAME || from == port || from >= rig.path->ports) {
        rig.faults++;
        return;
    }
    uint32_t *next = &rig.expected[from][port];
    while (destination(from, *next) != port)
        ++*next;
    uint8_t wanted[RIG_FRAME];
    rig_frame(wanted, from, (*next)++);
    wanted[RIG_TOUCHED] += rig.path->touch;
    rig.faults += memcmp(frame, wanted, RIG_FRAME) != 0;
}

static const uint8_t numbers[RIG_PORTS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};

static void open_port(unsigned i)
{
    struct port *port = &rig.ports[i];
    rig.path->cards->open(i, &rig.envs[i], port);
    snprintf(port->name, sizeof port->name, "port%u", i);
    port->ring_slots = rig.ring_slots;
    port->in_a_domain = rig.path->domain;
    if (port->driver->probe(port) != 0)
        give_up("a card cannot be probed");
    // A probe may have chosen among drivers. Two ports whose drivers are not the same one, or have
    // no relay(), have no run in common.
    rig.driver = port->driver;
    struct port_driver *copy = &rig.drivers[rig.path->generic ? i : 0];
    *copy = *port->driver;
    if (rig.path->touch)
        touch_driver(copy);
    if (rig.path->generic)
        copy->relay = NULL, copy->steer = NULL;
    if (rig.path->generic || rig.path->touch || rig.path->bounce)
        port_use(port, copy);
}

static void deal(unsigned batch)
{
    struct port *ports[RIG_PORTS_MAX];
    for (unsigned i = 0; i < rig.path->ports; i++)
        ports[i] = &rig.ports[i];
    buffers_init(&rig.buffers, ports, rig.path->ports);
    if (rig.path->bridge)
        bridge_plan(&rig.buffers, numbers, rig.path->ports);
    else
        wire_plan(&rig.buffers, 0, 1);
    for (unsigned i = 0; rig.path->bounce && i < rig.path->ports; i++)
        bounce_plan(&rig.buffers, i, batch);
    if (buffers_plan(&rig.buffers, buffers_capacity(0)) != 0)
        give_up("the buffers cannot be laid out");
    // Behind them is memory that no buffer is in: what a lie about a buffer names.
    const size_t bytes = (rig.buffers.bytes + ALIGN - 1) / ALIGN * ALIGN;
    void *memory = aligned_alloc(ALIGN, bytes + ALIGN), *bitmap = malloc(rig.buffers.bitmap_bytes);
    if (memory == NULL || bitmap == NULL)
        give_up("no memory");
    memset(memory, 0, bytes + ALIGN);
    if (buffers_deal(&rig.buffers, memory, (uint64_t)(uintptr_t)memory, bytes, bitmap) != 0)
        give_up("the buffers cannot be dealt");
    for (unsigned i = 0; rig.path->bounce && i < rig.path->ports; i++)
        (void)bounce_insert(ports[i]);
}

static void insert_domains(void)
{
    if (!proxy_init(&rig.buffers.area))
        give_up("no memory");
    for (unsigned i = 0; i < rig.path->ports; i++)
        if (proxy_insert(&rig.ports[i], &rig.buffers) != 0)
            give_up("a driver cannot be put into a domain");
}

struct queue *rig_queue(struct queue *queue)
{
    return rig.path->domain ? ((const struct proxy_queue *)queue)->image : queue;
}

// All ports in one bridge.
static bool connect_bridge(void)
{
    static const uint64_t random[3] = {0x9d39247e33776d41, 0x2af7398005aaa5c7, 0x44db015024623547};
    void *memory = aligned_alloc(CACHE_LINE, fdb_bytes(STATIONS));
    if (memory == NULL)
        return false;
    bridge_init(&rig.bridge, memory, STATIONS, AGEING, random, 0);
    return bridge_connect(&rig.bridge, &rig.forwarder, &rig.buffers, numbers, rig.path->ports) ==
           (int)rig.path->ports;
}

// Every station sends twice: the bridge knows all of them before anything is measured. The lanes
// are run one by one, so nobody counts this. A virtio card hears of some empty buffers at once:
// in the end it has them all.
static void teach(void)
{
    unsigned frames = 2 * rig.path->flows * (rig.path->ports - 1);
    while (rig.path->cards == &cards_virtio && frames % SPLIT_TELL_EVERY != 0)
        frames++;
    for (unsigned i = 0; i < frames; i++) {
        rig_offer(1);
        for (unsigned lane = 0; lane < rig.forwarder.lane_count; lane++)
            (void)rig.forwarder.lanes[lane].run(&rig.forwarder, &rig.forwarder.lanes[lane]);
        (void)rig_collect();
    }
    rig.faults = 0; // what was flooded left by ports where it should not have
    for (unsigned port = 0; port < rig.path->ports; port++)
        for (unsigned from = 0; from < rig.path->ports; from++)
            rig.expected[from][port] = rig.offered[from];
}

void rig_open(const struct path *path, unsigned batch, uint32_t ring_slots)
{
    rig.path = path;
    rig.ring_slots = ring_slots;
    if (path->foreign) {
        foreign_open(batch);
        return;
    }
    for (unsigned i = 0; i < path->ports; i++)
        open_port(i);
    deal(batch);
    if (path->domain)
        insert_domains();
    forwarder_init(&rig.forwarder, &rig.buffers.area);
    rig.forwarder.burst = batch;
    if (!(path->bridge ? connect_bridge() : wire_connect(&rig.forwarder, &rig.buffers, 0, 1) == 0))
        give_up("the ports cannot be joined");
    for (unsigned i = 0; i < path->ports; i++) {
        if (!start_port(&rig.ports[i]))
            give_up("a port does not start, or has no link");
        path->cards->started(i, &rig.ports[i]);
    }
    if (path->bridge)
        teach();
}

bool rig_arrive(unsigned port)
{
    uint8_t frame[RIG_FRAME];
    rig_frame(frame, port, rig.offered[port]++);
    return rig.path->cards->arrive(port, frame, RIG_FRAME);
}

void rig_offer(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned port = 0; port < rig.path->ports; port++) {
            if (!rig_arrive(port))
                give_up("a card had no room for a frame");
        }
    }
}

unsigned rig_poll(void)
{
    return rig.path->foreign ? foreign_poll() : forward_poll(&rig.forwarder);
}

unsigned rig_collect(void)
{
    unsigned sent = 0;
    for (unsigned port = 0; port < rig.path->ports; port++)
        sent += rig.path->cards->send(port);
    return sent;
}

uint64_t rig_doorbells(void)
{
    uint64_t sum = 0;
    for (unsigned port = 0; port < rig.path->ports; port++)
        sum += rig.path->cards->doorbells(port);
    return sum;
}

bool rig_conserved(void)
{
    struct audit_report report;
    return rig.path->foreign || buffers_audit(&rig.buffers, &report);
}
