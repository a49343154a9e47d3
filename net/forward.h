// SPDX-License-Identifier: BSD-2-Clause
// The data path: frames cross the box in bursts, along lanes, on one core.
//
// A lane says where the frames of one receive queue go. Each round of forward_poll() runs every
// lane to completion once. Between two rounds every buffer is in a ring, so that is when ports are
// restarted and the audit runs.
#pragma once
#include "drivers/port.h"
#include "net/counters.h"
#include "net/local.h"

enum {
    LANES_MAX = NET_PORTS_MAX * PORT_QUEUES_MAX, // one for each receive queue
    BURST_DEFAULT = 32,
};

struct forwarder;
struct lane;

// Moves one burst along a lane, to completion: every buffer that was received is in a ring again
// when it returns. Returns the number of frames received. Never waits.
typedef unsigned lane_run(struct forwarder *forwarder, struct lane *lane);

// How the frames of a lane are moved.
enum lane_kind {
    LANE_RELAY, // a wire between two ports with one relay(), which moves plain frames by itself
    LANE_WIRE,  // a wire
    LANE_OTHER, // by its run
};

struct lane {
    _Alignas(CACHE_LINE) enum lane_kind kind;
    struct queue *rx; // of the ingress port
    struct queue *tx; // of the egress port; NULL where there are several

    // What a wire received and sent, when nothing was wrong with it, is counted here, once;
    // forwarder_counters() makes of it what a port and a queue count. (The two do not lie side by
    // side: compilers then make two additions of it, instead of moving both numbers to a vector
    // register and back.)
    uint64_t passed;
    uint64_t frames;        // received besides; lane_frames() is all
    uint64_t passed_beyond; // bytes of those that passed, FRAME_MIN less for each

    struct port_counters *ingress;
    struct sent *sent;   // of tx
    lane_run *run;       // of LANE_OTHER
    void *context;       // of the run's own
    uint64_t held_until; // the transmit ring is full, and its frames wait so long, us; 0: it is not
    uint64_t held_since; // passed when that began: once others have passed, it is over
};

// A lane whose transmit ring is full leaves frames in the receive ring. When there has been no room
// for so many microseconds, it takes and drops them instead, by name; not from a port with flow
// control, which has its sender wait. Shorter than a driver lets its card be silent (2 s), so that
// a peer which does not read is named before the port is restarted.
enum { HOLD_US = 500000 };

struct forwarder {
    struct frame frames[BURST_MAX]; // the burst under way
    uint32_t buffer_count;          // of the packet area
    uint32_t capacity;              // of each buffer, bytes behind the headroom
    unsigned burst;                 // frames a lane may take in one round, 1..BURST_MAX
    struct local *local;            // frames for the box itself; NULL: there are none
    unsigned lane_count;
    struct lane *end; // lanes + lane_count
    struct lane lanes[LANES_MAX];
    // These two without what has passed by lanes.
    struct port_counters counters[NET_PORTS_MAX];
    struct sent sent[NET_PORTS_MAX][PORT_QUEUES_MAX]; // by port and transmit queue
};

// Empties the forwarder and takes over the dimensions of the packet area; burst is
// BURST_DEFAULT and may be changed between two rounds.
void forwarder_init(struct forwarder *forwarder, const struct packet_area *area);

// Leaves that many lanes, of those that there are the first ones.
static inline void forwarder_cut(struct forwarder *forwarder, unsigned lanes)
{
    forwarder->lane_count = lanes;
    forwarder->end = forwarder->lanes + lanes;
}

// Sends what rx receives out of tx, all of it, unseen: a lane of a wire. The numbers say whose
// counters to keep, ingress and egress, 0..NET_PORTS_MAX-1; both ports have been probed. Returns
// false, with nothing done, when the table is full or the egress port carries no Ethernet frame at
// all (max_frame < FRAME_MIN).
bool forwarder_add_lane(struct forwarder *forwarder, struct queue *rx, unsigned ingress,
                        struct queue *tx, unsigned egress);

// A lane of another kind: run moves what rx receives, tx is the only way out or NULL. Returns the
// lane, whose context is NULL; or NULL when the table is full.
struct lane *forwarder_add_run(struct forwarder *forwarder, lane_run *run, struct queue *rx,
                               unsigned ingress, struct queue *tx);

// A lane that leads to the box and nowhere else, for a port between which and the others nothing is
// forwarded: what is not for the box is dropped by name. Answers leave by the port's first transmit
// queue. Needs forwarder_set_local() before the first round. Returns like forwarder_add_lane().
bool forwarder_add_box_lane(struct forwarder *forwarder, struct queue *rx, unsigned ingress);

// Delivers the frames for the box itself that come in by port (its number). The lanes of a wire
// that are there already pay for that if they begin at this port; the others do not. local is kept,
// not copied. A run of another kind asks local_wants() itself.
void forwarder_set_local(struct forwarder *forwarder, struct local *local, unsigned port);

// Where what leaves by tx, a queue of the port of that number, is counted.
struct sent *forwarder_sent(struct forwarder *forwarder, unsigned port, const struct queue *tx);

// One round over all lanes. Returns the number of frames seen: 0 means that there was nothing to
// do. Never waits.
unsigned forward_poll(struct forwarder *forwarder);

// In net/tally.c. What happened to the frames of a port, and what left by a transmit queue of it,
// or by all: all of it, at this moment.
struct port_counters forwarder_counters(const struct forwarder *forwarder, unsigned port);
struct sent forwarder_sent_by(const struct forwarder *forwarder, unsigned port, unsigned queue);
struct sent forwarder_sent_by_port(const struct forwarder *forwarder, unsigned port);

// Frames that a lane has received.
static inline uint64_t lane_frames(const struct lane *lane)
{
    return lane->passed + lane->frames;
}

// Whether frames may lie in a receive ring although a round found nothing to do: some lane waits
// for room in its transmit ring. Nothing interrupts when there is some.
bool forward_holds(const struct forwarder *forwarder);
