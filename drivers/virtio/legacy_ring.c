// SPDX-License-Identifier: BSD-2-Clause
// Memory and life of a legacy virtqueue. VIRTIO 1.2, section 2.7.2. The packet path is in
// legacy_burst.c.
#include "drivers/virtio/legacy_ring.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"

enum { PAGE = 4096 }; // 2.7.2, 4.1.5.1.3.1: where the ring begins, and where its used part does

static size_t available_offset(uint32_t entries)
{
    return sizeof(struct split_descriptor) * entries;
}

// The available ring ends with a field for EVENT_IDX, which has its place whether used or not.
static size_t used_offset(uint32_t entries)
{
    size_t end = available_offset(entries) + sizeof(struct split_available) +
                 sizeof(uint16_t) * (entries + 1);
    return (end + PAGE - 1) / PAGE * PAGE;
}

static size_t memory_size(uint32_t entries)
{
    return used_offset(entries) + sizeof(struct split_used) +
           sizeof(struct split_used_element) * entries + sizeof(uint16_t);
}

static struct legacy_ring *ring_of(struct queue *queue)
{
    return (struct legacy_ring *)queue; // its first member
}

static void reset(struct queue *queue)
{
    struct legacy_ring *ring = ring_of(queue);
    __builtin_memset(ring->memory.memory, 0, memory_size(ring->entries));
    ring->available->flags =
        SPLIT_AVAILABLE_NO_INTERRUPT; // everything is polled, until interrupt()
    order_reset(ring->order, ring->place, queue->slots);
    ring->used_seen = ring->made_available = 0;
}

static struct queue *allocate(struct port *port, const struct ring_plan *plan)
{
    struct legacy_ring *ring = env_alloc(port->env, sizeof *ring);
    if (ring == NULL)
        return NULL;
    uint32_t slots = plan->slots;
    ring->queue.port = port;
    ring->queue.slots = slots;
    ring->entries = plan->entries;
    ring->number = plan->number;
    ring->chained = plan->chained;
    ring->queue.buffer_of = env_alloc(port->env, sizeof *ring->queue.buffer_of * slots);
    ring->order = env_alloc(port->env, sizeof *ring->order * slots);
    ring->place = env_alloc(port->env, sizeof *ring->place * slots);
    if (ring->queue.buffer_of == NULL || ring->order == NULL || ring->place == NULL ||
        !env_dma_alloc(port->env, memory_size(plan->entries), &ring->memory))
        return NULL;
    char *memory = ring->memory.memory;
    ring->descriptors = (struct split_descriptor *)memory;
    ring->available = (struct split_available *)(memory + available_offset(plan->entries));
    ring->used = (const struct split_used *)(memory + used_offset(plan->entries));
    reset(&ring->queue);
    return &ring->queue;
}

static void fill(struct queue *queue)
{
    struct legacy_ring *ring = ring_of(queue);
    for (uint32_t id = 0; id < queue->slots; id++)
        legacy_put_empty(ring, queue->buffer_of[id]);
    legacy_offer(ring);
}

static void post(struct queue *queue, const struct ring_part *parts, unsigned count)
{
    struct legacy_ring *ring = ring_of(queue);
    split_post(ring->descriptors, ring->available, ring->entries, ring->made_available, parts,
               count);
    ring->made_available += count;
}

static void mark_empty(struct queue *queue)
{
    const struct legacy_ring *ring = ring_of(queue);
    for (uint32_t at = ring->made_available; at != ring->used_seen + queue->slots; at++)
        queue->buffer_of[ring->order[at & (queue->slots - 1)]] = NO_BUFFER;
}

static uint16_t used_index(const struct legacy_ring *ring)
{
    return __atomic_load_n(&ring->used->index, __ATOMIC_RELAXED);
}

static uint32_t unused(const struct queue *queue)
{
    const struct legacy_ring *ring = (const struct legacy_ring *)queue;
    uint32_t held = ring->made_available - ring->used_seen;
    uint16_t sent = used_index(ring) - ring->used_seen;
    return sent <= held ? held - sent : held;
}

static struct virtio_ring_addresses addresses(const struct queue *queue)
{
    const struct legacy_ring *ring = (const struct legacy_ring *)queue;
    return (struct virtio_ring_addresses){
        .descriptors = ring->memory.address,
        .driver = ring->memory.address + available_offset(ring->entries),
        .device = ring->memory.address + used_offset(ring->entries),
    };
}

static uint32_t entries(const struct queue *queue)
{
    return ((const struct legacy_ring *)queue)->entries;
}

// The doorbell is a register that all queues share.
static void enabled(struct queue *queue, volatile void *doorbell)
{
    (void)queue, (void)doorbell;
}

static void kick(struct queue *queue)
{
    env_io_write(queue->port->env, LEGACY_IO_BAR, LEGACY_QUEUE_NOTIFY, 2, ring_of(queue)->number);
}

static void interrupt(struct queue *queue, bool on)
{
    __atomic_store_n(&ring_of(queue)->available->flags, on ? 0 : SPLIT_AVAILABLE_NO_INTERRUPT,
                     __ATOMIC_RELAXED);
}

static struct ring_ends ends(const struct queue *queue)
{
    const struct legacy_ring *ring = (const struct legacy_ring *)queue;
    return (struct ring_ends){ring->made_available, ring->used_seen, (uint16_t)ring->made_available,
                              used_index(ring)};
}

const struct ring_format legacy_format = {
    .name = "legacy",
    .allocate = allocate,
    .reset = reset,
    .fill = fill,
    .post = post,
    .mark_empty = mark_empty,
    .unused = unused,
    .addresses = addresses,
    .entries = entries,
    .enabled = enabled,
    .notify = legacy_notify,
    .kick = kick,
    .interrupt = interrupt,
    .ends = ends,
};
