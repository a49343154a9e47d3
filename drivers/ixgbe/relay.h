// SPDX-License-Identifier: BSD-2-Clause
// What the fused loop and its two inner loops share.
//
// The inner loops move as many frames as they can, several at a time, as long as all of them are
// plain: one with what every 64-bit processor has (SSE2), and one with AVX2.
#pragma once
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/ring.h"

#define PLAIN    ((uint64_t)(IXGBE_RX_DD | IXGBE_RX_EOP) << 32)
#define SEND     ((uint64_t)(IXGBE_TX_EOP | IXGBE_TX_IFCS))
#define SHORTEST (SEND | FRAME_MIN) // the command for the shortest frame

// What the card wrote becomes the transmit command by two instructions: all but length and status
// is masked away, and an addition turns the status that a plain frame has into SEND.
#define WANTED     (PLAIN | UINT16_MAX)
#define TO_COMMAND (SEND - PLAIN)

// Slots side by side in both rings, and what it takes to move frames from the ones to the others.
struct ixgbe_run {
    struct ixgbe_rx_descriptor *rx;
    struct ixgbe_tx_descriptor *tx;
    uint32_t *rx_buffer, *tx_buffer; // the truth about the slots
    uint64_t rx_base, tx_base;       // where buffer 0's frame lies, as each card sees it
    uint64_t stride;
    uint64_t longest; // frame that may pass, FRAME_MIN at least, INT16_MAX at most
};

// The slots where the next frame goes.
static INLINE struct ixgbe_run ixgbe_next_run(const struct ixgbe_rx *rx, const struct ixgbe_tx *tx,
                                              uint32_t lengths)
{
    return (struct ixgbe_run){
        .rx = ixgbe_rx_descriptor(rx, rx->at),
        .tx = ixgbe_tx_descriptor(tx, tx->at),
        .rx_buffer = ixgbe_buffer(&rx->queue, rx->at),
        .tx_buffer = ixgbe_buffer(&tx->queue, tx->at),
        .rx_base = rx->buffers,
        .tx_base = tx->buffers + FRAME_HEADROOM,
        .stride = rx->stride,
        .longest = (uint64_t)lengths + FRAME_MIN - 1,
    };
}

// How far an inner loop came.
struct ixgbe_moved {
    uint64_t frames, beyond; // as in struct relayed
};

// Moves the frames of the next count slots, which pass no ring's end, eight at a time, as long as
// all eight are plain. Only where ixgbe_has_avx2().
enum { IXGBE_EIGHT = 8 };
struct ixgbe_moved ixgbe_relay_eights(const struct ixgbe_rx *rx, const struct ixgbe_tx *tx,
                                      uint64_t count, uint32_t lengths);

// Whether the processor has AVX2, and its registers are switched on.
bool ixgbe_has_avx2(void);
