// SPDX-License-Identifier: BSD-2-Clause
// Between the parts of the simulated virtio device.
#pragma once
#include "tests/driver/simvirtio.h"

// Notes that the driver broke a rule.
void sim_violate(struct simvirtio *sim, const char *rule);

// Forgets all descriptors.
void sim_ring_reset(struct sim_queue *queue);

// The driver enabled the queue: looks at what it was given.
void sim_ring_enabled(struct simvirtio *sim, struct sim_queue *queue);

// The queue that the driver selected; NULL when there is none of that number.
struct sim_queue *sim_selected(struct simvirtio *sim);

// Status and doorbell, whichever register they were written to.
void sim_write_status(struct simvirtio *sim, uint8_t value);
uint8_t sim_read_status(struct simvirtio *sim);
void sim_doorbell(struct simvirtio *sim, unsigned queue);

// Whether rings are packed; bytes of the header in front of each frame.
bool sim_packed(const struct simvirtio *sim);
uint32_t sim_header(const struct simvirtio *sim);

// One piece of a chain of descriptors.
struct sim_part {
    uint64_t address;
    uint32_t length;
    uint16_t flags; // 1: the chain goes on; 2: for the device to write
    uint16_t next;  // split: where it goes on
};

// The parts of the chain that begins with descriptor `id`, which the device holds. Returns how
// many; more than `most` is a violation.
unsigned sim_chain(struct simvirtio *sim, unsigned queue, uint16_t id, struct sim_part *parts,
                   unsigned most);

// Takes entry `at` out of the ids that the device holds.
uint16_t sim_take(struct sim_queue *queue, uint32_t at);

// Carries out what is in the control queue.
void sim_control(struct simvirtio *sim);

// Registers in the I/O BAR.
uint32_t sim_io_read(void *card, unsigned bar, unsigned offset, unsigned width);
void sim_io_write(void *card, unsigned bar, unsigned offset, unsigned width, uint32_t value);
