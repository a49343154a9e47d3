// SPDX-License-Identifier: BSD-2-Clause
// A virtio network device in the same process: registers of the modern kind. The legacy ones are in
// simvirtio_legacy.c, the rings in simvirtio_ring.c, the control queue in simvirtio_control.c.
// VIRTIO 1.2, sections 2, 3.1, 4.1 and 5.1, from the device's side; it shares no definitions with
// the driver, so that a number mistaken there is not mistaken here as well.
#include "tests/driver/simvirtio.h"
#include "tests/driver/simvirtio_ring.h"
#include <stdio.h>
#include <string.h>

void sim_violate(struct simvirtio *sim, const char *rule)
{
    if (sim->violations++ == 0)
        snprintf(sim->violation, sizeof sim->violation, "%s", rule);
}

uint32_t sim_random(struct simvirtio *sim)
{
    sim->random = sim->random * 1664525u + 1013904223u;
    return sim->random >> 8;
}

// Everything but the size that the device offers, and where its doorbell is.
static void reset_queue(struct sim_queue *queue)
{
    queue->size = queue->offered_size;
    queue->vector = 0xffff;
    queue->enable = 0;
    queue->desc = queue->driver = queue->device = 0;
    sim_ring_reset(queue);
}

static void reset(struct simvirtio *sim)
{
    sim->status = 0;
    sim->accepted = 0;
    sim->offered_select = sim->accepted_select = 0;
    sim->config_vector = 0xffff;
    sim->queue_select = 0;
    sim->promiscuous = sim->all_multicast = false;
    sim->pairs = 1;
    for (unsigned i = 0; i < SIM_QUEUES; i++) {
        sim->queues[i].reset_reads_left = 0;
        reset_queue(&sim->queues[i]);
    }
}

void sim_write_status(struct simvirtio *sim, uint8_t value)
{
    if (value == 0) {
        if (sim->stuck_reset)
            return;
        sim->reset_reads_left = sim->reset_reads;
        if (sim->reset_reads_left == 0)
            reset(sim);
        return;
    }
    // 2.1.1: bits are set, never cleared, and one step follows the other.
    if ((sim->status & ~value) != 0)
        sim_violate(sim, "a status bit was cleared");
    if ((value & 4) != 0 && (sim->status & 8) == 0 && !sim->legacy)
        sim_violate(sim, "DRIVER_OK before FEATURES_OK");
    uint8_t fresh = value & ~sim->status;
    sim->status = value;
    if ((fresh & (sim->legacy ? 4 : 8)) != 0 && (sim->accepted & ~sim->offered) != 0)
        sim_violate(sim, "a feature was accepted that was not offered");
    if ((fresh & 8) != 0) {
        if (sim->legacy)
            sim_violate(sim, "FEATURES_OK on a legacy device");
        bool agreed = (sim->accepted & ~sim->offered) == 0 && (sim->accepted >> 32 & 1) != 0;
        if (!agreed || sim->refuse_features)
            sim->status &= ~8;
    }
}

uint8_t sim_read_status(struct simvirtio *sim)
{
    if (sim->reset_reads_left > 0 && --sim->reset_reads_left == 0)
        reset(sim);
    return sim->status;
}

struct sim_queue *sim_selected(struct simvirtio *sim)
{
    return sim->queue_select < SIM_QUEUES ? &sim->queues[sim->queue_select] : NULL;
}

// 4.1.4.3: the width in which each register is accessed; the 64-bit ones as two halves.
static unsigned common_width(uint64_t offset)
{
    switch (offset) {
    case 0x14:
    case 0x15:
        return 1;
    case 0x10:
    case 0x12:
    case 0x16:
    case 0x18:
    case 0x1a:
    case 0x1c:
    case 0x1e:
    case 0x3a:
        return 2;
    default:
        return offset % 4 == 0 && offset < 0x38 ? 4 : 0;
    }
}

// 4.1.4.3.1: 1 as long as the reset of the queue goes on, then 0, and queue_enable is 0 too.
static uint16_t read_queue_reset(struct simvirtio *sim, struct sim_queue *queue)
{
    if ((sim->accepted >> 40 & 1) == 0)
        sim_violate(sim, "queue_reset was read without RING_RESET");
    if (queue == NULL || queue->reset_reads_left == 0)
        return 0;
    if (!sim->stuck_queue_reset && --queue->reset_reads_left == 0)
        reset_queue(queue);
    return queue->reset_reads_left > 0;
}

