// SPDX-License-Identifier: BSD-2-Clause
// A card and its driver in ordinary memory, for the tests of net/. It honours drivers/port.h, fails
// the running cmocka test when the forwarder breaks that contract, and lies or dies when told to.
#pragma once
#include "drivers/port.h"

enum {
    FAKE_QUEUES_MAX = 4,
    FAKE_SLOTS_MAX = 64,
    FAKE_DATA_MAX = 2048,
};

// What the card claims about a frame that arrived.
enum fake_kind {
    FAKE_HONEST,
    FAKE_ZERO_LENGTH, // length 0: the driver's sign for "impossible"
    FAKE_HUGE_LENGTH, // reaches beyond its buffer
    FAKE_LOW_OFFSET,  // leaves no room for the header that transmit() may write
    FAKE_BAD_BUFFER,  // a buffer behind the last one; the true one is lost
    FAKE_KINDS
};

struct fake_queue {
    struct queue queue;
    uint32_t buffer_of[FAKE_SLOTS_MAX];
    struct frame frames[FAKE_SLOTS_MAX]; // what the slot holds, as the driver will say it
    enum fake_kind kinds[FAKE_SLOTS_MAX];
    // Free-running. Receive: posted >= filled >= taken. Transmit: filled (queued) >= taken (sent).
    uint32_t posted, filled, taken;
    uint32_t heard; // transmit: filled, when the doorbell rang last
    unsigned owed;  // frames that receive() returned, not refilled yet
};

struct fake_port {
    struct port port; // first: a struct port * is a struct fake_port *
    struct fake_queue rx[FAKE_QUEUES_MAX], tx[FAKE_QUEUES_MAX];

    // Orders to the fake.
    enum port_fault fail_in_receive, fail_in_transmit, fail_in_poll; // PORT_OK: do not
    unsigned failing_starts;                                         // the next starts fail,
    bool fails_restless;    // and leave it to stop() to end them
    unsigned slow_starts;   // calls of start() that say -EINPROGRESS, before one succeeds
    unsigned slow_stops;    // and of stop(),
    uint32_t stop_pause_us; // which then wants to be called again after so long
    uint64_t *clock;        // goes on, us, in each call of start() and stop()
    uint64_t start_us, stop_us;
    uint16_t max_frame_next; // what start() finds out; 0: nothing new
    unsigned take_at_most;   // frames that transmit() takes in one call; 0: no limit

    // What happened.
    unsigned starts, stops, polls, transmits, rings;
    unsigned stop_calls;           // each of stops is one or more of them
    uint64_t returned[FAKE_KINDS]; // frames that receive() returned
    uint64_t lost_rx;              // frames in the receive rings when stop() was called
    uint64_t relayed, steered;     // frames that relay() moved, and steer()
    unsigned holes;                // receive slots that were left without a buffer since stop()
};

// Resets the fake to a probed port. slots is 1..FAKE_SLOTS_MAX, queues 0..FAKE_QUEUES_MAX.
void fake_init(struct fake_port *fake, const char *name, unsigned rx_queues, unsigned tx_queues,
               uint32_t slots, uint16_t max_frame);

// Its link goes up or down.
void fake_link(struct fake_port *fake, bool up);

// Gives the fake, before it is joined with another one of its kind, a driver with a relay() of its
// own.
void fake_relays(struct fake_port *fake);

// Gives the fake, before it is joined with another one, a driver with enqueue() and ring(): what
// was enqueued does not leave before the doorbell rings.
void fake_enqueues(struct fake_port *fake);

// The same, and steer() too.
void fake_steers(struct fake_port *fake);

// A frame of length bytes arrives at the card. Returns false when the ring has no posted buffer.
bool fake_arrive(struct fake_port *fake, unsigned queue, const void *data, unsigned length,
                 enum fake_kind kind);

// The card sends the oldest frame of a transmit queue: copies it to data (FAKE_DATA_MAX bytes) and
// returns its length, 0 when there is none.
unsigned fake_sent(struct fake_port *fake, unsigned queue, void *data);

// Frames that wait in a ring: arrived and not received, queued and not sent.
unsigned fake_waiting(const struct fake_queue *queue);
