// SPDX-License-Identifier: BSD-2-Clause
// What ixy's and TinyNF's benchmarks do to a packet: increment one byte of it. Ours forwards
// without looking, so this comes between the box and the driver, compiled with the image's flags:
// what it costs is part of the figure.
#include "bench/rig.h"
#include "drivers/hints.h"
#include "drivers/ixgbe/ring.h"

static struct port_driver untouched; // of both ports

// Where that byte is in each buffer. A copy, since for all the compiler knows a byte of a packet
// could be a part of the original.
struct touched {
    uint8_t *bytes;
    uint64_t stride;
};

// A frame on a wire starts where received frames start.
static INLINE struct touched touched(void)
{
    const struct packet_area *area = &rig.buffers.area;
    return (struct touched){area->base + FRAME_HEADROOM + RIG_TOUCHED, area->stride};
}

static INLINE void touch(struct touched touched, uint64_t buffer)
{
    touched.bytes[buffer * touched.stride]++;
}

static unsigned touch_and_transmit(struct queue *tx, struct frame *frames, unsigned count)
{
    const struct touched all = touched();
    const struct frame *frame = frames;
    unsigned left = count;
    for (; left >= 4; left -= 4, frame += 4) { // counting is a quarter of the work
        touch(all, frame[0].buffer);
        touch(all, frame[1].buffer);
        touch(all, frame[2].buffer);
        touch(all, frame[3].buffer);
    }
    for (; left > 0; left--)
        touch(all, (frame++)->buffer);
    return untouched.transmit(tx, frames, count);
}

static uint32_t touch_and_exchange(struct queue *tx, uint64_t buffer, uint64_t length)
{
    touch(touched(), buffer);
    return untouched.exchange(tx, buffer, length);
}

// Touches the frames that wait in the slots from `at` on, up to max of them, none behind the ring's
// end.
static INLINE void touch_slots(const struct ixgbe_rx *rx, size_t at, unsigned max)
{
    enum { EIGHT = 8 };
    const struct touched all = touched();
    const struct ixgbe_rx_descriptor *descriptor = ixgbe_rx_descriptor(rx, at);
    const uint32_t *buffer = ixgbe_buffer(&rx->queue, at);
    const uint32_t *const end = buffer + max;
    // The card is done with one after the other, so where the last of eight waits, all do.
    while (end - buffer >= EIGHT && descriptor[EIGHT - 1].status & IXGBE_RX_DD) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < EIGHT; i++)
            touch(all, buffer[i]);
        descriptor += EIGHT;
        buffer += EIGHT;
    }
    for (; buffer != end && descriptor->status & IXGBE_RX_DD; descriptor++)
        touch(all, *buffer++);
}

static COLD struct relayed touch_behind_end_and_relay(struct queue *queue, struct queue *tx,
                                                      unsigned max, uint32_t lengths)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue;
    const unsigned to_end = queue->slots - ixgbe_next(rx);
    touch_slots(rx, rx->at, to_end);
    touch_slots(rx, 0, max - to_end);
    return untouched.relay(queue, tx, max, lengths);
}

static NOINLINE struct relayed touch_burst_and_relay(struct queue *queue, struct queue *tx,
                                                     unsigned max, uint32_t lengths)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue;
    if (UNLIKELY(rx->at + max * IXGBE_STEP > queue->slots * IXGBE_STEP))
        return touch_behind_end_and_relay(queue, tx, max, lengths);
    touch_slots(rx, rx->at, max);
    return untouched.relay(queue, tx, max, lengths);
}

// The run of two 82599s hands the frames over before it returns, so they are touched before it: as
// many as it will find.
static struct relayed touch_and_relay(struct queue *queue, struct queue *tx, unsigned max,
                                      uint32_t lengths)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue;
    const struct ixgbe_rx_descriptor *next = ixgbe_rx_descriptor(rx, rx->at);
    if (max > 1 && next[1].status & IXGBE_RX_DD)
        return touch_burst_and_relay(queue, tx, max, lengths);
    if (next->status & IXGBE_RX_DD)
        touch(touched(), *ixgbe_buffer(queue, rx->at));
    return untouched.relay(queue, tx, max, lengths);
}

void touch_driver(struct port_driver *driver)
{
    untouched = *driver;
    driver->transmit = touch_and_transmit;
    driver->enqueue = NULL;
    if (driver->exchange != NULL)
        driver->exchange = touch_and_exchange;
    if (driver->relay != NULL)
        driver->relay = touch_and_relay;
}
