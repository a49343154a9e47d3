// SPDX-License-Identifier: BSD-2-Clause
// The box's own objects between simulated cards.
#include "bench/rig.h"
#include "bench/foreign.h"
#include "net/audit.h"
#include "net/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGN = 2 << 20,
    NUMBER = 16, // where a frame carries its number
    STATION = 5, // the byte of a MAC address that says at which port it is
};

struct rig rig;

static __attribute__((noreturn)) void give_up(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", rig.path->name, what);
    exit(1);
}

unsigned rig_peer(unsigned port)
{
    return (port + 1) % rig.path->ports;
}

// The number-th frame that arrives at a port, from the station there to one at its peer.
static void make_frame(uint8_t *frame, unsigned port, uint32_t number)
{
    memset(frame, (int)(number * 5 + port), RIG_FRAME);
    memcpy(frame, (const uint8_t[]){2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0x88, 0xb5}, 14);
    frame[STATION] = (uint8_t)rig_peer(port);
    frame[6 + STATION] = (uint8_t)port;
    memcpy(frame + NUMBER, &number, sizeof number);
}

void rig_sent(unsigned port, const uint8_t *frame, unsigned length)
{
    const unsigned from = (port + rig.path->ports - 1) % rig.path->ports;
    uint8_t wanted[RIG_FRAME];
    make_frame(wanted, from, rig.expected[port]++);
    wanted[RIG_TOUCHED] += rig.path->touch;
    rig.faults += length != RIG_FRAME || memcmp(frame, wanted, RIG_FRAME) != 0;
}

static void open_port(unsigned i, uint32_t ring_slots)
{
    struct port *port = &rig.ports[i];
    rig.path->cards->open(i, &rig.envs[i], port);
    snprintf(port->name, sizeof port->name, "port%u", i);
    port->ring_slots = ring_slots;
    if (port->driver->probe(port) != 0)
        give_up("a card cannot be probed");
    // A probe may have chosen among drivers. Two ports whose drivers are not the same one have no
    // run in common.
    rig.driver = port->driver;
    struct port_driver *copy = &rig.drivers[rig.path->generic ? i : 0];
    *copy = *port->driver;
    if (rig.path->touch)
        touch_driver(copy);
    if (rig.path->generic || rig.path->touch)
        port->driver = copy;
}

static void deal(void)
{
    struct port *ports[RIG_PORTS_MAX];
    for (unsigned i = 0; i < rig.path->ports; i++)
        ports[i] = &rig.ports[i];
    buffers_init(&rig.buffers, ports, rig.path->ports);
    wire_plan(&rig.buffers, 0, 1);
    if (buffers_plan(&rig.buffers, buffers_capacity(0)) != 0)
        give_up("the buffers cannot be laid out");
    const size_t bytes = (rig.buffers.bytes + ALIGN - 1) / ALIGN * ALIGN;
    void *memory = aligned_alloc(ALIGN, bytes), *bitmap = malloc(rig.buffers.bitmap_bytes);
    if (memory == NULL || bitmap == NULL)
        give_up("no memory");
    memset(memory, 0, bytes);
    if (buffers_deal(&rig.buffers, memory, (uint64_t)(uintptr_t)memory, bytes, bitmap) != 0)
        give_up("the buffers cannot be dealt");
}

void rig_open(const struct path *path, unsigned batch, uint32_t ring_slots)
{
    rig.path = path;
    if (path->foreign) {
        foreign_open(batch);
        return;
    }
    for (unsigned i = 0; i < path->ports; i++)
        open_port(i, ring_slots);
    deal();
    forwarder_init(&rig.forwarder, &rig.buffers.area);
    rig.forwarder.burst = batch;
    if (wire_connect(&rig.forwarder, &rig.buffers, 0, 1) != 0)
        give_up("the ports cannot be joined");
    for (unsigned i = 0; i < path->ports; i++) {
        if (!start_port(&rig.ports[i]))
            give_up("a port does not start, or has no link");
        path->cards->started(i, &rig.ports[i]);
    }
}

void rig_offer(unsigned count)
{
    uint8_t frame[RIG_FRAME];
    for (unsigned i = 0; i < count; i++) {
        for (unsigned port = 0; port < rig.path->ports; port++) {
            make_frame(frame, port, rig.offered[port]++);
            if (!rig.path->cards->arrive(port, frame, RIG_FRAME))
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
