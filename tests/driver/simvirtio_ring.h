// SPDX-License-Identifier: BSD-2-Clause
// Between the two halves of the simulated virtio device.
#pragma once
#include "tests/driver/simvirtio.h"

// Notes that the driver broke a rule.
void sim_violate(struct simvirtio *sim, const char *rule);

// Forgets all descriptors.
void sim_ring_reset(struct sim_queue *queue);

// The driver enabled the queue: looks at what it was given.
void sim_ring_enabled(struct simvirtio *sim, struct sim_queue *queue);
