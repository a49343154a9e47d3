// SPDX-License-Identifier: BSD-2-Clause
// The slow path of each port: follows its link, and brings it back when the card broke a rule.
//
// A faulted port is stopped and started again at once; one that cannot be started is tried again
// every second. After eight restarts in ten seconds it is parked: it stays down, its card without
// DMA, until somebody asks for a restart. Other ports are never touched.
#pragma once
#include "drivers/port.h"
#include "net/counters.h"

enum {
    RESTARTS_MAX = 8, // within RESTARTS_WINDOW_US; then the port is parked
    RESTARTS_WINDOW_US = 10 * 1000 * 1000,
    RETRY_US = 1000 * 1000, // between two attempts to start a port that did not start
    LINK_LINES_MAX = 4,     // lines in the log for each second and port
};

enum supervised_state {
    SUPERVISED_ABSENT,   // never probed; left alone
    SUPERVISED_RUNNING,  // as far as is known
    SUPERVISED_RETRYING, // did not start; tried again after RETRY_US
    SUPERVISED_PARKED,
};

struct supervised {
    struct port *port;
    const char *device; // as the configuration names it: "virtio:0"
    enum supervised_state state;

    uint64_t restarts;            // attempts since boot
    uint64_t times[RESTARTS_MAX]; // when the last of them were made, us; a ring
    unsigned recent;              // how many of times[] count towards parking
    uint64_t down_since;          // us; while the port is not running
    uint64_t retry_at;            // us; of SUPERVISED_RETRYING
    uint64_t outage_us;           // the last outage, from noticing to running
    enum port_fault last_fault;
    uint32_t last_fault_value;

    bool link_up; // as last seen
    uint32_t link_mbps;
    uint64_t second_began; // of the limit on link lines, us
    unsigned lines, held_back;
};

struct supervisor {
    struct supervised ports[NET_PORTS_MAX];
    unsigned count;
};

// Adds a port; its number is supervisor->count before the call, and must be its number elsewhere
// in net/. device is kept, not copied. At most NET_PORTS_MAX ports.
void supervise_add(struct supervisor *supervisor, struct port *port, const char *device);

// Starts every port that has been probed. Returns how many run. Those that did not start are tried
// again by supervise_poll().
unsigned supervise_start(struct supervisor *supervisor);

// Looks after every port once. Call it every few milliseconds, and soon after a card asked for
// attention; between two rounds of forward_poll() only.
void supervise_poll(struct supervisor *supervisor);

// Stops and starts a port because somebody asked for it, parked or not; forgets earlier restarts.
// Returns 0 or what start() returned, -ENODEV when the port is absent.
int supervise_restart(struct supervisor *supervisor, unsigned port);

// "used-index", for people; "none" for PORT_OK.
const char *port_fault_name(enum port_fault fault);
