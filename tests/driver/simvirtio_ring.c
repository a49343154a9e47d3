// SPDX-License-Identifier: BSD-2-Clause
// The simulated virtio device: split and packed rings, and frames in and out of them. VIRTIO 1.2,
// sections 2.7, 2.8 and 5.1.6, from the device's side.
#include "tests/driver/simvirtio_ring.h"
#include <string.h>

enum { HEADER_MAX = 12, RX = 0, TX = 1, AVAILABLE = 1 << 7, USED = 1 << 15 };

bool sim_packed(const struct simvirtio *sim)
{
    return (sim->accepted >> 34 & 1) != 0;
}

// 5.1.6.1: without VERSION_1 there is no num_buffers.
uint32_t sim_header(const struct simvirtio *sim)
{
    return (sim->accepted >> 32 & 1) != 0 ? 12 : 10;
}

// Whether frames arrive here; 5.1.2.
static bool receives(unsigned index)
{
    return index % 2 == 0;
}

void sim_ring_reset(struct sim_queue *queue)
{
    queue->available_seen = queue->used_index = 0;
    queue->id_count = queue->sent = 0;
    memset(queue->taken, 0, SIM_QUEUE_MAX * sizeof *queue->taken);
}

void sim_ring_enabled(struct simvirtio *sim, struct sim_queue *queue)
{
    bool packed = sim_packed(sim);
    if (queue->desc % 16 != 0 || queue->driver % (packed ? 4 : 2) != 0 || queue->device % 4 != 0)
        sim_violate(sim, "a ring is not aligned");
    if (host_dma(&sim->env, queue->desc, 16u * queue->size) == NULL ||
        host_dma(&sim->env, queue->driver, packed ? 4 : 4 + 2u * queue->size) == NULL ||
        host_dma(&sim->env, queue->device, packed ? 4 : 4 + 8u * queue->size) == NULL)
        sim_violate(sim, "a ring does not lie in DMA memory");
    if (!receives((unsigned)(queue - sim->queues)) && queue->vector != 0xffff)
        sim_violate(sim, "a queue that is always polled has a vector");
}

// Byte `offset` of a ring, or NULL when the device is not running or may not reach it.
static void *ring_at(struct simvirtio *sim, uint64_t base, uint64_t offset, size_t bytes)
{
    if ((sim->status & 4) == 0)
        return NULL;
    void *memory = host_dma(&sim->env, base + offset, bytes);
    if (memory == NULL)
        sim_violate(sim, "a ring cannot be reached");
    return memory;
}

static uint16_t ring_read16(struct simvirtio *sim, uint64_t base, uint64_t offset)
{
    uint16_t value = 0;
    const void *memory = ring_at(sim, base, offset, sizeof value);
    if (memory != NULL)
        memcpy(&value, memory, sizeof value);
    return value;
}

static void ring_write16(struct simvirtio *sim, uint64_t base, uint64_t offset, uint16_t value)
{
    void *memory = ring_at(sim, base, offset, sizeof value);
    if (memory != NULL)
        memcpy(memory, &value, sizeof value);
}

static struct sim_descriptor read_descriptor(struct simvirtio *sim, const struct sim_queue *queue,
                                             uint32_t at)
{
    struct sim_descriptor descriptor = {0};
    const void *memory = ring_at(sim, queue->desc, 16u * at, sizeof descriptor);
    if (memory != NULL)
        memcpy(&descriptor, memory, sizeof descriptor);
    return descriptor;
}

unsigned sim_chain(struct simvirtio *sim, unsigned index, uint16_t id, struct sim_part *parts,
                   unsigned most)
{
    const struct sim_queue *queue = &sim->queues[index];
    bool packed = sim_packed(sim);
    uint32_t at = packed ? (uint32_t)id * SIM_CHAIN_MAX : id;
    for (unsigned count = 0; count < most; count++) {
        struct sim_descriptor descriptor =
            packed ? queue->chain_of[at] : read_descriptor(sim, queue, at);
        uint16_t flags = packed ? descriptor.flags_or_next : descriptor.id_or_flags;
        parts[count] = (struct sim_part){descriptor.address, descriptor.length, flags & 3,
                                         descriptor.flags_or_next};
        if ((flags & ~(packed ? AVAILABLE | USED | 3 : 3)) != 0)
            sim_violate(sim, "a descriptor has flags that were not negotiated");
        if ((flags & 1) == 0)
            return count + 1;
        at = packed ? at + 1 : descriptor.flags_or_next;
        if (!packed && at >= queue->size)
            break;
    }
    sim_violate(sim, "a chain that is too long, or leaves the ring");
    return 0;
}

// A buffer for one frame, with its header, in the layout that this kind of device wants.
struct buffer {
    uint8_t *header, *frame; // NULL: it is none
    uint32_t length;         // of the frame, or room for one
};

