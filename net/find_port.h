// SPDX-License-Identifier: BSD-2-Clause
// What commands of the shell have in common that are about ports.
#pragma once
#include "drivers/port.h"

// Whether there is a box: `what` is what a command shows of it, NULL when nothing is forwarded.
// Then says so on the console.
bool box_runs(const void *what);

// The number of the port with that name among count ports, or -1 after saying on the console that
// there is none, and what there is.
int find_port(struct port *const ports[], unsigned count, const char *name);
