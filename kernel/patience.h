// SPDX-License-Identifier: BSD-2-Clause
// How long a frame is waited for before the processor sleeps. To be woken costs a frame some time:
// frames that come one by one, but in quick succession, are to meet a processor that polls, and
// rare ones are not to keep it awake.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    PATIENCE_FACTOR = 10,       // so many times as long is waited where a frame was just missed,
    PATIENCE_ENDS_FACTOR = 100, // until none has come for so many times as long
};

struct patience {
    uint32_t after_us; // as configured; 0: there is no sleep
    bool longer;       // PATIENCE_FACTOR times that is waited
};

// Microseconds without a frame after which the processor may sleep; 0: never.
uint32_t patience_us(const struct patience *patience);

// A sleep has ended, quiet_us after the last frame; a frame ended it, or something else.
void patience_learn(struct patience *patience, bool frame, uint64_t quiet_us);
