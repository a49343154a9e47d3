// SPDX-License-Identifier: BSD-2-Clause
// The ports of the cards in one slot, which leave together.
#pragma once
#include "drivers/port.h"
#include "kernel/config.h"

struct slot_ports {
    unsigned count;
    struct port *at[CONFIG_PORTS_MAX];
};

// A line of the log for each.
void slot_ports_say(const struct slot_ports *ports, const char *what);

// Asks for all of them to be stopped for good; whether they are is in slot_ports_stopped().
void slot_ports_remove(const struct slot_ports *ports);

// Whether none of their cards is used any more.
bool slot_ports_stopped(const struct slot_ports *ports);
