// SPDX-License-Identifier: BSD-2-Clause
// What a fault on purpose left behind, as ring 0 sees it: the proof that the deed was done, in a
// domain or in ring 0, whether or not it had any effect.
#pragma once
#include "drivers/domain.h"
#include "drivers/port_domain.h"
#include "kernel/gate.h"

// Where a driver is about to do wrong.
struct deed {
    const char *port;                   // its name
    const char *fault;                  // the fault's name
    const struct domain_verbs *verbs;   // NULL: the driver's rings are not looked at
    const struct queue *queue;          // in ring 0
    const struct domain_answer *answer; // as ring 0 sees it
    const volatile uint32_t *place;     // that the fault writes to, or NULL
    bool transmit;
};

// Notes what is there before. One deed at a time.
void deed_before(const struct deed *deed);

// Afterwards: one line in the log, "PORT: FAULT done:" and then rflags, rsp and mxcsr as the driver
// left them (0 when it did not come back by itself); the first word of its answer; the word at
// place; and how many have changed of the entries of received frames in the answer, of 8-byte words
// of its ring (DEED_RING_BYTES of it at most), and of its registers that can be read.
void deed_after(const struct deed *deed, const struct gate_left *left);

enum { DEED_RING_BYTES = 32 * 1024 };
