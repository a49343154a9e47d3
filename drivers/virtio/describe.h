// SPDX-License-Identifier: BSD-2-Clause
// What somebody far away needs to find a fault.
#pragma once
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include "drivers/virtio/transport.h"

// For port_driver.describe; see drivers/port.h. features: those that were accepted last. queues:
// their rings, in the order of their numbers; one that was never allocated has 0 slots.
void virtio_describe(struct port *port, const struct virtio_pci *pci, uint64_t features,
                     const struct split *const queues[VIRTIO_NET_QUEUES]);
