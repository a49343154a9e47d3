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

// The device used `id` though the one at `seen` is older. If it holds that id, swaps the two, so
// that id stands at `seen`; if not, fails the port.
static inline bool bring_forward(struct split *split, uint32_t seen, uint32_t id)
{
    const enum port_fault fault =
        order_take(split->order, split->place, split->queue.slots, seen, split->offered - seen, id);
    if (fault != PORT_OK) {
        fail(split, fault, id);
        return false;
    }
    split->in_order = false;
    return true;
}

static INLINE void notify(const struct split *split)
{
    // Orders our store of available->index before our read of used->flags (2.7.13.4.1); the device
    // does the opposite: clears the flag, then reads the index again. Without it each side could
    // miss what the other one just said, and the ring would sleep.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    const uint16_t flags = __atomic_load_n(&split->used->flags, __ATOMIC_RELAXED);
    if ((flags & SPLIT_USED_NO_NOTIFY) == 0)
        mmio_write16(split->doorbell, 0, split->number); // 2.7.10.1, 4.1.5.2
}

// Tells the device of all entries up to made_available.
static INLINE void tell(struct split *split, uint32_t made_available)
{
    split->offered = made_available;
    // Orders the stores to descriptors and ring before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_store_n(&split->available->index, (uint16_t)made_available, __ATOMIC_RELEASE);
    notify(split);
}

// The same of a port that may have failed. The books are kept all the same, so that every buffer
// has its slot, but the device does not hear of it.
static inline void offer(struct split *split)
{
    if (LIKELY(split->queue.port->state == PORT_RUNNING))
        tell(split, split->made_available);
}

// So many more slots of a receive ring have a buffer. The device hears of them when there are some.
static INLINE void filled(struct split *split, unsigned count)
{
    split->made_available += count;
    if (split->until > count) {
        split->until -= count;
        return;
    }
    split->until = split->tell_every;
    offer(split);
}
