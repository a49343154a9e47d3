// SPDX-License-Identifier: BSD-2-Clause
// One packed virtqueue, with one descriptor per buffer. VIRTIO 1.2, section 2.8.
//
// There is one ring, which both sides write: we put descriptors in, in order, and the device writes
// over them, in order, the ids of those that it has used. Two bits of each descriptor say whose it
// is, and change their meaning with every lap (2.8.1). As with a split ring nothing that lies there
// is believed: the truth is queue.buffer_of, by id, the order of ids, and two counters.
//
//     used_seen .. made_available           positions that the device has to use, in this order
//     made_available .. used_seen + slots   positions for what comes next
//
// A position is a counter, masked at the access; the wrap counters of 2.8.1 are its bit above the
// mask. The k-th used descriptor lies at position k, whichever id it names.
#pragma once
#include "drivers/virtio/ring.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio 1.x rings are little-endian");

// 2.8.13
struct packed_descriptor {
    uint64_t address;
    uint32_t length; // used: bytes that the device wrote
    uint16_t id;
    uint16_t flags;
};
_Static_assert(sizeof(struct packed_descriptor) == 16, "2.8.13");
_Static_assert(offsetof(struct packed_descriptor, length) == 8, "2.8.13");
_Static_assert(offsetof(struct packed_descriptor, id) == 12, "2.8.13");
_Static_assert(offsetof(struct packed_descriptor, flags) == 14, "2.8.13");

// 2.8.14
struct packed_events {
    uint16_t position; // unused: that is for EVENT_IDX
    uint16_t flags;
};
_Static_assert(sizeof(struct packed_events) == 4, "2.8.14");

enum {
    PACKED_WRITE = 2,          // 2.8.13: the device writes this buffer
    PACKED_NEXT = 1,           // 2.8.13: the chain goes on
    PACKED_AVAILABLE = 1 << 7, // 2.8.13
    PACKED_USED = 1 << 15,     // 2.8.13
    PACKED_EVENTS_OFF = 1,     // 2.8.14: RING_EVENT_FLAGS_DISABLE; 0: ENABLE
};

struct packed {
    struct queue queue; // first: the rest of the box knows only this

    // Shared with the device.
    struct packed_descriptor *descriptors; // [slots]
    struct packed_events *our_events;      // what we want to be told; only written
    const struct packed_events *its_events;
    volatile void *doorbell; // 4.1.4.4; NULL before the queue is enabled

    // Private.
    uint16_t *order; // [slots]: order.h
    uint16_t *place; // [slots]
    uint32_t used_seen, made_available;
    uint16_t number; // of the queue in the device: its doorbell's value

    struct env_dma memory;
};

static inline struct packed *packed_of(struct queue *queue)
{
    return (struct packed *)queue; // its first member
}

// The two bits of a descriptor that was made available at `position` (2.8.1): first lap AVAILABLE,
// second lap USED, and so on.
static inline uint16_t packed_available_bits(uint32_t position, uint32_t slots)
{
    return (position & slots) == 0 ? PACKED_AVAILABLE : PACKED_USED;
}

// The two bits after the device has used it: both, or none.
static inline uint16_t packed_used_bits(uint32_t position, uint32_t slots)
{
    return (position & slots) == 0 ? PACKED_AVAILABLE | PACKED_USED : 0;
}

// Offers a descriptor to the device: its last eight bytes in one store, after the rest.
static inline void packed_offer(struct packed_descriptor *descriptor, uint64_t address,
                                uint32_t length, uint16_t id, uint16_t flags)
{
    descriptor->address = address;
    // Orders the address, and whatever lies in the buffer, before the bits that hand it over; the
    // device reads the flags first (2.8.21.1).
    // NOLINTNEXTLINE(bugprone-casting-through-void)
    __atomic_store_n((uint64_t *)(void *)&descriptor->length,
                     length | (uint64_t)id << 32 | (uint64_t)flags << 48, __ATOMIC_RELEASE);
}

extern const struct ring_format packed_format;

// The verbs of port.h.
unsigned packed_receive(struct queue *queue, struct frame *frames, unsigned max);
void packed_refill(struct queue *queue, const struct frame *frames, unsigned count);
unsigned packed_room(struct queue *queue, unsigned wanted);
unsigned packed_transmit(struct queue *queue, struct frame *frames, unsigned count);
bool packed_send_copy(struct queue *queue, const void *data, unsigned length);
void packed_notify(struct queue *queue);
