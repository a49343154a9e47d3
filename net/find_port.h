// SPDX-License-Identifier: BSD-2-Clause
// From a port's name, as somebody typed it, to its number.
#pragma once
#include "drivers/port.h"

// The number of the port with that name among count ports, or -1 after saying on the console that
// there is none, and what there is.
int find_port(struct port *const ports[], unsigned count, const char *name);
