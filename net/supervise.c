// SPDX-License-Identifier: BSD-2-Clause
// Watches the ports: link changes go to the log, faulted ports are restarted, hopeless ones parked.
#include "net/supervise.h"
#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/mend.h"
#include "net/restarts.h"
#include <errno.h>
#include <inttypes.h>

enum {
    SECOND_US = 1000 * 1000,
};

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

static void park(struct supervised *s, const char *rule)
{
    s->state = SUPERVISED_PARKED;
    restart_note(s->port, s->cause, STEP_PARKED, 0, s->lost);
    log_line("%s: parked after %d restarts %s: \"restart %s\" tries again", s->port->name,
             RESTARTS_MAX, rule, s->port->name);
}

static void begin_outage(struct supervised *s, uint64_t now)
{
    s->down_since = now;
    s->lost = 0;
}

// The port runs. The link it had is forgotten, so that its return is a line in the log.
static void end_outage(struct supervised *s, uint64_t now)
{
    s->state = SUPERVISED_RUNNING;
    s->up_since = now;
    s->link_up = false;
    if (s->restarts == 0)
        return;
    s->outage_us = now - s->down_since;
    restart_note(s->port, s->cause, s->relinked ? STEP_LINK : STEP_FUNCTION, s->outage_us, s->lost);
    if (s->lost == 0)
        log_line("%s: running again after %" PRIu64 " us, restart %" PRIu64, s->port->name,
                 s->outage_us, s->restarts);
    else
        log_line("%s: running again after %" PRIu64 " us, restart %" PRIu64 ", %" PRIu64
                 " frames in its rings lost",
                 s->port->name, s->outage_us, s->restarts, s->lost);
}

// When the driver, which has just said -EINPROGRESS, is to be called again.
static uint64_t next_call(const struct port *port, uint64_t before, uint64_t after)
{
    return after + (port->poll_soon_us != 0 ? port->poll_soon_us : CALL_PAUSE * (after - before));
}

// Begins to take the port out of service; what comes after that is `then`.
static void stop(struct supervised *s, enum supervised_then then)
{
    s->state = SUPERVISED_STOPPING;
    s->then = then;
    s->next_call = clock_us();
}

static void retry_later(struct supervised *s)
{
    s->state = SUPERVISED_RETRYING;
    s->next_call = clock_us() + RETRY_US;
}

// What an attempt to start begins with when others were in vain: 0 when it is over, or there is no
// link to take down.
static int call_relink(struct supervised *s)
{
    if (!s->relinks)
        return 0;
    s->port->poll_soon_us = 0;
    const int error = s->port->driver->relink(s->port);
    if (error == -EINPROGRESS)
        return error;
    s->relinks = false;
    s->relinked = error == 0;
    return 0;
}

// One call of the driver's start(), the first or a further one of an attempt.
static void call_start(struct supervised *s)
{
    const uint64_t before = clock_us();
    int error = call_relink(s);
    if (error == 0)
        error = s->port->driver->start(s->port);
    const uint64_t after = clock_us();
    if (error == 0) {
        end_outage(s, after);
        return;
    }
    if (error == -EINPROGRESS && after - s->start_began < START_LIMIT_US) {
        s->next_call = next_call(s->port, before, after);
        return;
    }
    log_line("%s: does not start: error %d", s->port->name,
             error == -EINPROGRESS ? ETIMEDOUT : -error);
    if (error == -EINPROGRESS || s->port->state != PORT_STOPPED)
        stop(s, THEN_RETRY);
    else
        retry_later(s);
}

// Begins an attempt to start a stopped port.
static void start(struct supervised *s)
{
    s->state = SUPERVISED_STARTING;
    s->start_began = s->next_call = clock_us();
    s->relinked = false;
    s->relinks = s->in_vain > LINK_AFTER && s->port->driver->relink != NULL;
}

static void restart(struct supervised *s)
{
    s->times[s->restarts % RESTARTS_MAX] = clock_us();
    s->restarts++;
    s->in_vain++;
    if (s->recent < RESTARTS_MAX)
        s->recent++;
    start(s);
}

// Restarts a stopped port, unless that is hopeless.
static void restart_or_park(struct supervised *s, uint64_t now)
{
    _Static_assert(RESTARTS_WINDOW_US == 10 * SECOND_US, "the log says so");
    if (too_many_restarts(s, now))
        park(s, "in 10 seconds");
    else if (s->in_vain >= RESTARTS_MAX)
        park(s, "in vain");
    else
        restart(s);
}

