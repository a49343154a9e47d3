// SPDX-License-Identifier: BSD-2-Clause
// drivers/env.h for measuring: the driver in an ordinary process on a simulated 82599 whose BAR is
// plain memory and whose addresses are pointers. Nothing is checked, nothing is hooked.
#pragma once
#include "bench/simcard_82599.h"
#include "drivers/port.h"

struct env {
    struct simcard card;
    struct env *next;
    uint8_t config[4096];
    uint32_t *registers;
};

// A port on a healthy card, not probed.
void hosted_open(struct env *env, struct port *port, const struct port_driver *driver);
