// SPDX-License-Identifier: BSD-2-Clause
// Starts a port. Compiled with the image's flags and headers: error numbers are its C library's,
// which are not the host's.
#include "bench/rig.h"
#include <errno.h>

enum { LINK_POLLS = 1000 };

bool start_port(struct port *port)
{
    int error;
    do
        error = port->driver->start(port);
    while (error == -EINPROGRESS);
    for (unsigned tries = 0; error == 0 && tries < LINK_POLLS && !port->link_up; tries++)
        port->driver->poll(port);
    return error == 0 && port->link_up;
}
