// SPDX-License-Identifier: BSD-2-Clause
// The mode `bridge`: 2 to 8 ports that together are one network. IEEE 802.1D-2004, clause 7
// (802.1Q-2018: a VLAN-unaware MAC bridge, 5.14), without spanning tree.
//
// Where a wire's lane has one way out, a bridge's has one for each other port. Frames are decided
// one by one: a number says which way each goes. They are sorted by the port that they leave by, so
// that each port gets its frames of a burst together. A frame to everybody is copied, once for each
// port.
//
// Doorbells. The frames of a burst may leave by as many queues as there are other ports. While
// bursts are full, so that the next one is there already, a queue's doorbell waits until as many
// frames wait for it as make a burst, or until the lane has had as many bursts as it has ways out:
// a doorbell is then for a burst of frames on average, as on a wire. A burst that is not full, an
// empty one above all, leaves no frame behind that its card has not heard of.
#pragma once
#include "net/buffers.h"
#include "net/decisions.h"
#include "net/fdb.h"
#include "net/forward.h"
#include "net/supervise.h"

_Static_assert((int)FDB_PORTS_MAX == (int)NET_PORTS_MAX, "both number ports alike");

// Which way a frame goes.
enum bridge_way {
    // 0..NET_PORTS_MAX-1: that port
    WAY_BOX = FDB_BOX,
    WAY_FLOOD = FDB_NOWHERE,               // nobody knows, or to everybody
    WAY_DROP = 16,                         // and more: dropped, for the reason way - WAY_DROP
    WAY_REFUSED = WAY_DROP + DROP_REASONS, // cannot be, and was counted already
    WAYS
};
_Static_assert((int)WAYS <= (int)DECISION_WAYS, "a decision can name each");
_Static_assert((int)STEER_WAYS == (int)NET_PORTS_MAX, "each port is a way");

struct bridge;

// Frames of a burst that go one way, to a port, in order.
struct bridge_list {
    uint32_t lengths;    // that the port carries, from FRAME_MIN on; 0: it is no port's way
    uint16_t max_frame;  // of the port, when that was looked at
    struct frame *first; // where the list begins
    struct frame *next;  // where the next frame goes
    uint64_t longer;     // bytes, less FRAME_MIN for each frame
};
_Static_assert(sizeof(struct bridge_list) == 32, "found by a shift");

// A way out of a lane: a queue of another port.
struct bridge_out {
    struct queue *tx;
    struct sent *sent;            // of this queue
    struct port_counters *egress; // of its port
    struct bridge_list *list;
    struct steer_way *way;
    unsigned unheard; // frames in the queue of which the card has not heard yet
};

// What a lane of a bridge knows besides.
struct bridge_lane {
    struct bridge *bridge;
    unsigned port;    // where its frames come in
    unsigned waiting; // ways out of whose frames the card has not heard
    unsigned waited;  // bursts since there was none of them
    bool mixed;       // the last burst left by several ports: the next one is expected to, too
    unsigned count;
    struct bridge_out outs[NET_PORTS_MAX - 1];
    struct steering steering;
    struct steer_way ways[STEER_WAYS]; // by port
};

struct bridge {
    struct fdb fdb;
    struct decisions decisions;
    struct forwarder *forwarder;
    struct local *local; // the box itself is behind this bridge; NULL: it is not
    unsigned count;
    uint8_t members[NET_PORTS_MAX];    // numbers of the ports that are joined
    struct port *ports[NET_PORTS_MAX]; // by number; NULL: not joined
    bool up[NET_PORTS_MAX];            // as bridge_poll() saw them last
    uint64_t restarts[NET_PORTS_MAX];
    unsigned lane_count;
    struct bridge_lane lanes[LANES_MAX];

    struct queue nowhere; // that no frame passes

    // Of the burst under way.
    struct bridge_list lists[DECISION_WAYS + 1]; // by way; of no use but for ports
    struct frame sorted[NET_PORTS_MAX][BURST_MAX];
    unsigned done_count;
    struct frame done[BURST_MAX]; // buffers for refill()
};

// Says that frames will cross between any two of count ports, so that buffers_plan() reckons with
// it. Between buffers_init() and buffers_plan().
void bridge_plan(struct buffers *buffers, const uint8_t *ports, unsigned count);

// Empties the bridge. For the table see fdb_init().
void bridge_init(struct bridge *bridge, void *memory, uint32_t capacity, uint32_t ageing,
                 const uint64_t random[3], uint64_t now);

// Adds a lane for each receive queue of each of count ports. After bridge_init(), forwarder_init()
// and buffers_deal(). Ports that have not been probed, or lack queues, are left out. Returns how
// many ports are joined; -ENODEV when fewer than two can be, -EINVAL when the table of lanes is
// full.
int bridge_connect(struct bridge *bridge, struct forwarder *forwarder,
                   const struct buffers *buffers, const uint8_t *ports, unsigned count);

// Delivers frames for the box, whatever port they come in by, to local, whose address becomes an
// entry of the table, and sends the box's own frames as if they had come in by a port of their own.
// After bridge_connect() and local_init().
void bridge_set_local(struct bridge *bridge, struct local *local);

// Ageing, and forgetting the stations behind a port whose link went down or that was restarted.
// Call it about every millisecond, after supervise_poll(). supervisor has the same ports.
void bridge_poll(struct bridge *bridge, const struct supervisor *supervisor, uint64_t now);

// The run of a bridge's lane.
lane_run bridge_burst;
