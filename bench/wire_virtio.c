// SPDX-License-Identifier: BSD-2-Clause
// Two virtio ports, frames both ways through net/forward.c: for counting instructions.
//
//     bench/count_virtio            the table: burst, instructions a packet, by function
//     valgrind --tool=callgrind --toggle-collect=forward_poll wire_virtio ROUNDS BURST [REORDER]
//
// The device is the plainest there can be: registers are memory, it works in order, and it takes
// every frame that it is given. With REORDER, every REORDERth round it uses the first two frames of
// the burst in the wrong order. Every frame carries its number; one that is lost, changed, doubled
// or out of order ends the program with status 1, and so does a buffer that is not in exactly one
// slot at the end.
#include "bench/hosted.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include "drivers/virtio/virtio_net.h"
#include "net/forward.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORTS = 2,
    FRAME = 60,
    STRIDE = 2112,
    QUEUE_SIZE = 256,
    REGISTERS = 0x1e000, // in the BAR, clear of the card that hosted.c puts there
    STRUCTURE = 0x100,   // bytes for each register structure
};

// The image's objects are compiled with a guard of their own.
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x5eed;

struct device {
    struct split *rx, *tx; // of the driver: a device in the same process need not be told
    uint16_t rx_used, tx_used;
    uint32_t expected; // number of the next frame sent
};

static struct env envs[PORTS];
static struct port ports[PORTS];
static struct device devices[PORTS];
static struct packet_area area;
static struct forwarder forwarder;
static unsigned faults;

// --- the device
// -----------------------------------------------------------------------------------

static void add_capability(struct env *env, unsigned at, unsigned next, unsigned type)
{
    const uint8_t bytes[] = {PCI_CAPABILITY_VENDOR, (uint8_t)next, VIRTIO_CAP_NOTIFY_SIZE,
                             (uint8_t)type, 0};
    const uint32_t place[] = {REGISTERS + type * STRUCTURE, STRUCTURE, 0};
    memcpy(env->config + at, bytes, sizeof bytes);
    memcpy(env->config + at + VIRTIO_CAP_OFFSET, place, sizeof place);
}

