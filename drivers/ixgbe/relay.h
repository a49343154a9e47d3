// SPDX-License-Identifier: BSD-2-Clause
// What the two fused loops share: one with what every 64-bit processor has (SSE2), and one with
// AVX2. Each moves its number of frames at a time, as long as all of them are plain, and the rest
// one by one.
//
// A burst moves in runs, which end where one of the rings ends. Everything here is expanded where
// it is used, so that what a run needs stays in registers.
#pragma once
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/plain.h"

// Where the next frame is, and where it goes. Both cards see the packet area at the same address.
struct ixgbe_place {
    struct ixgbe_rx_descriptor *rx;
    struct ixgbe_tx_descriptor *tx;
    uint32_t *rx_buffer, *tx_buffer; // the truth about the slots
    uint64_t base;                   // where buffer 0's frame lies, as the cards see it
    uint64_t stride;
    struct ixgbe_plain plain;
};

static INLINE struct ixgbe_place ixgbe_next_place(const struct ixgbe_rx *rx,
                                                  const struct ixgbe_tx *tx)
{
    return (struct ixgbe_place){
        .rx = ixgbe_rx_descriptor(rx, rx->at),
        .tx = ixgbe_tx_descriptor(tx, tx->at),
        .rx_buffer = ixgbe_buffer(&rx->queue, rx->at),
        .tx_buffer = ixgbe_buffer(&tx->queue, tx->at),
        .base = rx->buffers,
        .stride = rx->stride,
        .plain = ixgbe_plain(),
    };
}

// The descriptors of the slots that lie `at` bytes behind, in the arrays of buffer numbers.
static INLINE struct ixgbe_rx_descriptor *ixgbe_source(const struct ixgbe_place *place, size_t at)
{
    return ixgbe_rx_behind(place->rx, at);
}

static INLINE struct ixgbe_tx_descriptor *ixgbe_sink(const struct ixgbe_place *place, size_t at)
{
    return ixgbe_tx_behind(place->tx, at);
}

// Moves the frame that lies `at` bytes behind the next one; flags are of its command. Returns by
// how much it is longer than the shortest one. Not below `lengths`, with nothing done: it is not
// plain.
static INLINE uint64_t ixgbe_relay_one(const struct ixgbe_place *place, size_t at, uint64_t lengths,
                                       uint64_t flags)
{
    struct ixgbe_rx_descriptor *source = ixgbe_source(place, at);
    struct ixgbe_tx_descriptor *sink = ixgbe_sink(place, at);
    const uint64_t longer = ixgbe_longer(&place->plain, ixgbe_look(source));
    if (UNLIKELY(longer >= lengths))
        return longer;
    uint32_t *rx_buffer = ixgbe_buffer_behind(place->rx_buffer, at);
    uint32_t *tx_buffer = ixgbe_buffer_behind(place->tx_buffer, at);
    const uint64_t full = *rx_buffer, empty = *tx_buffer;
    *rx_buffer = (uint32_t)empty;
    *tx_buffer = (uint32_t)full;
    sink->command = longer + (SHORTEST | flags);
    sink->address = place->base + full * place->stride;
    source->address = place->base + empty * place->stride;
    source->written = 0;
    return longer;
}

// The last of the frames of a run, which is so long, asks for a report. The two flags beside that
// are known, so nothing is read back.
static INLINE void ixgbe_ask_for_report(const struct ixgbe_place *place, size_t length)
{
    volatile uint8_t *command = (volatile uint8_t *)&ixgbe_sink(place, length)[-1].command;
    command[3] = (SEND | IXGBE_TX_RS) >> 24;
}

// A burst under way.
struct ixgbe_relay {
    struct ixgbe_rx *rx;
    struct ixgbe_tx *tx;
    uint64_t lengths;
    uint32_t left;   // frames that may still move
    uint64_t beyond; // as in struct relayed
    struct ixgbe_place place;
    size_t at, end; // the run has come so far, and ends there: bytes of buffer numbers
};

