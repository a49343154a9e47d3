// SPDX-License-Identifier: BSD-2-Clause
// What the virtio tests share: one port on a simulated device, its packet memory, and the audit.
#pragma once
#include "drivers/port.h"
#include "tests/driver/simvirtio.h"

enum {
    RIG_STRIDE = 2112,
    RIG_CAPACITY = 1984, // leaves a gap behind each buffer, which must stay as it is
    RIG_FRAME_MAX = 4096,
};

struct rig {
    struct simvirtio sim;
    struct port port;
    struct packet_area area;
};

// A honest device, and a port that was not probed yet.
void rig_open(struct rig *rig);

// The formats of rings that the driver knows.
enum { RIG_SPLIT, RIG_PACKED, RIG_LEGACY, RIG_CHAINED, RIG_FORMATS };

struct rig_format {
    const char *name;
    void (*make)(struct simvirtio *sim);
    const struct port_driver *driver;
    unsigned header; // bytes in front of a frame
    unsigned share;  // entries of the ring for each slot
};

extern const struct rig_format rig_formats[RIG_FORMATS];

// rig_open() with a device that has rings of that format.
void rig_open_as(struct rig *rig, unsigned format);

// rig_probe() and start() after that, which succeed, with the driver for the format.
void rig_begin(struct rig *rig, unsigned format);

// Both.
void rig_start_as(struct rig *rig, unsigned format);

// Calls probe(); when it succeeds, allocates packet memory for all slots of both queues and gives
// every slot a buffer. Returns what probe() returned.
int rig_probe(struct rig *rig);

// rig_start_as() with split rings.
void rig_start(struct rig *rig);

// Ends the test unless no rule was broken, no gap between buffers was written, and the buffers in
// the rings are a permutation of those in the area.
void rig_audit(const struct rig *rig);

void rig_close(struct rig *rig);

// The verbs by which rig_forward() moves frames: those for bursts; enqueue() and ring(), where
// there are such; for each frame alone exchange() and put(), or what the port has in their place.
// relay(), where there is one and the first frames are plain.
enum { RIG_BURSTS, RIG_GATHERED, RIG_SINGLE, RIG_RELAYED, RIG_WAYS };
extern const char *const rig_ways[RIG_WAYS];
extern unsigned rig_way;

// Up to max frames: receive, send everything back out of the same port, refill. Returns the frames
// received; *sent is how many were queued.
unsigned rig_forward(struct rig *rig, unsigned max, unsigned *sent);

// Frame number `number`: its bytes and its length follow from the number.
uint32_t rig_frame(uint32_t number, uint8_t frame[RIG_FRAME_MAX]);

// Stops and starts the port on a device that is honest again, and shows that `frames` frames cross.
void rig_works(struct rig *rig, uint32_t frames);

// Puts `count` frames through, numbered from `first`, in bursts of up to `burst`; each must come
// out as it went in, and in order unless the device shuffles.
void rig_pass(struct rig *rig, uint32_t first, uint32_t count, unsigned burst);

// The port must be dead, for this one reason, and do nothing more; then live again. Closes the rig.
void rig_expect_fault(struct rig *rig, enum port_fault fault, uint32_t value);

// A cmocka test: frames of all lengths, one by one, through rings of every format, by rig_way.
void rig_every_length_crosses(void **state);
