// SPDX-License-Identifier: BSD-2-Clause
// The management stack as a whole: the box's address, and what answers there. It runs on the core
// that forwards, in slices: one frame, one timer or one piece of one answer at a time, and after
// each slice the data path has the core for a multiple of the time that it took.
#pragma once
#include "net/view.h"

enum {
    // Under load, the pause after a slice is so many times as long as the slice: management gets a
    // fifth of the core at most.
    MANAGE_PAUSE = 4,
};

// Brings management up behind a port, as the configuration, whose [manage] is on, wants it.
// Everything that the view points to is kept, and so is the port. local has been initialised. Once.
void manage_start(const struct view *view, struct local *local, const struct port *port);

// Runs one slice if there is something to do. busy: frames are being forwarded, so that the pauses
// are kept. Returns whether it ran one: then there may be more to do. Call it between two rounds of
// forward_poll(), as often as there is time. Costs little when there is nothing to do.
bool manage_poll(bool busy);

// When manage_poll() has something to do next, as clock_us() counts, if nothing comes before:
// UINT64_MAX when management is off, 0 when there is something now.
uint64_t manage_deadline(void);

// How long the slices were.
struct manage_times {
    uint64_t slices;
    uint64_t longest_us;
    uint64_t total_us;
};
struct manage_times manage_times(void);
