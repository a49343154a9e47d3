// SPDX-License-Identifier: BSD-2-Clause
// The conversation with a virtio device over its common configuration structure.
// VIRTIO 1.2, sections 2.1-2.5, 3.1 and 4.1.4.3.
#include "drivers/virtio/transport.h"
#include "drivers/mmio.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

enum {
    GENERATION_TRIES = 100,
    QUEUE_SIZE_MAX = 32768, // 2.7
};

void virtio_reset_begin(const struct virtio_pci *pci)
{
    mmio_write8(pci->common.base, VIRTIO_DEVICE_STATUS, 0);
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
    mmio_write8(pci->common.base, VIRTIO_DEVICE_STATUS, virtio_status(pci) | bits);
}

uint8_t virtio_status(const struct virtio_pci *pci)
{
    return mmio_read8(pci->common.base, VIRTIO_DEVICE_STATUS);
}

uint64_t virtio_features_offered(const struct virtio_pci *pci)
{
    uint64_t features = 0;
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(pci->common.base, VIRTIO_DEVICE_FEATURE_SELECT, half);
        features |= (uint64_t)mmio_read32(pci->common.base, VIRTIO_DEVICE_FEATURE) << (32 * half);
    }
    return features;
}

int virtio_features_accept(const struct virtio_pci *pci, uint64_t features)
{
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

uint32_t virtio_queue_size(const struct virtio_pci *pci, uint16_t index)
{
    mmio_write16(pci->common.base, VIRTIO_QUEUE_SELECT, index);
    uint32_t size = mmio_read16(pci->common.base, VIRTIO_QUEUE_SIZE);
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

volatile void *virtio_queue_enable(const struct virtio_pci *pci, uint16_t index, uint32_t slots,
                                   const struct virtio_ring_addresses *addresses, uint16_t *vector)
{
    volatile void *common = pci->common.base;
    uint32_t offered = virtio_queue_size(pci, index); // selects the queue
    if (offered < slots) {
        env_log(pci->env, "virtio: queue %u: queue_size is %u, was at least %u when probed", index,
                offered, slots);
        return NULL;
    }
    // 4.1.4.4: where this queue's doorbell is. 65535 times the multiplier cannot wrap 64 bits.
    uint64_t doorbell =
        (uint64_t)mmio_read16(common, VIRTIO_QUEUE_NOTIFY_OFF) * pci->notify_multiplier;
    if (doorbell > pci->notify.length - sizeof(uint16_t)) {
        env_log(pci->env,
                "virtio: queue %u: queue_notify_off puts the doorbell at 0x%llx, the notification "
                "structure has 0x%x bytes (VIRTIO 1.2, 4.1.4.4.1)",
                index, (unsigned long long)doorbell, pci->notify.length);
        return NULL;
    }
    mmio_write16(common, VIRTIO_QUEUE_SIZE, (uint16_t)slots);
    if (mmio_read16(common, VIRTIO_QUEUE_SIZE) != slots) {
        env_log(pci->env, "virtio: queue %u: the device does not take a queue_size of %u", index,
                slots);
        return NULL;
    }
    mmio_write16(common, VIRTIO_QUEUE_MSIX_VECTOR, *vector);
    if (mmio_read16(common, VIRTIO_QUEUE_MSIX_VECTOR) != *vector)
        *vector = VIRTIO_NO_VECTOR; // it has no room for it, and then has none (4.1.5.1.2.1)
    write64(pci, VIRTIO_QUEUE_DESC, addresses->descriptors);
    write64(pci, VIRTIO_QUEUE_DRIVER, addresses->available);
    write64(pci, VIRTIO_QUEUE_DEVICE, addresses->used);
    mmio_write16(common, VIRTIO_QUEUE_ENABLE, 1);
    return (volatile char *)pci->notify.base + doorbell;
}

bool virtio_config_interrupt(const struct virtio_pci *pci)
{
    mmio_write16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR, 0);
    return mmio_read16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR) == 0;
}

int virtio_config_read(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                       uint8_t *value)
{
    for (unsigned i = 0; i < GENERATION_TRIES; i++) {
        uint8_t before = mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION);
        for (unsigned byte = 0; byte < bytes; byte++)
            value[byte] = mmio_read8(pci->device.base, offset + byte);
        if (mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION) == before)
            return 0;
    }
    env_log(pci->env,
            "virtio: config_generation changed in each of %u reads of the configuration "
            "(VIRTIO 1.2, 2.5.1)",
            (unsigned)GENERATION_TRIES);
    return -EAGAIN;
}

uint16_t virtio_config_read16(const struct virtio_pci *pci, unsigned offset)
{
    return mmio_read16(pci->device.base, offset);
}
