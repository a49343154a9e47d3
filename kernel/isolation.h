// SPDX-License-Identifier: BSD-2-Clause
// Which level of isolation each port gets: what the configuration asks for, if the machine has it.
#pragma once
#include "kernel/config.h"

// Decides for the ports that leave it to the machine, and adds an error for each that asks for what
// the machine does not have. Afterwards no port is at CONFIG_ISOLATION_DEFAULT. Needs iommu_init().
void isolation_settle(struct config *config);

// Whether the IOMMU confines the card of a port at this level: at domain where the machine has one.
bool isolation_confines(enum config_isolation level);

// Whether some port is to be confined by the IOMMU. After isolation_settle().
bool isolation_wants_iommu(const struct config *config);
