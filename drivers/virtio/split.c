// SPDX-License-Identifier: BSD-2-Clause
// Memory and life of a split virtqueue. VIRTIO 1.2, section 2.7. The packet path is in burst.c.
#include "drivers/virtio/split.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

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

int split_allocate(struct split *split, struct env *env, uint32_t slots, uint16_t number)
{
    split->queue.slots = slots;
    split->number = number;
    split->queue.buffer_of = env_alloc(env, sizeof *split->queue.buffer_of * slots);
    split->order = env_alloc(env, sizeof *split->order * slots);
    split->place = env_alloc(env, sizeof *split->place * slots);
    if (split->queue.buffer_of == NULL || split->order == NULL || split->place == NULL)
        return -ENOMEM;
    if (!env_dma_alloc(env, memory_size(slots), &split->memory))
        return -ENOMEM;
    char *memory = split->memory.memory;
    split->descriptors = (struct split_descriptor *)memory;
    split->available = (struct split_available *)(memory + available_offset(slots));
    split->used = (const struct split_used *)(memory + used_offset(slots));
    split_reset(split);
    return 0;
}

struct virtio_ring_addresses split_addresses(const struct split *split)
{
    uint64_t base = split->memory.address;
    return (struct virtio_ring_addresses){
        .descriptors = base,
        .available = base + available_offset(split->queue.slots),
        .used = base + used_offset(split->queue.slots),
    };
}

void split_reset(struct split *split)
{
    uint32_t slots = split->queue.slots;
    __builtin_memset(split->memory.memory, 0, memory_size(slots));
    // 2.7.7.1: everything is polled, until split_interrupt().
    split->available->flags = SPLIT_AVAILABLE_NO_INTERRUPT;
    for (uint32_t id = 0; id < slots; id++)
        split->available->ring[id] = split->order[id] = split->place[id] = (uint16_t)id;
    split->in_order = true;
    split->used_seen = split->made_available = 0;
    split->doorbell = NULL;
}

void split_interrupt(struct split *split, bool on)
{
    __atomic_store_n(&split->available->flags, on ? 0 : SPLIT_AVAILABLE_NO_INTERRUPT,
                     __ATOMIC_RELAXED);
    // Orders this store before the caller's next read of used->index; the device does the opposite:
    // writes the index, then reads the flag (2.7.8.2, 2.7.7.2). Without it the device could miss
    // the wish and the caller the frame, and the box would sleep beside it.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

uint32_t split_unsent(const struct split *split)
{
    uint32_t held = split->made_available - split->used_seen;
    uint16_t index = __atomic_load_n(&split->used->index, __ATOMIC_RELAXED);
    uint16_t sent = index - split->used_seen;
    return sent <= held ? held - sent : held;
}

void split_mark_empty(struct split *split)
{
    uint32_t slots = split->queue.slots;
    for (uint32_t at = split->made_available; at != split->used_seen + slots; at++)
        split->queue.buffer_of[split->order[at & (slots - 1)]] = NO_BUFFER;
}

void split_fill(struct split *split)
{
    const struct packet_area *area = split->queue.port->area;
    uint32_t slots = split->queue.slots;
    for (uint32_t id = 0; id < slots; id++) {
        split->descriptors[id] = (struct split_descriptor){
            .address =
                packet_dma(area, split->queue.buffer_of[id], FRAME_HEADROOM - VIRTIO_NET_HEADER),
            .length = VIRTIO_NET_HEADER + area->capacity,
            .flags = SPLIT_DESCRIPTOR_WRITE,
        };
    }
    split->made_available = slots;
    // Orders the descriptors and ring entries above before the index that offers them; the device
    // reads the index first (2.7.13.3.1).
    __atomic_store_n(&split->available->index, (uint16_t)slots, __ATOMIC_RELEASE);
}

bool split_send_copy(struct queue *queue, const void *data, unsigned length)
{
    const struct split *split = (const struct split *)queue; // its first member
    if (length < FRAME_MIN || length > queue->port->max_frame || split_room(queue, 1) == 0)
        return false;
    // The buffer that the next exchange would hand out is exchanged for itself.
    const uint32_t id = split->order[split->made_available & (queue->slots - 1)];
    struct frame frame = {queue->buffer_of[id], FRAME_HEADROOM, (uint16_t)length};
    __builtin_memcpy(packet_data(queue->port->area, frame.buffer, frame.offset), data, length);
    return split_transmit(queue, &frame, 1) == 1;
}
