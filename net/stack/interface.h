// SPDX-License-Identifier: BSD-2-Clause
// The box's one network interface: lwIP on one side, the frames of net/local.h on the other.
#pragma once
#include "kernel/config.h"
#include "net/local.h"

// Makes the interface and gives it its addresses, by the configuration (whose [manage] is on).
// port is the one behind which management is; both it and local are kept. Once, after stack_init().
void interface_start(const struct config *config, struct local *local, const struct port *port);

// Follows the link: of the port, or, of a bridge, of all of them. Costs nothing when it did not
// change.
void interface_follow_link(void);

// Gives lwIP the oldest waiting frame. Returns whether there was one.
bool interface_input(void);

// Frames that lwIP could not take, for want of a buffer.
uint64_t interface_discarded(void);

// The addresses, as text, separated by blanks: "192.0.2.1/24 fe80::5054:ff:fe00:1"; cut to fit
// size bytes. Returns text.
const char *interface_addresses(char *text, unsigned size);
