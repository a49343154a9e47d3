// SPDX-License-Identifier: BSD-2-Clause
// Who owns which part of the packet area.
//
// The area of port A is a contiguous range of buffers: those that start in A's receive rings, and
// those in the transmit queues, on other ports, that carry A's frames. Transmitting exchanges one
// for the other, so they never mix with those of port B: an IOMMU can let each card write its own
// range only, and cores that serve different ports share nothing. Where a card has fewer transmit
// queues than there are ports that send through it, those ports share one queue and, with it, one
// range: they form a group, named after its lowest port.
//
// A port whose frames are copied before they are looked at (bounce.h) has two ranges: one that its
// card receives into, which circulates in its receive rings only, and one that its copies are made
// in, which carries them and which its card need not reach.
//
// An IOMMU decides by pages. So that no page holds buffers of two ranges, buffers at the end of a
// range may be left out: they have numbers, but no ring.
//
// The order of calls: buffers_init(), then whoever knows the mode fills in sources[] (wire_plan())
// and stock[] (bounce_plan()), buffers_plan(), memory from the page allocator, buffers_deal(), and
// only then start the ports.
#pragma once
#include "drivers/port.h"
#include "net/counters.h"

enum {
    BUFFER_CAPACITY = 2048,      // bytes of frame, unless somebody wants jumbo frames
    BUFFER_CAPACITY_MAX = 16384, // more than any Ethernet card carries
    QUEUE_SLOTS_MAX = 32768,     // as struct queue promises
    BUFFER_GROUPS_MAX = 2 * NET_PORTS_MAX,
};

struct buffer_range {
    uint32_t first, count;
};

struct buffers {
    struct packet_area area; // the ports point to it
    struct port *ports[NET_PORTS_MAX];
    unsigned port_count;
    uint32_t sources[NET_PORTS_MAX];    // bit s of sources[p]: frames from port s leave by port p
    struct queue *stock[NET_PORTS_MAX]; // empty buffers that port p's frames are copied into, in
                                        // private memory; NULL: they are not copied
    uint64_t boundary; // between two ranges lies a multiple of so many bytes, a power
                       // of two; 0: they follow each other

    // Filled in by buffers_plan().
    uint64_t bytes;               // of packet memory, a multiple of the boundary
    uint32_t count;               // buffers in use; area.count also counts those between
                                  // two ranges, which are in no ring
    uint64_t bitmap_bytes;        // of private memory, for the audit
    uint8_t group[NET_PORTS_MAX]; // which range carries port p's frames: range[group[p]]
    struct buffer_range range[BUFFER_GROUPS_MAX]; // by group
    uint64_t *bitmap;

    uint32_t mends; // times that buffers_mend() has used the bitmap
};

// The ports must have been probed; one that is absent has no queues and needs no buffers.
// count is at most NET_PORTS_MAX. Forgets everything else.
void buffers_init(struct buffers *buffers, struct port *const ports[], unsigned count);

// Room for frames of up to max_frame bytes (0: ordinary ones), in whole KiB, which is how an 82599
// counts.
static inline uint32_t buffers_capacity(uint32_t max_frame)
{
    return max_frame <= BUFFER_CAPACITY ? BUFFER_CAPACITY : (max_frame + 1023) / 1024 * 1024;
}

// Lowers each port's tx_queues to what the sources need, and computes how much memory the rings
// then need, with room for frames of capacity bytes (FRAME_MIN..BUFFER_CAPACITY_MAX) in each
// buffer. Returns 0, or -EINVAL when the capacity or what a driver says about its queues is out of
// range.
int buffers_plan(struct buffers *buffers, uint32_t capacity);

// Gives every slot of every ring its buffer, and every port its area. memory is packet memory,
// dma its address as the cards see it, both aligned to a cache line; bitmap is
// buffers->bitmap_bytes bytes that no card can write, aligned to 8. All of it stays in use for
// ever. No port may be running. Returns 0, -EINVAL when something is not aligned, -ENOMEM when
// bytes is too small.
int buffers_deal(struct buffers *buffers, void *memory, uint64_t dma, uint64_t bytes, void *bitmap);

// Which transmit queue of port egress carries what receive queue rx_queue of port source received.
// The source must be one of sources[egress], and the egress port must have a transmit queue.
unsigned buffers_tx_queue(const struct buffers *buffers, unsigned source, unsigned rx_queue,
                          unsigned egress);

// Where the range of a group lies in packet memory, rounded to the boundary: bytes from its
// beginning. Nothing of another range is there. A group without buffers has 0 bytes.
struct buffer_extent {
    uint64_t offset, bytes;
};
struct buffer_extent buffers_extent(const struct buffers *buffers, unsigned group);

// Which range port p's receive rings hold: the one that carries its frames, unless they are copied.
static inline unsigned buffers_receive_group(const struct buffers *buffers, unsigned port)
{
    return buffers->stock[port] != NULL ? NET_PORTS_MAX + port : buffers->group[port];
}

// Whether a port's frames are carried by a range that another port's frames are carried by, too.
bool buffers_shared(const struct buffers *buffers, unsigned port);

// A step through all rings, from {0}: port by port, receive queues before transmit queues, then
// the stock.
struct walk {
    unsigned port;
    bool transmit;
    unsigned index; // of the queue; add 1 for the next step
    bool stock;     // then transmit is set, too
};

// The queue at which the walk stands, after skipping what is not there; NULL at the end.
struct queue *walk_queue(const struct buffers *buffers, struct walk *walk);

// Brings buffer_of of that queue up to date (port_driver.settle), between two bursts.
void buffers_settle(const struct walk *walk, struct queue *queue);

// The group whose buffers that queue holds: of the port whose frames it receives or carries. A
// transmit queue that nobody sends through holds buffers like its own port's receive queues.
unsigned walk_group(const struct buffers *buffers, const struct walk *walk);
