// SPDX-License-Identifier: BSD-2-Clause
// Somebody else's 82599 driver on the same simulated cards: what a library offers that is to be
// measured beside ours, and what it is given. bench/README.md shows how to write one.
#pragma once
#include <stdint.h>

enum { FOREIGN_TOUCHED = 1 }; // the byte of each frame that is to be incremented

// Two cards. Their registers are plain memory of 128 KiB each, and a card's addresses are pointers.
struct foreign_cards {
    volatile void *bar[2];
    unsigned batch;     // frames that a round may move in each direction, 1..256
    void (*tick)(void); // lets a microsecond pass, in which the cards look at their registers: to
                        // be called by whatever waits for a card
};

// In the library. Brings both cards to life as the two ends of a wire; `cards` stays valid. Returns
// 0, or anything else after saying why on stderr.
int foreign_start(const struct foreign_cards *cards);

// In the library. One round of forwarding, which is what is measured: takes up to `batch` frames
// from each card, increments one byte of each, and gives them to the other card. A frame that was
// given to a card must have been announced to it (its tail written) when this returns or in one of
// the rounds after it; what is not taken now may be taken later while the ring has room.
void foreign_forward(void);

// In the measuring program: loads the library that the environment variable FOREIGN names. Ends the
// program when it cannot.
void foreign_open(unsigned batch);

// One round. Returns the number of frames that the cards were given to send.
unsigned foreign_poll(void);
