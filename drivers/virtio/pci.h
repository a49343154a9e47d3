// SPDX-License-Identifier: BSD-2-Clause
// Finds the register structures of a virtio device in its BARs. VIRTIO 1.2, section 4.1.4.
#pragma once
#include "drivers/env.h"

// One structure, mapped. length was checked against the size of the BAR.
struct virtio_structure {
    volatile void *base; // NULL: not found
    uint32_t length;     // bytes
};

struct virtio_pci {
    struct env *env;
    struct virtio_structure common; // at least VIRTIO_COMMON_SIZE bytes, 4-byte aligned
    struct virtio_structure notify; // at least 2 bytes, 2-byte aligned
    struct virtio_structure device; // at least VIRTIO_NET_CONFIG_SIZE bytes, 4-byte aligned
    uint32_t notify_multiplier;     // 0, or a power of two from 2

    // A legacy device has no structures but registers in its I/O BAR 0 (legacy.h); of the above,
    // only device.length means something then.
    bool legacy;
    unsigned msix; // where the MSI-X capability is in the configuration space; 0: there is none
};

// Walks the capability list and fills in *pci. Everything that the list says is checked; an entry
// that is unusable is passed over, as 4.1.4.1 wants, and the next of its type is tried. A device
// that names no structure at all but has the legacy registers is driven through those.
// Returns 0, or -ENODEV after logging which structure is missing and why.
int virtio_pci_find(struct env *env, struct virtio_pci *pci);
