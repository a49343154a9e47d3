// SPDX-License-Identifier: BSD-2-Clause
// What a frame is while it crosses the box: eight bytes, not a pointer.
//
// A frame names a buffer by its index in the one packet area. An index can be checked with one
// comparison, means the same in every protection domain, and gives the DMA address by arithmetic,
// so no header line is loaded per packet.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct frame {
    uint32_t buffer; // index into the packet area, 0..count-1
    uint16_t offset; // bytes from the start of the buffer to the destination MAC address
    uint16_t length; // bytes of frame, without FCS; 0: the card said something impossible, drop it
};
_Static_assert(sizeof(struct frame) == 8, "a frame is eight bytes");

enum {
    CACHE_LINE = 64,
    // Received frames start here. The room in front takes the header that a virtio card wants
    // (12 bytes) and leaves the Ethernet header at the start of a cache line.
    FRAME_HEADROOM = 64,
    FRAME_MIN = 14, // a destination, a source and a type: shorter is not Ethernet
};

// The memory that holds every packet. Allocated once at boot; never grows.
struct packet_area {
    uint8_t *base;     // buffer 0 as the processor sees it
    uint64_t dma;      // buffer 0 as the cards see it
    uint32_t stride;   // bytes between buffers: an odd number of cache lines, so that headers
                       // spread over all cache sets
    uint32_t count;    // buffers
    uint32_t capacity; // bytes of frame that fit behind the headroom
};

// The DMA address of a byte in a buffer. The caller has checked buffer < count and offset < stride.
static inline uint64_t packet_dma(const struct packet_area *area, uint32_t buffer, uint32_t offset)
{
    return area->dma + (uint64_t)buffer * area->stride + offset;
}

// The same byte as the processor sees it.
static inline uint8_t *packet_data(const struct packet_area *area, uint32_t buffer, uint32_t offset)
{
    return area->base + (uint64_t)buffer * area->stride + offset;
}

// True when the frame lies inside its buffer, whoever filled it in. Cannot wrap.
static inline bool frame_valid(const struct packet_area *area, const struct frame *frame)
{
    return frame->buffer < area->count && frame->offset <= FRAME_HEADROOM + area->capacity &&
           frame->length <= FRAME_HEADROOM + area->capacity - frame->offset &&
           frame->length >= FRAME_MIN;
}
