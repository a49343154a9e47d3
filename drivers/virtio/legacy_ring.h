// SPDX-License-Identifier: BSD-2-Clause
// A split virtqueue as devices from before VIRTIO 1.0 want it. VIRTIO 1.2, sections 2.7.2 to 2.7.4
// and 5.1.6.
//
// It differs from split.h in three things. Its size is the device's to say. The header in front of
// a frame has 10 bytes. And a device without ANY_LAYOUT wants that header in a descriptor of its
// own (2.7.4.3): slot i then has the descriptors i, for the header, and i + slots, for the frame
// behind it, so that half of the ring's entries are never used. In both layouts the descriptor that
// is made available for slot i is number i.
#pragma once
#include "drivers/virtio/split.h"

enum { LEGACY_HEADER = 10 };

struct legacy_ring {
    struct queue queue; // first: the rest of the box knows only this

    // Shared with the device.
    struct split_descriptor *descriptors; // [entries]
    struct split_available *available;    // [entries]
    const struct split_used *used;        // [entries]

    // Private.
    uint16_t *order; // [slots]: order.h
    uint16_t *place; // [slots]
    uint32_t used_seen, made_available;
    uint32_t entries; // of the rings: a power of two, at least slots
    uint16_t number;  // of the queue in the device
    bool chained;     // two descriptors for each slot

    struct env_dma memory;
};

extern const struct ring_format legacy_format;

// Makes one more slot of a receive ring available, with this empty buffer. The device hears of it
// with legacy_offer().
void legacy_put_empty(struct legacy_ring *ring, uint32_t buffer);
void legacy_offer(struct legacy_ring *ring);

// The verbs of port.h.
unsigned legacy_receive(struct queue *queue, struct frame *frames, unsigned max);
void legacy_refill(struct queue *queue, const struct frame *frames, unsigned count);
unsigned legacy_room(struct queue *queue, unsigned wanted);
unsigned legacy_transmit(struct queue *queue, struct frame *frames, unsigned count);
bool legacy_send_copy(struct queue *queue, const void *data, unsigned length);
void legacy_notify(struct queue *queue);
