// SPDX-License-Identifier: BSD-2-Clause
// What somebody far away needs to find a fault.
#pragma once
#include "drivers/virtio/net.h"

// For port_driver.describe; see drivers/port.h.
void virtio_describe(struct port *port, const struct virtio_net *net);
