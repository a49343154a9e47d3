// SPDX-License-Identifier: BSD-2-Clause
// Somebody else's 82599 driver on the same simulated cards: what a library offers that is to be
// measured beside ours, and what it is given. bench/README.md shows how to write one.
#pragma once
#include <stdint.h>

// Two cards. Their registers are plain memory of 128 KiB each, and a card's addresses are pointers.
struct foreign_cards {
    volatile void *bar[2];
    unsigned batch;     // frames that a poll may move in each direction, 1..256
    void (*tick)(void); // lets a microsecond pass, in which the cards look at their registers: to
                        // be called by whatever waits for a card
};

// In the library. Brings both cards to life as the two ends of a wire. Returns 0, or anything else
// after saying why on stderr.
int foreign_start(const struct foreign_cards *cards);

// In the library. One round of forwarding: this is what is measured. One byte of each frame,
// RIG_TOUCHED bytes from its beginning, is incremented.
void foreign_forward(void);

// In the measuring program: loads the library that the environment variable FOREIGN names. Ends the
// program when it cannot.
void foreign_open(unsigned batch);

// One round. Returns the number of frames that the cards were given to send.
unsigned foreign_poll(void);
