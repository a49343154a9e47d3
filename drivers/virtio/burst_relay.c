// SPDX-License-Identifier: BSD-2-Clause
// The packet path of split virtqueues, fused: from a receive ring of one card straight to a
// transmit ring of another. VIRTIO 1.2, sections 2.7.13, 2.7.14 and 5.1.6.
//
// A frame changes rings by an exchange of two numbers in private memory: the receive slot's buffer
// and the transmit slot's. Of what the device wrote one element is read, once, and one comparison
// proves it, as in burst_receive.c; both descriptors then get the addresses that follow from those
// numbers. Whatever is not plain (a device that left the order, a length that cannot be, a used
// index that ran ahead) is left to the single verbs, with nothing done.
#include "drivers/virtio/burst.h"

static const struct relayed not_plain = {RELAY_NOT_PLAIN, 0};

// Moves a frame which is so much longer than the shortest one. What is the same for all buffers
// stays in memory: there are not registers enough.
static INLINE void move(const struct split_area *area, uint32_t *rx_buffer, uint32_t *tx_buffer,
                        struct split_descriptor *source, struct split_descriptor *sink,
                        uint64_t longer)
{
    const uint64_t full = *rx_buffer, empty = *tx_buffer;
    *rx_buffer = (uint32_t)empty;
    *tx_buffer = (uint32_t)full;
    source->address = area->buffers + empty * area->stride;
    const uint64_t offset = full * area->stride;
    __builtin_memset(area->headers + offset, 0, VIRTIO_NET_HEADER);
    sink->address = area->buffers + offset;
    sink->length = VIRTIO_NET_HEADER + FRAME_MIN + (uint32_t)longer;
}

// The device of a receive ring hears of its empty buffers, after frames that have moved.
static NOINLINE struct relayed offer_after(struct split *rx, struct relayed moved)
{
    offer_buffers(rx);
    return moved;
}

// So many frames have moved.
static INLINE void pass(struct split *rx, struct split *tx, unsigned count)
{
    rx->used_seen += count;
    rx->made_available += count;
    tx->queue.free -= count;
    tx->made_available += count;
    tell(tx, tx->made_available);
}

// Moves up to max frames, for which there is room, in front of both rings' ends: none, or several,
// or one with which something may be wrong.
static NOINLINE struct relayed relay_burst(struct split *rx, struct split *tx, unsigned max,
                                           uint32_t lengths)
{
    const unsigned waiting = used_waiting(rx->used, rx->used_seen);
    if (waiting == 0)
        return (struct relayed){0, 0};
    if (UNLIKELY(waiting > rx->offered - rx->used_seen))
        return not_plain;
    const uint32_t at = rx->used_seen & rx->mask, to = tx->made_available & tx->mask;
    const size_t count = up_to_end(tx, to, up_to_end(rx, at, waiting < max ? waiting : max));
    const struct split_used_element *used = &rx->used->ring[at];
    struct split_descriptor *source = &rx->descriptors[at], *sink = &tx->descriptors[to];
    uint32_t *rx_buffer = &rx->queue.buffer_of[at], *tx_buffer = &tx->queue.buffer_of[to];
    const uint64_t shortest = shortest_element(at);
    uint64_t beyond = 0;
    size_t i = 0;
#pragma GCC unroll 2
    for (; i != count; i++) {
        const uint64_t longer = beyond_shortest(&used[i], shortest + i);
        if (UNLIKELY(longer >= lengths))
            break;
        move(&rx->area, &rx_buffer[i], &tx_buffer[i], &source[i], &sink[i], longer);
        beyond += longer;
    }
    const unsigned moved = (unsigned)i;
    if (UNLIKELY(moved == 0))
        return not_plain;
    pass(rx, tx, moved);
    const struct relayed relayed = {moved, beyond};
    if (rx->until <= moved)
        return offer_after(rx, relayed);
    rx->until -= moved;
    return relayed;
}

// A queue was closed, or there may not be enough room.
static NOINLINE struct relayed relay_closed(struct split *rx, struct split *tx, unsigned max,
                                            uint32_t lengths)
{
    if (rx->queue.port->state != PORT_RUNNING || !rx->in_order || !tx->in_order || !is_full(rx))
        return not_plain;
    rx->queue.lengths = rx->queue.port->area->capacity - FRAME_MIN + 1;
    if (rx->queue.lengths < lengths)
        lengths = (uint32_t)rx->queue.lengths;
    max = split_room(&tx->queue, max);
    return max == 0 ? not_plain : relay_burst(rx, tx, max, lengths);
}

// With little traffic there is one frame: no loop then. A port that does not run, or whose device
// left the order, has no lengths, and nothing free.
struct relayed split_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    struct split *rx = split_of(from), *tx = split_of(to);
    const struct split_used *used = rx->used;
    const uint32_t seen = rx->used_seen;
    if (UNLIKELY(from->lengths < lengths || to->free < max))
        return relay_closed(rx, tx, max, lengths);
    if (!one_waits(used, seen))
        return relay_burst(rx, tx, max, lengths);
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in used_waiting()
    const size_t at = seen & rx->mask, slot = tx->made_available & tx->mask;
    const uint64_t longer = beyond_shortest(&used->ring[at], shortest_element(at));
    if (UNLIKELY(longer >= lengths))
        return not_plain;
    move(&rx->area, &from->buffer_of[at], &to->buffer_of[slot], &rx->descriptors[at],
         &tx->descriptors[slot], longer);
    pass(rx, tx, 1);
    const struct relayed relayed = {1, longer};
    return UNLIKELY(--rx->until == 0) ? offer_after(rx, relayed) : relayed;
}
