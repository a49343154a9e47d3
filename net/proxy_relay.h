// SPDX-License-Identifier: BSD-2-Clause
// port_driver.relay() between two ports whose data paths run in domains.
#pragma once
#include "drivers/port.h"

struct relayed proxy_relay(struct queue *rx, struct queue *tx, unsigned max, uint32_t lengths);
