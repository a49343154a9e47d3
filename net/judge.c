// SPDX-License-Identifier: BSD-2-Clause
// The rules for what comes out of a domain, in the order in which they are looked at.
#include "net/judge.h"

#define COLD __attribute__((noinline, cold))

// What is wrong with a buffer that its queue does not own, after `taken` others.
COLD static enum port_fault why_not(const struct judge *judge, uint32_t buffer,
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
COLD static void give_back(const struct judge *judge, uint16_t owner, const struct frame *frames,
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

enum port_fault judge_empties(const struct judge *judge, uint16_t owner,
                              const volatile struct frame *from, unsigned count,
                              struct frame *frames, uint32_t *value)
{
    for (unsigned i = 0; i < count; i++) {
        const uint32_t buffer = from[i].buffer; // once
        if (!owns(judge, owner, buffer)) {
            *value = buffer;
            const enum port_fault fault = why_not(judge, buffer, frames, i);
            give_back(judge, owner, frames, i);
            return fault;
        }
        judge->owner[buffer] = JUDGE_RING_0;
        frames[i].buffer = buffer;
    }
    return PORT_OK;
}
