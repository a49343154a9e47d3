// SPDX-License-Identifier: BSD-2-Clause
// The forwarding box as a whole: from probed ports to running lanes.
#pragma once
#include "kernel/config.h"
#include "kernel/ports.h"

// Lays out the packet area, connects the ports as the configuration's mode says and starts them,
// also when they cannot be connected because one of them is absent. All ports have been probed.
// Of several pairs that a wire is to join, one that can be joined is enough.
// Returns how many ports run, which may be fewer than there are: the others are tried again; or a
// negative errno after logging why: nothing is then forwarded.
int box_start(const struct ports *ports, const struct config *config);

// One round of forwarding. Returns the number of frames seen, 0 when there was nothing to do.
unsigned box_forward(void);

// Whether the box can be asked: with a negative result of box_start() too, its rounds and its
// management are then run.
bool box_managed(void);

// One slice of management, if it has something to do: see net/stack/manage.h. Returns whether it
// had.
bool box_manage(bool busy);

// The slow path of all ports. Call it about every millisecond, between two rounds; of a box that
// sleeps, when idle_deadline() has come.
void box_housekeeping(void);

// Moves on what waits for it between two calls of box_housekeeping(): ports that are being started.
// Returns in how many microseconds it wants to be called again, or box_housekeeping(); UINT64_MAX:
// there is no hurry.
uint64_t box_hasten(void);
