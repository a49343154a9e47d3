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

// Where the next slots of both rings lie, and what is the same for all buffers: a copy in
// registers, since for all the compiler knows a store to a slot could change the original.
struct run {
    const struct split_used_element *used;
    struct split_descriptor *source, *sink;
    uint32_t *rx_buffer, *tx_buffer;
    uint64_t at; // the first receive slot
    uint8_t *headers;
    uint64_t buffers, stride, lengths;
};

static INLINE struct run next_run(const struct split *rx, const struct split *tx, uint32_t further,
                                  uint64_t lengths)
{
    const uint64_t at = (rx->used_seen + further) & rx->mask;
    const uint64_t to = (tx->made_available + further) & tx->mask;
    return (struct run){
        .used = &rx->used->ring[at],
        .source = &rx->descriptors[at],
        .sink = &tx->descriptors[to],
        .rx_buffer = &rx->queue.buffer_of[at],
        .tx_buffer = &tx->queue.buffer_of[to],
        .at = at,
        .headers = rx->headers, // there is one packet area
        .buffers = rx->buffers,
        .stride = rx->stride,
        .lengths = lengths,
    };
}

// Moves frame i of a run. Returns by how much it is longer than the shortest one. Not below
// lengths, with nothing done: it is not plain.
static INLINE uint64_t relay_one(const struct run *run, size_t i)
{
    // Two checks in one comparison: take_plain() of burst_receive.c explains it.
    uint64_t longer = used_element(&run->used[i]) - (run->at + i);
    longer = (longer << 32 | longer >> 32) - (VIRTIO_NET_HEADER + FRAME_MIN);
    if (UNLIKELY(longer >= run->lengths))
        return UINT64_MAX;
    const uint64_t full = run->rx_buffer[i], empty = run->tx_buffer[i];
    const uint64_t offset = full * run->stride;
    run->rx_buffer[i] = (uint32_t)empty;
    run->tx_buffer[i] = (uint32_t)full;
    __builtin_memset(run->headers + offset, 0, VIRTIO_NET_HEADER);
    run->sink[i].address = run->buffers + offset;
    run->sink[i].length = VIRTIO_NET_HEADER + FRAME_MIN + (uint32_t)longer;
    run->source[i].address = run->buffers + empty * run->stride;
    return longer;
}

// So many frames have moved.
static INLINE void pass(struct split *rx, struct split *tx, unsigned count)
{
    rx->used_seen += count;
    tx->queue.free -= count;
    tx->made_available += count;
    tell(tx, tx->made_available);
    filled(rx, count);
}

// Whether every slot of a receive ring has a buffer: it is not between receive() and refill().
static INLINE bool is_full(const struct split *rx)
{
    return rx->used_seen + rx->queue.slots == rx->made_available;
}

// Several, or one with which something may be wrong; or no room for as many as may come.
static NOINLINE struct relayed relay_many(struct split *rx, struct split *tx, unsigned max,
                                          uint32_t lengths, unsigned waiting)
{
    static const struct relayed not_plain = {RELAY_NOT_PLAIN, 0};
    if (UNLIKELY(rx->queue.port->state != PORT_RUNNING || !rx->in_order || !tx->in_order ||
                 !is_full(rx) || waiting > rx->offered - rx->used_seen))
        return not_plain;
    if (UNLIKELY(rx->queue.lengths == 0))
        rx->queue.lengths = rx->queue.port->area->capacity - FRAME_MIN + 1; // it was closed
    if (UNLIKELY(rx->queue.lengths < lengths))
        lengths = (uint32_t)rx->queue.lengths;
    if (UNLIKELY(tx->queue.free < max))
        max = split_room(&tx->queue, max);
    const unsigned count = up_to_end(rx, rx->used_seen & rx->mask, waiting < max ? waiting : max);
    uint64_t beyond = 0;
    unsigned done = 0;
    while (done < count) {
        const struct run run = next_run(rx, tx, done, lengths);
        const size_t end = up_to_end(tx, (tx->made_available + done) & tx->mask, count - done);
        size_t i = 0;
#pragma GCC unroll 2
        for (; i != end; i++) {
            const uint64_t longer = relay_one(&run, i);
            if (UNLIKELY(longer >= lengths))
                break;
            beyond += longer;
        }
        done += (unsigned)i;
        if (UNLIKELY(i != end))
            break;
    }
    if (UNLIKELY(done == 0))
        return not_plain;
    pass(rx, tx, done);
    return (struct relayed){done, beyond};
}

// With little traffic there is one frame: no loop then. A port that does not run has no lengths,
// and nothing free.
struct relayed split_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    struct split *rx = split_of(from), *tx = split_of(to);
    const unsigned waiting = used_waiting(rx->used, rx->used_seen);
    if (waiting == 0)
        return (struct relayed){0, 0};
    if (waiting != 1 ||
        UNLIKELY(from->lengths < lengths || to->free < max || !tx->in_order || !is_full(rx)))
        return relay_many(rx, tx, max, lengths, waiting);
    const struct run run = next_run(rx, tx, 0, lengths);
    const uint64_t longer = relay_one(&run, 0);
    if (UNLIKELY(longer >= lengths))
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    pass(rx, tx, 1);
    return (struct relayed){1, longer};
}