static struct buffer find_buffer(struct simvirtio *sim, unsigned index, uint16_t id)
{
    uint32_t header = sim_header(sim);
    bool chained = sim->legacy && (sim->accepted >> 27 & 1) == 0;
    struct sim_part parts[2];
    unsigned count = sim_chain(sim, index, id, parts, 2);
    struct buffer buffer = {0};
    if (count != (chained ? 2 : 1)) {
        sim_violate(sim, "header and frame in a number of descriptors that was not agreed on");
        return buffer;
    }
    if ((parts[0].flags & 2) != (receives(index) ? 2 : 0) ||
        (parts[count - 1].flags & 2) != (parts[0].flags & 2))
        sim_violate(sim, "a descriptor has wrong flags");
    uint32_t least = header + (receives(index) ? 1514u : 14u);
    if (chained && parts[0].length == header && parts[1].length >= least - header) {
        buffer.header = host_dma(&sim->env, parts[0].address, header);
        buffer.frame = host_dma(&sim->env, parts[1].address, parts[1].length);
        buffer.length = parts[1].length;
    } else if (!chained && parts[0].length >= least) {
        buffer.header = host_dma(&sim->env, parts[0].address, parts[0].length);
        buffer.frame = buffer.header != NULL ? buffer.header + header : NULL;
        buffer.length = parts[0].length - header;
    }
    if (buffer.header == NULL || buffer.frame == NULL) {
        sim_violate(sim, "a descriptor does not name a buffer");
        buffer = (struct buffer){0};
    }
    return buffer;
}

static void hold(struct simvirtio *sim, struct sim_queue *queue, uint16_t id)
{
    if (id >= queue->size || queue->taken[id]) {
        sim_violate(sim, "a descriptor was made available that is not free");
        return;
    }
    queue->taken[id] = true;
    queue->ids[queue->id_count++] = id;
}

static void fetch_split(struct simvirtio *sim, struct sim_queue *queue)
{
    if (ring_read16(sim, queue->driver, 0) != 1 && queue->vector == 0xffff)
        sim_violate(sim, "a queue without a vector wants interrupts");
    ring_write16(sim, queue->device, 0, sim->no_notify ? 1 : 0);
    uint16_t end = ring_read16(sim, queue->driver, 2);
    uint16_t fresh = (uint16_t)(end - queue->available_seen);
    if (fresh > queue->size - queue->id_count) {
        sim_violate(sim, "the available index ran ahead");
        return;
    }
    for (; fresh > 0; fresh--) {
        uint32_t at = queue->available_seen++ % queue->size;
        hold(sim, queue, ring_read16(sim, queue->driver, 4 + 2u * at));
    }
}

// 2.8.1: bit 7 as the driver's wrap counter, bit 15 the opposite.
static bool is_available(const struct sim_queue *queue, uint32_t position, uint16_t flags)
{
    bool wrap = position / queue->size % 2 == 0;
    return (flags & AVAILABLE) == (wrap ? AVAILABLE : 0) && (flags & USED) == (wrap ? 0 : USED);
}

static void fetch_packed(struct simvirtio *sim, struct sim_queue *queue)
{
    if (ring_read16(sim, queue->driver, 2) != 1 && queue->vector == 0xffff)
        sim_violate(sim, "a queue without a vector wants interrupts");
    ring_write16(sim, queue->device, 2, sim->no_notify ? 1 : 0);
    while (queue->available_seen - queue->used_index < queue->size) {
        uint32_t first = queue->available_seen, at = first;
        struct sim_descriptor descriptor, chain[SIM_CHAIN_MAX];
        do {
            descriptor = read_descriptor(sim, queue, at % queue->size);
            if (!is_available(queue, at, descriptor.flags_or_next) || at - first == SIM_CHAIN_MAX) {
                if (at != first)
                    sim_violate(sim, "a chain was handed over that is not complete");
                return;
            }
            chain[at++ - first] = descriptor;
        } while ((descriptor.flags_or_next & 1) != 0);
        queue->available_seen = at;
        uint16_t id = descriptor.id_or_flags; // 2.8.6: that of the last one counts
        if (id < queue->size) {
            queue->length_of[id] = at - first;
            memcpy(&queue->chain_of[(size_t)id * SIM_CHAIN_MAX], chain, sizeof chain);
        }
        hold(sim, queue, id);
    }
}

void sim_fetch(struct simvirtio *sim, unsigned index)
{
    struct sim_queue *queue = &sim->queues[index];
    if ((sim->status & 4) == 0 || queue->enable == 0)
        return;
    if (sim_packed(sim))
        fetch_packed(sim, queue);
    else
        fetch_split(sim, queue);
}

uint16_t sim_take(struct sim_queue *queue, uint32_t at)
{
    uint16_t id = queue->ids[at];
    queue->id_count--;
    memmove(queue->ids + at, queue->ids + at + 1, (queue->id_count - at) * sizeof *queue->ids);
    queue->taken[id] = false;
    return id;
}

