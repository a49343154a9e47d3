// SPDX-License-Identifier: BSD-2-Clause
// How often each port was brought back, why and how: for the console and for metrics.
#pragma once
#include "drivers/port.h"

// The steps of the ladder, cheapest first.
enum restart_step {
    STEP_ADOPT,    // the card kept running; a new copy of the data path took its rings over
    STEP_QUEUE,    // the card kept running, but for some queues, which were turned off and on
    STEP_FUNCTION, // stop() and start(): the card was reset
    STEP_LINK,     // the same, after its link was held down for a while
    STEP_PARKED,   // given up
    STEP_COUNT
};

struct restart_record {
    uint64_t count[PORT_FAULT_COUNT][STEP_COUNT];
    uint64_t total;
    enum port_fault last_cause;
    enum restart_step last_step;
    uint64_t last_outage_us,
        max_outage_us;  // from noticing the fault to running; an adopted hang: from its crossing on
    uint64_t last_lost; // frames in its rings that were lost then
};

// "used-index", for people; "none" for PORT_OK.
const char *port_fault_name(enum port_fault fault);

// "adopt", for people.
const char *restart_step_name(enum restart_step step);

// Notes a restart that succeeded, or that the port was parked.
void restart_note(const struct port *port, enum port_fault cause, enum restart_step step,
                  uint64_t outage_us, uint64_t lost);

// What was noted for a port; all zero for one that never was in trouble.
const struct restart_record *restart_record(const struct port *port);
