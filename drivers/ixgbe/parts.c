// SPDX-License-Identifier: BSD-2-Clause
// What a queue consists of, for a domain that runs its data path. Intel 82599 datasheet (331520)
// 8.2.2: the registers of receive queues 0-63 lie in the page at 1000h, with the counters of frames
// that found no descriptor (QPRDC, cleared by reading); those of transmit queues 0-63 in the page
// at 6000h. A domain gets the whole pages.
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

static unsigned rx_parts(const struct ixgbe_rx *rx, struct queue_part parts[QUEUE_PARTS_MAX])
{
    const uint32_t slots = rx->queue.slots;
    unsigned n = 0;
    parts[n++] = (struct queue_part){QUEUE_PRIVATE, 0, sizeof *rx, rx};
    parts[n++] = (struct queue_part){QUEUE_PRIVATE, offsetof(struct ixgbe_rx, queue.buffer_of),
                                     slots * sizeof(uint32_t), rx->queue.buffer_of};
    parts[n++] =
        (struct queue_part){QUEUE_DMA, offsetof(struct ixgbe_rx, descriptors),
                            (slots + IXGBE_FEW) * sizeof *rx->descriptors, rx->descriptors};
    parts[n++] = (struct queue_part){QUEUE_REGISTER, offsetof(struct ixgbe_rx, tail),
                                     sizeof(uint32_t), rx->tail};
    return n;
}

static unsigned tx_parts(const struct ixgbe_tx *tx, struct queue_part parts[QUEUE_PARTS_MAX])
{
    const uint32_t slots = tx->queue.slots;
    unsigned n = 0;
    parts[n++] = (struct queue_part){QUEUE_PRIVATE, 0, sizeof *tx, tx};
    parts[n++] = (struct queue_part){QUEUE_PRIVATE, offsetof(struct ixgbe_tx, queue.buffer_of),
                                     slots * sizeof(uint32_t), tx->queue.buffer_of};
    parts[n++] = (struct queue_part){QUEUE_DMA, offsetof(struct ixgbe_tx, descriptors),
                                     slots * sizeof *tx->descriptors, tx->descriptors};
    parts[n++] = (struct queue_part){QUEUE_REGISTER, offsetof(struct ixgbe_tx, tail_register),
                                     sizeof(uint32_t), tx->tail_register};
    parts[n++] = (struct queue_part){QUEUE_DMA, offsetof(struct ixgbe_tx, head),
                                     sizeof(struct ixgbe_head), tx->head};
    parts[n++] = (struct queue_part){QUEUE_AREA, offsetof(struct ixgbe_tx, area), sizeof *tx->area,
                                     tx->area};
    return n;
}

unsigned ixgbe_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX])
{
    return transmit ? tx_parts((const struct ixgbe_tx *)queue, parts)
                    : rx_parts((const struct ixgbe_rx *)queue, parts);
}

bool ixgbe_ready(const struct queue *queue, bool transmit)
{
    if (transmit) {
        const struct ixgbe_tx *tx = (const struct ixgbe_tx *)queue;
        return *tx->head == mmio_read32(tx->tail_register, 0);
    }
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue;
    return rx->descriptors[ixgbe_next(rx)].status & IXGBE_RX_DD;
}

void ixgbe_sync(struct queue *queue, bool transmit, uint64_t taken, uint64_t put)
{
    const uint32_t slots = queue->slots;
    if (transmit) {
        struct ixgbe_tx *tx = (struct ixgbe_tx *)queue;
        // Everything that could be on its way still is, until the head says otherwise.
        const uint32_t tail = (uint32_t)(put % slots);
        tx->at = tail * IXGBE_STEP;
        tx->clean = tail + 1 == slots ? 0 : tail + 1;
        tx->queue.free = 0;
    } else {
        struct ixgbe_rx *rx = (struct ixgbe_rx *)queue;
        rx->at = (uint32_t)(put % slots) * IXGBE_STEP;
        rx->owed = (uint32_t)(taken - put);
    }
}
