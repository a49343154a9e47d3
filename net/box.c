// SPDX-License-Identifier: BSD-2-Clause
// Wires the parts of net/ together, in the one order in which they can be.
#include "net/box.h"

#include <errno.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/env.h"
#include "kernel/idle.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "net/audit.h"
#include "net/bounce.h"
#include "net/bridge.h"
#include "net/buffers.h"
#include "net/commands.h"
#include "net/commands_fdb.h"
#include "net/commands_frames.h"
#include "net/commands_isolation.h"
#include "net/flips.h"
#include "net/forward.h"
#include "net/inject.h"
#include "net/local.h"
#include "net/proxy.h"
#include "net/reach.h"
#include "net/stack/manage.h"
#include "net/supervise.h"
#include "net/wire.h"

static struct buffers buffers;
_Static_assert(CONFIG_BURST_MAX == (int)BURST_MAX && CONFIG_BURST_DEFAULT == (int)BURST_DEFAULT,
               "a burst can be configured");

static struct forwarder forwarder;
static struct supervisor supervisor;
static struct local local;
static struct bridge bridge;
static bool bridging, managed;

// Packet memory, on 2 MiB boundaries for the IOMMU's sake, and the audit's private bitmap.
static int deal_buffers(const struct ports *ports, uint16_t max_frame)
{
    const uint32_t capacity = buffers_capacity(max_frame);
    reach_plan(&buffers, ports, capacity);
    int error = buffers_plan(&buffers, capacity);
    if (error != 0) {
        log_line("packet memory: a card's ring sizes are out of range");
        return error;
    }
    if (buffers.area.count == 0)
        return -ENODEV; // not one card could be probed, and the log says why
    uint64_t area = page_alloc(buffers.bytes, PAGE_LARGE, 0);
    uint64_t bitmap = page_alloc(buffers.bitmap_bytes, PAGE_SIZE, 0);
    if (area == 0 || bitmap == 0) {
        log_line("too little memory: %u buffers need %llu KiB on a 2 MiB boundary, %llu KiB free",
                 buffers.count, (unsigned long long)(buffers.bytes >> 10),
                 (unsigned long long)(page_free_bytes() >> 10));
        return -ENOMEM;
    }
    error = buffers_deal(&buffers, vm_direct(area), area, buffers.bytes, vm_direct(bitmap));
    if (error != 0)
        return error;
    log_line("%u buffers of %u bytes at %#llx", buffers.count, buffers.area.stride,
             (unsigned long long)area);
    return reach_grant(&buffers, ports);
}

// Puts the data path of the ports that are configured so into domains. One for which that cannot be
// done does not run at all.
static void insert_domains(const struct ports *ports, const struct config *config)
{
    bool table = false;
    for (unsigned i = 0; i < ports->count; i++) {
        struct port *port = ports->at[i];
        if (config->ports[i].isolation != CONFIG_ISOLATION_DOMAIN || port->state == PORT_ABSENT)
            continue;
        if (!table && !(table = proxy_init(&buffers.area)))
            log_line("isolation domain: no memory");
        if (!table || proxy_insert(port, &buffers) != 0)
            port->state = PORT_ABSENT;
        else
            log_line("%s: driver in ring 3, apart by %s", port->name, domain_mechanism());
    }
}

// Puts the copying of frames in front of the ports that are configured so.
static void insert_bounces(const struct ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++) {
        struct port *port = ports->at[i];
        if (bounce_insert(port))
            log_line("%s: frames are copied before they are looked at%s", port->name,
                     env_confined(port->env) ? ""
                                             : ", but no IOMMU keeps the card from the copies");
    }
}

// Joins the ports two by two. Returns 0 when at least one pair is joined, else why the last was
// not.
static int connect_pairs(const struct ports *ports, const struct config *config)
{
    unsigned joined = 0;
    int error = 0;
    for (unsigned i = 0; i < config->forward_count; i += 2) {
        const unsigned a = config->forward_ports[i], b = config->forward_ports[i + 1];
        const int failed = wire_connect(&forwarder, &buffers, a, b);
        log_line(failed == 0 ? "wire: %s <-> %s" : "wire: %s and %s cannot be joined",
                 ports->at[a]->name, ports->at[b]->name);
        joined += failed == 0;
        if (failed != 0)
            error = failed;
    }
    return joined > 0 ? 0 : error;
}

// Joins all ports in one bridge. Returns 0 or a negative errno.
static int connect_bridge(const struct ports *ports, const struct config *config)
{
    const uint64_t random[3] = {cpu_random(), cpu_random(), cpu_random()};
    const size_t bytes = fdb_bytes(config->fdb_size);
    const uint64_t table = page_alloc(bytes, PAGE_SIZE, 0);
    if (table == 0) {
        log_line("too little memory: a table of %u stations needs %zu KiB, %llu KiB free",
                 config->fdb_size, bytes >> 10, (unsigned long long)(page_free_bytes() >> 10));
        return -ENOMEM;
    }
    bridge_init(&bridge, vm_direct(table), config->fdb_size, config->ageing_time, random,
                clock_us());
    const int joined =
        bridge_connect(&bridge, &forwarder, &buffers, config->forward_ports, config->forward_count);
    if (joined < 0) {
        log_line("bridge: fewer than two ports can be joined");
        return joined;
    }
    char names[CONFIG_PORTS_MAX * (PORT_NAME_MAX + 1)] = "";
    for (unsigned i = 0; i < bridge.count; i++) {
        strcat(names, " ");
        strcat(names, ports->at[bridge.members[i]]->name);
    }
    log_line("bridge:%s; %u stations at most, forgotten after %u s", names, config->fdb_size,
             config->ageing_time);
    commands_fdb_init(&bridge);
    commands_set_fdb(&bridge.fdb);
    bridging = true;
    return 0;
}

