// SPDX-License-Identifier: BSD-2-Clause
// Spreading flows over several receive queues.
#pragma once
#include "drivers/ixgbe/device.h"

// Spreads over port->rx_queues queues, 1..16. The receive unit is off.
void ixgbe_rss_start(struct ixgbe *card);
