// SPDX-License-Identifier: BSD-2-Clause
// What the box's main loop does with a supervisor between two rounds of forwarding, as far as it
// gets in no time at all.
#pragma once
#include "kernel/clock.h"
#include "net/supervise.h"

// One port after the other that is to be called again at once, as long as it gets on.
static inline void catch_up(struct supervisor *box)
{
    bool moved;
    do {
        enum supervised_state before[NET_PORTS_MAX];
        for (unsigned i = 0; i < box->count; i++)
            before[i] = box->ports[i].state;
        supervise_hasten(box);
        moved = false;
        for (unsigned i = 0; i < box->count; i++)
            moved |= box->ports[i].state != before[i];
    } while (moved);
}

// All ports once, and then those.
static inline void look_after(struct supervisor *box)
{
    supervise_poll(box);
    catch_up(box);
}

// supervise_restart(), and what comes of it.
static inline int restart_now(struct supervisor *box, unsigned port)
{
    const int error = supervise_restart(box, port);
    catch_up(box);
    return error;
}
