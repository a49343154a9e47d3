// SPDX-License-Identifier: BSD-2-Clause
// Which part of the packet area each card reaches, where an IOMMU decides that.
#pragma once
#include "kernel/ports.h"
#include "net/buffers.h"

// How the ranges of the ports must lie, before buffers_plan(): on 2 MiB pages where that takes a
// reasonable part of the memory, else on 4 KiB pages, or as they come where nothing is confined.
// Sets buffers->boundary; sources[] must have been filled in. capacity as for buffers_plan().
void reach_plan(struct buffers *buffers, const struct ports *ports, uint32_t capacity);

// Lets each card receive into its own port's range, and send from the ranges of the ports whose
// frames leave by it. After buffers_deal(). Returns 0, or a negative errno after logging.
int reach_grant(const struct buffers *buffers, const struct ports *ports);
