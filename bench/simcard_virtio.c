// SPDX-License-Identifier: BSD-2-Clause
// The plainest virtio-net device. VIRTIO 1.2, sections 2.7 (split rings), 4.1.4 (registers), 5.1.6.
#include "bench/simcard_virtio.h"
#include "drivers/virtio/regs.h"
#include <string.h>

enum {
    STRUCTURE = 0x1000, // bytes for each register structure: a page that holds nothing else
    SILENCE = 0xffff,   // in the doorbell: no queue has this number
};

static void add_capability(uint8_t *config, unsigned at, unsigned next, unsigned type)
{
    const uint8_t bytes[] = {PCI_CAPABILITY_VENDOR, (uint8_t)next, VIRTIO_CAP_NOTIFY_SIZE,
                             (uint8_t)type, 0};
    const uint32_t place[] = {SIMVIRTIO_REGISTERS + type * STRUCTURE, STRUCTURE, 0};
    memcpy(config + at, bytes, sizeof bytes);
    memcpy(config + at + VIRTIO_CAP_OFFSET, place, sizeof place);
}

// Whatever is selected, VERSION_1 is offered and a queue has so many slots.
void simvirtio_open(struct simvirtio *device, uint8_t *config, uint8_t *bar, unsigned slots)
{
    *device = (struct simvirtio){0};
    memset(config, 0, 4096);
    config[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
    config[PCI_CAPABILITIES] = 0x40;
    add_capability(config, 0x40, 0x60, VIRTIO_CAP_TYPE_COMMON);
    add_capability(config, 0x60, 0x80, VIRTIO_CAP_TYPE_NOTIFY);
    add_capability(config, 0x80, 0, VIRTIO_CAP_TYPE_DEVICE);
    uint8_t *common = bar + SIMVIRTIO_REGISTERS + VIRTIO_CAP_TYPE_COMMON * STRUCTURE;
    memset(common, 0, STRUCTURE);
    common[VIRTIO_DEVICE_FEATURE] = VIRTIO_F_VERSION_1 >> 32;
    common[VIRTIO_NUM_QUEUES] = VIRTIO_NET_QUEUES;
    common[VIRTIO_QUEUE_SIZE + 1] = (uint8_t)(slots >> 8);
}

void simvirtio_started(struct simvirtio *device, struct queue *rx, struct queue *tx)
{
    device->rx = (struct split *)rx;
    device->tx = (struct split *)tx;
    // Registers that are memory have one doorbell for all queues: here each has its own.
    device->rx->doorbell = &device->bell[0];
    device->tx->doorbell = &device->bell[1];
    device->bell[0] = device->bell[1] = SILENCE;
    ((struct split_used *)(uintptr_t)device->rx->used)->flags = SPLIT_USED_NO_NOTIFY;
}

static void use(struct split *split, uint16_t *index, uint32_t id, uint32_t length)
{
    struct split_used *used = (struct split_used *)(uintptr_t)split->used;
    used->ring[*index % split->queue.slots] = (struct split_used_element){id, length};
    used->index = ++*index;
}

bool simvirtio_receive(struct simvirtio *device, const uint8_t *frame, unsigned length)
{
    const struct split *split = device->rx;
    if (split->available->index == device->rx_used)
        return false;
    const uint16_t id = split->available->ring[device->rx_used % split->queue.slots];
    const struct split_descriptor *descriptor = &split->descriptors[id];
    uint8_t *buffer = (uint8_t *)(uintptr_t)descriptor->address;
    if (descriptor->flags != SPLIT_DESCRIPTOR_WRITE ||
        descriptor->length < VIRTIO_NET_HEADER + length)
        return false;
    memset(buffer, 0, VIRTIO_NET_HEADER);
    buffer[10] = 1; // num_buffers
    memcpy(buffer + VIRTIO_NET_HEADER, frame, length);
    use(device->rx, &device->rx_used, id, VIRTIO_NET_HEADER + length);
    return true;
}

const uint8_t *simvirtio_send(struct simvirtio *device, unsigned *length)
{
    static const uint8_t zero[VIRTIO_NET_HEADER];
    const struct split *split = device->tx;
    if (device->tx_used == split->available->index)
        return NULL;
    const uint16_t id = split->available->ring[device->tx_used % split->queue.slots];
    const struct split_descriptor *descriptor = &split->descriptors[id];
    const uint8_t *buffer = (const uint8_t *)(uintptr_t)descriptor->address;
    const bool sound = descriptor->flags == 0 && descriptor->length >= VIRTIO_NET_HEADER &&
                       memcmp(buffer, zero, sizeof zero) == 0;
    *length = sound ? descriptor->length - VIRTIO_NET_HEADER : 0;
    use(device->tx, &device->tx_used, id, 0);
    return buffer + VIRTIO_NET_HEADER;
}

void simvirtio_tick(struct simvirtio *device)
{
    for (unsigned i = 0; i < 2; i++) {
        device->doorbells += device->bell[i] != SILENCE;
        device->bell[i] = SILENCE;
    }
}

void simvirtio_forge(struct split *split, uint16_t used, uint32_t id, uint32_t length,
                     unsigned ahead)
{
    struct split_used *ring = (struct split_used *)(uintptr_t)split->used;
    ring->ring[used % split->queue.slots] = (struct split_used_element){id, length};
    ring->index = (uint16_t)(used + ahead);
}
