// SPDX-License-Identifier: BSD-2-Clause
// Memory and life of a split virtqueue. VIRTIO 1.2, section 2.7. The packet path is in
// burst_receive.c and burst_transmit.c.
#include "drivers/virtio/split.h"
#include "drivers/mmio.h"
#include "drivers/virtio/order.h"
#include "drivers/virtio/regs.h"

// 2.7: descriptors are aligned to 16, the available ring to 2, the used ring to 4. What we write
// and what the device writes are kept on different cache lines. The used ring begins 4 bytes into
// its line so that its elements, behind 4 bytes of header, are aligned to 8 and never lie on two.
static size_t available_offset(uint32_t slots)
{
    return sizeof(struct split_descriptor) * slots;
}

static size_t used_offset(uint32_t slots)
{
    size_t end =
        available_offset(slots) + sizeof(struct split_available) + sizeof(uint16_t) * slots;
    return (end + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE + 4;
}

static size_t memory_size(uint32_t slots)
{
    return used_offset(slots) + sizeof(struct split_used) +
           sizeof(struct split_used_element) * slots;
}

bool split_send_copy(struct queue *queue, const void *data, unsigned length)
{
    if (length < FRAME_MIN || length > queue->port->max_frame)
        return false;
    // The buffer that the exchange hands out is exchanged for itself.
    struct frame frame = {split_next_empty(queue), FRAME_HEADROOM, (uint16_t)length};
    if (frame.buffer == NO_BUFFER)
        return false;
    __builtin_memcpy(packet_data(queue->port->area, frame.buffer, frame.offset), data, length);
    return split_transmit(queue, &frame, 1) == 1;
}

void split_post(struct split_descriptor *descriptors, struct split_available *available,
                uint32_t entries, uint32_t first, const struct ring_part *parts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        descriptors[first + i] = (struct split_descriptor){
            .address = parts[i].address,
            .length = parts[i].length,
            .flags = (parts[i].write ? SPLIT_DESCRIPTOR_WRITE : 0) |
                     (i + 1 < count ? SPLIT_DESCRIPTOR_NEXT : 0),
            .next = i + 1 < count ? (uint16_t)(first + i + 1) : 0,
        };
    }
    uint16_t index = available->index; // a device that changes it fools itself
    available->ring[index & (entries - 1)] = (uint16_t)first;
    // Orders the descriptors and ring entry above before the index that offers them (2.7.13.3.1).
    __atomic_store_n(&available->index, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}

// --- as a format: ring.h says what each does -----------------------------------------------------

static struct split *split_of(struct queue *queue)
{
    return (struct split *)queue;
}

static const struct split *const_split_of(const struct queue *queue)
{
    return (const struct split *)queue;
}

// What the packet path wants to know of the packet area, which there is before start().
static void know_area(struct split *split)
{
    const struct packet_area *area = split->queue.port->area;
    if (area == NULL)
        return;
    split->area.buffers = packet_dma(area, 0, FRAME_HEADROOM - VIRTIO_NET_HEADER);
    split->area.headers = packet_data(area, 0, FRAME_HEADROOM - VIRTIO_NET_HEADER);
    split->area.stride = area->stride;
    split->area.apart = split->area.buffers - (uintptr_t)split->area.headers;
}

// After so many empty buffers the device hears of them, at least.
static uint32_t tell_every(const struct queue *queue)
{
    const uint32_t part = queue->slots / 8;
    if (part == 0 || queue->port->in_a_domain)
        return 1;
    return part < SPLIT_TELL_EVERY ? part : SPLIT_TELL_EVERY;
}

static void reset(struct queue *queue)
{
    struct split *split = split_of(queue);
    const uint32_t slots = queue->slots;
    __builtin_memset(split->memory.memory, 0, memory_size(slots));
    // 2.7.7.1: everything is polled, until interrupt().
    split->available->flags = SPLIT_AVAILABLE_NO_INTERRUPT;
    order_reset(split->order, split->place, slots);
    for (uint32_t id = 0; id < slots; id++)
        split->available->ring[id] = (uint16_t)id;
    split->in_order = true;
    split->used_seen = split->made_available = split->offered = 0;
    queue->free = 0;
    queue->lengths = 0;
    split->until = split->tell_every = tell_every(queue);
    know_area(split);
    split->doorbell = NULL;
}

static struct queue *allocate(struct port *port, const struct ring_plan *plan)
{
    struct env *env = port->env;
    const uint32_t slots = plan->slots;
    struct split *split = env_alloc(env, sizeof *split);
    if (split == NULL)
        return NULL;
    split->queue.port = port;
    split->queue.slots = slots;
    split->mask = slots - 1;
    split->number = plan->number;
    split->queue.buffer_of = env_alloc(env, sizeof *split->queue.buffer_of * slots);
    split->order = env_alloc(env, sizeof *split->order * slots);
    split->place = env_alloc(env, sizeof *split->place * slots);
    if (split->queue.buffer_of == NULL || split->order == NULL || split->place == NULL ||
        !env_dma_alloc(env, memory_size(slots), &split->memory))
        return NULL;
    char *memory = split->memory.memory;
    split->descriptors = (struct split_descriptor *)memory;
    split->available = (struct split_available *)(memory + available_offset(slots));
    split->used = (const struct split_used *)(memory + used_offset(slots));
    reset(&split->queue);
    return &split->queue;
}

static void fill(struct queue *queue)
{
    struct split *split = split_of(queue);
    const struct packet_area *area = queue->port->area;
    for (uint32_t id = 0; id < queue->slots; id++) {
        split->descriptors[id] = (struct split_descriptor){
            .address = packet_dma(area, queue->buffer_of[id], FRAME_HEADROOM - VIRTIO_NET_HEADER),
            .length = VIRTIO_NET_HEADER + area->capacity,
            .flags = SPLIT_DESCRIPTOR_WRITE,
        };
    }
    split->made_available = split->offered = queue->slots;
    // Orders the descriptors and ring entries above before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_store_n(&split->available->index, (uint16_t)queue->slots, __ATOMIC_RELEASE);
}

static void post(struct queue *queue, const struct ring_part *parts, unsigned count)
{
    struct split *split = split_of(queue);
    split_post(split->descriptors, split->available, queue->slots, split->made_available, parts,
               count);
    split->offered = split->made_available += count;
}

static void mark_empty(struct queue *queue)
{
    const struct split *split = split_of(queue);
    for (uint32_t at = split->made_available; at != split->used_seen + queue->slots; at++)
        queue->buffer_of[split->order[at & (queue->slots - 1)]] = NO_BUFFER;
}

static uint32_t unused(const struct queue *queue)
{
    const struct split *split = const_split_of(queue);
    const uint32_t held = split->made_available - split->used_seen;
    const uint16_t index = __atomic_load_n(&split->used->index, __ATOMIC_RELAXED);
    const uint16_t sent = index - split->used_seen;
    return sent <= held ? held - sent : held;
}

static struct virtio_ring_addresses addresses(const struct queue *queue)
{
    const uint64_t base = const_split_of(queue)->memory.address;
    return (struct virtio_ring_addresses){
        .descriptors = base,
        .driver = base + available_offset(queue->slots),
        .device = base + used_offset(queue->slots),
    };
}

static uint32_t entries(const struct queue *queue)
{
    return queue->slots;
}

static void enabled(struct queue *queue, volatile void *doorbell)
{
    split_of(queue)->doorbell = doorbell;
}

static void kick(struct queue *queue)
{
    mmio_write16(split_of(queue)->doorbell, 0, split_of(queue)->number);
}

static void interrupt(struct queue *queue, bool on)
{
    __atomic_store_n(&split_of(queue)->available->flags, on ? 0 : SPLIT_AVAILABLE_NO_INTERRUPT,
                     __ATOMIC_RELAXED);
}

static struct ring_ends ends(const struct queue *queue)
{
    const struct split *split = const_split_of(queue);
    return (struct ring_ends){split->made_available, split->used_seen,
                              *(const volatile uint16_t *)&split->available->index,
                              *(const volatile uint16_t *)&split->used->index};
}

const struct ring_format split_format = {
    .name = "split",
    .allocate = allocate,
    .reset = reset,
    .fill = fill,
    .post = post,
    .mark_empty = mark_empty,
    .unused = unused,
    .addresses = addresses,
    .entries = entries,
    .enabled = enabled,
    .notify = split_notify,
    .kick = kick,
    .interrupt = interrupt,
    .ends = ends,
};
