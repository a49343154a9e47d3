// SPDX-License-Identifier: BSD-2-Clause
// The copy of a port's queues that its domain works on.
#pragma once
#include <stdbool.h>

struct proxy;

// Gives the domain what does not depend on the card's state: a port structure and a packet area
// that it can do no harm with. Once. False: no memory.
bool proxy_image_plan(struct proxy *proxy);

// Copies the queues of a port that has just been started into its domain, and lets the domain see
// its rings and the registers of its queues. Returns 0, -ENOMEM, or -ENOTSUP after a message.
int proxy_image_make(struct proxy *proxy);
