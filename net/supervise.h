// SPDX-License-Identifier: BSD-2-Clause
// The slow path of each port: follows its link, and brings it back when the card broke a rule.
//
// The ladder. A faulted port whose driver can is brought back with its card running
// (port_driver.revive); any other is stopped and started again at once; when four restarts in a row
// gave no second of service, its link is held down for a while before the next ones. One that
// cannot be started is tried again every second. A card is stopped and started in many short calls,
// between two rounds of forwarding each, so that the other ports hardly notice: while it takes its
// time they use a tenth of the processor's at most. Two rules end the life of a hopeless port: more
// than eight restarts in ten seconds, and eight restarts in a row of which none gave a second of
// service. It is then parked: it stays down, its card without DMA, until somebody asks for a
// restart. Other ports are never touched.
#pragma once
#include "net/buffers.h"
#include "net/restarts.h"

enum {
    RESTARTS_MAX = 8, // within RESTARTS_WINDOW_US, or without SERVICE_US of service in between
    RESTARTS_WINDOW_US = 10 * 1000 * 1000,
    SERVICE_US = 1000 * 1000,
    LINK_AFTER = 4,                    // restarts in vain, before the link is taken down as well
    RETRY_US = 1000 * 1000,            // between two attempts to start a port that did not start
    START_LIMIT_US = 10 * 1000 * 1000, // of one attempt; drivers give up earlier, and say why
    CALL_PAUSE = 9, // between two calls of start() or stop(), in units of the last one's time,
                    // where the driver does not say
    BOOT_WAIT_US = 2 * 1000 * 1000,
    LINK_LINES_MAX = 4, // lines in the log for each second and port
};

enum supervised_state {
    SUPERVISED_ABSENT,   // never probed; left alone
    SUPERVISED_RUNNING,  // as far as is known
    SUPERVISED_STOPPING, // stop() has begun and goes on when it is called again
    SUPERVISED_STARTING, // start() has begun and goes on when it is called again
    SUPERVISED_RETRYING, // did not start; tried again after RETRY_US
    SUPERVISED_PARKED,
};

// What comes when a port is stopped.
enum supervised_then {
    THEN_RESTART_OR_PARK,
    THEN_RESTART, // somebody asked
    THEN_RETRY,   // after RETRY_US: an attempt to start was in vain
    THEN_LEAVE,   // the card leaves its slot, or has left
};

struct supervised {
    struct port *port;
    const char *device; // as the configuration names it: "virtio:0"
    enum supervised_state state;
    enum supervised_then then; // of SUPERVISED_STOPPING

    uint64_t restarts;             // attempts since boot
    uint64_t times[RESTARTS_MAX];  // when the last of them were made, us; a ring
    unsigned recent;               // how many of times[] count towards parking
    unsigned in_vain;              // restarts since the port last gave SERVICE_US of service
    uint64_t up_since, down_since; // us; while the port is running, while it is not
    uint64_t start_began;          // us; of SUPERVISED_STARTING
    bool relinks, relinked; // of SUPERVISED_STARTING: relink() comes before start(); it has ended
    uint64_t next_call;     // us; of SUPERVISED_STOPPING, SUPERVISED_STARTING, SUPERVISED_RETRYING
    uint64_t polled;        // us, when poll() was last called
    uint64_t outage_us;     // the last outage, from noticing to running
    uint64_t lost;          // frames in its rings that this cost
    enum port_fault last_fault;
    uint32_t last_fault_value;
    enum port_fault cause; // of the restart under way or the last one; PORT_OK: somebody asked

    bool link_up; // as last seen
    uint32_t link_mbps;
    uint64_t second_began; // of the limit on link lines, us
    unsigned lines, held_back;
};

struct supervisor {
    struct buffers *buffers; // to be mended when a port lost some
    struct supervised ports[NET_PORTS_MAX];
    unsigned count;
};

// The state of a port, for people and for labels: "running", "faulted", "stopping", "starting",
// "retrying", "parked" or "absent".
const char *supervise_state_name(const struct supervised *port);

// Empties the supervisor. buffers are kept, not copied; buffers_deal() comes before the first
// start.
void supervise_init(struct supervisor *supervisor, struct buffers *buffers);

// Adds a port; its number is supervisor->count before the call, and must be its number elsewhere
// in net/. device is kept, not copied. At most NET_PORTS_MAX ports.
void supervise_add(struct supervisor *supervisor, struct port *port, const char *device);

// Starts every port that has been probed, all at once, and waits for the slow ones, BOOT_WAIT_US at
// most: nothing is forwarded yet. Returns how many run. supervise_poll() goes on with those that
// are still starting, and tries those again that did not start.
unsigned supervise_start(struct supervisor *supervisor);

// Looks after every port once. Call it every few milliseconds, and soon after a card asked for
// attention; between two rounds of forward_poll() only.
void supervise_poll(struct supervisor *supervisor);

// The same for one port only, of those that are being stopped or started, or that want poll() soon
// (port.poll_soon_us): the one that has waited longest. Call it when supervise_deadline() has come;
// supervise_poll() leaves such ports to it.
void supervise_hasten(struct supervisor *supervisor);

// When one of the two has to be called next at the latest, as clock_us() counts; UINT64_MAX: there
// is no hurry.
uint64_t supervise_deadline(const struct supervisor *supervisor);

// Stops and starts a port because somebody asked for it, parked or not; forgets earlier restarts.
// Returns 0: supervise_hasten() does it, and the log tells when the port runs, or why not. -ENODEV:
// it is absent.
int supervise_restart(struct supervisor *supervisor, unsigned port);
