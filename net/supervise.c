// SPDX-License-Identifier: BSD-2-Clause
// Watches the ports: link changes go to the log, faulted ports are restarted, hopeless ones parked.
#include "net/supervise.h"
#include "kernel/clock.h"
#include "kernel/log.h"
#include <errno.h>
#include <inttypes.h>

enum { SECOND_US = 1000 * 1000 };

const char *port_fault_name(enum port_fault fault)
{
    static const char *const names[PORT_FAULT_COUNT] = {
        [PORT_OK] = "none",
        [PORT_FAULT_USED_INDEX] = "used-index",
        [PORT_FAULT_USED_ID] = "used-id",
        [PORT_FAULT_USED_REPLAY] = "used-replay",
        [PORT_FAULT_NEEDS_RESET] = "needs-reset",
        [PORT_FAULT_GONE] = "gone",
        [PORT_FAULT_SILENT] = "silent",
        [PORT_FAULT_TX_HEAD] = "tx-head",
    };
    if ((unsigned)fault >= PORT_FAULT_COUNT || names[fault] == 0)
        return "unknown";
    return names[fault];
}

static void log_link(const struct supervised *s)
{
    const char *name = s->port->name;
    if (!s->link_up)
        log_line("%s: link down", name);
    else if (s->link_mbps == 0)
        log_line("%s: link up", name);
    else
        log_line("%s: link up, %" PRIu32 " Mb/s", name, s->link_mbps);
}

// A link that flaps must not flood the log: the first changes of each second are lines, the others
// are summed up when the second is over.
static void watch_link(struct supervised *s, uint64_t now)
{
    if (now - s->second_began >= SECOND_US) {
        if (s->held_back > 0)
            log_line("%s: link changed %u more times, now %s", s->port->name, s->held_back,
                     s->link_up ? "up" : "down");
        s->second_began = now;
        s->lines = s->held_back = 0;
    }
    const bool up = s->port->link_up;
    const uint32_t mbps = s->port->link_mbps;
    if (up == s->link_up && (!up || mbps == s->link_mbps))
        return;
    s->link_up = up;
    s->link_mbps = mbps;
    if (s->lines < LINK_LINES_MAX) {
        s->lines++;
        log_link(s);
    } else {
        s->held_back++;
    }
}

// Whether one more restart now would be the ninth in ten seconds.
static bool too_many_restarts(const struct supervised *s, uint64_t now)
{
    return s->recent >= RESTARTS_MAX &&
           now - s->times[s->restarts % RESTARTS_MAX] < RESTARTS_WINDOW_US;
}

static void park(struct supervised *s)
{
    s->state = SUPERVISED_PARKED;
    log_line("%s: parked after %d restarts in %d seconds: \"restart %s\" tries again",
             s->port->name, RESTARTS_MAX, RESTARTS_WINDOW_US / SECOND_US, s->port->name);
}

// Starts a stopped port. The link it had is forgotten, so that its return is a line in the log.
static int start(struct supervised *s)
{
    const int error = s->port->driver->start(s->port);
    if (error != 0) {
        s->state = SUPERVISED_RETRYING;
        s->retry_at = clock_us() + RETRY_US;
        log_line("%s: does not start: error %d", s->port->name, -error);
        return error;
    }
    s->state = SUPERVISED_RUNNING;
    s->link_up = false;
    return 0;
}

static int restart(struct supervised *s)
{
    s->times[s->restarts % RESTARTS_MAX] = clock_us();
    s->restarts++;
    if (s->recent < RESTARTS_MAX)
        s->recent++;
    const int error = start(s);
    if (error == 0) {
        s->outage_us = clock_us() - s->down_since;
        log_line("%s: running again after %" PRIu64 " us, restart %" PRIu64, s->port->name,
                 s->outage_us, s->restarts);
    }
    return error;
}

// The card broke a rule: it is stopped whatever comes next, so that it does no more DMA.
static void fault_noticed(struct supervised *s, uint64_t now)
{
    struct port *port = s->port;
    s->last_fault = port->fault;
    s->last_fault_value = port->fault_value;
    s->down_since = now;
    log_line("%s: fault %s, value 0x%" PRIx32, port->name, port_fault_name(port->fault),
             port->fault_value);
    port->driver->stop(port);
    if (too_many_restarts(s, now))
        park(s);
    else
        restart(s);
}

static void retry(struct supervised *s, uint64_t now)
{
    if (now < s->retry_at)
        return;
    if (too_many_restarts(s, now))
        park(s);
    else
        restart(s);
}

static void supervise_port(struct supervised *s)
{
    struct port *port = s->port;
    if (s->state == SUPERVISED_RUNNING && port->state == PORT_RUNNING)
        port->driver->poll(port);
    const uint64_t now = clock_us();
    if (s->state == SUPERVISED_RUNNING && port->state == PORT_FAULTED)
        fault_noticed(s, now);
    else if (s->state == SUPERVISED_RETRYING)
        retry(s, now);
    if (s->state == SUPERVISED_RUNNING)
        watch_link(s, now);
}

void supervise_add(struct supervisor *supervisor, struct port *port, const char *device)
{
    supervisor->ports[supervisor->count++] = (struct supervised){
        .port = port,
        .device = device,
        .state = SUPERVISED_ABSENT,
    };
}

unsigned supervise_start(struct supervisor *supervisor)
{
    unsigned running = 0;
    for (unsigned i = 0; i < supervisor->count; i++) {
        struct supervised *s = &supervisor->ports[i];
        if (s->port->state == PORT_ABSENT)
            continue;
        s->down_since = clock_us();
        if (start(s) == 0)
            running++;
    }
    return running;
}

void supervise_poll(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < supervisor->count; i++)
        supervise_port(&supervisor->ports[i]);
}

int supervise_restart(struct supervisor *supervisor, unsigned port)
{
    struct supervised *s = &supervisor->ports[port];
    if (s->state == SUPERVISED_ABSENT)
        return -ENODEV;
    if (s->state == SUPERVISED_RUNNING) {
        s->down_since = clock_us();
        s->port->driver->stop(s->port);
    }
    s->recent = 0;
    return restart(s);
}
