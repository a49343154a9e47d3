// SPDX-License-Identifier: BSD-2-Clause
// What the lies have in common. They are told on a rig that was just opened.
#pragma once
#include "bench/rig.h"

// A check has shown itself, or is named as one that is not there.
void expect(bool holds, const char *check);

// A port was given up for that reason; now it plays on.
void expect_fault(unsigned port, enum port_fault fault, const char *check);

// Of port 0, by enum drop_reason.
const uint64_t *drops(void);

// The cards send, and nobody compares: these frames were never offered. Returns how many left.
unsigned leave(void);

// Where the card will put the next frame of port 0.
uint8_t *next_frame(void);

// The next frame of port 0, RIG_FRAME bytes that lie there already, has come, as its ring says. The
// card itself knows nothing of it: it must not put frames into that ring any more.
void frame_comes(void);

// The same, and the box looks once.
void frame_arrives(void);

// So many frames arrive together at port 0, for a station at port 1.
void several_arrive(unsigned count);

// The frame that is `place` behind the next one of port 0, an 82599, has come with this length and
// status.
void forge_82599(unsigned place, uint16_t length, uint8_t status);

// Bursts of which one frame lies: lies_bursts.c. As long as the cards tell the truth.
void lies_in_bursts_are_found(void);

// A driver that lies: lies_driver.c.
void lies_among_frames_are_found(void);
void lies_of_a_driver_are_found(void);
