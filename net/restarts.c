// SPDX-License-Identifier: BSD-2-Clause
// Names of faults and steps, and a table of restarts: one line for each port that ever had one.
#include "net/restarts.h"
#include "net/counters.h"
#include <stddef.h>

static struct line {
    const struct port *port;
    struct restart_record record;
} lines[NET_PORTS_MAX];

static struct restart_record *find(const struct port *port)
{
    for (unsigned i = 0; i < NET_PORTS_MAX; i++) {
        if (lines[i].port == NULL)
            lines[i].port = port;
        if (lines[i].port == port)
            return &lines[i].record;
    }
    return &lines[0].record; // there are no more ports than lines
}

const char *port_fault_name(enum port_fault fault)
{
    static const char *const names[PORT_FAULT_COUNT] = {
        [PORT_OK] = "none",
        [PORT_FAULT_USED_INDEX] = "used-index",
        [PORT_FAULT_USED_ID] = "used-id",
        [PORT_FAULT_USED_REPLAY] = "used-replay",
        [PORT_FAULT_NEEDS_RESET] = "needs-reset",
        [PORT_FAULT_GONE] = "gone",
        [PORT_FAULT_SILENT] = "silent",
        [PORT_FAULT_TX_HEAD] = "tx-head",
        [PORT_FAULT_DMA] = "dma",
        [PORT_FAULT_BAD_BUFFER] = "bad-buffer",
        [PORT_FAULT_KILLED] = "killed",
        [PORT_FAULT_EXCEPTION] = "exception",
        [PORT_FAULT_HANG] = "hang",
        [PORT_FAULT_COUNT_LIE] = "count",
        [PORT_FAULT_STALE] = "stale",
        [PORT_FAULT_INDEX] = "index",
        [PORT_FAULT_FOREIGN] = "foreign",
        [PORT_FAULT_DUPLICATE] = "duplicate",
        [PORT_FAULT_LENGTH] = "length",
        [PORT_FAULT_WITHHELD] = "withheld",
    };
    if ((unsigned)fault >= PORT_FAULT_COUNT || names[fault] == 0)
        return "unknown";
    return names[fault];
}

const char *restart_step_name(enum restart_step step)
{
    static const char *const names[STEP_COUNT] = {
        [STEP_ADOPT] = "adopt", [STEP_QUEUE] = "queue",   [STEP_FUNCTION] = "function",
        [STEP_LINK] = "link",   [STEP_PARKED] = "parked",
    };
    return names[step];
}

void restart_note(const struct port *port, enum port_fault cause, enum restart_step step,
                  uint64_t outage_us, uint64_t lost)
{
    struct restart_record *record = find(port);
    record->count[cause][step]++;
    record->total++;
    record->last_cause = cause;
    record->last_step = step;
    record->last_outage_us = outage_us;
    if (outage_us > record->max_outage_us)
        record->max_outage_us = outage_us;
    record->last_lost = lost;
}

const struct restart_record *restart_record(const struct port *port)
{
    return find(port);
}