// Whether a port can lead to the box.
static bool leads_here(const struct port *port)
{
    return port->tx_queues > 0 && port->rx_queues > 0;
}

// Lets frames for the box itself reach the management stack. A port that is not joined with another
// gets lanes that lead to the box only: those of nothing that is forwarded, too, so that somebody
// far away can ask why. Behind a bridge all ports lead to the box, so one that is there stands in
// for that of the configuration.
static void start_management(const struct ports *ports, const struct config *config, bool forwards)
{
    unsigned number = config->manage.port;
    bool joined = false;
    for (unsigned i = 0; forwards && i < config->forward_count; i++)
        joined |= config->forward_ports[i] == number;
    if (joined && bridging && !leads_here(ports->at[number])) {
        log_line("manage: %s is not there: the box has the address of %s", ports->at[number]->name,
                 ports->at[bridge.members[0]]->name);
        number = bridge.members[0];
    }
    const struct port *port = ports->at[number];
    if (!leads_here(port)) {
        log_line("manage: %s is not there, so the box cannot be reached", port->name);
        return;
    }
    managed = true;
    for (unsigned i = 0; !joined && i < port->rx_queues; i++)
        forwarder_add_box_lane(&forwarder, port->rx[i], number);
    local_init(&local, port->mac, port->tx[0], &forwarder.sent[number][0]);
    forwarder_set_local(&forwarder, &local, number);
    if (joined && bridging)
        bridge_set_local(&bridge, &local);
    const struct fdb *fdb = bridging ? &bridge.fdb : NULL;
    const struct view view = {config, &buffers, &forwarder, &supervisor, &local, fdb};
    manage_start(&view, &local, port);
}

// When the next of the calls below has to come.
static uint64_t deadline(void)
{
    if (forward_holds(&forwarder))
        return 0;
    const uint64_t ports = supervise_deadline(&supervisor), manage = manage_deadline();
    const uint64_t ageing = bridging ? fdb_deadline(&bridge.fdb) : UINT64_MAX;
    const uint64_t first = ports < manage ? ports : manage;
    return first < ageing ? first : ageing;
}

// Who sends to whom, and who copies, for the layout of the packet memory.
static void plan(const struct config *config)
{
    for (unsigned i = 0; i < buffers.port_count; i++)
        if (config->ports[i].bounce && buffers.ports[i]->rx_queues > 0)
            bounce_plan(&buffers, i, config->burst);
    if (config->mode == CONFIG_MODE_BRIDGE)
        bridge_plan(&buffers, config->forward_ports, config->forward_count);
    else
        for (unsigned i = 0; i < config->forward_count; i += 2)
            wire_plan(&buffers, config->forward_ports[i], config->forward_ports[i + 1]);
}

int box_start(const struct ports *ports, const struct config *config)
{
    buffers_init(&buffers, ports->at, ports->count);
    plan(config);
    int error = deal_buffers(ports, config->max_frame);
    if (error != 0)
        return error;
    insert_domains(ports, config);
    insert_bounces(ports);
    supervise_init(&supervisor, &buffers);
    for (unsigned i = 0; i < ports->count; i++) {
        if (buffers_shared(&buffers, i))
            log_line("%s: too few transmit queues, shares its buffers", ports->at[i]->name);
        supervise_add(&supervisor, ports->at[i], ports->device[i]);
    }
    forwarder_init(&forwarder, &buffers.area);
    forwarder.burst = config->burst;
    commands_init(&buffers, &forwarder, &supervisor);
    commands_frames_init(&buffers, &forwarder);
    commands_isolation_init(ports, &supervisor);
    inject_init(&buffers, &forwarder);
    flips_init(&supervisor);
    error = config->mode == CONFIG_MODE_BRIDGE ? connect_bridge(ports, config)
                                               : connect_pairs(ports, config);
    if (config->manage.on)
        start_management(ports, config, error == 0);
    idle_add_hook(deadline);
    // Ports that can run do so in any case: their link and their counters help whoever looks for
    // what is wrong with the others.
    const unsigned running = supervise_start(&supervisor);
    for (unsigned i = 0; i < ports->count; i++) {
        const struct port *port = ports->at[i];
        if (port->state == PORT_RUNNING && port->max_frame < config->max_frame)
            log_line(
                "%s: carries frames of up to %u bytes, max-frame is %u: longer ones are dropped",
                port->name, port->max_frame, config->max_frame);
    }
    return error != 0 ? error : (int)running;
}

bool box_managed(void)
{
    return managed;
}

bool box_manage(bool busy)
{
    return manage_poll(busy);
}

unsigned box_forward(void)
{
    return forward_poll(&forwarder);
}

uint64_t box_hasten(void)
{
    supervise_hasten(&supervisor);
    const uint64_t next = supervise_deadline(&supervisor), now = clock_us();
    if (next == UINT64_MAX)
        return next;
    return next > now ? next - now : 0;
}

void box_housekeeping(void)
{
    supervise_poll(&supervisor);
    if (bridging)
        bridge_poll(&bridge, &supervisor, clock_us());
    flips_poll();
}
