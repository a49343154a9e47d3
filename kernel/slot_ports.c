// SPDX-License-Identifier: BSD-2-Clause
// What is said to the ports of a slot, whoever asks the card to leave.
#include "kernel/slot_ports.h"

#include "kernel/log.h"

void slot_ports_say(const struct slot_ports *ports, const char *what)
{
    for (unsigned i = 0; i < ports->count; i++)
        log_line("%s: %s", ports->at[i]->name, what);
}

void slot_ports_remove(const struct slot_ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++)
        ports->at[i]->removed = true;
}

bool slot_ports_stopped(const struct slot_ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++)
        if (ports->at[i]->state != PORT_STOPPED && ports->at[i]->state != PORT_ABSENT)
            return false;
    return true;
}
