// SPDX-License-Identifier: BSD-2-Clause
// The driver for the Intel 82599 and its family. What it offers is in drivers/port.h; README.md
// beside this file says how it is built and where it departs from the datasheet.
#pragma once
#include "drivers/port.h"

extern const struct port_driver ixgbe_driver;
