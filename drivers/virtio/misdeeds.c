// SPDX-License-Identifier: BSD-2-Clause
// What a split virtqueue can be made to say: by a driver that means harm, and, in the used ring, by
// a device that lies. VIRTIO 1.2, 2.7. For experiments: `inject`, docs/isolation.md.
#include "drivers/domain.h"
#include "drivers/mmio.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"

enum { NO_SUCH_ID = 0xffff, HUGE_LENGTH = 0x7fffffff, MORE_THAN_ALL = 1 };

// Only the device writes there, but whoever maps it can.
static struct split_used *used_ring(const struct split *split)
{
    return (struct split_used *)(uintptr_t)split->used;
}

static uint32_t oldest(const struct split *split, unsigned further)
{
    return split->order[(split->used_seen + further) & (split->queue.slots - 1)];
}

// Element `further` after those that were seen.
static void lie(const struct split *split, unsigned further, uint32_t id, uint32_t length)
{
    struct split_used *used = used_ring(split);
    used->ring[(split->used_seen + further) & (split->queue.slots - 1)] =
        (struct split_used_element){id, length};
    // The driver reads the index first (2.7.8.2).
    __atomic_store_n(&used->index, (uint16_t)(split->used_seen + further + 1), __ATOMIC_RELEASE);
}

static void point_all_to(const struct split *split, uint64_t target)
{
    for (uint32_t i = 0; i < split->queue.slots; i++)
        split->descriptors[i].address = target;
}

static void exchange_addresses(const struct split *split)
{
    for (uint32_t i = 0; i + 1 < split->queue.slots; i += 2) {
        const uint64_t address = split->descriptors[i].address;
        split->descriptors[i].address = split->descriptors[i + 1].address;
        split->descriptors[i + 1].address = address;
    }
}

static void doorbell(const struct split *split)
{
    mmio_write16(split->doorbell, 0, split->number);
}

static void move_index(const struct split *split, uint32_t by)
{
    split->available->index = (uint16_t)(split->available->index + by);
    doorbell(split);
}

void split_misdeed(struct queue *queue, uint32_t fault, uint64_t target)
{
    const struct split *split = (const struct split *)queue; // its first member
    const uint32_t slots = queue->slots;
    switch (fault) {
    case FAULT_USED_ID:
        lie(split, 0, NO_SUCH_ID, FRAME_MIN);
        break;
    case FAULT_USED_REPLAY:
        lie(split, 0, oldest(split, 0), VIRTIO_NET_HEADER + FRAME_MIN);
        lie(split, 1, oldest(split, 0), VIRTIO_NET_HEADER + FRAME_MIN);
        break;
    case FAULT_USED_LENGTH:
        lie(split, 0, oldest(split, 0), HUGE_LENGTH);
        break;
    case FAULT_USED_AHEAD:
        used_ring(split)->index = (uint16_t)(split->made_available + MORE_THAN_ALL);
        break;
    case FAULT_RING_AHEAD:
        move_index(split, slots / 2);
        break;
    case FAULT_RING_BACK:
        move_index(split, -(slots / 2));
        break;
    case FAULT_TABLE_REWRITTEN:
        exchange_addresses(split);
        break;
    case FAULT_STORE_CONTROL: // target is what control() says; 2.1.2: 0 is a reset
        mmio_write8((volatile void *)target, 0, 0);
        break;
    case FAULT_LEFT_ENABLED:
        doorbell(split);
        break;
    case FAULT_DMA_FORWARDER:
    case FAULT_DMA_BUFFERS:
        point_all_to(split, target);
        break;
    default: // registers that this device does not have
        break;
    }
}
