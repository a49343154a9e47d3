// SPDX-License-Identifier: BSD-2-Clause
// What a driver that means harm can tell an 82599 by its rings and queue registers. Intel 82599
// datasheet (331520) 8.2.3.8 (receive), 8.2.3.9 (transmit). For experiments: `inject`,
// docs/isolation.md.
#include "drivers/domain.h"
#include "drivers/ixgbe/regs.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/mmio.h"

// From the tail register of a queue, which is all that its data path knows.
enum {
    TO_BASE_LOW = IXGBE_RDBAL(0) - IXGBE_RDT(0),
    TO_BASE_HIGH = IXGBE_RDBAH(0) - IXGBE_RDT(0),
    TO_LENGTH = IXGBE_RDLEN(0) - IXGBE_RDT(0),
    TO_CONTROL = IXGBE_RXDCTL(0) - IXGBE_RDT(0),
    TO_HEAD_LOW = IXGBE_TDWBAL(0) - IXGBE_TDT(0),
    TO_HEAD_HIGH = IXGBE_TDWBAH(0) - IXGBE_TDT(0),
    ANOTHER_QUEUE = IXGBE_RDT(5) - IXGBE_RDT(0),
};

static void point_all_to(const struct ixgbe_rx *rx, uint64_t target)
{
    for (uint32_t i = 0; i < rx->queue.slots; i++)
        rx->descriptors[i].address = target;
}

static void exchange_addresses(const struct ixgbe_rx *rx)
{
    for (uint32_t i = 0; i + 1 < rx->queue.slots; i += 2) {
        const uint64_t address = rx->descriptors[i].address;
        rx->descriptors[i].address = rx->descriptors[i + 1].address;
        rx->descriptors[i + 1].address = address;
    }
}

static void move_tail(const struct ixgbe_rx *rx, uint32_t by)
{
    mmio_write32(rx->tail, 0, (mmio_read32(rx->tail, 0) + by) % rx->queue.slots);
}

// Turns on a queue that nobody asked for, with the same ring.
static void enable_another(const struct ixgbe_rx *rx)
{
    volatile char *mine = (volatile char *)rx->tail, *other = mine + ANOTHER_QUEUE;
    mmio_write32(other + TO_BASE_LOW, 0, mmio_read32(mine + TO_BASE_LOW, 0));
    mmio_write32(other + TO_BASE_HIGH, 0, mmio_read32(mine + TO_BASE_HIGH, 0));
    mmio_write32(other + TO_LENGTH, 0, mmio_read32(mine + TO_LENGTH, 0));
    mmio_write32(other + TO_CONTROL, 0, mmio_read32(mine + TO_CONTROL, 0));
    mmio_write32(other, 0, mmio_read32(mine, 0));
}

// The address to which the card writes its transmit head.
static void move_head(const struct ixgbe_tx *tx, uint64_t target)
{
    volatile char *tail = (volatile char *)tx->tail_register;
    mmio_write32(tail + TO_HEAD_HIGH, 0, (uint32_t)(target >> 32));
    mmio_write32(tail + TO_HEAD_LOW, 0, (uint32_t)target | IXGBE_TDWBAL_ENABLE);
}

void ixgbe_misdeed(struct queue *queue, uint32_t fault, uint64_t target)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)queue; // of all but one
    switch (fault) {
    case FAULT_RING_AHEAD:
        move_tail(rx, queue->slots / 2);
        break;
    case FAULT_RING_BACK:
        move_tail(rx, queue->slots - queue->slots / 2);
        break;
    case FAULT_TABLE_REWRITTEN:
        exchange_addresses(rx);
        break;
    case FAULT_STORE_CONTROL: // target is what control() says: of the card, not of a queue
        mmio_write32((volatile void *)target, 0, IXGBE_CTRL_RST);
        break;
    case FAULT_LEFT_ENABLED:
        enable_another(rx);
        break;
    case FAULT_DMA_FORWARDER:
    case FAULT_DMA_BUFFERS:
        point_all_to(rx, target);
        break;
    case FAULT_DMA_HEAD:
    case FAULT_DMA_INTERRUPT: // four bytes, as long as a message
        move_head((const struct ixgbe_tx *)queue, target);
        break;
    default: // descriptor ids, which this card does not have
        break;
    }
}
