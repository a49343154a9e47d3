// SPDX-License-Identifier: BSD-2-Clause
// The rules for what comes out of a domain, in the order in which they are looked at; and the same
// rules where nothing is wrong, quickly.
#include "net/judge.h"

#include <stddef.h>

#include "drivers/hints.h"

// What is wrong with a buffer that its queue does not own, after `taken` others.
static COLD enum port_fault why_not(const struct judge *judge, uint32_t buffer,
                                    const struct frame *frames, unsigned taken)
{
    if (buffer >= judge->area->count)
        return PORT_FAULT_INDEX;
    for (unsigned i = 0; i < taken; i++)
        if (frames[i].buffer == buffer)
            return PORT_FAULT_DUPLICATE;
    return PORT_FAULT_FOREIGN;
}

// Nothing was taken after all.
static COLD void give_back(const struct judge *judge, uint16_t owner, const struct frame *frames,
                           unsigned taken)
{
    for (unsigned i = 0; i < taken; i++)
        judge->owner[frames[i].buffer] = owner;
}

static inline bool owns(const struct judge *judge, uint16_t owner, uint32_t buffer)
{
    return buffer < judge->area->count && judge->owner[buffer] == owner;
}

enum port_fault judge_frames(const struct judge *judge, uint16_t owner,
                             const volatile struct frame *from, unsigned count,
                             struct frame *frames, uint32_t *value)
{
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = from[i]; // once
        frames[i] = frame;
        enum port_fault fault = PORT_OK;
        if (!owns(judge, owner, frame.buffer)) {
            fault = why_not(judge, frame.buffer, frames, i);
            *value = frame.buffer;
        } else if (frame.length != 0 && !frame_valid(judge->area, &frame)) {
            fault = PORT_FAULT_LENGTH;
            *value = (uint32_t)frame.offset << 16 | frame.length;
        }
        if (fault != PORT_OK) {
            give_back(judge, owner, frames, i);
            return fault;
        }
        judge->owner[frame.buffer] = JUDGE_RING_0;
    }
    return PORT_OK;
}

// --- a frame as one number ---

_Static_assert(offsetof(struct frame, buffer) == 0 && offsetof(struct frame, offset) == 4 &&
                   offsetof(struct frame, length) == 6,
               "as it is taken apart here");

// The shortest frame at the usual place is taken off, and what is left turned round: below, in 16
// bits, how much longer the frame is, if it is; above the buffer; then the offset, if it is
// another. So one comparison looks at offset and buffer.
static inline uint64_t beyond_shortest(uint64_t number)
{
    const uint64_t shortest = (uint64_t)FRAME_MIN << 48 | (uint64_t)FRAME_HEADROOM << 32;
    const uint64_t rest = number - shortest;
    return rest << 16 | rest >> 48;
}

// What a pass over a burst needs; all of it fits into registers.
struct pass {
    uint16_t *owners;
    uint64_t limit; // beyond the last buffer, as it is looked at
    uint32_t longest_beyond;
    uint16_t owner, heir;
};

// Passes one frame on. False: it is not plain, and nothing was done.
static INLINE bool pass_on(const struct pass *pass, const volatile struct frame *from,
                           struct frame *frame, struct frame *lent, uint64_t *beyond)
{
    const uint64_t number = *(const volatile uint64_t *)from; // once
    const uint64_t rest = beyond_shortest(number);
    if (UNLIKELY(rest >= pass->limit || (uint16_t)rest > pass->longest_beyond))
        return false;
    uint16_t *owner = pass->owners + (rest >> 16);
    if (UNLIKELY(*owner != pass->owner))
        return false;
    *owner = pass->heir;
    __builtin_memcpy(frame, &number, sizeof number);
    __builtin_memcpy(lent, &number, sizeof number);
    *beyond += (uint16_t)rest;
    return true;
}

// The first frames of a burst were passed on, and one behind them is not plain. Returns false.
static COLD bool not_plain(const struct judge *judge, uint16_t owner, const struct frame *frames,
                           const struct frame *end)
{
    give_back(judge, owner, frames, (unsigned)(end - frames));
    return false;
}

// Counting and asking would be a quarter of the work: four at a time.
bool judge_plain(const struct judge *judge, uint16_t owner, uint16_t heir,
                 const volatile struct frame *from, unsigned count, uint32_t longest,
                 struct frame *frames, struct frame *lent, uint64_t *bytes)
{
    const struct pass pass = {judge->owner, (uint64_t)judge->area->count << 16, longest - FRAME_MIN,
                              owner, heir};
    struct frame *frame = frames;
    uint64_t beyond = 0;
    unsigned left = count;
    for (; left >= 4; left -= 4, from += 4, frame += 4, lent += 4)
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++)
            if (!pass_on(&pass, from + i, frame + i, lent + i, &beyond))
                return not_plain(judge, owner, frames, frame + i);
    for (; left > 0; left--, from++, frame++, lent++)
        if (!pass_on(&pass, from, frame, lent, &beyond))
            return not_plain(judge, owner, frames, frame);
    *bytes = beyond + (uint64_t)count * FRAME_MIN;
    return true;
}

// Takes one empty buffer. False: it is not the owner's, and still is whose it was.
static INLINE bool inherit(const struct pass *pass, const volatile struct frame *from,
                           struct frame *frame)
{
    const uint32_t buffer = from->buffer; // once
    frame->buffer = buffer;
    if (UNLIKELY(buffer >= pass->limit || pass->owners[buffer] != pass->owner))
        return false;
    pass->owners[buffer] = pass->heir;
    return true;
}

// What is wrong with the last of the buffers up to end, none of which is taken.
static COLD enum port_fault not_inherited(const struct judge *judge, uint16_t owner,
                                          const struct frame *frames, const struct frame *end,
                                          uint32_t *value)
{
    const unsigned taken = (unsigned)(end - frames);
    *value = end->buffer;
    const enum port_fault fault = why_not(judge, end->buffer, frames, taken);
    give_back(judge, owner, frames, taken);
    return fault;
}

enum port_fault judge_empties(const struct judge *judge, uint16_t owner, uint16_t heir,
                              const volatile struct frame *from, unsigned count,
                              struct frame *frames, uint32_t *value)
{
    const struct pass pass = {judge->owner, judge->area->count, 0, owner, heir};
    struct frame *frame = frames;
    unsigned left = count;
    for (; left >= 4; left -= 4, from += 4, frame += 4)
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++)
            if (!inherit(&pass, from + i, frame + i))
                return not_inherited(judge, owner, frames, frame + i, value);
    for (; left > 0; left--, from++, frame++)
        if (!inherit(&pass, from, frame))
            return not_inherited(judge, owner, frames, frame, value);
    return PORT_OK;
}
