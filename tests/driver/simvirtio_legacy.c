// SPDX-License-Identifier: BSD-2-Clause
// The legacy registers of the simulated virtio device: VIRTIO 1.2, section 4.1.4.10, from the
// device's side.
#include "tests/driver/simvirtio_ring.h"
#include <string.h>

enum { PAGE = 4096 };

// Two registers are there while MSI-X is on, and the configuration is behind them.
static unsigned config_offset(const struct simvirtio *sim)
{
    return (sim->env.routed | sim->env.routed_frames) != 0 ? 0x18 : 0x14;
}

static unsigned width_of(const struct simvirtio *sim, unsigned offset)
{
    if (offset >= config_offset(sim)) {
        offset -= config_offset(sim);
        return offset < 6 ? 1 : 2;
    }
    if (offset < 0x0c)
        return 4;
    return offset == 0x12 || offset == 0x13 ? 1 : 2;
}

static uint32_t read_register(struct simvirtio *sim, unsigned offset)
{
    const struct sim_queue *queue = sim_selected(sim);
    switch (offset) {
    case 0x00:
        return (uint32_t)sim->offered;
    case 0x08:
        return queue != NULL ? (uint32_t)(queue->desc / PAGE) : 0;
    case 0x0c:
        return queue != NULL ? queue->size : 0;
    case 0x12:
        return sim_read_status(sim);
    case 0x14:
        return sim->config_vector;
    case 0x16:
        return queue != NULL ? queue->vector : 0;
    default:
        sim_violate(sim, "a register was read that no driver needs");
        return 0;
    }
}

uint32_t sim_io_read(void *card, unsigned bar, unsigned offset, unsigned width)
{
    struct simvirtio *sim = card;
    (void)bar;
    if (sim->gone)
        return 0xffffffff >> (32 - 8 * width);
    if (width != width_of(sim, offset))
        sim_violate(sim, "a register was read in another width than its own");
    unsigned config = config_offset(sim);
    if (offset < config)
        return read_register(sim, offset);
    uint32_t value = 0;
    if (offset - config > SIM_CONFIG_SIZE - width)
        return 0; // the BAR is larger than the configuration
    if (sim->restless)
        sim->config[offset - config]++;
    memcpy(&value, &sim->config[offset - config], width);
    return value;
}

// 2.7.2: where the parts of a ring of this size lie.
static void place_ring(struct simvirtio *sim, struct sim_queue *queue, uint32_t page)
{
    queue->desc = (uint64_t)page * PAGE;
    queue->driver = queue->desc + 16u * queue->size;
    uint64_t end = queue->driver + 2u * (3u + queue->size);
    queue->device = (end + PAGE - 1) / PAGE * PAGE;
    queue->enable = page != 0;
    if (page != 0)
        sim_ring_enabled(sim, queue);
}

void sim_io_write(void *card, unsigned bar, unsigned offset, unsigned width, uint32_t value)
{
    struct simvirtio *sim = card;
    struct sim_queue *queue = sim_selected(sim);
    (void)bar;
    if (sim->gone)
        return;
    if (offset >= config_offset(sim) || width != width_of(sim, offset)) {
        sim_violate(sim, "something was written that is no register");
        return;
    }
    switch (offset) {
    case 0x04:
        sim->accepted = value;
        break;
    case 0x08:
        if (queue == NULL || queue->enable != 0 || (sim->status & 4) != 0)
            sim_violate(sim, "a queue was given a ring that may not have one");
        else if (!sim->refuse_size)
            place_ring(sim, queue, value);
        break;
    case 0x0e:
        sim->queue_select = (uint16_t)value;
        break;
    case 0x10:
        sim_doorbell(sim, value);
        break;
    case 0x12:
        sim_write_status(sim, (uint8_t)value);
        break;
    case 0x14:
        sim->config_vector =
            sim->refuse_vector || value >= sim->env.vectors ? 0xffff : (uint16_t)value;
        break;
    case 0x16:
        if (queue != NULL)
            queue->vector =
                sim->refuse_vector || value >= sim->env.vectors ? 0xffff : (uint16_t)value;
        break;
    default:
        sim_violate(sim, "a read-only register was written");
        break;
    }
}

void sim_make_legacy(struct simvirtio *sim, bool any_layout)
{
    static const uint8_t id[] = {0xf4, 0x1a, 0x00, 0x10};
    memcpy(sim->pci, id, sizeof id);
    sim->pci[0x41] = 0; // the MSI-X capability is the only one
    sim->env.bar_size[SIM_BAR] = 0;
    sim->env.io_bytes[0] = 64;
    sim->env.dma_next = 1 << 30; // a ring's address has 44 bits
    sim->legacy = true;
    sim->offered &= UINT32_MAX;
    if (any_layout)
        sim->offered |= 1 << 27;
}
