// SPDX-License-Identifier: BSD-2-Clause
// A look at the next frames of one port, received and sent.
//
// While it is on, the port has another driver: the same one, of which receive(), transmit() and
// send_copy() also copy what passes into a fixed table. While it is off nothing is there that could
// cost anything. Forwarding never waits for it: a frame that finds the table full is not copied,
// and counted as missed. All functions here are for the slow path, between two rounds of
// forward_poll().
#pragma once
#include "drivers/port.h"

enum {
    CAPTURE_SLOTS = 32,  // frames that wait to be shown
    CAPTURE_BYTES = 256, // of each frame that are kept
    CAPTURE_FRAMES_MAX = 1000,
};

struct captured {
    uint64_t us;     // clock_us() when the frame passed
    bool sent;       // by the port; else received
    uint16_t length; // bytes without FCS; 0: what the card received was no frame
    uint16_t kept;   // bytes
    uint8_t bytes[CAPTURE_BYTES];
};

// Whether this port's frames are being copied. NULL: false.
bool capture_on(const struct port *port);

// Begins with the next frame, and ends after `frames` (1..CAPTURE_FRAMES_MAX). port runs, or will:
// it is not PORT_ABSENT; and no fault waits in front of its driver (net/inject.h).
// Returns false, with nothing done, while another capture is on.
bool capture_begin(struct port *port, unsigned frames);

// Gives the port its own driver back and forgets what was not shown. No harm when none is on.
void capture_end(void);

// The oldest frame that was not shown yet, or NULL; it stays until capture_shown().
const struct captured *capture_next(void);
void capture_shown(void);

// How many frames are still to come, and how many passed without being copied, since the beginning.
unsigned capture_left(void);
uint64_t capture_missed(void);
