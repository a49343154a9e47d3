// SPDX-License-Identifier: BSD-2-Clause
// The power management capability. PCI Bus Power Management 1.2, 3.2.
#pragma once

enum {
    PCI_POWER_CAPABILITY = 0x01, // its id
    PCI_POWER_CONTROL = 4,       // offset in it: PMCSR (3.2.4), 16 bits
    PCI_POWER_STATE = 3,         // bits 1:0 of PMCSR: D0 is 0
};
