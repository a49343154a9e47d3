// SPDX-License-Identifier: BSD-2-Clause
// Lays out the packet area and deals its buffers to the rings.
#include "net/buffers.h"
#include <errno.h>
#include <stddef.h>

// Every slot of every ring, at most: the sums below cannot wrap.
_Static_assert((uint64_t)NET_PORTS_MAX * (2 * PORT_QUEUES_MAX + 1) * QUEUE_SLOTS_MAX < UINT32_MAX,
               "buffers are numbered with 32 bits");
_Static_assert(FRAME_HEADROOM + BUFFER_CAPACITY_MAX <= UINT16_MAX,
               "offset and length of a frame have 16 bits");

struct queue *walk_queue(const struct buffers *buffers, struct walk *walk)
{
    for (; walk->port < buffers->port_count; walk->port++, walk->transmit = walk->stock = false) {
        const struct port *port = buffers->ports[walk->port];
        if (!walk->transmit && walk->index < port->rx_queues)
            return port->rx[walk->index];
        if (!walk->transmit) {
            walk->transmit = true;
            walk->index = 0;
        }
        if (!walk->stock && walk->index < port->tx_queues)
            return port->tx[walk->index];
        if (!walk->stock) {
            walk->stock = true;
            walk->index = 0;
        }
        if (walk->index == 0 && buffers->stock[walk->port] != NULL)
            return buffers->stock[walk->port];
        walk->index = 0;
    }
    return NULL;
}

void buffers_settle(const struct walk *walk, struct queue *queue)
{
    const struct port_driver *driver = queue->port->driver;
    if (!walk->stock && driver != NULL && driver->settle != NULL)
        driver->settle(queue);
}

// The number of the rank-th port, counted from 0, whose bit is set.
static unsigned nth_port(uint32_t set, unsigned rank)
{
    for (; rank > 0; rank--)
        set &= set - 1;
    return (unsigned)__builtin_ctz(set);
}

static unsigned rank_of(uint32_t set, unsigned port)
{
    return (unsigned)__builtin_popcount(set & ((1u << port) - 1));
}

unsigned walk_group(const struct buffers *buffers, const struct walk *walk)
{
    const uint32_t sources = buffers->sources[walk->port];
    if (walk->stock)
        return buffers->group[walk->port];
    if (!walk->transmit || sources == 0)
        return buffers_receive_group(buffers, walk->port);
    const unsigned rank = walk->index % (unsigned)__builtin_popcount(sources);
    return buffers->group[nth_port(sources, rank)];
}

unsigned buffers_tx_queue(const struct buffers *buffers, unsigned source, unsigned rx_queue,
                          unsigned egress)
{
    const unsigned queues = buffers->ports[egress]->tx_queues;
    const unsigned sources = (unsigned)__builtin_popcount(buffers->sources[egress]);
    const unsigned rank = rank_of(buffers->sources[egress], source);
    if (queues <= sources)
        return rank % queues;
    // Queues rank, rank + sources, rank + 2 * sources... are this source's.
    const unsigned own = (queues - rank + sources - 1) / sources;
    return rank + sources * (rx_queue % own);
}

void buffers_init(struct buffers *buffers, struct port *const ports[], unsigned count)
{
    *buffers = (struct buffers){.port_count = count};
    for (unsigned i = 0; i < count; i++)
        buffers->ports[i] = ports[i];
}

static void merge_groups(struct buffers *buffers, unsigned a, unsigned b)
{
    const uint8_t one = buffers->group[a], other = buffers->group[b];
    for (unsigned i = 0; i < buffers->port_count; i++)
        if (buffers->group[i] == one || buffers->group[i] == other)
            buffers->group[i] = one < other ? one : other;
}

// Ports that send through the same transmit queue belong together.
static void find_groups(struct buffers *buffers)
{
    for (unsigned i = 0; i < buffers->port_count; i++)
        buffers->group[i] = (uint8_t)i;
    for (unsigned egress = 0; egress < buffers->port_count; egress++) {
        const uint32_t set = buffers->sources[egress];
        const unsigned sources = (unsigned)__builtin_popcount(set);
        const unsigned queues = buffers->ports[egress]->tx_queues;
        for (unsigned rank = queues; queues > 0 && rank < sources; rank++)
            merge_groups(buffers, nth_port(set, rank % queues), nth_port(set, rank));
    }
}

static bool queues_in_range(const struct buffers *buffers)
{
    for (unsigned i = 0; i < buffers->port_count; i++) {
        if (buffers->ports[i]->rx_queues > PORT_QUEUES_MAX ||
            buffers->ports[i]->tx_queues > PORT_QUEUES_MAX)
            return false;
        if (buffers->sources[i] >> buffers->port_count != 0)
            return false;
    }
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++)
        if (queue->slots == 0 || queue->slots > QUEUE_SLOTS_MAX)
            return false;
    return true;
}

