// SPDX-License-Identifier: BSD-2-Clause
// What the life of a card asks of a virtqueue, whatever its format. The packet path does not come
// this way: each format has a struct port_driver with verbs of its own.
//
// A ring is known by its struct queue, the first member of what the format keeps about it.
#pragma once
#include "drivers/port.h"

enum { RING_SLOTS_MAX = 1024 }; // of the up to 32768 that a device may offer

// Where the three parts of a ring lie, as the device sees them (4.1.4.3).
struct virtio_ring_addresses {
    uint64_t descriptors;
    uint64_t driver; // split: the available ring; packed: the driver's event suppression
    uint64_t device; // split: the used ring; packed: the device's event suppression
};

// What is wanted of a ring.
struct ring_plan {
    uint32_t slots;   // buffers: a power of two up to RING_SLOTS_MAX
    uint32_t entries; // legacy: of the device's ring, which are not ours to choose; at least slots
    uint16_t number;  // of the queue in the device: its doorbell's value
    bool chained; // legacy: header and frame in two descriptors, so slots is entries / 2 at most
};

// A piece of memory in a chain that is handed to the device.
struct ring_part {
    uint64_t address;
    uint32_t length;
    bool write; // for the device to write
};

// The two ends of a ring, for people: both free-running.
struct ring_ends {
    uint32_t made_available, used_seen;
    uint16_t offered; // what the ring tells the device of made_available
    uint16_t device;  // what the device says at this moment: used index, or the next descriptor's
                      // flags
};

struct ring_format {
    const char *name; // "split"

    // Allocates rings and private state for queue.port = port. NULL: no memory.
    struct queue *(*allocate)(struct port *port, const struct ring_plan *plan);

    // Empties the ring: the device holds no descriptor. Only while the device is reset. buffer_of
    // keeps what it lists.
    void (*reset)(struct queue *queue);

    // Makes every slot available to the device with the buffer that buffer_of lists for it, without
    // ringing the doorbell. For a receive ring, after reset().
    void (*fill)(struct queue *queue);

    // Hands a chain of memory to the device, for a ring that carries no frames: descriptors are
    // used once after a reset(), so all chains together have at most `slots` parts.
    void (*post)(struct queue *queue, const struct ring_part *parts, unsigned count);

    // Writes NO_BUFFER into the slots of a receive ring that hold none: what refill() was not
    // given. Between fill() and reset() only.
    void (*mark_empty)(struct queue *queue);

    // Buffers that were made available and that the device has not said it used: frames not sent,
    // or not received. It may be lying, either way; the number is between 0 and what it holds by
    // our count, made_available - used_seen.
    uint32_t (*unused)(const struct queue *queue);

    struct virtio_ring_addresses (*addresses)(const struct queue *queue);

    // Entries of the ring, as the device counts them.
    uint32_t (*entries)(const struct queue *queue);

    // The device has enabled the queue, and this is its doorbell (4.1.4.4); legacy: NULL.
    void (*enabled)(struct queue *queue, volatile void *doorbell);

    // Rings the doorbell unless the device asked not to be disturbed.
    void (*notify)(struct queue *queue);

    // Rings the doorbell whatever the device asked for.
    void (*kick)(struct queue *queue);

    // Asks the device to interrupt when it uses a descriptor from now on, or not to, which is how
    // reset() leaves it. A device may interrupt all the same. The caller orders this before its
    // next look into the ring: see net.c.
    void (*interrupt)(struct queue *queue, bool on);

    struct ring_ends (*ends)(const struct queue *queue);
};
