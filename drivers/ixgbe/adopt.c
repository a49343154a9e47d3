// SPDX-License-Identifier: BSD-2-Clause
// Rings whose data path died while the card went on: what descriptors and tail registers say. Intel
// 82599 datasheet (331520) 7.1.5, 7.2.3.2.2, 8.2.3.8.5 (RDT), 8.2.3.9.9 (TDT).
//
// Legacy descriptors keep the address of their buffer when the card has written them back.
#include "drivers/ixgbe/ring.h"
#include <errno.h>

// The buffer in which an address lies, less than `most` bytes from its start; else NO_BUFFER.
static uint32_t buffer_at(const struct packet_area *area, uint64_t address, uint32_t most)
{
    const uint64_t offset = address - area->dma; // huge when in front
    const uint64_t buffer = offset / area->stride;
    if (buffer >= area->count || offset - buffer * area->stride > most)
        return NO_BUFFER;
    return (uint32_t)buffer;
}

// From slot `from` to slot `to`, going round.
static uint32_t distance(uint32_t from, uint32_t to, uint32_t slots)
{
    return to >= from ? to - from : to + slots - from;
}

static void forget(struct queue *queue)
{
    for (uint32_t slot = 0; slot < queue->slots; slot++)
        queue->buffer_of[slot] = NO_BUFFER;
}

// The tail tells which slots the card may have filled: those of the refill that was under way are
// either all behind it, or none may be touched yet and they can be filled again. A refill of nearly
// the whole ring can look like either; then nothing is known.
static int adopt_rx(struct ixgbe_rx *rx, uint64_t taken, uint64_t put, uint32_t *more)
{
    const uint32_t slots = rx->queue.slots, first = (uint32_t)(put % slots);
    const uint32_t told = mmio_read32(rx->tail, 0);
    if (told >= slots)
        return -EIO;
    const uint32_t given = told + 1 == slots ? 0 : told + 1; // the first that the card may not fill
    const uint32_t withheld = distance(given, first, slots);
    const bool none = withheld < IXGBE_TAIL_EVERY, all = distance(first, given, slots) == *more;
    if (none == all && (!none || *more != 0))
        return -EIO;
    if (none)
        *more = 0;
    rx->withheld = none ? withheld : 0;
    forget(&rx->queue);
    rx->next = (uint32_t)((put + *more) % slots);
    rx->owed = (uint32_t)(taken - put - *more);
    if (rx->owed > slots)
        return -EIO;
    // In registers: for all the compiler knows, a store to a slot could change the original.
    const struct packet_area area = *rx->queue.port->area;
    uint32_t slot = (rx->next + rx->owed) % slots;
    for (uint32_t left = slots - rx->owed; left > 0;
         left--, slot = slot + 1 == slots ? 0 : slot + 1) {
        const uint64_t address = rx->descriptors[slot].address;
        const uint32_t buffer = buffer_at(&area, address, FRAME_HEADROOM);
        if (buffer == NO_BUFFER || address != packet_dma(&area, buffer, FRAME_HEADROOM))
            return -EIO;
        rx->queue.buffer_of[slot] = buffer;
    }
    rx->lengths = rx->whole_lengths;
    return 0;
}

static int adopt_tx(struct ixgbe_tx *tx, uint64_t put, uint32_t *more)
{
    const uint32_t slots = tx->queue.slots, before = (uint32_t)(put % slots);
    const uint32_t tail = mmio_read32(tx->tail_register, 0), head = *tx->head;
    if (tail >= slots || head >= slots || distance(before, tail, slots) > *more)
        return -EIO;
    const struct packet_area *area = tx->queue.port->area;
    forget(&tx->queue);
    for (uint32_t slot = head; slot != tail; slot = slot + 1 == slots ? 0 : slot + 1) {
        const uint32_t buffer = buffer_at(area, tx->descriptors[slot].address,
                                          FRAME_HEADROOM + area->capacity - FRAME_MIN);
        if (buffer == NO_BUFFER)
            return -EIO;
        tx->queue.buffer_of[slot] = buffer;
    }
    *more = distance(before, tail, slots);
    tx->tail = tail;
    tx->clean = head;
    tx->queue.free = slots - 1 - distance(head, tail, slots);
    return 0;
}

int ixgbe_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more)
{
    return transmit ? adopt_tx((struct ixgbe_tx *)queue, put, more)
                    : adopt_rx((struct ixgbe_rx *)queue, taken, put, more);
}
