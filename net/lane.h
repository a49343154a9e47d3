// SPDX-License-Identifier: BSD-2-Clause
// What the runs of all kinds of lanes have in common: how many frames to take, whether a frame can
// be, and why one was not taken. Defined in net/forward.c where not here.
#pragma once
#include "drivers/hints.h"
#include "net/forward.h"
#include <stddef.h>

// Where a frame may start at the earliest: transmit() may overwrite the 12 bytes in front of it.
enum { OFFSET_MIN = 12 };

// A frame as one number, whose fields are then in registers.
static inline uint64_t lane_number(const struct frame *frame)
{
    uint64_t number;
    __builtin_memcpy(&number, frame, sizeof number);
    return number;
}

// The same of its offset and length alone: the buffer's number is left out. One load.
static inline uint64_t lane_place(const struct frame *frame)
{
    uint32_t place;
    __builtin_memcpy(&place, (const uint8_t *)frame + offsetof(struct frame, offset), sizeof place);
    return (uint64_t)place << 32;
}

// How far a frame's length is from the shortest one; a huge number when it does not start where
// frames start, or is shorter. If it is not too long for the egress port, and its buffer exists, it
// is plainly good: the longest frame fits behind the headroom, so this implies frame_valid(). A
// frame that starts elsewhere may be good too: lane_judge() decides.
static inline uint32_t lane_beyond_shortest(uint64_t frame)
{
    _Static_assert(offsetof(struct frame, buffer) == 0 && offsetof(struct frame, offset) == 4 &&
                       offsetof(struct frame, length) == 6,
                   "as it is taken apart here");
    const uint32_t fields = (uint32_t)(frame >> 32) - (FRAME_MIN << 16 | FRAME_HEADROOM);
    return fields << 16 | fields >> 16; // the offset, 0 if it is right, is now the high half
}

// The exact verdict on one frame, which has to be no longer than `longest` bytes: DROP_REASONS when
// nothing is wrong with it.
COLD enum drop_reason lane_judge(const struct forwarder *forwarder, const struct frame *frame,
                                 uint32_t longest);

// Counts a frame that lane_judge() found wrong, for that reason. Whoever names a buffer that does
// not exist has lost one: its port is failed, and the frame must be kept from refill().
COLD void lane_refuse(struct lane *lane, const struct frame *frame, enum drop_reason reason);

// Counts frames that an egress port did not take. Returns their bytes.
COLD uint64_t lane_drop(struct lane *lane, const struct port *egress, const struct frame *frames,
                        unsigned count);

// lane_take() when the transmit ring is not known to have room for that many: how many frames to
// take then.
unsigned lane_look_for_room(const struct forwarder *forwarder, struct lane *lane, unsigned most);

// Takes up to `most` frames off the receive ring, as many as the transmit ring has room for, since
// a frame in the receive ring is not lost yet. A port that cannot send anything gets its frames
// too: they are dropped by name. Returns how many they are.
static inline unsigned lane_take(struct forwarder *forwarder, struct lane *lane, unsigned most)
{
    if (UNLIKELY(lane->tx->free < most)) {
        most = lane_look_for_room(forwarder, lane, most);
        if (most == 0)
            return 0;
    } else {
        lane->held_until = 0;
    }
    return lane->rx->receive(lane->rx, forwarder->frames, most);
}

// Sends count good frames, of so many bytes together, by a queue, and counts them in its sent;
// those that it does not take are counted as dropped. Either way frames[] then names buffers to
// refill() with.
static inline void lane_send(struct lane *lane, struct queue *tx, struct sent *out,
                             struct frame *frames, unsigned count, uint64_t bytes)
{
    const struct port *port = tx->port;
    unsigned sent = 0;
    if (port->state == PORT_RUNNING && port->link_up && count > 0)
        sent = tx->transmit(tx, frames, count);
    if (sent < count)
        bytes -= lane_drop(lane, port, frames + sent, count - sent);
    lane->ingress->forwarded += sent;
    out->frames += sent;
    out->bytes += bytes;
}

// Copies a frame (FRAME_MIN..capacity bytes) to a queue, and counts it in its sent. False when the
// port cannot send, or carries no frame of that length, or its ring is full.
static inline bool lane_send_copy(struct queue *tx, struct sent *out, const void *data,
                                  unsigned length)
{
    const struct port *port = tx->port;
    if (port->state != PORT_RUNNING || !port->link_up || length > port->max_frame ||
        !port->driver->send_copy(tx, data, length))
        return false;
    out->frames++;
    out->bytes += length;
    return true;
}