// Brings the port back without resetting its card, if its driver can.
static bool revive(struct supervised *s)
{
    struct port *port = s->port;
    const uint64_t lost = port->lost_in_restart + port->card_missed;
    if (port->driver->revive == NULL)
        return false;
    const int renewed = port->driver->revive(port);
    s->lost = port->lost_in_restart + port->card_missed - lost; // also when stop() comes next
    if (renewed < 0)
        return false;
    s->outage_us = clock_us() - s->down_since;
    restart_note(port, s->cause, renewed > 0 ? STEP_QUEUE : STEP_ADOPT, s->outage_us, s->lost);
    if (renewed == 0)
        log_line("%s: running again after %" PRIu64 " us, adopted: nothing lost", port->name,
                 s->outage_us);
    else
        log_line("%s: running again after %" PRIu64 " us, %d of its queues off and on, %" PRIu64
                 " frames in them lost",
                 port->name, s->outage_us, renewed, s->lost);
    return true;
}

// The card or the driver broke a rule. If that needs a restart the card is stopped whatever comes
// next, so that it does no more DMA.
static void fault_noticed(struct supervised *s, uint64_t now)
{
    struct port *port = s->port;
    s->last_fault = port->fault;
    s->last_fault_value = port->fault_value;
    s->cause = port->fault;
    log_line("%s: fault %s, value 0x%" PRIx32, port->name, port_fault_name(port->fault),
             port->fault_value);
    if (now - s->up_since >= SERVICE_US)
        s->in_vain = 0;
    begin_outage(s, now);
    if (!revive(s))
        stop(s, THEN_RESTART_OR_PARK);
}

// The card leaves its slot, or has left: as if it had never been there.
static void leave(struct supervised *s)
{
    s->state = SUPERVISED_ABSENT;
    s->last_fault = s->cause = PORT_FAULT_GONE;
    restart_note(s->port, s->cause, STEP_PARKED, 0, s->lost);
    log_line("%s: device gone, %" PRIu64 " frames in its rings lost", s->port->name, s->lost);
}

// The same for a port that may have to be stopped first.
static void begin_to_leave(struct supervised *s)
{
    if (s->state == SUPERVISED_RUNNING || s->state == SUPERVISED_PARKED)
        begin_outage(s, clock_us());
    if (s->state == SUPERVISED_RUNNING || s->state == SUPERVISED_STARTING)
        stop(s, THEN_LEAVE);
    else if (s->state == SUPERVISED_STOPPING)
        s->then = THEN_LEAVE;
    else
        leave(s);
}

// The port is stopped. Its card does no DMA, so buffers that its driver lost are in nobody's hands
// and can be given back.
static void stopped(struct supervisor *supervisor, struct supervised *s, uint64_t now)
{
    const unsigned mended = buffers_mend(supervisor->buffers, s->port);
    if (mended > 0)
        log_line("%s: %u slots had lost their buffers and have them again", s->port->name, mended);
    switch (s->then) {
    case THEN_RESTART_OR_PARK:
        restart_or_park(s, now);
        break;
    case THEN_RESTART:
        restart(s);
        break;
    case THEN_RETRY:
        retry_later(s);
        break;
    case THEN_LEAVE:
        leave(s);
        break;
    }
}

// One call of the driver's stop(), the first or a further one.
static void call_stop(struct supervisor *supervisor, struct supervised *s)
{
    const uint64_t lost = s->port->lost_in_restart + s->port->card_missed;
    const uint64_t before = clock_us();
    const int error = s->port->driver->stop(s->port);
    const uint64_t after = clock_us();
    s->lost += s->port->lost_in_restart + s->port->card_missed - lost;
    if (error == -EINPROGRESS)
        s->next_call = next_call(s->port, before, after);
    else
        stopped(supervisor, s, after);
}

static bool has_to_leave(const struct supervised *s)
{
    return s->port->removed && s->state != SUPERVISED_ABSENT &&
           (s->state != SUPERVISED_STOPPING || s->then != THEN_LEAVE);
}

static void supervise_port(struct supervisor *supervisor, struct supervised *s)
{
    struct port *port = s->port;
    if (has_to_leave(s))
        begin_to_leave(s);
    if (s->state == SUPERVISED_RUNNING && port->state == PORT_RUNNING)
        port->driver->poll(port);
    const uint64_t now = clock_us();
    s->polled = now;
    if (s->state == SUPERVISED_RUNNING && port->state == PORT_FAULTED)
        fault_noticed(s, now);
    else if (s->state == SUPERVISED_STOPPING && now >= s->next_call)
        call_stop(supervisor, s);
    else if (s->state == SUPERVISED_STARTING && now >= s->next_call)
        call_start(s);
    else if (s->state == SUPERVISED_RETRYING && now >= s->next_call)
        restart_or_park(s, now);
    if (s->state == SUPERVISED_RUNNING)
        watch_link(s, now);
}

