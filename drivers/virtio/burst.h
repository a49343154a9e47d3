// SPDX-License-Identifier: BSD-2-Clause
// What the two halves of a split ring's packet path share. VIRTIO 1.2, sections 2.7.8 and 2.7.13.
#pragma once
#include "drivers/hints.h"
#include "drivers/mmio.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"

static inline struct split *split_of(struct queue *queue)
{
    return (struct split *)queue; // its first member
}

// Fails the port. In a domain it does not know its queues.
static COLD __attribute__((unused)) void fail(struct split *split, enum port_fault fault,
                                              uint32_t value)
{
    port_fail(split->queue.port, fault, value);
    split->queue.lengths = split->queue.free = 0;
}

// How many used elements wait, unchecked. Orders this read of the index before the reads of the
// elements that it announces; the device writes the element first, then the index (2.7.8.2).
static INLINE unsigned used_waiting(const struct split_used *used, uint32_t seen)
{
    return (uint16_t)(__atomic_load_n(&used->index, __ATOMIC_ACQUIRE) - seen);
}

// Whether one waits and no other: one comparison. If so, the caller orders what used_waiting()
// does.
static INLINE bool one_waits(const struct split_used *used, uint32_t seen)
{
    return used->index == (uint16_t)(seen + 1);
}

// Whether so many can wait. More than the device holds is a lie: the port is failed.
static inline bool can_wait(struct split *split, unsigned waiting)
{
    if (LIKELY(waiting <= split->offered - split->used_seen))
        return true;
    fail(split, PORT_FAULT_USED_INDEX, (uint16_t)(split->used_seen + waiting));
    return false;
}

// One element, read once: both halves in one load, so that what was checked is what is used.
static INLINE uint64_t used_element(const struct split_used_element *element)
{
    // A wider view of the same 8-aligned bytes is the point.
    // NOLINTNEXTLINE(bugprone-casting-through-void)
    return __atomic_load_n((const uint64_t *)(const void *)element, __ATOMIC_RELAXED);
}

// What the device writes for the frame in slot `at` if it is of the least length, as one number,
// which is to stay in a register.
static INLINE uint64_t shortest_element(uint64_t at)
{
    uint64_t shortest = ((uint64_t)(VIRTIO_NET_HEADER + FRAME_MIN) << 32) + at;
    __asm__("" : "+r"(shortest));
    return shortest;
}

// How far an element is from that. Two checks in one number: after the rotation the high half is 0,
// if the id is the slot's, and the low half is by how much the frame is longer. Another id, or a
// shorter frame, becomes a huge number.
static INLINE uint64_t beyond_shortest(const struct split_used_element *element, uint64_t shortest)
{
    const uint64_t further = used_element(element) - shortest;
    return further << 32 | further >> 32;
}

// How many of the `count` slots from `at` on lie in front of the ring's end: a loop over those
// needs no mask, and all its arrays are indexed by one counter.
static inline unsigned up_to_end(const struct split *split, uint32_t at, unsigned count)
{
    const uint32_t to_end = split->queue.slots - at;
    return count < to_end ? count : to_end;
}

// How many of them a plain loop can fill.
static inline unsigned plain_run(const struct split *split, uint32_t at, unsigned count)
{
    return UNLIKELY(!split->in_order) ? 0 : up_to_end(split, at, count);
}

// Whether every slot of a receive ring has a buffer: it is not between receive() and refill().
static inline bool is_full(const struct split *split)
{
    return split->used_seen + split->queue.slots == split->made_available;
}

// The device used `id` though the one at `seen` is older. If it holds that id, swaps the two, so
// that id stands at `seen`, and from now on nothing passes the plain way; if not, fails the port.
static inline bool bring_forward(struct split *split, uint32_t seen, uint32_t id)
{
    const enum port_fault fault =
        order_take(split->order, split->place, split->queue.slots, seen, split->offered - seen, id);
    if (fault != PORT_OK) {
        fail(split, fault, id);
        return false;
    }
    split->in_order = false;
    split->until = 1;
    split->queue.free = 0;
    return true;
}

static INLINE void notify(const struct split *split)
{
    // Orders our store of available->index before our read of used->flags (2.7.13.4.1); the device
    // does the opposite: clears the flag, then reads the index again. Without it each side could
    // miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (LIKELY((split->used->flags & SPLIT_USED_NO_NOTIFY) == 0))
        mmio_write16(split->doorbell, 0, split->number); // 2.7.10.1, 4.1.5.2
}

// Tells the device of all entries up to made_available.
static INLINE void tell(struct split *split, uint32_t made_available)
{
    split->offered = made_available;
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *(volatile uint16_t *)&split->available->index = (uint16_t)made_available;
    notify(split);
}

// The same of a port that may have failed. The books are kept all the same, so that every buffer
// has its slot, but the device does not hear of it.
static inline void offer(struct split *split)
{
    if (LIKELY(split->queue.port->state == PORT_RUNNING))
        tell(split, split->made_available);
}

// A receive ring keeps no more empty buffers from the device. Of one that left the order each is
// looked at.
static NOINLINE __attribute__((unused)) void offer_buffers(struct split *split)
{
    split->until = split->in_order ? split->tell_every : 1;
    offer(split);
}
