// SPDX-License-Identifier: BSD-2-Clause
// The first two steps of the ladder: a port goes on without its card noticing, or one queue of the
// card is turned off and on.
#pragma once
#include "net/proxy.h"

// What a domain had been lent when it ended: the frames of a transmit() under way.
struct proxy_loan {
    struct frame *frames; // on success: the first `sent` now hold empty buffers instead
    unsigned count, sent;
};

// After the port of pq was failed during a crossing of pq: audits the rings against the judge's
// table, and gives the domain a fresh copy of everything. Returns whether the port runs again; then
// the crossing may be repeated, with what the loan says is left. It refuses when the last time was
// less than a second ago, when the driver itself gave the card up, and when anything is not where
// it should be: then nothing has changed. Loses no frame.
bool proxy_adopt(struct proxy_queue *pq, struct proxy_loan *loan);

// port_driver.revive() of a port whose data path runs in a domain, for what could not be adopted
// while it happened. Takes over the queues whose rings add up, and turns the others off and on.
// When the port was adopted less than a second ago, the queue in whose crossing it failed is turned
// off and on in any case; when that was done less than a second ago too, only a reset helps.
// Returns how many queues were turned off and on; or, after which the port still has to be stopped,
// -EAGAIN when it is too soon, -EPERM when the fault is not one that this could mend, -EIO,
// -ENOMEM, or what the driver's requeue() returned.
int proxy_revive(struct port *port);
