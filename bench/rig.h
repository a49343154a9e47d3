// SPDX-License-Identifier: BSD-2-Clause
// A rig: the box's own objects between simulated cards, and what passes through them.
//
// The cards and the box take turns in one thread. Every frame carries its number, and a card that
// sends one looks at each of its bytes.
#pragma once
#include "bench/foreign.h"
#include "bench/hosted.h"
#include "net/bridge.h"

enum {
    RIG_PORTS_MAX = NET_PORTS_MAX,
    RIG_FRAME = 60,                // bytes without FCS: 64 on the wire
    RIG_TOUCHED = FOREIGN_TOUCHED, // the byte that a path with touch increments in every frame
};

// A kind of simulated card, and the driver for it.
struct card_kind {
    const struct port_driver *driver;

    // A card and its port, not probed.
    void (*open)(unsigned port, struct env *env, struct port *it);

    // The port has been started.
    void (*started)(unsigned port, const struct port *it);

    // A frame arrives. False when the card had no room.
    bool (*arrive)(unsigned port, const uint8_t *frame, unsigned length);

    // The card sends what it was given, and shows each frame to rig_sent(). Returns how many.
    unsigned (*send)(unsigned port);

    // Registers written by the driver so far.
    uint64_t (*doorbells)(unsigned port);
};

extern const struct card_kind cards_82599, cards_virtio;

// What is measured.
struct path {
    const char *name; // "wire-82599"
    const struct card_kind *cards;
    unsigned ports;
    bool generic;   // by the driver's single verbs, also where it has a run of its own
    bool touch;     // one byte of each frame is incremented
    bool narrow;    // without AVX2
    bool bounce;    // every frame is copied before it is looked at
    bool domain;    // the drivers are on the other side of a crossing: domains.c
    bool bridge;    // the ports are one bridge
    unsigned flows; // between any two ports, each way, each between stations of its own; 0: one
    bool foreign;   // not our driver: see foreign.h
};

struct rig {
    const struct path *path;
    uint32_t ring_slots; // wanted; 0: what is usual
    struct env envs[RIG_PORTS_MAX];
    struct port ports[RIG_PORTS_MAX];
    const struct port_driver *driver;          // of all ports
    struct port_driver drivers[RIG_PORTS_MAX]; // copies, where the path asks for them
    struct buffers buffers;
    struct forwarder forwarder;
    struct bridge bridge;
    uint32_t offered[RIG_PORTS_MAX];                 // frames, by the port where they arrived
    uint32_t expected[RIG_PORTS_MAX][RIG_PORTS_MAX]; // number of the next frame to leave, by the
                                                     // port where it arrived and the one that it
                                                     // leaves by
    unsigned faults;                                 // frames that were not what they should be
};

extern struct rig rig;

// Opens the path's cards and ports, joins them and starts them. Ends the program when it cannot.
void rig_open(const struct path *path, unsigned batch, uint32_t ring_slots);

// The next frame arrives at a port. False when its card had no room.
bool rig_arrive(unsigned port);

// count frames arrive at each port. Ends the program when a card has no room.
void rig_offer(unsigned count);

// One round of what is measured. Returns the number of frames seen.
unsigned rig_poll(void);

// All cards send. Returns how many frames left.
unsigned rig_collect(void);

uint64_t rig_doorbells(void);

// The queue that a driver works on, its own structure first: in a domain, the domain's copy.
struct queue *rig_queue(struct queue *queue);

// Whether every buffer is in exactly one slot, as the box's own audit finds.
bool rig_conserved(void);

// The number-th frame that arrives at a port, RIG_FRAME bytes: from a station there to one at
// another.
void rig_frame(uint8_t *frame, unsigned port, uint32_t number);

// A frame leaves by a port: is it the next one, and unchanged?
void rig_sent(unsigned port, const uint8_t *frame, unsigned length);

// Starts a port that has its buffers, and waits for its link. False when that fails.
bool start_port(struct port *port);

// Makes the path's drivers touch a byte of each frame.
void touch_driver(struct port_driver *driver);

// Whether the safety checks are in the objects: plays a card, and a driver, that lies. On a rig
// just opened. Prints which check is missing.
bool lies_are_found(void);
bool lies_of_a_domain_are_found(void);
