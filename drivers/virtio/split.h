// SPDX-License-Identifier: BSD-2-Clause
// One split virtqueue, with one descriptor per buffer. VIRTIO 1.2, section 2.7.
//
// The rings lie in memory that the device can write, so they are write-only for us, except the
// used ring, of which nothing is believed. What is true lies in private memory: queue.buffer_of,
// which buffer each descriptor id names, and order, a permutation of the ids laid out as a ring:
//
//     used_seen .. offered                  ids that the device holds, oldest first
//     offered .. made_available             ids that it will be told of
//     made_available .. used_seen + slots   ids that are free, in the order of their use
//
// All ends are free-running counters, masked only at the access. A device that works in order, as
// most do, uses exactly the id at used_seen: one comparison shows that an id is inside the ring,
// that the device holds it and that it does not come twice, and nothing is stored. As long as it
// keeps to that, order[i] is i, and the available ring says the same at every lap: neither is read
// nor written. An id that comes out of order is first swapped to used_seen, if the device holds it.
#pragma once
#include "drivers/port_domain.h"
#include "drivers/virtio/ring.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio 1.x rings are little-endian");

// 2.7.5
struct split_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next; // with SPLIT_DESCRIPTOR_NEXT; a frame has one descriptor
};
_Static_assert(sizeof(struct split_descriptor) == 16, "2.7.5");
_Static_assert(offsetof(struct split_descriptor, length) == 8, "2.7.5");

// 2.7.6
struct split_available {
    uint16_t flags;
    uint16_t index; // free-running: how many entries were ever made available
    uint16_t ring[];
};
_Static_assert(offsetof(struct split_available, ring) == 4, "2.7.6");

// 2.7.8
struct split_used_element {
    uint32_t id;
    uint32_t length; // bytes that the device wrote
};
_Static_assert(sizeof(struct split_used_element) == 8, "2.7.8");
struct split_used {
    uint16_t flags;
    uint16_t index; // free-running: how many entries were ever used
    struct split_used_element ring[];
};
_Static_assert(offsetof(struct split_used, ring) == 4, "2.7.8");

// A receive ring keeps empty buffers from the device until there are so many of them, or an eighth
// of its slots: to tell it costs a fence and a look at what it wants to be told. In a domain it is
// told at once, so that the rings say what a lost data path had done (adopt.c).
enum { SPLIT_TELL_EVERY = 16 };

enum {
    SPLIT_DESCRIPTOR_NEXT = 1,        // 2.7.5: the chain goes on
    SPLIT_DESCRIPTOR_WRITE = 2,       // 2.7.5: the device writes this buffer
    SPLIT_AVAILABLE_NO_INTERRUPT = 1, // 2.7.6
    SPLIT_USED_NO_NOTIFY = 1,         // 2.7.8
};

// Where headers of frames lie.
struct split_area {
    uint64_t buffers; // that of a frame in buffer 0, as the device sees it,
    uint8_t *headers; // and as the processor does, outside of a domain
    uint64_t stride;  // bytes between buffers
    uint64_t apart;   // what an address is more for the device than for the processor
};

struct split {
    struct queue queue; // first: the rest of the box knows only this

    // Shared with the device.
    struct split_descriptor *descriptors; // [slots]
    struct split_available *available;
    const struct split_used *used;
    volatile void *doorbell; // 4.1.4.4; NULL before the queue is enabled

    // Private.
    uint16_t *order;         // [slots]: see above, and order.h
    uint16_t *place;         // [slots]: where in order each id is
    uint32_t used_seen;      // used elements consumed; its low half is compared with used->index
    uint32_t made_available; // slots that were ever given a buffer or a frame
    uint32_t offered;        // so many of them the device knows of; its low half is what
                             // available->index says
    uint32_t until;          // of a receive ring: empty buffers before the device hears of them
    uint32_t tell_every;     // and what that begins with
    uint32_t mask;           // slots - 1
    uint16_t number;         // of the queue in the device: its doorbell's value
    bool in_order;           // order[i] is i for every i: the device never left the order. If it
                             // did, lengths and free are 0, and until is 1
    struct split_area area;

    struct env_dma memory; // where descriptors, available and used lie
};

// ring_format.post() for rings of this layout: the descriptors from `first` on become a chain.
void split_post(struct split_descriptor *descriptors, struct split_available *available,
                uint32_t entries, uint32_t first, const struct ring_part *parts, unsigned count);

extern const struct ring_format split_format;

// The verbs of port.h.
unsigned split_receive(struct queue *queue, struct frame *frames, unsigned max);
void split_refill(struct queue *queue, const struct frame *frames, unsigned count);
unsigned split_room(struct queue *queue, unsigned wanted);
unsigned split_transmit(struct queue *queue, struct frame *frames, unsigned count);
unsigned split_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count);
void split_ring(struct queue *queue);
uint32_t split_exchange(struct queue *queue, uint64_t buffer, uint64_t length);
void split_put(struct queue *queue, uint32_t buffer);
struct relayed split_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths);
struct steered split_steer(struct queue *queue, const struct steering *steering, unsigned max);
bool split_send_copy(struct queue *queue, const void *data, unsigned length);
uint32_t split_next_empty(struct queue *queue);
unsigned split_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX]);
bool split_ready(const struct queue *queue, bool transmit);
void split_sync(struct queue *queue, bool transmit, uint64_t taken, uint64_t put);
void split_misdeed(struct queue *queue, uint32_t fault, uint64_t target);
int split_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more);

// ring_format.notify()
void split_notify(struct queue *queue);