// One transmit queue for each receive queue that sends through the port; a card may offer more, and
// each would hold a ringful of buffers that nobody uses.
static void leave_out_idle_queues(struct buffers *buffers)
{
    for (unsigned egress = 0; egress < buffers->port_count; egress++) {
        struct port *port = buffers->ports[egress];
        unsigned widest = 1;
        for (unsigned i = 0; i < buffers->port_count; i++)
            if (buffers->sources[egress] >> i & 1 && buffers->ports[i]->rx_queues > widest)
                widest = buffers->ports[i]->rx_queues;
        const unsigned sources = (unsigned)__builtin_popcount(buffers->sources[egress]);
        const unsigned wanted = sources == 0 ? 1 : sources * widest;
        if (port->tx_queues > wanted)
            port->tx_queues = (uint16_t)wanted;
    }
}

static uint64_t round_up(uint64_t bytes, uint64_t boundary)
{
    return boundary > 1 ? (bytes + boundary - 1) & ~(boundary - 1) : bytes;
}

// The first buffer that begins at the boundary behind so many bytes, or later.
static uint64_t first_behind(uint64_t bytes, uint64_t boundary, uint32_t stride)
{
    return (round_up(bytes, boundary) + stride - 1) / stride;
}

int buffers_plan(struct buffers *buffers, uint32_t capacity)
{
    if (capacity < FRAME_MIN || capacity > BUFFER_CAPACITY_MAX || !queues_in_range(buffers))
        return -EINVAL;

    leave_out_idle_queues(buffers);
    find_groups(buffers);
    for (unsigned i = 0; i < BUFFER_GROUPS_MAX; i++)
        buffers->range[i] = (struct buffer_range){0, 0};
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++)
        buffers->range[walk_group(buffers, &walk)].count += queue->slots;
    const uint32_t lines = (FRAME_HEADROOM + capacity + CACHE_LINE - 1) / CACHE_LINE;
    const uint32_t stride = (lines | 1) * CACHE_LINE;
    uint64_t count = 0;
    buffers->count = 0;
    for (unsigned i = 0; i < BUFFER_GROUPS_MAX; i++) {
        if (buffers->range[i].count > 0)
            count = first_behind(count * stride, buffers->boundary, stride);
        buffers->range[i].first = (uint32_t)count;
        count += buffers->range[i].count;
        buffers->count += buffers->range[i].count;
    }
    if (count >= NO_BUFFER)
        return -EINVAL;

    buffers->area = (struct packet_area){
        .stride = stride,
        .count = (uint32_t)count,
        .capacity = capacity,
    };
    buffers->bytes = round_up(count * stride, buffers->boundary);
    buffers->bitmap_bytes = ((uint64_t)count + 63) / 64 * sizeof(uint64_t);
    return 0;
}

int buffers_deal(struct buffers *buffers, void *memory, uint64_t dma, uint64_t bytes, void *bitmap)
{
    if ((uintptr_t)memory % CACHE_LINE != 0 || dma % CACHE_LINE != 0 ||
        (uintptr_t)bitmap % sizeof(uint64_t) != 0)
        return -EINVAL;
    if (bytes < buffers->bytes)
        return -ENOMEM;

    buffers->area.base = memory;
    buffers->area.dma = dma;
    buffers->bitmap = bitmap;
    uint32_t next[BUFFER_GROUPS_MAX];
    for (unsigned i = 0; i < BUFFER_GROUPS_MAX; i++)
        next[i] = buffers->range[i].first;
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++) {
        const unsigned group = walk_group(buffers, &walk);
        for (uint32_t slot = 0; slot < queue->slots; slot++)
            queue->buffer_of[slot] = next[group]++;
    }
    for (unsigned i = 0; i < buffers->port_count; i++)
        buffers->ports[i]->area = &buffers->area;
    return 0;
}

struct buffer_extent buffers_extent(const struct buffers *buffers, unsigned group)
{
    const struct buffer_range range = buffers->range[group];
    const uint64_t stride = buffers->area.stride, boundary = buffers->boundary;
    if (range.count == 0)
        return (struct buffer_extent){0, 0};
    uint64_t start = range.first * stride;
    if (boundary > 1)
        start &= ~(boundary - 1);
    return (struct buffer_extent){start,
                                  round_up((range.first + range.count) * stride, boundary) - start};
}

bool buffers_shared(const struct buffers *buffers, unsigned port)
{
    for (unsigned i = 0; i < buffers->port_count; i++)
        if (i != port && buffers->group[i] == buffers->group[port])
            return true;
    return false;
}
