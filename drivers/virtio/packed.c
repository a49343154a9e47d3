// SPDX-License-Identifier: BSD-2-Clause
// Memory and life of a packed virtqueue. VIRTIO 1.2, section 2.8. The packet path is in
// packed_burst.c.
#include "drivers/virtio/packed.h"
#include "drivers/mmio.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"

// 2.8: descriptors are aligned to 16, event suppression to 4. Each side's event suppression has a
// cache line of its own.
static size_t our_events_offset(uint32_t slots)
{
    size_t end = sizeof(struct packed_descriptor) * slots;
    return (end + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static size_t its_events_offset(uint32_t slots)
{
    return our_events_offset(slots) + CACHE_LINE;
}

static size_t memory_size(uint32_t slots)
{
    return its_events_offset(slots) + CACHE_LINE;
}

static void reset(struct queue *queue)
{
    struct packed *packed = packed_of(queue);
    __builtin_memset(packed->memory.memory, 0, memory_size(queue->slots));
    packed->our_events->flags = PACKED_EVENTS_OFF; // everything is polled, until interrupt()
    order_reset(packed->order, packed->place, queue->slots);
    packed->used_seen = packed->made_available = 0;
    packed->doorbell = NULL;
}

static struct queue *allocate(struct port *port, const struct ring_plan *plan)
{
    struct packed *packed = env_alloc(port->env, sizeof *packed);
    if (packed == NULL)
        return NULL;
    uint32_t slots = plan->slots;
    packed->queue.port = port;
    packed->queue.slots = slots;
    packed->number = plan->number;
    packed->queue.buffer_of = env_alloc(port->env, sizeof *packed->queue.buffer_of * slots);
    packed->order = env_alloc(port->env, sizeof *packed->order * slots);
    packed->place = env_alloc(port->env, sizeof *packed->place * slots);
    if (packed->queue.buffer_of == NULL || packed->order == NULL || packed->place == NULL ||
        !env_dma_alloc(port->env, memory_size(slots), &packed->memory))
        return NULL;
    char *memory = packed->memory.memory;
    packed->descriptors = (struct packed_descriptor *)memory;
    packed->our_events = (struct packed_events *)(memory + our_events_offset(slots));
    packed->its_events = (const struct packed_events *)(memory + its_events_offset(slots));
    reset(&packed->queue);
    return &packed->queue;
}

static void fill(struct queue *queue)
{
    struct packed *packed = packed_of(queue);
    const struct packet_area *area = queue->port->area;
    for (uint32_t id = 0; id < queue->slots; id++)
        packed_offer(&packed->descriptors[id],
                     packet_dma(area, queue->buffer_of[id], FRAME_HEADROOM - VIRTIO_NET_HEADER),
                     VIRTIO_NET_HEADER + area->capacity, (uint16_t)id,
                     PACKED_WRITE | packed_available_bits(id, queue->slots));
    packed->made_available = queue->slots;
}

// The first descriptor hands over the chain, so it is written last (2.8.21.1).
static void post(struct queue *queue, const struct ring_part *parts, unsigned count)
{
    struct packed *packed = packed_of(queue);
    uint32_t first = packed->made_available;
    for (unsigned i = count; i-- > 0;) {
        uint32_t at = first + i;
        uint16_t flags = packed_available_bits(at, queue->slots);
        if (parts[i].write)
            flags |= PACKED_WRITE;
        if (i + 1 < count)
            flags |= PACKED_NEXT;
        packed_offer(&packed->descriptors[at & (queue->slots - 1)], parts[i].address,
                     parts[i].length, (uint16_t)first, flags);
    }
    packed->made_available = first + count;
}

static void mark_empty(struct queue *queue)
{
    const struct packed *packed = packed_of(queue);
    for (uint32_t at = packed->made_available; at != packed->used_seen + queue->slots; at++)
        queue->buffer_of[packed->order[at & (queue->slots - 1)]] = NO_BUFFER;
}

static uint16_t flags_at(const struct packed *packed, uint32_t position)
{
    return __atomic_load_n(&packed->descriptors[position & (packed->queue.slots - 1)].flags,
                           __ATOMIC_RELAXED);
}

static uint32_t unused(const struct queue *queue)
{
    const struct packed *packed = (const struct packed *)queue;
    uint32_t at = packed->used_seen;
    while (at != packed->made_available &&
           (flags_at(packed, at) & (PACKED_AVAILABLE | PACKED_USED)) ==
               packed_used_bits(at, queue->slots))
        at++;
    return packed->made_available - at;
}

static struct virtio_ring_addresses addresses(const struct queue *queue)
{
    uint64_t base = ((const struct packed *)queue)->memory.address;
    return (struct virtio_ring_addresses){
        .descriptors = base,
        .driver = base + our_events_offset(queue->slots),
        .device = base + its_events_offset(queue->slots),
    };
}

static uint32_t entries(const struct queue *queue)
{
    return queue->slots;
}

static void enabled(struct queue *queue, volatile void *doorbell)
{
    packed_of(queue)->doorbell = doorbell;
}

static void kick(struct queue *queue)
{
    mmio_write16(packed_of(queue)->doorbell, 0, packed_of(queue)->number);
}

static void interrupt(struct queue *queue, bool on)
{
    __atomic_store_n(&packed_of(queue)->our_events->flags, on ? 0 : PACKED_EVENTS_OFF,
                     __ATOMIC_RELAXED);
}

static struct ring_ends ends(const struct queue *queue)
{
    const struct packed *packed = (const struct packed *)queue;
    return (struct ring_ends){packed->made_available, packed->used_seen,
                              (uint16_t)packed->made_available,
                              flags_at(packed, packed->used_seen)};
}

const struct ring_format packed_format = {
    .name = "packed",
    .allocate = allocate,
    .reset = reset,
    .fill = fill,
    .post = post,
    .mark_empty = mark_empty,
    .unused = unused,
    .addresses = addresses,
    .entries = entries,
    .enabled = enabled,
    .notify = packed_notify,
    .kick = kick,
    .interrupt = interrupt,
    .ends = ends,
};
