// SPDX-License-Identifier: BSD-2-Clause
// A plain frame: one with which there is nothing wrong. What the card writes for it into a receive
// descriptor, and the command to send it. Intel 82599 datasheet (331520) 7.1.5, 7.2.3.2.2.
#pragma once
#include "drivers/hints.h"
#include "drivers/ixgbe/ring.h"

#define PLAIN    ((uint64_t)(IXGBE_RX_DD | IXGBE_RX_EOP) << 32)
#define WANTED   (PLAIN | UINT16_MAX) // what is looked at of what the card wrote: length and status
#define SEND     ((uint64_t)(IXGBE_TX_EOP | IXGBE_TX_IFCS))
#define SHORTEST (SEND | FRAME_MIN) // the command for the shortest frame
_Static_assert(offsetof(struct ixgbe_rx_descriptor, status) ==
                   offsetof(struct ixgbe_rx_descriptor, written) + 4,
               "bits 39:32");

// What the card wrote into a slot is loaded once: status and length belong together.
static INLINE uint64_t ixgbe_look(const volatile struct ixgbe_rx_descriptor *descriptor)
{
    return descriptor->written;
}

// By how much a frame is longer than the shortest one. Three checks in one number: if both bits of
// the status are not set, or the length is below FRAME_MIN, it wraps to a huge one.
static INLINE uint64_t ixgbe_beyond_shortest(uint64_t written)
{
    return (written & WANTED) - (PLAIN | FRAME_MIN);
}

// The same for a loop, in which the two constants are to stay in registers.
struct ixgbe_plain {
    uint64_t wanted, shortest;
};

static INLINE struct ixgbe_plain ixgbe_plain(void)
{
    struct ixgbe_plain plain = {WANTED, -(PLAIN | FRAME_MIN)};
    __asm__("" : "+r"(plain.wanted), "+r"(plain.shortest));
    return plain;
}

static INLINE uint64_t ixgbe_longer(const struct ixgbe_plain *plain, uint64_t written)
{
    return (written & plain->wanted) + plain->shortest;
}