// 2.6.1, 4.1.4.3.2
static void write_queue_reset(struct simvirtio *sim, uint32_t value)
{
    struct sim_queue *queue = sim_selected(sim);
    if ((sim->accepted >> 40 & 1) == 0)
        sim_violate(sim, "queue_reset was written without RING_RESET");
    else if (value != 1 || queue == NULL || queue->enable == 0)
        sim_violate(sim, "queue_reset of a queue that is not enabled, or not with 1");
    else
        queue->reset_reads_left = 2;
}

static uint64_t common_read(struct simvirtio *sim, uint64_t offset)
{
    struct sim_queue *queue = sim_selected(sim);
    switch (offset) {
    case 0x00:
        return sim->offered_select;
    case 0x04:
        return sim->offered_select < 2 ? (uint32_t)(sim->offered >> (32 * sim->offered_select)) : 0;
    case 0x10:
        return sim->config_vector;
    case 0x12:
        return sim->num_queues;
    case 0x14:
        return sim_read_status(sim);
    case 0x15:
        return sim->restless ? sim->generation++ : sim->generation;
    case 0x16:
        return sim->queue_select;
    case 0x18:
        return queue != NULL ? queue->size : 0;
    case 0x1a:
        return queue != NULL ? queue->vector : 0;
    case 0x1c:
        return queue != NULL ? queue->enable : 0;
    case 0x1e:
        return queue != NULL ? queue->notify_off : 0;
    case 0x3a:
        return read_queue_reset(sim, queue);
    default:
        sim_violate(sim, "a register was read that no driver needs");
        return 0;
    }
}

static void set_half(uint64_t *value, bool high, uint32_t half)
{
    *value = high ? (*value & 0xffffffff) | (uint64_t)half << 32 : (*value & ~0xffffffffULL) | half;
}

static void queue_write(struct simvirtio *sim, uint64_t offset, uint32_t value)
{
    struct sim_queue *queue = sim_selected(sim);
    if (queue == NULL) {
        sim_violate(sim, "a queue that is not there was configured");
        return;
    }
    // After DRIVER_OK only what was reset by itself may be (2.6.1.2).
    if (queue->enable != 0 || ((sim->status & 4) != 0 && (sim->accepted >> 40 & 1) == 0))
        sim_violate(sim, "an enabled queue was configured");
    if ((sim->status & 8) == 0)
        sim_violate(sim, "a queue was configured before FEATURES_OK");
    switch (offset) {
    case 0x18:
        if (value == 0 || value > queue->offered_size || (value & (value - 1)) != 0)
            sim_violate(sim, "a queue_size was written that cannot be");
        else if (!sim->refuse_size)
            queue->size = (uint16_t)value;
        break;
    case 0x1a:
        queue->vector = sim->refuse_vector || value >= sim->env.vectors ? 0xffff : (uint16_t)value;
        break;
    case 0x1c:
        if (value != 1)
            sim_violate(sim, "queue_enable was written with something else than 1");
        queue->enable = 1;
        sim_ring_enabled(sim, queue);
        break;
    case 0x20:
    case 0x24:
        set_half(&queue->desc, offset == 0x24, value);
        break;
    case 0x28:
    case 0x2c:
        set_half(&queue->driver, offset == 0x2c, value);
        break;
    default: // 0x30, 0x34
        set_half(&queue->device, offset == 0x34, value);
        break;
    }
}

static void common_write(struct simvirtio *sim, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case 0x00:
        sim->offered_select = value;
        break;
    case 0x08:
        sim->accepted_select = value;
        break;
    case 0x0c:
        if ((sim->status & 8) != 0)
            sim_violate(sim, "features were written after FEATURES_OK");
        if (sim->accepted_select < 2)
            set_half(&sim->accepted, sim->accepted_select == 1, value);
        break;
    case 0x10:
        sim->config_vector =
            sim->refuse_vector || value >= sim->env.vectors ? 0xffff : (uint16_t)value;
        break;
    case 0x14:
        sim_write_status(sim, (uint8_t)value);
        break;
    case 0x16:
        sim->queue_select = (uint16_t)value;
        break;
    case 0x3a:
        write_queue_reset(sim, value);
        break;
    default:
        if (offset >= 0x18 && offset < 0x38 && offset != 0x1e)
            queue_write(sim, offset, value);
        else
            sim_violate(sim, "a read-only register was written");
    }
}

