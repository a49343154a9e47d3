// SPDX-License-Identifier: BSD-2-Clause
// What the tests of virtio's steer() share: a device with a transmit queue for each way, and what a
// bridge does with it.
#pragma once
#include "drivers/virtio/split.h"
#include "drivers/virtio/virtio_net.h"
#include "net/decisions.h"
#include "tests/driver/virtio_rig.h"

enum {
    SLOTS = 64,
    HEADER = 12,
    LONGEST = 1500,
    WAYS = 2,
    BY_BOX = 9,     // a way that is no queue's
    NOBODYS = WAYS, // a destination that nobody has decided about
    NUMBER = 14,    // where a frame carries its number
    RX = 0,         // the device's number of the receive queue
};

struct steered_device {
    struct rig rig;
    struct steering steering;
    struct steer_way ways[STEER_WAYS];
    uint64_t left[WAYS]; // frames that each queue was given
};

extern const unsigned tx_number[WAYS]; // the device's number of each way's transmit queue
extern struct decisions decisions;
extern struct steered_device fused; // the one that is steered
extern uint64_t steered;            // frames, by steer()

// A device that runs. rig_close() ends it.
void open_device(struct steered_device *device);

// Opens fused. Decided is where frames to each way go, and to the box, and nothing else.
void open_fused(void);

// Lets frames pass that are no longer than LONGEST, as a bridge does whose ports run.
void open_ways(struct steered_device *device);

struct queue *rx_of(const struct steered_device *device);
const struct split *split_of(const struct queue *queue);

// A frame with that number comes from the wire.
void arrive(struct steered_device *device, unsigned destination, uint32_t number, uint32_t length);

// The device has written a header to this destination into its oldest buffer, and says that so many
// bytes were written.
void finish(struct steered_device *device, unsigned destination, uint32_t length);

// One call of steer(), and what the ways were given.
struct steered steer(struct steered_device *device, unsigned burst);
void expect_steered(struct steered_device *device, unsigned frames, bool more);

// A burst by the single verbs, with what a bridge does in between. Returns how many were received.
unsigned by_verbs(struct steered_device *device, unsigned burst);

// Tells the device of all that is to be sent.
void ring_all(struct steered_device *device);

// Everything goes out, and the device says so. Returns how many frames they are.
unsigned send_all(struct steered_device *device);

// The way that a frame with that number goes, if nothing else is said.
static inline unsigned way_of(uint32_t number)
{
    return (number * 7 / 3) % WAYS;
}
