// SPDX-License-Identifier: BSD-2-Clause
// The lights beside the cage.
#pragma once
#include "drivers/port.h"

// Lets the link light blink, or gives it back its meaning. port_driver.blink; see drivers/port.h.
int ixgbe_blink(struct port *port, bool on);
