// SPDX-License-Identifier: BSD-2-Clause
// The first half of pci_init(), for tests that have a bus of their own.
#pragma once
#include <stdbool.h>

// Fills the table anew. every_bus: also looks for root buses that no bridge leads to.
void pci_scan(bool every_bus);
