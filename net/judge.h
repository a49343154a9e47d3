// SPDX-License-Identifier: BSD-2-Clause
// Whose each buffer is, and whether what a domain hands over can be.
//
// The table is ring 0's own: no domain can read or write it. A buffer belongs to one queue of a
// port whose data path runs in a domain, or to ring 0: in its hands, or in a ring that it serves
// itself. Pure: touches nothing but the table and what it is given.
#pragma once
#include "drivers/port.h"

enum { JUDGE_RING_0 = 0 }; // the owner that is no queue

struct judge {
    uint16_t *owner; // [area->count]
    const struct packet_area *area;
};

// Takes count (0..BURST_MAX) frames that queue `owner` (not 0) hands over from memory that others
// may be writing at the same time: each is copied to frames[] once, and then looked at. It must lie
// in a buffer of that queue, inside that buffer, and be as long as Ethernet, or of length 0, which
// the forwarder drops. Then its buffer is ring 0's. Returns PORT_OK, or the first rule that was
// broken, with the offending number in *value; then nothing was taken.
enum port_fault judge_frames(const struct judge *judge, uint16_t owner,
                             const volatile struct frame *from, unsigned count,
                             struct frame *frames, uint32_t *value);

// The same for empty buffers: only .buffer is looked at and copied.
enum port_fault judge_empties(const struct judge *judge, uint16_t owner,
                              const volatile struct frame *from, unsigned count,
                              struct frame *frames, uint32_t *value);

// Gives a buffer, which exists, to a queue, or back to ring 0.
static inline void judge_give(const struct judge *judge, uint16_t owner, uint32_t buffer)
{
    judge->owner[buffer] = owner;
}
