// SPDX-License-Identifier: BSD-2-Clause
// Whose each buffer is, and whether what a domain hands over can be.
//
// The table is ring 0's own: no domain can read or write it. A buffer belongs to one queue of a
// port whose data path runs in a domain, or to ring 0: in its hands, or in a ring that it serves
// itself. Pure: touches nothing but the table and what it is given.
#pragma once
#include <stdbool.h>

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

// The same for frames that go on to queue `heir` at once, in one pass: if all of them are plainly
// good, which is to say in a buffer of queue `owner`, at the usual place in it, and FRAME_MIN to
// longest bytes long (longest: FRAME_MIN to the area's capacity). Then their buffers are `heir`'s,
// they are in frames[] and in lent[], and *bytes is what they have together. False: something is
// not, nothing has changed hands, and judge_frames() tells what it is.
bool judge_plain(const struct judge *judge, uint16_t owner, uint16_t heir,
                 const volatile struct frame *from, unsigned count, uint32_t longest,
                 struct frame *frames, struct frame *lent, uint64_t *bytes);

// judge_frames() for empty buffers, which are queue `heir`'s afterwards: only .buffer is looked at
// and copied.
enum port_fault judge_empties(const struct judge *judge, uint16_t owner, uint16_t heir,
                              const volatile struct frame *from, unsigned count,
                              struct frame *frames, uint32_t *value);

// Gives a buffer, which exists, to a queue, or back to ring 0.
static inline void judge_give(const struct judge *judge, uint16_t owner, uint32_t buffer)
{
    judge->owner[buffer] = owner;
}
