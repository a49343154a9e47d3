// SPDX-License-Identifier: BSD-2-Clause
// The registers of a device from before VIRTIO 1.0 ("0.9.5"), in its first I/O BAR: what
// transport.c calls for such a device. VIRTIO 1.2, section 4.1.4.10.
#pragma once
#include "drivers/virtio/transport.h"

// Whether the function has the registers. Then *pci is ready for use. Says why not, in the log.
bool legacy_find(struct env *env, struct virtio_pci *pci);

uint8_t legacy_status(const struct virtio_pci *pci);
void legacy_set_status(const struct virtio_pci *pci, uint8_t status);

uint32_t legacy_features_offered(const struct virtio_pci *pci);
void legacy_features_accept(const struct virtio_pci *pci, uint32_t features);

// How many entries the ring of a queue has: the device says, and there is no other choice. 0: there
// is no such queue.
uint32_t legacy_queue_size(const struct virtio_pci *pci, uint16_t index);

// Gives the device the address of a ring, which begins with the descriptors; *vector as for
// virtio_queue_enable(). Returns 0, or -EIO after logging that the device does not take it.
int legacy_queue_enable(const struct virtio_pci *pci, uint16_t index, uint64_t address,
                        uint16_t *vector);

bool legacy_config_interrupt(const struct virtio_pci *pci);

// A field of the device configuration, 1 or 2 bytes wide.
uint16_t legacy_config(const struct virtio_pci *pci, unsigned offset, unsigned width);
