// SPDX-License-Identifier: BSD-2-Clause
// The virtio network driver. VIRTIO 1.2, section 5.1, over PCI. README.md beside this file.
#pragma once
#include "drivers/port.h"

extern const struct port_driver virtio_net_driver;

// The same driver for a device whose rings have another format: probe() puts it into port.driver.
extern const struct port_driver virtio_packed_driver, virtio_legacy_driver;
