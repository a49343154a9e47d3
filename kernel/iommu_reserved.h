// SPDX-License-Identifier: BSD-2-Clause
// Memory that firmware gave to devices: said in the log, and let to nobody but them.
#pragma once
#include "kernel/dmar.h"
#include "kernel/iommu.h"

// Lets the functions that still are bus masters (USB hosts, through which firmware may be emulating
// a keyboard) go on with their own regions. Once, when the units are on.
void iommu_reserved_start(const struct dmar *dmar);

// Maps the regions of this function into its domain.
void iommu_reserved_map(const struct dmar *dmar, struct iommu_device *device);
