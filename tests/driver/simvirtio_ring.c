// SPDX-License-Identifier: BSD-2-Clause
// A modern virtio network device in the same process: split rings, and frames in and out of them.
// VIRTIO 1.2, sections 2.7 and 5.1.6, from the device's side.
#include "tests/driver/simvirtio_ring.h"
#include <string.h>

enum { HEADER = 12, RX = 0, TX = 1 };

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

void sim_ring_reset(struct sim_queue *queue)
{
    queue->available_seen = queue->used_index = 0;
    queue->id_count = queue->sent = 0;
    memset(queue->taken, 0, SIM_QUEUE_MAX * sizeof *queue->taken);
}

void sim_ring_enabled(struct simvirtio *sim, struct sim_queue *queue)
{
    if (queue->desc % 16 != 0 || queue->driver % 2 != 0 || queue->device % 4 != 0)
        sim_violate(sim, "a ring is not aligned");
    if (host_dma(&sim->env, queue->desc, 16u * queue->size) == NULL ||
        host_dma(&sim->env, queue->driver, 4 + 2u * queue->size) == NULL ||
        host_dma(&sim->env, queue->device, 4 + 8u * queue->size) == NULL)
        sim_violate(sim, "a ring does not lie in DMA memory");
    if (queue == &sim->queues[TX] && queue->vector != 0xffff)
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

// Reads a descriptor, and checks that the driver filled it in as this kind of queue wants it.
static struct descriptor read_descriptor(struct simvirtio *sim, unsigned index, uint16_t id)
{
    struct descriptor descriptor = {0};
    const void *memory = ring_at(sim, sim->queues[index].desc, 16u * id, sizeof descriptor);
    if (memory != NULL)
        memcpy(&descriptor, memory, sizeof descriptor);
    if (descriptor.flags != (index == RX ? 2 : 0))
        sim_violate(sim, "a descriptor has wrong flags");
    if (descriptor.length < HEADER + (index == RX ? 1514u : 14u) ||
        host_dma(&sim->env, descriptor.address, descriptor.length) == NULL) {
        sim_violate(sim, "a descriptor does not name a buffer");
        descriptor.length = 0;
    }
    return descriptor;
}

void sim_fetch(struct simvirtio *sim, unsigned index)
{
    struct sim_queue *queue = &sim->queues[index];
    if ((sim->status & 4) == 0 || queue->enable == 0)
        return;
    if (ring_read16(sim, queue->driver, 0) != 1 && queue->vector == 0xffff)
        sim_violate(sim, "a queue without a vector wants interrupts");
    ring_write16(sim, queue->device, 0, sim->no_notify ? 1 : 0);
    uint16_t end = ring_read16(sim, queue->driver, 2);
    uint16_t fresh = end - queue->available_seen;
    if (fresh > queue->size - queue->id_count) {
        sim_violate(sim, "the available index ran ahead");
        return;
    }
    for (; fresh > 0; fresh--) {
        uint16_t at = queue->available_seen++ % queue->size;
        uint16_t id = ring_read16(sim, queue->driver, 4 + 2u * at);
        if (id >= queue->size || queue->taken[id]) {
            sim_violate(sim, "a descriptor was made available that is not free");
            continue;
        }
        queue->taken[id] = true;
        queue->ids[queue->id_count++] = id;
    }
}

// Takes entry `at` out of the ids that the device holds.
static uint16_t take(struct sim_queue *queue, uint32_t at)
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

void sim_push_used(struct simvirtio *sim, unsigned index, uint32_t id, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[index];
    uint32_t element[2] = {id, length};
    void *memory =
        ring_at(sim, queue->device, 4 + 8u * (queue->used_index % queue->size), sizeof element);
    if (memory == NULL)
        return;
    memcpy(memory, element, sizeof element);
    sim_set_used_index(sim, index, queue->used_index + 1);
    // 2.7.7.2: after the index, unless the driver does not want it.
    if (queue->vector != 0xffff && ring_read16(sim, queue->driver, 0) == 0)
        queue->interrupts++;
}

void sim_use(struct simvirtio *sim, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[RX];
    sim_fetch(sim, RX);
    if (queue->id_count != 0)
        sim_push_used(sim, RX, take(queue, 0), length);
}

bool sim_receive(struct simvirtio *sim, const void *frame, uint32_t length)
{
    struct sim_queue *queue = &sim->queues[RX];
    sim_fetch(sim, RX);
    if (queue->id_count == 0)
        return false;
    uint16_t id = take(queue, sim->shuffle ? sim_random(sim) % queue->id_count : 0);
    struct descriptor descriptor = read_descriptor(sim, RX, id);
    if (descriptor.length < HEADER + length) {
        sim_push_used(sim, RX, id, 0);
        return true;
    }
    // 5.1.6.4: num_buffers is 1, everything else 0.
    static const uint8_t header[HEADER] = {[10] = 1};
    uint8_t *buffer = host_dma(&sim->env, descriptor.address, descriptor.length);
    memcpy(buffer, header, HEADER);
    memcpy(buffer + HEADER, frame, length);
    sim_push_used(sim, RX, id, HEADER + length);
    return true;
}

uint32_t sim_send(struct simvirtio *sim, void *frame, uint32_t room)
{
    struct sim_queue *queue = &sim->queues[TX];
    uint32_t sent = queue->sent;
    sim_fetch(sim, TX);
    if (sent == queue->id_count)
        return 0;
    struct descriptor descriptor = read_descriptor(sim, TX, queue->ids[sent]);
    queue->sent++;
    if (descriptor.length < HEADER)
        return 0;
    const uint8_t *buffer = host_dma(&sim->env, descriptor.address, descriptor.length);
    static const uint8_t header[HEADER];
    if (memcmp(buffer, header, HEADER) != 0)
        sim_violate(sim, "a frame was sent with a header that is not zero");
    uint32_t length = descriptor.length - HEADER;
    memcpy(frame, buffer + HEADER, length < room ? length : room);
    return length;
}

uint32_t sim_complete(struct simvirtio *sim, uint32_t count)
{
    struct sim_queue *queue = &sim->queues[TX];
    uint32_t done = 0;
    for (; done < count && queue->sent > 0; done++) {
        uint16_t id = take(queue, sim->shuffle ? sim_random(sim) % queue->sent : 0);
        queue->sent--;
        sim_push_used(sim, TX, id, 0);
    }
    return done;
}
