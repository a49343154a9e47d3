// SPDX-License-Identifier: BSD-2-Clause
// start() and stop() until they have decided, as drivers/port.h says.
#pragma once
#include "drivers/port.h"
#include <errno.h>
#include <stdlib.h>

enum {
    CALLS_MAX = 1000000, // more than that is for ever
    CALL_US = 40,        // times that one call of either may look at the clock
};

// Returns what start() does in the end.
static inline int start_now(struct port *port)
{
    int error = -EINPROGRESS;
    for (unsigned calls = 0; error == -EINPROGRESS; calls++) {
        if (calls == CALLS_MAX)
            abort();
        error = port->driver->start(port);
    }
    return error;
}

static inline void stop_now(struct port *port)
{
    for (unsigned calls = 0; port->driver->stop(port) != 0; calls++)
        if (calls == CALLS_MAX || port->state != PORT_STOPPING)
            abort();
}
