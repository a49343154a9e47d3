// SPDX-License-Identifier: BSD-2-Clause
// Ports whose frames are copied before anybody looks at them: `bounce = on`.
//
// A card may write to its receive buffers at any time, also after it has handed one over. The
// forwarder reads each header once, but what it decided by may not be what is sent then. Here a
// frame is copied into a buffer of another range (buffers.h), and its receive buffer goes straight
// back to the card. What follows, from the check of its length to the transmit ring, sees the copy;
// an IOMMU keeps the card from writing there (reach.h). Where there is none, the card could write
// to the copy as well, if it set out to.
//
// No buffer is ever sought for a copy: a port has a stock of as many as a burst has frames, in one
// more ring, as it were, which is full between two bursts. receive() takes them out, refill() puts
// in what the transmit ring gave in exchange.
#pragma once
#include "net/buffers.h"

// Says that port `number`, which has been probed, copies its frames, up to burst (1..BURST_MAX) at
// a time. Between buffers_init() and buffers_plan().
void bounce_plan(struct buffers *buffers, unsigned number, unsigned burst);

// Puts the copying between the forwarder and the driver of such a port, which has been dealt its
// buffers; any other is left alone. Afterwards port->driver is another one, whose receive() and
// refill() copy, and which has no relay(). Call it after proxy_insert(). Returns whether it copies.
bool bounce_insert(struct port *port);

// Whether a port copies.
bool bounce_on(const struct port *port);

// What became of the frames that a port's driver handed over: together they are those received.
struct bounced {
    uint64_t copied;
    uint64_t refused; // of an impossible buffer, offset or length: not copied, and dropped
};

// Since it was planned; 0 of each when the port does not copy.
struct bounced bounce_counted(const struct port *port);