void sim_set_used_index(struct simvirtio *sim, unsigned index, uint16_t value)
{
    sim->queues[index].used_index = value;
    ring_write16(sim, sim->queues[index].device, 2, value);
}

void sim_set_flags(struct simvirtio *sim, unsigned index, uint32_t position, uint16_t flags)
{
    const struct sim_queue *queue = &sim->queues[index];
    ring_write16(sim, queue->desc, 16u * (position % queue->size) + 14, flags);
}

static void push_packed(struct simvirtio *sim, unsigned index, uint32_t id, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[index];
    uint32_t position = queue->used_index;
    bool wrap = position / queue->size % 2 == 0;
    struct {
        uint32_t length;
        uint16_t id;
    } used = {length, (uint16_t)id};
    void *memory = ring_at(sim, queue->desc, 16u * (position % queue->size) + 8, 6);
    if (memory == NULL)
        return;
    memcpy(memory, &used, 6);
    sim_set_flags(sim, index, position, wrap ? AVAILABLE | USED : 0);
    // 2.8.10: after the flags, unless the driver does not want it.
    if (queue->vector != 0xffff && ring_read16(sim, queue->driver, 2) == 0)
        queue->interrupts++;
    // 2.8.9: behind all the descriptors that the chain took.
    bool known = id < queue->size && queue->length_of[id] != 0;
    queue->used_index += known ? queue->length_of[id] : 1;
}

void sim_push_used(struct simvirtio *sim, unsigned index, uint32_t id, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[index];
    uint32_t element[2] = {id, length};
    if (sim_packed(sim)) {
        push_packed(sim, index, id, length);
        return;
    }
    void *memory =
        ring_at(sim, queue->device, 4 + 8u * (queue->used_index % queue->size), sizeof element);
    if (memory == NULL)
        return;
    memcpy(memory, element, sizeof element);
    sim_set_used_index(sim, index, (uint16_t)(queue->used_index + 1));
    // 2.7.7.2: after the index, unless the driver does not want it.
    if (queue->vector != 0xffff && ring_read16(sim, queue->driver, 0) == 0)
        queue->interrupts++;
}

void sim_use(struct simvirtio *sim, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[RX];
    sim_fetch(sim, RX);
    if (queue->id_count != 0)
        sim_push_used(sim, RX, sim_take(queue, 0), length);
}

bool sim_receive_on(struct simvirtio *sim, unsigned index, const void *frame, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[index];
    sim_fetch(sim, index);
    if (queue->id_count == 0)
        return false;
    uint16_t id = sim_take(queue, sim->shuffle ? sim_random(sim) % queue->id_count : 0);
    struct buffer buffer = find_buffer(sim, index, id);
    if (buffer.length < length) {
        sim_push_used(sim, index, id, 0);
        return true;
    }
    // 5.1.6.4: num_buffers, if there is one, is 1, everything else 0.
    static const uint8_t header[HEADER_MAX] = {[10] = 1};
    memcpy(buffer.header, header, sim_header(sim));
    memcpy(buffer.frame, frame, length);
    sim_push_used(sim, index, id, sim_header(sim) + length);
    return true;
}

bool sim_receive(struct simvirtio *sim, const void *frame, uint32_t length)
{
    return sim_receive_on(sim, RX, frame, length);
}

uint32_t sim_send_from(struct simvirtio *sim, unsigned index, void *frame, uint32_t room)
{
    struct sim_queue *queue = &sim->queues[index];
    uint32_t sent = queue->sent;
    sim_fetch(sim, index);
    if (sent == queue->id_count)
        return 0;
    struct buffer buffer = find_buffer(sim, index, queue->ids[sent]);
    queue->sent++;
    if (buffer.header == NULL)
        return 0;
    static const uint8_t header[HEADER_MAX];
    if (memcmp(buffer.header, header, sim_header(sim)) != 0)
        sim_violate(sim, "a frame was sent with a header that is not zero");
    memcpy(frame, buffer.frame, buffer.length < room ? buffer.length : room);
    return buffer.length;
}

uint32_t sim_send(struct simvirtio *sim, void *frame, uint32_t room)
{
    return sim_send_from(sim, TX, frame, room);
}

uint32_t sim_complete_on(struct simvirtio *sim, unsigned index, uint32_t count)
{
    struct sim_queue *queue = &sim->queues[index];
    uint32_t done = 0;
    for (; done < count && queue->sent > 0; done++) {
        uint16_t id = sim_take(queue, sim->shuffle ? sim_random(sim) % queue->sent : 0);
        queue->sent--;
        sim_push_used(sim, index, id, 0);
    }
    return done;
}

uint32_t sim_complete(struct simvirtio *sim, uint32_t count)
{
    return sim_complete_on(sim, TX, count);
}
