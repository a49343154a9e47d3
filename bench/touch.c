// SPDX-License-Identifier: BSD-2-Clause
// What ixy's and TinyNF's benchmarks do to a packet: increment one byte of it. Ours forwards
// without looking, so this comes between the driver and the box, compiled with the image's flags:
// what it costs is part of the figure.
#include "bench/rig.h"
#include "drivers/ixgbe/ring.h"

static unsigned touch_and_transmit(struct queue *tx, struct frame *frames, unsigned count)
{
    const struct packet_area *area = tx->port->area;
    for (unsigned i = 0; i < count; i++)
        packet_data(area, frames[i].buffer, frames[i].offset)[RIG_TOUCHED]++;
    return rig.driver->transmit(tx, frames, count);
}

// Touches the frames of up to count slots side by side.
static void touch_slots(const struct ixgbe_rx_descriptor *descriptor, unsigned count)
{
    const struct ixgbe_rx_descriptor *const end = descriptor + count;
    for (; descriptor != end && descriptor->status & IXGBE_RX_DD; descriptor++)
        ((uint8_t *)(uintptr_t)descriptor->address)[RIG_TOUCHED]++; // addresses are pointers here
}

// The run of two 82599s hands the frames over before it returns, so they are touched before it: as
// many as it will find.
static struct relayed touch_and_relay(struct queue *queue, struct queue *tx, unsigned max,
                                      uint32_t lengths)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue;
    const unsigned to_end = queue->slots - ixgbe_next(rx);
    touch_slots(ixgbe_rx_descriptor(rx, rx->at), max < to_end ? max : to_end);
    if (max > to_end)
        touch_slots(rx->descriptors, max - to_end);
    return rig.driver->relay(queue, tx, max, lengths);
}

void touch_driver(struct port_driver *driver)
{
    driver->transmit = touch_and_transmit;
    driver->enqueue = NULL;
    driver->exchange = NULL;
    if (driver->relay != NULL)
        driver->relay = touch_and_relay;
}
