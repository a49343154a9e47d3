// SPDX-License-Identifier: BSD-2-Clause
// The conversation with a virtio device over its common configuration structure: reset, status,
// features, queues, configuration. VIRTIO 1.2, sections 2.1-2.5, 3.1 and 4.1.4.3.
#pragma once
#include "drivers/virtio/pci.h"

// Where the three parts of a split ring lie, as the device sees them.
struct virtio_ring_addresses {
    uint64_t descriptors, available, used;
};

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

// The 64 feature bits that the device offers (2.2).
uint64_t virtio_features_offered(const struct virtio_pci *pci);

// Writes the accepted features, sets FEATURES_OK and reads it back: steps 4 to 6 of 3.1.1.
// Returns 0, or -ENOTSUP after logging when the device does not agree.
int virtio_features_accept(const struct virtio_pci *pci, uint64_t features);

// What the device says its queue `index` can hold, or 0 after logging when that is no power of two
// from 1 to 32768 (2.7); 0 says that there is no such queue (4.1.4.3.1).
uint32_t virtio_queue_size(const struct virtio_pci *pci, uint16_t index);

// Gives the device queue `index`: slots descriptors at these addresses, enabled. *vector is the
// MSI-X table entry by which it may interrupt, or VIRTIO_NO_VECTOR; afterwards it is what the
// device has taken (4.1.5.1.2.2). Returns the queue's doorbell, or NULL after logging what was
// wrong.
volatile void *virtio_queue_enable(const struct virtio_pci *pci, uint16_t index, uint32_t slots,
                                   const struct virtio_ring_addresses *addresses, uint16_t *vector);

// Asks for MSI-X table entry 0 on configuration changes and reads back whether the device has taken
// it (4.1.5.1.2.2). False when the device has no
// room for it; then changes are only seen by polling.
bool virtio_config_interrupt(const struct virtio_pci *pci);

// Reads `bytes` byte-wide fields from `offset` of the device configuration as one consistent whole
// (2.5.1). The caller has checked offset + bytes against device.length. Returns 0, or -EAGAIN after
// logging when the generation kept changing.
int virtio_config_read(const struct virtio_pci *pci, unsigned offset, unsigned bytes,
                       uint8_t *value);

// Reads one 16-bit field of the device configuration. One field of up to 32 bits is consistent by
// itself (2.5.1). The caller has checked offset + 2 against device.length.
uint16_t virtio_config_read16(const struct virtio_pci *pci, unsigned offset);
