// SPDX-License-Identifier: BSD-2-Clause
// The control queue of the simulated virtio device. VIRTIO 1.2, section 5.1.6.5, from the device's
// side.
#include "tests/driver/simvirtio_ring.h"
#include <string.h>

enum { PARTS = 3, DATA_MAX = 64 };

// What a command does. Returns the answer: 0, or 1 when the device does not do that.
static uint8_t carry_out(struct simvirtio *sim, uint8_t class, uint8_t command, const uint8_t *data,
                         uint32_t bytes)
{
    if (class == sim->refused_class)
        return 1;
    if (class == 0 && command <= 1 && bytes == 1 && (sim->accepted >> 18 & 1) != 0) {
        if (command == 0)
            sim->promiscuous = data[0] != 0;
        else
            sim->all_multicast = data[0] != 0;
        return 0;
    }
    if (class == 1 && command == 1 && bytes == 6 && (sim->accepted >> 23 & 1) != 0) {
        memcpy(sim->mac_set, data, 6);
        return 0;
    }
    if (class == 4 && command == 0 && bytes == 2 && (sim->accepted >> 22 & 1) != 0) {
        uint16_t pairs, most;
        memcpy(&pairs, data, sizeof pairs);
        memcpy(&most, sim->config + 8, sizeof most);
        if (pairs == 0 || pairs > most)
            return 1;
        sim->pairs = pairs;
        return 0;
    }
    sim_violate(sim, "a command that is none, or whose feature was not accepted");
    return 1;
}

static void answer(struct simvirtio *sim, const struct sim_part parts[PARTS])
{
    const uint8_t *head = host_dma(&sim->env, parts[0].address, parts[0].length);
    const uint8_t *data = host_dma(&sim->env, parts[1].address, parts[1].length);
    uint8_t *answer = host_dma(&sim->env, parts[2].address, parts[2].length);
    // 5.1.6.6: the layout that every device takes.
    if (head == NULL || data == NULL || answer == NULL || parts[0].length != 2 ||
        parts[2].length != 1 || parts[0].flags != 1 || parts[1].flags != 1 || parts[2].flags != 2) {
        sim_violate(sim, "a command is not laid out as class and command, data, answer");
        return;
    }
    *answer = carry_out(sim, head[0], head[1], data, parts[1].length);
}

void sim_control(struct simvirtio *sim)
{
    unsigned index = sim->control;
    struct sim_queue *queue = &sim->queues[index];
    if (sim->mute)
        return;
    sim_fetch(sim, index);
    while (queue->id_count != 0) {
        struct sim_part parts[PARTS];
        uint16_t id = sim_take(queue, 0);
        if (sim_chain(sim, index, id, parts, PARTS) == PARTS)
            answer(sim, parts);
        else
            sim_violate(sim, "a command has not three parts");
        sim_push_used(sim, index, id, 1);
    }
}
