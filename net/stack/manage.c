// SPDX-License-Identifier: BSD-2-Clause
// Divides the core's time between what management has to do, slice by slice.
#include "net/stack/manage.h"

#include "kernel/clock.h"
#include "net/stack/console_tcp.h"
#include "net/stack/half_open.h"
#include "net/stack/http.h"
#include "net/stack/interface.h"
#include "net/stack/pages.h"
#include "net/stack/timers.h"

enum {
    LOOK_EVERY_US = 50, // at what has no sign of its own that something is to do
    SOON_US = 1000,     // of a box that sleeps: while somebody is connected
    KINDS = 4,          // of work
};

static struct local *local;
static uint64_t next_slice, next_look; // us
static struct manage_times times;
static unsigned turn;

void manage_start(const struct view *view, struct local *the_local, const struct port *port)
{
    const struct config *config = view->config;
    local = the_local;
    interface_start(config, local, port);
    pages_init(view);
    if (config->manage.http != 0)
        http_start(config->manage.http);
    if (config->manage.console != 0)
        console_tcp_start(config->manage.console, config->manage.password);
}

// What may be done in a slice, in turns, so that a flood of one kind does not keep out the others.
static bool run_kind(unsigned kind, uint64_t now)
{
    switch (kind) {
    case 0:
        return timers_run(now);
    case 1:
        return http_poll(now);
    case 2:
        return console_tcp_poll(now);
    default:
        half_open_limit();
        return interface_input();
    }
}

static bool run_something(uint64_t now)
{
    for (unsigned tries = 0; tries < KINDS; tries++) {
        turn = (turn + 1) % KINDS;
        if (run_kind(turn, now))
            return true;
    }
    return false;
}

bool manage_poll(bool busy)
{
    if (local == NULL)
        return false;
    const uint64_t begin = clock_us();
    if (busy && begin < next_slice)
        return false;
    if (local_next(local) == NULL && begin < next_look)
        return false;
    next_look = begin + LOOK_EVERY_US;
    interface_follow_link();
    if (!run_something(begin))
        return false;
    next_look = 0;
    const uint64_t end = clock_us(), took = end - begin;
    next_slice = end + MANAGE_PAUSE * took;
    times.slices++;
    times.total_us += took;
    if (took > times.longest_us)
        times.longest_us = took;
    return true;
}

uint64_t manage_deadline(void)
{
    if (local == NULL)
        return UINT64_MAX;
    if (local_next(local) != NULL)
        return 0;
    const uint64_t timers = timers_next(), soon = clock_us() + SOON_US;
    return (http_open() > 0 || console_tcp_open()) && soon < timers ? soon : timers;
}

struct manage_times manage_times(void)
{
    return times;
}
