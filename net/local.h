// SPDX-License-Identifier: BSD-2-Clause
// Frames for the box itself: the one place where the data path and the management stack meet.
//
// The data path asks local_wants() about the frames of a port that leads to the box, and hands over
// copies with local_deliver(); the stack takes them one at a time, when it has time. The queue
// between them has a fixed number of slots. Nothing waits for it: a frame that finds it full is
// dropped by name if it was for the box alone, and only not copied if it is forwarded anyway. What
// the box sends goes the other way at once, through local_send().
#pragma once
#include "drivers/port.h"
#include "net/counters.h"

enum {
    LOCAL_FRAME_MAX = 1518, // bytes without FCS: 1,500 of payload, and one VLAN tag
    LOCAL_SLOTS = 64,       // a power of two
    LOCAL_COPIES_MAX = 48,  // slots that copies of forwarded frames may fill: a storm of broadcasts
                            // does not keep out what is for the box alone
    LOCAL_GROUPS_MAX = 8,   // multicast addresses that the stack listens to
};

// What is to be done with a frame.
enum local_fate {
    LOCAL_PASS, // nothing: it is not for the box
    LOCAL_TAKE, // for the box alone: local_deliver() it, and do not forward it
    LOCAL_COPY, // for the box too: local_deliver() it, and forward it as if the box were not there
};

struct local_frame {
    uint16_t length; // bytes without FCS, FRAME_MIN..LOCAL_FRAME_MAX
    uint8_t data[LOCAL_FRAME_MAX];
};

struct local;

// Sends one frame of the box's own: copies it, counts it, never waits. length is
// FRAME_MIN..LOCAL_FRAME_MAX. False when it could not be sent.
typedef bool local_sender(struct local *local, const void *data, unsigned length);

// Whether the box has a link to anybody.
typedef bool local_link(const struct local *local);

struct local {
    uint64_t mac; // the box's address, as local_address() reads it
    bool every_group;
    unsigned group_count;
    uint64_t groups[LOCAL_GROUPS_MAX];

    // Where the box's own frames go. tx is the queue that it sends through where it is one port's,
    // own where that is counted; another sender may keep what it likes in context.
    local_sender *send;
    local_link *linked;
    struct queue *tx;
    struct sent *own;
    void *context;

    uint64_t copies;      // of forwarded frames, handed to the stack
    uint64_t copies_lost; // of forwarded frames, for want of a slot
    uint64_t copies_long; // likewise, of frames longer than LOCAL_FRAME_MAX
    uint64_t sent, unsent;

    uint32_t put, taken; // free-running; only the data path moves put, only the stack moves taken
    struct local_frame frames[LOCAL_SLOTS];
};

// A MAC address (6 bytes) as a number: the first byte is the lowest.
static inline uint64_t local_address(const uint8_t *bytes)
{
    uint32_t low;
    uint16_t high;
    __builtin_memcpy(&low, bytes, sizeof low);
    __builtin_memcpy(&high, bytes + sizeof low, sizeof high);
    return (uint64_t)high << 32 | low;
}

// Empties the queue and the list of groups, and takes over the box's MAC address (6 bytes). The
// sender is one port, through tx, a transmit queue of the port behind which management
// is, or NULL when there is none; own is where what it sends is counted.
void local_init(struct local *local, const uint8_t *mac, struct queue *tx, struct sent *own);

// Listens to a multicast address (6 bytes), or stops. When the table is full, all groups are heard.
void local_join(struct local *local, const uint8_t *group);
void local_leave(struct local *local, const uint8_t *group);

// The verdict on a frame to a group address: multicast or broadcast.
enum local_fate local_wants_group(const struct local *local, uint64_t address);

// What is to be done with the frame whose destination address is at *frame. Three loads and two
// comparisons for a frame to somebody else.
static inline enum local_fate local_wants(const struct local *local, const uint8_t *frame)
{
    const uint64_t address = local_address(frame);
    if (address & 1) // the group bit: IEEE 802-2014, 8.2.2
        return local_wants_group(local, address);
    return address == local->mac ? LOCAL_TAKE : LOCAL_PASS;
}

// Copies a frame of length bytes (FRAME_MIN at least) into the queue; fate is LOCAL_TAKE or
// LOCAL_COPY. Returns DROP_REASONS when it is there; else the reason why a frame that was for the
// box alone is lost. The caller counts: `delivered` or the drop for LOCAL_TAKE, nothing for
// LOCAL_COPY, which is counted here and by whoever forwards it.
enum drop_reason local_deliver(struct local *local, enum local_fate fate, const uint8_t *frame,
                               unsigned length);

// The oldest frame in the queue, or NULL; it stays there until local_done().
const struct local_frame *local_next(const struct local *local);
void local_done(struct local *local);

// Sends a frame of the box's own. Only between two rounds of forward_poll().
bool local_send(struct local *local, const void *data, unsigned length);
