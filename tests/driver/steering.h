// SPDX-License-Identifier: BSD-2-Clause
// What the tests of each driver's steer() share: destinations that stand for ways, and what a
// bridge does with a call. Include it behind cmocka.h.
#pragma once
#include "drivers/port.h"
#include "net/decisions.h"
#include <string.h>

static const uint64_t steering_secret[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};

// Writes the addresses of a frame to a destination that stands for a way.
static inline void write_header(uint8_t *data, unsigned destination)
{
    const uint8_t addresses[12] = {2, 0, 0, 0, 0, (uint8_t)destination, 2, 0, 0, 0, 1, 0};
    memcpy(data, addresses, sizeof addresses);
}

// Frames to this destination go that way.
static inline void decide(struct decisions *table, unsigned destination, uint32_t way)
{
    uint8_t header[12];
    write_header(header, destination);
    decisions_keep(table, addresses_of(header), decisions_tag(table, 1, 0) + way);
}

// One call of steer(). What the first `queues` ways were given is added to left[], and to *total
// what all were given.
static inline struct steered call_steer(const struct port_driver *driver, struct queue *rx,
                                        const struct steering *steering, unsigned burst,
                                        uint64_t *left, unsigned queues, uint64_t *total)
{
    const struct steered moved = driver->steer(rx, steering, burst);
    uint64_t sum = 0;
    for (unsigned way = 0; way < STEER_WAYS; way++) {
        sum += steering->ways[way].frames;
        if (way < queues)
            left[way] += steering->ways[way].frames;
        steering->ways[way].frames = steering->ways[way].longer = 0;
    }
    assert_int_equal(sum, moved.frames);
    *total += moved.frames;
    return moved;
}
