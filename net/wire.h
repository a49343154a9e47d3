// SPDX-License-Identifier: BSD-2-Clause
// The mode `wire`: two ports, joined like the two ends of a cable.
#pragma once
#include "net/buffers.h"
#include "net/forward.h"

// Says that frames will cross between ports a and b, so that buffers_plan() reckons with it.
// Between buffers_init() and buffers_plan().
void wire_plan(struct buffers *buffers, unsigned a, unsigned b);

// Adds the lanes of both directions, one for each receive queue. After buffers_plan().
// Returns 0; -ENODEV when one of the ports has not been probed or lacks queues; -EINVAL when it
// carries no Ethernet frame at all, or the table of lanes is full.
int wire_connect(struct forwarder *forwarder, const struct buffers *buffers, unsigned a,
                 unsigned b);
