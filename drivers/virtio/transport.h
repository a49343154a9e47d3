// SPDX-License-Identifier: BSD-2-Clause
// The conversation with a virtio device: reset, status, features, queues, configuration.
// VIRTIO 1.2, sections 2.1-2.5, 3.1 and 4.1.4.3. A legacy device (pci->legacy) is asked through its
// I/O registers, where it can answer.
#pragma once
#include "drivers/virtio/pci.h"
#include "drivers/virtio/ring.h"

enum { VIRTIO_RESET_LIMIT_US = 1000000 };

// Writes 0 to device_status: the device begins to reset itself.
void virtio_reset_begin(const struct virtio_pci *pci);

// Waits, for wait_us at most, until device_status reads 0 (2.4.2), after a reset that began at the
// time `began`. Returns 0; -EINPROGRESS when it goes on, so call again; -ENODEV when the device is
// gone; -ETIMEDOUT after logging the last value, when it has gone on for VIRTIO_RESET_LIMIT_US.
int virtio_reset_end(const struct virtio_pci *pci, uint64_t began, uint64_t wait_us);

// Sets bits of device_status on top of those that are set.
void virtio_status_add(const struct virtio_pci *pci, uint8_t bits);
uint8_t virtio_status(const struct virtio_pci *pci);

// The 64 feature bits that the device offers (2.2); a legacy device has 32.
uint64_t virtio_features_offered(const struct virtio_pci *pci);

// Writes the accepted features, sets FEATURES_OK and reads it back: steps 4 to 6 of 3.1.1. A legacy
// device has no FEATURES_OK.
// Returns 0, or -ENOTSUP after logging when the device does not agree.
int virtio_features_accept(const struct virtio_pci *pci, uint64_t features);

// How many queues the device has. A legacy device does not say: as many as there can be.
uint16_t virtio_queue_count(const struct virtio_pci *pci);

// What the device says its queue `index` can hold (legacy: holds), or 0 after logging when that is
// no power of two from 1 to 32768 (2.7); 0 says that there is no such queue (4.1.4.3.1).
uint32_t virtio_queue_size(const struct virtio_pci *pci, uint16_t index);

// A queue as it is given to the device.
struct virtio_queue {
    uint16_t index;
    uint16_t vector; // MSI-X table entry by which it may interrupt, or VIRTIO_NO_VECTOR; afterwards
                     // what the device has taken (4.1.5.1.2.2)
    uint32_t entries; // of the ring
    struct virtio_ring_addresses addresses;
    volatile void *doorbell; // afterwards; NULL for a legacy device, which has one for all queues
};

// Gives the device a queue, enabled. Returns 0, or -EIO after logging what was wrong.
int virtio_queue_enable(const struct virtio_pci *pci, struct virtio_queue *queue);

// Turns queue `index` of a modern device off (2.6.1), waiting for wait_us at most, so that
// virtio_queue_enable() can give it to the device again. RING_RESET has been accepted. Returns 0,
// or -ETIMEDOUT or -ENODEV after logging what the device says.
int virtio_queue_reset(const struct virtio_pci *pci, uint16_t index, uint64_t wait_us);

// Asks for MSI-X table entry 0 on configuration changes and reads back whether the device has taken
// it (4.1.5.1.2.2). False when the device has no room for it, or MSI-X is off; then changes are
// only seen by polling.
bool virtio_config_interrupt(const struct virtio_pci *pci);

// Reads `bytes` byte-wide fields from `offset` of the device configuration as one consistent whole
// (2.5.1). The caller has checked offset + bytes against device.length. Returns 0, or -EAGAIN after
// logging when the generation kept changing; a legacy device has none, and is read until two
// readings agree.
int virtio_config_read(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                       uint8_t *value);

// Reads one 16-bit field of the device configuration. One field of up to 32 bits is consistent by
// itself (2.5.1). The caller has checked offset + 2 against device.length.
uint16_t virtio_config_read16(const struct virtio_pci *pci, unsigned offset);
