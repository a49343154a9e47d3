// SPDX-License-Identifier: BSD-2-Clause
// Notices a driver in a domain that comes back in time, breaks no rule of the judge's, and does
// nothing: frames wait in the ring and it says that there is none, or nothing is under way and it
// says that its ring is full.
#pragma once
#include "net/proxy.h"

// Every few milliseconds while the port runs, between two bursts, after sync(). A driver that is
// found out is ended at its next crossing.
void withheld_look(struct proxy_queue *pq);