static uint64_t bar_read(void *card, unsigned bar, uint64_t offset, unsigned width)
{
    struct simvirtio *sim = card;
    if (sim->gone)
        return ~0ULL >> (64 - 8 * width);
    if (bar == SIM_BAR && offset < SIM_COMMON + SIM_COMMON_SIZE) {
        if (width != common_width(offset))
            sim_violate(sim, "a register was read in another width than its own");
        return common_read(sim, offset);
    }
    if (bar == SIM_BAR && offset >= SIM_DEVICE && offset - SIM_DEVICE < SIM_CONFIG_SIZE) {
        uint64_t at = offset - SIM_DEVICE, value = 0;
        // 4.1.3.1: MAC by bytes, the fields behind it in their own width.
        if (width != (at < 6 ? 1 : at < 12 ? 2 : 4) || width > SIM_CONFIG_SIZE - at)
            sim_violate(sim, "a configuration field was read in another width than its own");
        else
            memcpy(&value, sim->config + at, width);
        return value;
    }
    sim_violate(sim, "something was read that is no structure");
    return 0;
}

// 4.1.4.4: what the notification capability says.
static uint32_t multiplier(const struct simvirtio *sim)
{
    uint32_t value;
    memcpy(&value, sim->pci + SIM_CAP_NOTIFY + 16, sizeof value);
    return value;
}

void sim_doorbell(struct simvirtio *sim, unsigned index)
{
    if ((sim->status & 4) == 0 && sim->status != 0)
        sim_violate(sim, "a doorbell before DRIVER_OK");
    if (index >= SIM_QUEUES) {
        sim_violate(sim, "a doorbell that is no queue's");
        return;
    }
    sim->queues[index].doorbells++;
    if (index != 0 && index == sim->control)
        sim_control(sim);
}

static void bar_write(void *card, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    struct simvirtio *sim = card;
    if (sim->gone)
        return;
    if (bar == SIM_BAR && offset < SIM_COMMON + SIM_COMMON_SIZE) {
        if (width != common_width(offset))
            sim_violate(sim, "a register was written in another width than its own");
        common_write(sim, offset, (uint32_t)value);
        return;
    }
    if (bar == SIM_BAR && offset >= SIM_NOTIFY) {
        unsigned index = (unsigned)value;
        if (width != 2 || index >= SIM_QUEUES ||
            offset - SIM_NOTIFY != (uint64_t)sim->queues[index].notify_off * multiplier(sim))
            sim_violate(sim, "a doorbell that is no queue's");
        else
            sim_doorbell(sim, index);
        return;
    }
    sim_violate(sim, "something was written that is no structure");
}

static uint32_t config_read(void *card, unsigned offset, unsigned width)
{
    const struct simvirtio *sim = card;
    uint32_t value = 0;
    if (sim->gone || offset > sizeof sim->pci - width)
        return 0xffffffff >> (32 - 8 * width);
    memcpy(&value, sim->pci + offset, width);
    if (offset == 0x42 && (sim->env.routed | sim->env.routed_frames) != 0)
        value |= 1 << 15; // MSI-X is on
    return value;
}

static const struct host_card card_type = {
    .config_read = config_read,
    .bar_read = bar_read,
    .bar_write = bar_write,
    .io_read = sim_io_read,
    .io_write = sim_io_write,
};

static void put(struct simvirtio *sim, unsigned at, unsigned width, uint32_t value)
{
    memcpy(sim->pci + at, &value, width);
}

static void add_capability(struct simvirtio *sim, unsigned at, unsigned next, unsigned size,
                           unsigned type, uint32_t offset, uint32_t length)
{
    put(sim, at, 1, 9);
    put(sim, at + 1, 1, next);
    put(sim, at + 2, 1, size);
    put(sim, at + 3, 1, type);
    put(sim, at + 4, 1, SIM_BAR);
    put(sim, at + 8, 4, offset);
    put(sim, at + 12, 4, length);
}

