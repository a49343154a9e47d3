// SPDX-License-Identifier: BSD-2-Clause
// The conversation with a virtio device: a modern one over its common configuration structure, a
// legacy one through legacy.c. VIRTIO 1.2, sections 2.1-2.5, 3.1 and 4.1.4.3.
#include "drivers/virtio/transport.h"
#include "drivers/mmio.h"
#include "drivers/virtio/legacy.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

enum {
    GENERATION_TRIES = 100,
    QUEUE_COUNT_LEGACY = UINT16_MAX,
    QUEUE_SIZE_MAX = 32768, // 2.7
};

static void set_status(const struct virtio_pci *pci, uint8_t status)
{
    if (pci->legacy)
        legacy_set_status(pci, status);
    else
        mmio_write8(pci->common.base, VIRTIO_DEVICE_STATUS, status);
}

void virtio_reset_begin(const struct virtio_pci *pci)
{
    set_status(pci, 0);
}

int virtio_reset_end(const struct virtio_pci *pci, uint64_t began, uint64_t wait_us)
{
    uint64_t entered = env_time_us();
    for (;;) {
        uint64_t now = env_time_us();
        uint8_t status = virtio_status(pci);
        if (status == 0)
            return 0;
        if (status == VIRTIO_STATUS_GONE) {
            env_log(pci->env, "virtio: device_status reads 0xff: the device is gone");
            return -ENODEV;
        }
        if (now - began >= VIRTIO_RESET_LIMIT_US) {
            env_log(pci->env,
                    "virtio: reset did not end in 1 s: device_status is 0x%02x, expected 0 "
                    "(VIRTIO 1.2, 2.4.2)",
                    status);
            return -ETIMEDOUT;
        }
        if (now - entered >= wait_us)
            return -EINPROGRESS;
    }
}

void virtio_status_add(const struct virtio_pci *pci, uint8_t bits)
{
    set_status(pci, virtio_status(pci) | bits);
}

uint8_t virtio_status(const struct virtio_pci *pci)
{
    return pci->legacy ? legacy_status(pci) : mmio_read8(pci->common.base, VIRTIO_DEVICE_STATUS);
}

uint64_t virtio_features_offered(const struct virtio_pci *pci)
{
    if (pci->legacy)
        return legacy_features_offered(pci);
    uint64_t features = 0;
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(pci->common.base, VIRTIO_DEVICE_FEATURE_SELECT, half);
        features |= (uint64_t)mmio_read32(pci->common.base, VIRTIO_DEVICE_FEATURE) << (32 * half);
    }
    return features;
}

int virtio_features_accept(const struct virtio_pci *pci, uint64_t features)
{
    if (pci->legacy) {
        legacy_features_accept(pci, (uint32_t)features);
        return 0;
    }
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(pci->common.base, VIRTIO_DRIVER_FEATURE_SELECT, half);
        mmio_write32(pci->common.base, VIRTIO_DRIVER_FEATURE, (uint32_t)(features >> (32 * half)));
    }
    virtio_status_add(pci, VIRTIO_STATUS_FEATURES_OK);
    uint8_t status = virtio_status(pci);
    if ((status & VIRTIO_STATUS_FEATURES_OK) != 0 && status != VIRTIO_STATUS_GONE)
        return 0;
    env_log(pci->env,
            "virtio: the device refuses features 0x%016llx: device_status is 0x%02x, expected "
            "FEATURES_OK (VIRTIO 1.2, 3.1.1 step 6)",
            (unsigned long long)features, status);
    return -ENOTSUP;
}

uint16_t virtio_queue_count(const struct virtio_pci *pci)
{
    return pci->legacy ? QUEUE_COUNT_LEGACY : mmio_read16(pci->common.base, VIRTIO_NUM_QUEUES);
}

static uint32_t read_queue_size(const struct virtio_pci *pci, uint16_t index)
{
    if (pci->legacy)
        return legacy_queue_size(pci, index);
    mmio_write16(pci->common.base, VIRTIO_QUEUE_SELECT, index);
    return mmio_read16(pci->common.base, VIRTIO_QUEUE_SIZE);
}

uint32_t virtio_queue_size(const struct virtio_pci *pci, uint16_t index)
{
    uint32_t size = read_queue_size(pci, index);
    if (size != 0 && size <= QUEUE_SIZE_MAX && (size & (size - 1)) == 0)
        return size;
    env_log(pci->env,
            "virtio: queue %u: queue_size is %u, expected a power of two from 1 to %u "
            "(VIRTIO 1.2, 2.7)",
            index, size, (unsigned)QUEUE_SIZE_MAX);
    return 0;
}

// 4.1.3.1: 64-bit fields are written as two halves of 32 bits.
static void write64(const struct virtio_pci *pci, unsigned offset, uint64_t value)
{
    mmio_write32(pci->common.base, offset, (uint32_t)value);
    mmio_write32(pci->common.base, offset + 4, (uint32_t)(value >> 32));
}

