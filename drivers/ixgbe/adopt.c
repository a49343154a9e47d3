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

static void forget(struct queue *queue)
{
    _Static_assert(NO_BUFFER == UINT32_MAX, "all bits set");
    __builtin_memset(queue->buffer_of, 0xff, queue->slots * sizeof *queue->buffer_of);
}

// Notes down which buffers the slots from first to end name, each where its frame begins. False
// when one names something else. There are thousands, so no division: the quotient is guessed by a
// multiplication, and multiplied back.
static bool read_rx(struct ixgbe_rx *rx, uint32_t first, uint32_t end)
{
    const struct packet_area *area = rx->queue.port->area;
    const uint64_t origin = packet_dma(area, 0, FRAME_HEADROOM), stride = area->stride;
    const uint64_t count = area->count, inverse = UINT64_MAX / stride + 1;
    uint32_t *const buffer_of = rx->queue.buffer_of;
    for (uint32_t slot = first; slot < end; slot++) {
        const uint64_t offset = rx->descriptors[slot].address - origin; // huge when in front
        const uint64_t buffer = (uint64_t)((unsigned __int128)offset * inverse >> 64);
        if (buffer >= count || buffer * stride != offset)
            return false;
        buffer_of[slot] = (uint32_t)buffer;
    }
    return true;
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
    const bool none = ixgbe_distance(given, first, slots) < ixgbe_tail_every(slots);
    const bool all = ixgbe_distance(first, given, slots) == *more;
    if (none == all && (!none || *more != 0))
        return -EIO;
    if (none)
        *more = 0;
    forget(&rx->queue);
    rx->at = (uint32_t)((put + *more) % slots) * IXGBE_STEP;
    rx->given = given;
    rx->owed = (uint32_t)(taken - put - *more);
    if (rx->owed > slots)
        return -EIO;
    // All but those that are owed.
    const uint32_t from = (ixgbe_next(rx) + rx->owed) % slots, to = ixgbe_next(rx);
    const bool good =
        rx->owed == slots ||
        (from < to ? read_rx(rx, from, to) : read_rx(rx, from, slots) && read_rx(rx, 0, to));
    if (!good)
        return -EIO;
    rx->queue.lengths = 0; // until it is known to run
    rx->inside = false;
    ixgbe_turn(rx);
    return 0;
}

static int adopt_tx(struct ixgbe_tx *tx, uint64_t put, uint32_t *more)
{
    const uint32_t slots = tx->queue.slots, before = (uint32_t)(put % slots);
    const uint32_t tail = mmio_read32(tx->tail_register, 0), head = *tx->head;
    if (tail >= slots || head >= slots || ixgbe_distance(before, tail, slots) > *more)
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
    *more = ixgbe_distance(before, tail, slots);
    tx->at = tail * IXGBE_STEP;
    tx->clean = head;
    tx->queue.free = 0; // until it is known to run
    return 0;
}

int ixgbe_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more)
{
    return transmit ? adopt_tx((struct ixgbe_tx *)queue, put, more)
                    : adopt_rx((struct ixgbe_rx *)queue, taken, put, more);
}