// Begins a run: slots side by side in both rings, no more than one report is enough for.
static INLINE void ixgbe_relay_run(struct ixgbe_relay *relay)
{
    const struct ixgbe_rx *rx = relay->rx;
    const struct ixgbe_tx *tx = relay->tx;
    const uint32_t rx_end = rx->queue.slots * IXGBE_STEP - rx->at;
    const uint32_t tx_end = tx->queue.slots * IXGBE_STEP - tx->at;
    relay->place = ixgbe_next_place(rx, tx);
    relay->at = 0;
    relay->end = least(least(rx_end, tx_end), least(relay->left, tx->report_every) * IXGBE_STEP);
}

// Whether the run has so many frames, for all that one can tell without looking at each.
static INLINE bool ixgbe_relay_has(const struct ixgbe_relay *relay, size_t count)
{
    const size_t last = relay->at + (count - 1) * IXGBE_STEP;
    return last < relay->end && (ixgbe_source(&relay->place, last)->status & IXGBE_RX_DD) != 0;
}

// Moves the frames of a run one by one as long as they are plain.
static INLINE void ixgbe_relay_singly(struct ixgbe_relay *relay)
{
    for (; relay->at != relay->end; relay->at += IXGBE_STEP) {
        const uint64_t longer = ixgbe_relay_one(&relay->place, relay->at, relay->lengths, 0);
        if (longer >= relay->lengths)
            break;
        relay->beyond += longer;
    }
}

// Ends a run. Returns whether there is another one.
static INLINE bool ixgbe_relay_more(struct ixgbe_relay *relay)
{
    struct ixgbe_rx *rx = relay->rx;
    struct ixgbe_tx *tx = relay->tx;
    const uint32_t moved = (uint32_t)relay->at;
    if (UNLIKELY(moved == 0))
        return false;
    ixgbe_ask_for_report(&relay->place, relay->at);
    rx->at += moved;
    tx->at += moved;
    if (UNLIKELY(tx->at == tx->queue.slots * IXGBE_STEP))
        tx->at = 0;
    relay->left -= moved / IXGBE_STEP;
    if (LIKELY(relay->at != relay->end || relay->left == 0))
        return false;
    if (rx->at == rx->queue.slots * IXGBE_STEP)
        rx->at = 0;
    return true;
}

// The burst, which could have been of max frames, is over.
static INLINE struct relayed ixgbe_relay_end(const struct ixgbe_relay *relay, uint32_t max)
{
    struct ixgbe_rx *rx = relay->rx;
    struct ixgbe_tx *tx = relay->tx;
    const uint32_t frames = max - relay->left;
    if (UNLIKELY(frames == 0))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    if (LIKELY(frames <= tx->queue.free))
        tx->queue.free -= frames; // they lay in front of the ring's end
    else
        ixgbe_open(tx);
    ixgbe_ring_doorbell(tx);
    if (rx->until <= frames)
        ixgbe_turn(rx);
    else
        rx->until -= frames;
    return (struct relayed){frames, relay->beyond};
}

// Moves so many frames of a run at a time, as long as all of them are plain.
typedef void ixgbe_relay_step(struct ixgbe_relay *relay);

// Moves up to max frames, for which there is room: `width` at a time by step, the rest one by one.
static INLINE struct relayed ixgbe_relay_burst(struct ixgbe_rx *rx, struct ixgbe_tx *tx,
                                               unsigned max, uint32_t lengths, size_t width,
                                               ixgbe_relay_step *step)
{
    struct ixgbe_relay relay = {.rx = rx, .tx = tx, .lengths = lengths, .left = max};
    do {
        ixgbe_relay_run(&relay);
        if (ixgbe_relay_has(&relay, width))
            step(&relay);
        ixgbe_relay_singly(&relay);
    } while (ixgbe_relay_more(&relay));
    return ixgbe_relay_end(&relay, max);
}

// Moves up to max frames, for which there is room, eight at a time. Only where ixgbe_has_avx2().
struct relayed ixgbe_relay_wide(struct ixgbe_rx *rx, struct ixgbe_tx *tx, unsigned max,
                                uint32_t lengths);

// Whether the processor has AVX2, and its registers are switched on.
bool ixgbe_has_avx2(void);