static void fill_configuration_space(struct simvirtio *sim)
{
    put(sim, 0x00, 2, 0x1af4);
    put(sim, 0x02, 2, 0x1041);
    put(sim, 0x06, 2, 1 << 4);
    put(sim, 0x34, 1, 0x40);
    put(sim, 0x40, 1, 0x11); // MSI-X comes first: not every capability is virtio's
    put(sim, 0x41, 1, SIM_CAP_COMMON);
    add_capability(sim, SIM_CAP_COMMON, SIM_CAP_NOTIFY, 16, 1, SIM_COMMON, SIM_COMMON_SIZE);
    add_capability(sim, SIM_CAP_NOTIFY, SIM_CAP_DEVICE, 20, 2, SIM_NOTIFY, 0x1000);
    put(sim, SIM_CAP_NOTIFY + 16, 4, 4);
    add_capability(sim, SIM_CAP_DEVICE, SIM_CAP_ISR, 16, 4, SIM_DEVICE, SIM_CONFIG_SIZE);
    add_capability(sim, SIM_CAP_ISR, SIM_CAP_PCI, 16, 3, SIM_ISR, 1);
    add_capability(sim, SIM_CAP_PCI, 0, 20, 5, 0, 4);
}

void sim_open(struct simvirtio *sim)
{
    memset(sim, 0, sizeof *sim);
    host_open(&sim->env, &card_type, sim);
    sim->env.bar_size[SIM_BAR] = SIM_BAR_SIZE;
    sim->env.vectors = 3;
    fill_configuration_space(sim);
    // MAC, status: link up, one queue pair, MTU 1500.
    static const uint8_t config[SIM_CONFIG_SIZE] = {0x52, 0x54, 0, 0x12, 0x34,        0x56,
                                                    1,    0,    1, 0,    1500 & 0xff, 1500 >> 8};
    memcpy(sim->config, config, sizeof config);
    // VERSION_1, STATUS and MAC, and what QEMU offers besides: checksums, segmentation, merging,
    // control queue, announcements, event index, indirect descriptors.
    sim->offered = 1ULL << 32 | 1 << 16 | 1 << 5 | 0x3 | 0x7f80 | 1 << 15 | 1 << 17 | 1 << 18 |
                   1 << 19 | 1 << 21 | 1 << 28 | 1 << 29;
    sim->num_queues = 3;
    sim->control = 2;
    sim->refused_class = 0xff;
    sim->random = 1;
    for (unsigned i = 0; i < SIM_QUEUES; i++) {
        struct sim_queue *queue = &sim->queues[i];
        queue->offered_size = i < 2 ? 256 : 64;
        queue->notify_off = (uint16_t)(7 * i);
        queue->ids = calloc(SIM_QUEUE_MAX, sizeof *queue->ids);
        queue->taken = calloc(SIM_QUEUE_MAX, sizeof *queue->taken);
        queue->length_of = calloc(SIM_QUEUE_MAX, sizeof *queue->length_of);
        queue->chain_of = calloc((size_t)SIM_QUEUE_MAX * SIM_CHAIN_MAX, sizeof *queue->chain_of);
    }
    reset(sim);
}

void sim_make_packed(struct simvirtio *sim)
{
    sim->offered |= 1ULL << 34;
}

void sim_offer_pairs(struct simvirtio *sim, uint16_t pairs)
{
    sim->offered |= 1 << 22;
    memcpy(sim->config + 8, &pairs, sizeof pairs);
    sim->control = 2u * pairs;
    sim->num_queues = 2 * pairs + 1;
    for (unsigned i = 0; i < 2u * pairs; i++)
        sim->queues[i].offered_size = 256;
}

void sim_close(struct simvirtio *sim)
{
    for (unsigned i = 0; i < SIM_QUEUES; i++) {
        free(sim->queues[i].ids);
        free(sim->queues[i].taken);
        free(sim->queues[i].length_of);
        free(sim->queues[i].chain_of);
    }
    host_close(&sim->env);
}
