// SPDX-License-Identifier: BSD-2-Clause
// From the configuration's port sections to probed ports: finds each card and its driver.
#pragma once
#include "drivers/port.h"
#include "kernel/config.h"

struct port_driver;

// The configured ports, in the order of the configuration.
struct ports {
    struct port *at[CONFIG_PORTS_MAX];
    const char *device[CONFIG_PORTS_MAX]; // as the configuration names it
    unsigned count;
};

// Opens and probes every port. drivers ends with NULL. A port whose card is missing, unknown or
// broken stays in the list with the state PORT_ABSENT, and the log says why.
void ports_open(struct ports *ports, const struct config *config,
                const struct port_driver *const drivers[]);

// Fills in a configuration that joins the first two cards that some driver supports, for
// on-error = wire. Returns false when there are fewer than two.
bool ports_first_two(struct config *config, const struct port_driver *const drivers[]);

// Whether some card asked for attention since the last call. To be called in every round that has
// time for it: a card that asked may not ask again before this was called.
bool ports_attention(void);
