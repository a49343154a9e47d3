// SPDX-License-Identifier: BSD-2-Clause
// The first step of the ladder: a port goes on without its card noticing.
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
