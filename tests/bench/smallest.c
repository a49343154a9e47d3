// SPDX-License-Identifier: BSD-2-Clause
// The smallest driver that the measuring program can be given (bench/foreign.h): each direction has
// one ring of receive descriptors and one of transmit descriptors over the same buffers, slot for
// slot, so a frame is forwarded by writing a length. Intel 82599 datasheet (331520) 4.6.7, 4.6.8,
// 7.1.5 and 7.2.3.2.2. It resets nothing and checks nothing: an example, not a driver.
#include "bench/foreign.h"
#include "drivers/ixgbe/regs.h"
#include <stdlib.h>

enum {
    SLOTS = 1024,
    BUFFER = 2048 + 64,           // not a power of two: headers spread over the sets of the cache
    RX_DONE = 1,                  // DD
    TX_COMMAND = 1 << 0 | 1 << 1, // EOP, IFCS
};

struct descriptor {
    uint64_t address, rest;
};

// Frames that one card receives and the other sends.
struct direction {
    volatile struct descriptor *rx, *tx;
    volatile uint32_t *rdt, *tdt;
    volatile const uint32_t *tdh;
    uint8_t *buffers;
    uint32_t next; // slot, in both rings
};

static struct direction directions[2];
static unsigned batch;

static volatile uint32_t *reg(const struct foreign_cards *cards, unsigned card, uint32_t offset)
{
    return (volatile uint32_t *)cards->bar[card] + offset / 4;
}

static volatile struct descriptor *make_ring(const uint8_t *buffers)
{
    struct descriptor *ring = aligned_alloc(4096, SLOTS * sizeof *ring);
    for (unsigned i = 0; ring != NULL && i < SLOTS; i++)
        ring[i] = (struct descriptor){(uintptr_t)buffers + i * BUFFER, 0};
    return ring;
}

static void start_receiving(const struct foreign_cards *cards, unsigned card,
                            struct direction *direction)
{
    const uint64_t ring = (uintptr_t)direction->rx;
    *reg(cards, card, IXGBE_RDBAL(0)) = (uint32_t)ring;
    *reg(cards, card, IXGBE_RDBAH(0)) = (uint32_t)(ring >> 32);
    *reg(cards, card, IXGBE_RDLEN(0)) = SLOTS * sizeof(struct descriptor);
    *reg(cards, card, IXGBE_SRRCTL(0)) = IXGBE_SRRCTL_BSIZE_KB(2);
    *reg(cards, card, IXGBE_RXDCTL(0)) = IXGBE_RXDCTL_ENABLE;
    *reg(cards, card, IXGBE_RXCTRL) = IXGBE_RXCTRL_RXEN;
    direction->rdt = reg(cards, card, IXGBE_RDT(0));
    *direction->rdt = SLOTS - 1;
}

static void start_sending(const struct foreign_cards *cards, unsigned card,
                          struct direction *direction)
{
    const uint64_t ring = (uintptr_t)direction->tx;
    *reg(cards, card, IXGBE_TDBAL(0)) = (uint32_t)ring;
    *reg(cards, card, IXGBE_TDBAH(0)) = (uint32_t)(ring >> 32);
    *reg(cards, card, IXGBE_TDLEN(0)) = SLOTS * sizeof(struct descriptor);
    *reg(cards, card, IXGBE_DMATXCTL) = IXGBE_DMATXCTL_TE;
    *reg(cards, card, IXGBE_TXDCTL(0)) = IXGBE_TXDCTL_ENABLE;
    direction->tdt = reg(cards, card, IXGBE_TDT(0));
    direction->tdh = reg(cards, card, IXGBE_TDH(0));
}

int foreign_start(const struct foreign_cards *cards)
{
    batch = cards->batch;
    for (unsigned i = 0; i < 2; i++) {
        struct direction *direction = &directions[i];
        direction->buffers = malloc(SLOTS * BUFFER);
        direction->rx = make_ring(direction->buffers);
        direction->tx = make_ring(direction->buffers);
        if (direction->buffers == NULL || direction->rx == NULL || direction->tx == NULL)
            return 1;
        start_receiving(cards, i, direction);
        start_sending(cards, 1 - i, direction);
    }
    cards->tick();
    return 0;
}

static void forward(struct direction *direction)
{
    const uint32_t first = direction->next;
    uint32_t next = first;
    for (unsigned i = 0; i < batch; i++) {
        const uint64_t rest = direction->rx[next].rest;
        if (!(rest >> 32 & RX_DONE))
            break;
        direction->buffers[next * BUFFER + FOREIGN_TOUCHED]++;
        direction->tx[next].rest = (rest & 0xFFFF) | (uint64_t)TX_COMMAND << 24;
        direction->rx[next].rest = 0;
        next = (next + 1) % SLOTS;
    }
    if (next == first)
        return;
    direction->next = next;
    *direction->tdt = next;
    // What has been sent may be filled again. (Reading TDH is slow on hardware.)
    *direction->rdt = (*direction->tdh + SLOTS - 1) % SLOTS;
}

void foreign_forward(void)
{
    forward(&directions[0]);
    forward(&directions[1]);
}
