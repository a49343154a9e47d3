// SPDX-License-Identifier: BSD-2-Clause
// The two wires to the module cage. A transfer goes on in steps, so that nobody waits for it.
#pragma once
#include <stdint.h>

struct ixgbe;

// A read from the module. It may pause after every edge: the card keeps the wires as they are.
struct ixgbe_i2c {
    uint8_t device, offset; // what is read: address A0h or A2h, the first byte
    uint8_t *bytes;         // where it goes
    unsigned count;
    unsigned done; // of count
    unsigned attempts;

    // Where it stands: the stage of the transfer, the bit in it, the edge of the clock in that.
    unsigned stage, bit, edge;
    uint8_t shift;       // bits received
    uint64_t changed_at; // when the wires last changed, microseconds
};

// Begins to read count (1..256) bytes from offset on of the device at address (A0h, A2h: the low
// bit is the direction). bytes belongs to the transfer until it is over.
void ixgbe_i2c_begin(struct ixgbe_i2c *i2c, uint8_t device, uint8_t offset, uint8_t *bytes,
                     unsigned count);

// Goes on with it: moves no wire any more after 10 us, which is a clock's time. The caller holds
// IXGBE_SYNC_PHY(lan) from the first step to the last. A byte takes nine clocks, and a transfer
// some thirty more. Returns 0 when the bytes are there, -EINPROGRESS, or -ENXIO when nobody
// acknowledges.
int ixgbe_i2c_step(struct ixgbe *card, struct ixgbe_i2c *i2c);
