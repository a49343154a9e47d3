// SPDX-License-Identifier: BSD-2-Clause
// What somebody far away needs to find a fault.
#pragma once
#include "drivers/port.h"

// port_driver.describe; see drivers/port.h. Takes about a microsecond for each of some 40 registers
// and 5 for each queue. EEPROM and module are shown as they were last read.
void ixgbe_describe(struct port *port);