// Registers that are memory: whatever is selected, VERSION_1 is offered and a queue has QUEUE_SIZE.
static void make_virtio(struct env *env)
{
    memset(env->config, 0, sizeof env->config);
    env->config[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
    env->config[PCI_CAPABILITIES] = 0x40;
    add_capability(env, 0x40, 0x60, VIRTIO_CAP_TYPE_COMMON);
    add_capability(env, 0x60, 0x80, VIRTIO_CAP_TYPE_NOTIFY);
    add_capability(env, 0x80, 0, VIRTIO_CAP_TYPE_DEVICE);
    uint8_t *common = (uint8_t *)env->registers + REGISTERS + VIRTIO_CAP_TYPE_COMMON * STRUCTURE;
    memset(common, 0, STRUCTURE);
    common[VIRTIO_DEVICE_FEATURE] = VIRTIO_F_VERSION_1 >> 32;
    common[VIRTIO_NUM_QUEUES] = VIRTIO_NET_QUEUES;
    common[VIRTIO_QUEUE_SIZE + 1] = QUEUE_SIZE >> 8;
}

static void use(struct split *split, uint16_t *index, uint32_t id, uint32_t length)
{
    struct split_used *used = (struct split_used *)(uintptr_t)split->used;
    used->ring[*index % QUEUE_SIZE] = (struct split_used_element){id, length};
    used->index = ++*index;
}

static void fill(const struct split *split, uint16_t id, const uint8_t *frame)
{
    const struct split_descriptor *descriptor = &split->descriptors[id];
    uint8_t *buffer = (uint8_t *)(uintptr_t)descriptor->address;
    if (descriptor->flags != SPLIT_DESCRIPTOR_WRITE || descriptor->length < FRAME)
        abort();
    memset(buffer, 0, VIRTIO_NET_HEADER);
    buffer[10] = 1; // num_buffers
    memcpy(buffer + VIRTIO_NET_HEADER, frame, FRAME);
}

// A device that received `count` frames, of which it uses the first two in the wrong order, or not.
static void receive(struct device *device, uint32_t number, unsigned count, bool swap)
{
    const struct split *split = device->rx;
    uint8_t frame[FRAME] = {0};
    uint16_t ids[BURST_MAX];
    if (count > (uint16_t)(split->available->index - device->rx_used))
        abort();
    for (unsigned i = 0; i < count; i++)
        ids[i] = split->available->ring[(uint16_t)(device->rx_used + i) % QUEUE_SIZE];
    if (swap) {
        const uint16_t first = ids[0];
        ids[0] = ids[1];
        ids[1] = first;
    }
    for (unsigned i = 0; i < count; i++, number++) {
        memcpy(frame + 16, &number, sizeof number);
        frame[FRAME - 1] = (uint8_t)number;
        fill(split, ids[i], frame);
        use(device->rx, &device->rx_used, ids[i], VIRTIO_NET_HEADER + FRAME);
    }
}

static unsigned transmit(struct device *device)
{
    static const uint8_t zero[VIRTIO_NET_HEADER];
    const struct split *split = device->tx;
    unsigned sent = 0;
    for (; device->tx_used != split->available->index; sent++) {
        const uint16_t id = split->available->ring[device->tx_used % QUEUE_SIZE];
        const struct split_descriptor *descriptor = &split->descriptors[id];
        const uint8_t *buffer = (const uint8_t *)(uintptr_t)descriptor->address;
        const uint8_t *frame = buffer + VIRTIO_NET_HEADER;
        uint32_t number;
        memcpy(&number, frame + 16, sizeof number);
        faults += descriptor->length != VIRTIO_NET_HEADER + FRAME || descriptor->flags != 0 ||
                  memcmp(buffer, zero, sizeof zero) != 0 || number != device->expected ||
                  frame[FRAME - 1] != (uint8_t)number;
        device->expected = number + 1;
        use(device->tx, &device->tx_used, id, 0);
    }
    return sent;
}

// --- the box
// --------------------------------------------------------------------------------------

static void deal(struct queue *queue, uint32_t *next)
{
    for (uint32_t slot = 0; slot < queue->slots; slot++)
        queue->buffer_of[slot] = (*next)++;
}

static void open_ports(void)
{
    uint32_t next = 0;
    area = (struct packet_area){
        .base = aligned_alloc(4096, (size_t)STRIDE * QUEUE_SIZE * 2 * PORTS),
        .stride = STRIDE,
        .count = QUEUE_SIZE * 2 * PORTS,
        .capacity = STRIDE - FRAME_HEADROOM,
    };
    if (area.base == NULL)
        exit(1);
    area.dma = (uint64_t)(uintptr_t)area.base;
    forwarder_init(&forwarder, &area);
    for (unsigned i = 0; i < PORTS; i++) {
        hosted_open(&envs[i], &ports[i], &virtio_net_driver);
        make_virtio(&envs[i]);
        if (virtio_net_driver.probe(&ports[i]) != 0)
            exit(1);
        ports[i].area = &area;
        deal(ports[i].rx[0], &next);
        deal(ports[i].tx[0], &next);
        if (virtio_net_driver.start(&ports[i]) != 0)
            exit(1);
        devices[i].rx = (struct split *)ports[i].rx[0];
        devices[i].tx = (struct split *)ports[i].tx[0];
    }
    for (unsigned i = 0; i < PORTS; i++)
        if (!forwarder_add_lane(&forwarder, ports[i].rx[0], i, ports[1 - i].tx[0], 1 - i))
            exit(1);
}

static bool conserved(void)
{
    uint8_t *seen = calloc(area.count, 1);
    bool whole = seen != NULL;
    for (unsigned i = 0; whole && i < 2 * PORTS; i++) {
        const struct queue *queue = i % 2 ? ports[i / 2].rx[0] : ports[i / 2].tx[0];
        for (uint32_t slot = 0; slot < queue->slots; slot++)
            whole &= queue->buffer_of[slot] < area.count && seen[queue->buffer_of[slot]]++ == 0;
    }
    free(seen);
    return whole;
}

int main(int argc, char **argv)
{
    const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    const unsigned burst = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 32;
    const unsigned long reorder = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (burst == 0 || burst > QUEUE_SIZE / 2 || (reorder != 0 && burst < 2))
        return 2;
    open_ports();
    forwarder.burst = burst;
    uint64_t forwarded = 0, sent = 0;
    uint32_t number = 0;
    for (unsigned long round = 0; round < rounds; round++, number += burst) {
        const bool swap = reorder != 0 && round % reorder == 0;
        for (unsigned i = 0; i < PORTS; i++)
            receive(&devices[i], number, burst, swap);
        // A burst may end early, at the end of a ring; the forwarder counts what it has seen.
        for (unsigned seen = 0; seen < burst * PORTS;) {
            const unsigned more = forward_poll(&forwarder);
            if (more == 0)
                break;
            seen += more;
            forwarded += more;
        }
        for (unsigned i = 0; i < PORTS; i++)
            sent += transmit(&devices[i]);
    }
    const bool whole = conserved();
    printf("burst %u: received %lu, forwarded %lu, sent %lu, %u wrong\n", burst,
           rounds * burst * PORTS, (unsigned long)forwarded, (unsigned long)sent, faults);
    if (faults != 0 || sent != rounds * burst * PORTS || forwarded != sent || !whole) {
        fprintf(stderr, "wire_virtio: frames or buffers were lost\n");
        return 1;
    }
    return 0;
}
