// SPDX-License-Identifier: BSD-2-Clause
// What a driver offers besides drivers/port.h when its data verbs can run in a domain: in ring 3,
// on a copy of the queue's private memory (docs/domain.md).
#pragma once
#include "drivers/port.h"

enum {
    QUEUE_PARTS_MAX = 8,
    REQUEUE_WAIT_US = 1000, // longest wait of one call to requeue()
};

// A piece of a queue's memory, for whoever runs the data verbs where that memory is not: in a
// domain, which gets a copy of the queue with pointers of its own.
struct queue_part {
    enum {
        QUEUE_PRIVATE,  // only the data verbs use it: the domain has a copy
        QUEUE_DMA,      // the card uses it too: the domain sees the very same
        QUEUE_REGISTER, // of the card, to be written by the data verbs
        QUEUE_AREA,     // the packet area's dimensions
    } kind;
    uint16_t pointer; // where in the queue's structure the pointer to it lies
    uint32_t bytes;
    const volatile void *memory; // what it points to
};

// next_empty() and misdeed() run wherever the data verbs do; the others run in ring 0, on the queue
// itself, between two bursts.
struct domain_verbs {
    uint8_t front; // bytes of zeros that transmit() puts in front of a frame, into its buffer

    // Lists what the queue consists of, its structure (sizeof, pointer 0) first, so that a copy can
    // be made once the port runs; buffer_of is among the parts, port is not. Returns how many,
    // 1..QUEUE_PARTS_MAX, or 0 after a message: the pages of its registers hold others, which a
    // domain must not reach.
    unsigned (*parts)(const struct queue *queue, bool transmit,
                      struct queue_part parts[QUEUE_PARTS_MAX]);

    // Brings the counters of this queue up to date after its data verbs have run on a copy: since
    // start() so many frames were taken off the ring (receive) and so many put onto it (refill or
    // transmit). What the card wrote is believed as little as ever. start() and the data verbs keep
    // them by themselves.
    void (*sync)(struct queue *queue, bool transmit, uint64_t taken, uint64_t put);

    // NULL: only a restart helps. The copy is lost, in the middle of a call perhaps, and the card
    // keeps running. Brings this queue up to date as sync() does, from what the card was told and
    // tells, none of which is believed: buffer_of then lists the buffers that the rings say the
    // card holds, and NO_BUFFER for slots of which it holds none; the caller makes sure that they
    // may be there. put is what was put onto the ring before the call; that call may have put up to
    // *more further ones, and *more becomes how many it did. Returns 0, or -EIO when the rings
    // contradict it; then nothing has changed for the card.
    int (*adopt)(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more);

    // NULL: only a restart helps. Turns one queue off and on again while the card and its other
    // queues go on; sync() has been called. Afterwards the queue is as start() leaves it, with the
    // buffers that buffer_of lists, which the caller may have changed before. Counts
    // lost_in_restart and card_missed, by what the card says it sent and received. Returns 0;
    // -ENOTSUP, with nothing done, when this card can turn off all of itself only, -EBUSY when it
    // cannot now; another negative errno, after a message, when the queue did not follow: then
    // stop() must come next. Waits for the card for REQUEUE_WAIT_US at most.
    int (*requeue)(struct queue *queue, bool transmit);

    // The buffer that transmit() would hand out first, NO_BUFFER when the ring is full.
    uint32_t (*next_empty)(struct queue *tx);

    // After sync(). Whether the data verbs could do something: a frame waits in a receive ring; or
    // the card has nothing more to send from a transmit ring, so that it has room.
    bool (*ready)(const struct queue *queue, bool transmit);

    // For experiments: the register, in ring 0, by which the whole card is reset. No domain has it.
    volatile void *(*control)(const struct port *port);

    // For experiments, one of those faults of drivers/domain.h that harm by rings and registers:
    // does with those of this queue, receive or transmit as the fault says, what a data path could
    // that means harm, or a card that lies. target is the address that some of them need. Does
    // nothing where the card has no such thing.
    void (*misdeed)(struct queue *queue, uint32_t fault, uint64_t target);
};