// 4.1.4.4: where the selected queue's doorbell is; NULL after logging that it is nowhere.
static volatile void *find_doorbell(const struct virtio_pci *pci, uint16_t index)
{
    // 65535 times the multiplier cannot wrap 64 bits.
    uint64_t doorbell =
        (uint64_t)mmio_read16(pci->common.base, VIRTIO_QUEUE_NOTIFY_OFF) * pci->notify_multiplier;
    if (doorbell <= pci->notify.length - sizeof(uint16_t))
        return (volatile char *)pci->notify.base + doorbell;
    env_log(pci->env,
            "virtio: queue %u: queue_notify_off puts the doorbell at 0x%llx, the notification "
            "structure has 0x%x bytes (VIRTIO 1.2, 4.1.4.4.1)",
            index, (unsigned long long)doorbell, pci->notify.length);
    return NULL;
}

// Everything about the selected queue, and then that it is enabled.
static int enable_modern(const struct virtio_pci *pci, struct virtio_queue *queue)
{
    volatile void *common = pci->common.base;
    queue->doorbell = find_doorbell(pci, queue->index);
    if (queue->doorbell == NULL)
        return -EIO;
    mmio_write16(common, VIRTIO_QUEUE_SIZE, (uint16_t)queue->entries);
    if (mmio_read16(common, VIRTIO_QUEUE_SIZE) != queue->entries) {
        env_log(pci->env, "virtio: queue %u: the device does not take a queue_size of %u",
                queue->index, queue->entries);
        return -EIO;
    }
    mmio_write16(common, VIRTIO_QUEUE_MSIX_VECTOR, queue->vector);
    if (mmio_read16(common, VIRTIO_QUEUE_MSIX_VECTOR) != queue->vector)
        queue->vector = VIRTIO_NO_VECTOR; // it has no room, and then has none (4.1.5.1.2.1)
    write64(pci, VIRTIO_QUEUE_DESC, queue->addresses.descriptors);
    write64(pci, VIRTIO_QUEUE_DRIVER, queue->addresses.driver);
    write64(pci, VIRTIO_QUEUE_DEVICE, queue->addresses.device);
    mmio_write16(common, VIRTIO_QUEUE_ENABLE, 1);
    return 0;
}

int virtio_queue_enable(const struct virtio_pci *pci, struct virtio_queue *queue)
{
    uint32_t offered = virtio_queue_size(pci, queue->index); // selects the queue
    // The size of a legacy ring says where its parts lie: it must be what it was.
    if (offered < queue->entries || (pci->legacy && offered != queue->entries)) {
        env_log(pci->env, "virtio: queue %u: queue_size is %u, was at least %u when probed",
                queue->index, offered, queue->entries);
        return -EIO;
    }
    queue->doorbell = NULL;
    return pci->legacy ? legacy_queue_enable(pci, queue->index, queue->addresses.descriptors,
                                             &queue->vector)
                       : enable_modern(pci, queue);
}

int virtio_queue_reset(const struct virtio_pci *pci, uint16_t index, uint64_t wait_us)
{
    volatile void *common = pci->common.base;
    mmio_write16(common, VIRTIO_QUEUE_SELECT, index);
    mmio_write16(common, VIRTIO_QUEUE_RESET, 1);
    const uint64_t began = env_time_us();
    for (;;) {
        const bool late = env_time_us() - began >= wait_us;
        const uint16_t under_way = mmio_read16(common, VIRTIO_QUEUE_RESET);
        if (under_way == 0)
            return 0;
        if (!late && under_way == 1)
            continue;
        env_log(pci->env,
                "virtio: queue %u: queue_reset is 0x%04x after %llu us, expected 0 (VIRTIO 1.2, "
                "2.6.1)",
                index, under_way, (unsigned long long)(env_time_us() - began));
        return under_way == UINT16_MAX ? -ENODEV : -ETIMEDOUT;
    }
}

bool virtio_config_interrupt(const struct virtio_pci *pci)
{
    if (pci->legacy)
        return legacy_config_interrupt(pci);
    mmio_write16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR, 0);
    return mmio_read16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR) == 0;
}

// Reads the fields once. Returns whether nothing moved meanwhile.
static bool read_modern(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                        uint8_t *value)
{
    uint8_t before = mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION);
    for (unsigned byte = 0; byte < bytes; byte++)
        value[byte] = mmio_read8(pci->device.base, offset + byte);
    return mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION) == before;
}

// Reads them twice. Returns whether both readings agree, and leaves the second one.
static bool read_legacy(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                        uint8_t *value)
{
    bool agree = true;
    for (unsigned byte = 0; byte < bytes; byte++)
        value[byte] = (uint8_t)legacy_config(pci, offset + byte, 1);
    for (unsigned byte = 0; byte < bytes; byte++) {
        uint8_t again = (uint8_t)legacy_config(pci, offset + byte, 1);
        agree &= again == value[byte];
        value[byte] = again;
    }
    return agree;
}

int virtio_config_read(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                       uint8_t *value)
{
    for (unsigned i = 0; i < GENERATION_TRIES; i++)
        if (pci->legacy ? read_legacy(pci, offset, bytes, value)
                        : read_modern(pci, offset, bytes, value))
            return 0;
    env_log(pci->env,
            "virtio: config_generation changed in each of %u reads of the configuration "
            "(VIRTIO 1.2, 2.5.1)",
            (unsigned)GENERATION_TRIES);
    return -EAGAIN;
}

uint16_t virtio_config_read16(const struct virtio_pci *pci, unsigned offset)
{
    return pci->legacy ? legacy_config(pci, offset, 2) : mmio_read16(pci->device.base, offset);
}
