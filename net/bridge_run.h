// SPDX-License-Identifier: BSD-2-Clause
// What the runs of a bridge's lanes have in common: deciding, and doorbells that wait.
#pragma once
#include "net/bridge.h"

#define GROUP_BIT    1ull // of an address as a number: IEEE 802-2014, 8.2.2
#define ADDRESS_MASK 0xffffffffffffull

static inline uint64_t bridge_destination(struct addresses addresses)
{
    return addresses.first & ADDRESS_MASK;
}

// The tag of what is decided now about frames that come in by this lane, but for the way.
static INLINE uint32_t bridge_tag(const struct bridge_lane *from)
{
    struct bridge *bridge = from->bridge;
    return decisions_tag(&bridge->decisions, bridge->fdb.version, from->port);
}

// Frames of how many lengths, from FRAME_MIN on, a port carries and a buffer holds.
static inline uint32_t bridge_lengths(const struct bridge *bridge, const struct port *port)
{
    const uint32_t capacity = bridge->forwarder->capacity;
    const uint32_t longest = port->max_frame < capacity ? port->max_frame : capacity;
    return longest < FRAME_MIN ? 0 : longest - FRAME_MIN + 1;
}

// Rings all doorbells that wait for it. A card that does not run hears nothing, and has nothing.
void bridge_ring_all(struct bridge_lane *from);

// Whether a queue is known to have room for another burst.
static inline bool has_room(struct queue *tx, unsigned burst)
{
    return LIKELY(tx->free >= burst) || tx->port->driver->room(tx, burst) == burst;
}

// So many more frames are in a queue, and the card has not heard of them. A queue that has little
// room is not made to wait.
static INLINE void bridge_ring_later(struct bridge_lane *from, struct bridge_out *out,
                                     unsigned count)
{
    const unsigned burst = from->bridge->forwarder->burst;
    from->waiting += out->unheard == 0;
    out->unheard += count;
    if (out->unheard >= burst || !has_room(out->tx, burst)) {
        out->tx->port->driver->ring(out->tx);
        out->unheard = 0;
        from->waiting--;
    }
}

// A burst of up to `most` frames by the single verbs, whatever they are. Returns how many there
// were.
unsigned bridge_sort(struct forwarder *forwarder, struct lane *lane, unsigned most);
