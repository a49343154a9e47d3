// SPDX-License-Identifier: BSD-2-Clause
// The packet path of split virtqueues, fused, for a bridge: from a receive ring straight to the
// transmit rings of several other cards. VIRTIO 1.2, sections 2.7.13, 2.7.14 and 5.1.6;
// docs/decisions/006-the-fused-loop.md.
//
// A frame changes rings as in burst_relay.c. Which ring it changes to is decided in between, by its
// addresses. No device is told of what is sent: frames of several bursts may share a notification.
#include "drivers/steer.h"
#include "drivers/virtio/burst.h"

// A slot of a receive ring: what the device wrote about it, what it writes there for the shortest
// frame, and where its buffer is named.
struct place {
    const struct split_used_element *used;
    uint64_t shortest;
    uint32_t *buffer;
    struct split_descriptor *source;
};

// A queue has no room, as far as was known, or its device left the order. Returns the buffer that a
// frame was exchanged for; NO_BUFFER: there is no room.
static NOINLINE uint32_t put_any(struct queue *queue, uint32_t buffer, uint64_t longer)
{
    struct frame frame = {buffer, FRAME_HEADROOM, (uint16_t)(longer + FRAME_MIN)};
    queue->free = 0;
    return split_enqueue(queue, &frame, &frame, 1) == 0 ? NO_BUFFER : frame.buffer;
}

// Moves the frame in a slot of rx. False, with nothing done: it is not plain, nobody has decided
// where it goes, or there is no room. What is the same for all frames stays in memory: there are
// not registers enough.
static INLINE bool steer_one(const struct split *rx, const struct steering *steering,
                             struct decisions *decisions, const struct place *place)
{
    __asm__("" : "+r"(decisions)); // nor one for where its sets begin
    const uint64_t longer = beyond_shortest(place->used, place->shortest);
    if (UNLIKELY(longer >= rx->queue.lengths))
        return false;
    const uint64_t full = *place->buffer;
    uint8_t *header = rx->area.headers + full * rx->area.stride;
    const uint32_t way = decisions_find(decisions, addresses_of(header + VIRTIO_NET_HEADER),
                                        steering->tag, STEER_WAYS);
    if (UNLIKELY(way >= STEER_WAYS))
        return false;
    struct steer_way *to = &steering->ways[way];
    struct split *tx = split_of(to->tx);
    if (UNLIKELY(longer >= tx->queue.steers))
        return false;
    uint32_t empty;
    if (UNLIKELY((int32_t)--tx->queue.free < 0)) { // one instruction, and a jump
        empty = put_any(&tx->queue, (uint32_t)full, longer);
        if (empty == NO_BUFFER)
            return false;
    } else {
        const size_t slot = tx->made_available & tx->mask;
        struct split_descriptor *sink = &tx->descriptors[slot];
        uint32_t *tx_buffer = &tx->queue.buffer_of[slot];
        empty = *tx_buffer;
        *tx_buffer = (uint32_t)full;
        __builtin_memset(header, 0, VIRTIO_NET_HEADER);
        sink->address = (uintptr_t)header + rx->area.apart;
        sink->length = VIRTIO_NET_HEADER + FRAME_MIN + (uint32_t)longer;
        tx->made_available++;
    }
    to->frames++;
    to->longer += longer;
    *place->buffer = empty;
    place->source->address = rx->area.buffers + empty * rx->area.stride;
    return true;
}

// Moves up to max frames, in front of the ring's end, until one cannot be. Returns how many.
static INLINE unsigned steer_run(struct split *rx, const struct steering *steering, unsigned max)
{
    struct decisions *const decisions = steering->decisions;
    const size_t at = rx->used_seen & rx->mask;
    struct place place = {&rx->used->ring[at], shortest_element(at), &rx->queue.buffer_of[at],
                          &rx->descriptors[at]};
    unsigned left = max;
    for (; left > 0; left--) {
        if (!steer_one(rx, steering, decisions, &place))
            break;
        place.used++, place.shortest++, place.buffer++, place.source++;
    }
    const unsigned moved = max - left;
    rx->used_seen += moved;
    rx->made_available += moved;
    if (rx->until <= moved)
        offer_buffers(rx);
    else
        rx->until -= moved;
    return moved;
}

// None, or several, or one with which something may be wrong.
static NOINLINE struct steered steer_burst(struct split *rx, const struct steering *steering,
                                           unsigned max)
{
    const unsigned waiting = used_waiting(rx->used, rx->used_seen);
    if (waiting == 0)
        return (struct steered){0, false};
    if (UNLIKELY(waiting > rx->offered - rx->used_seen))
        return (struct steered){0, true};
    // What lies behind the ring's end comes with the next burst, and bursts stay in step with laps.
    const unsigned count = up_to_end(rx, rx->used_seen & rx->mask, waiting < max ? waiting : max);
    const unsigned moved = steer_run(rx, steering, count);
    return (struct steered){moved, moved < count};
}

// With little traffic there is one frame: no loop then. A port that does not run, or whose device
// left the order, has no lengths.
struct steered split_steer(struct queue *queue, const struct steering *steering, unsigned max)
{
    struct split *rx = split_of(queue);
    if (!one_waits(rx->used, rx->used_seen))
        return steer_burst(rx, steering, max);
    __atomic_thread_fence(__ATOMIC_ACQUIRE); // as in used_waiting()
    const unsigned moved = steer_run(rx, steering, 1);
    return (struct steered){moved, moved == 0};
}
