// SPDX-License-Identifier: BSD-2-Clause
// What happened to every frame. One law holds for each port, always:
//
//     received = forwarded + delivered + the sum of the drops
//
// All of it is counted on the port that received the frame; what left is counted once more, as
// transmitted, by the queue that it left by (struct sent). What the box itself sends is transmitted
// too, and counted as originated: transmitted = what others forwarded to this port + originated. A
// frame that a bridge floods is forwarded once, and transmitted as often as there are copies:
//
//     the sum of transmitted = the sum of (forwarded - flooded + copies + originated)
#pragma once
#include <stdint.h>

// Ports are numbered in the order of the configuration. That number indexes every table in net/.
enum { NET_PORTS_MAX = 8 };

// One reason for each way in which a frame can be lost inside the box. Frames that a card lost
// before the box saw them are not here.
enum drop_reason {
    DROP_BAD_LENGTH,     // the card claimed a length or an offset that cannot be
    DROP_BAD_BUFFER,     // the driver named a buffer that does not exist
    DROP_TOO_LONG,       // longer than the port that it should leave by carries
    DROP_RING_FULL,      // no free slot in the transmit ring
    DROP_EGRESS_NO_LINK, // the port that it should leave by has no link
    DROP_EGRESS_FAULTED, // that port broke a rule and waits for its restart
    DROP_EGRESS_STOPPED, // that port is parked, or could not be started
    DROP_BOX_BUSY,       // for the box itself, which had no room for it
    DROP_NOT_FOR_BOX,    // for somebody else, on a port that only leads to the box
    // Of a bridge.
    DROP_BAD_SOURCE,    // the source address is a group's, or zero
    DROP_OWN_SOURCE,    // the source address is the box's own
    DROP_SAME_PORT,     // the station that it is for is behind the port that it came in by
    DROP_NO_EGRESS,     // flooded, and no other port was up
    DROP_BPDU,          // to 01-80-C2-00-00-00: spanning tree
    DROP_PAUSE,         // to ...-01: MAC control
    DROP_SLOW_PROTOCOL, // to ...-02: link aggregation and the like
    DROP_EAPOL,         // to ...-03: port access control
    DROP_LLDP,          // to ...-0E
    DROP_RESERVED,      // to another of the sixteen addresses that no bridge forwards
    DROP_REASONS
};

// What one burst updates does not lie side by side in these two: compilers then make two additions
// of it, instead of moving both numbers to a vector register and back.
struct port_counters {
    uint64_t rx_frames;
    uint64_t delivered; // received here, for the box itself and nobody else
    uint64_t rx_bytes;  // without FCS; frames dropped as bad add nothing
    uint64_t flooded; // of those forwarded, in a bridge: sent by all other ports, once in this sum
    uint64_t forwarded; // received here, sent by another port

    // Of a bridge.
    uint64_t copies;      // of those transmitted: copies of flooded frames
    uint64_t copies_lost; // copies that this port had no room for, or cannot carry
    uint64_t moves;       // stations that were behind another port and now are behind this one
    uint64_t not_learned; // frames whose source found the table full

    uint64_t drops[DROP_REASONS];
};

// What left by one transmit queue.
struct sent {
    uint64_t frames;
    uint64_t originated; // of these, by the box itself
    uint64_t bytes;      // without FCS
};

// A short name ("ring-full"), and one line that explains it. The reason is below DROP_REASONS.
const char *drop_name(enum drop_reason reason);
const char *drop_explain(enum drop_reason reason);

// What left by `count` queues together.
struct sent counters_sent(const struct sent *queues, unsigned count);

// By how many frames the law is off: received minus all that became of them. 0: the law holds;
// positive: frames vanished without a reason; negative: frames were counted twice.
int64_t counters_off(const struct port_counters *counters);
