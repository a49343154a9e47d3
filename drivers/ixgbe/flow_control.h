// SPDX-License-Identifier: BSD-2-Clause
// PAUSE frames: obeyed and sent, or neither.
#pragma once
#include "drivers/ixgbe/device.h"

// Sets flow control as the port wants it. Nothing is received or sent yet.
void ixgbe_flow_control_start(struct ixgbe *card);

// Whether the other end has asked for a pause since the last call. Without flow control: false.
bool ixgbe_flow_control_paused(struct ixgbe *card);