const char *supervise_state_name(const struct supervised *s)
{
    switch (s->state) {
    case SUPERVISED_ABSENT:
        return "absent";
    case SUPERVISED_STOPPING:
        return "stopping";
    case SUPERVISED_STARTING:
        return "starting";
    case SUPERVISED_RETRYING:
        return "retrying";
    case SUPERVISED_PARKED:
        return "parked";
    case SUPERVISED_RUNNING:
        break;
    }
    return s->port->state == PORT_RUNNING ? "running" : "faulted";
}

void supervise_init(struct supervisor *supervisor, struct buffers *buffers)
{
    *supervisor = (struct supervisor){.buffers = buffers};
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
    struct supervised *const end = supervisor->ports + supervisor->count;
    const uint64_t begin = clock_us();
    unsigned running = 0;
    for (struct supervised *s = supervisor->ports; s != end; s++) {
        if (s->port->state == PORT_ABSENT)
            continue;
        begin_outage(s, clock_us());
        start(s);
    }
    unsigned starting;
    do {
        starting = running = 0;
        for (struct supervised *s = supervisor->ports; s != end; s++) {
            if (s->state == SUPERVISED_STARTING)
                call_start(s);
            starting += s->state == SUPERVISED_STARTING;
            running += s->state == SUPERVISED_RUNNING;
        }
    } while (starting > 0 && clock_us() - begin < BOOT_WAIT_US);
    return running;
}

// Whether it is left to supervise_hasten().
static bool is_in_a_hurry(const struct supervised *s)
{
    if (s->state == SUPERVISED_STOPPING || s->state == SUPERVISED_STARTING)
        return !has_to_leave(s);
    return s->state == SUPERVISED_RUNNING && s->port->state == PORT_RUNNING &&
           s->port->poll_soon_us != 0 && !s->port->removed;
}

void supervise_poll(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < supervisor->count; i++)
        if (!is_in_a_hurry(&supervisor->ports[i]))
            supervise_port(supervisor, &supervisor->ports[i]);
}

static uint64_t port_deadline(const struct supervised *s)
{
    if (has_to_leave(s))
        return 0;
    switch (s->state) {
    case SUPERVISED_STOPPING:
    case SUPERVISED_STARTING:
    case SUPERVISED_RETRYING:
        return s->next_call;
    case SUPERVISED_RUNNING:
        if (s->port->state != PORT_RUNNING)
            return 0;
        return s->port->poll_soon_us ? s->polled + s->port->poll_soon_us : UINT64_MAX;
    case SUPERVISED_ABSENT:
    case SUPERVISED_PARKED:
        break;
    }
    return UINT64_MAX;
}

void supervise_hasten(struct supervisor *supervisor)
{
    struct supervised *first = NULL;
    for (unsigned i = 0; i < supervisor->count; i++) {
        struct supervised *s = &supervisor->ports[i];
        if (first == NULL || port_deadline(s) < port_deadline(first))
            first = s;
    }
    if (first != NULL && port_deadline(first) <= clock_us())
        supervise_port(supervisor, first);
}

uint64_t supervise_deadline(const struct supervisor *supervisor)
{
    uint64_t earliest = UINT64_MAX;
    for (unsigned i = 0; i < supervisor->count; i++) {
        const uint64_t next = port_deadline(&supervisor->ports[i]);
        if (next < earliest)
            earliest = next;
    }
    return earliest;
}

int supervise_restart(struct supervisor *supervisor, unsigned port)
{
    struct supervised *s = &supervisor->ports[port];
    if (s->state == SUPERVISED_ABSENT || s->port->removed)
        return -ENODEV;
    if (s->state == SUPERVISED_RUNNING)
        begin_outage(s, clock_us());
    s->recent = s->in_vain = 0;
    s->cause = PORT_OK;
    if (s->state == SUPERVISED_RUNNING || s->state == SUPERVISED_STARTING)
        stop(s, THEN_RESTART);
    else if (s->state == SUPERVISED_STOPPING)
        s->then = THEN_RESTART;
    else
        restart(s);
    return 0;
}
