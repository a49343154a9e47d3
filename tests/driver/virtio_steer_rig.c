// SPDX-License-Identifier: BSD-2-Clause
// What the tests of virtio's steer() share: a device with a transmit queue for each way, and what a
// bridge does with it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "tests/driver/virtio_steer_rig.h"
#include <cmocka.h>

#include "tests/driver/steering.h"

const unsigned tx_number[WAYS] = {1, 3};

static const struct port_driver *const driver = &virtio_net_driver;
struct decisions decisions;
struct steered_device fused;
static struct queue nowhere;
uint64_t steered;

struct queue *rx_of(const struct steered_device *device)
{
    return device->rig.port.rx[0];
}

const struct split *split_of(const struct queue *queue)
{
    return (const struct split *)queue; // its first member
}

void open_ways(struct steered_device *device)
{
    for (unsigned way = 0; way < WAYS; way++)
        device->rig.port.tx[way]->steers = LONGEST - FRAME_MIN + 1;
}

void open_device(struct steered_device *device)
{
    struct rig *rig = &device->rig;
    rig_open(rig);
    sim_offer_pairs(&rig->sim, WAYS);
    rig->port.rx_wanted = rig->port.tx_wanted = WAYS;
    for (unsigned i = 0; i < 2 * WAYS; i++)
        rig->sim.queues[i].offered_size = rig->sim.queues[i].size = SLOTS;
    rig_begin(rig, RIG_SPLIT);
    assert_int_equal(rig->port.tx_queues, WAYS);
    device->steering = (struct steering){
        .decisions = &decisions,
        .ways = device->ways,
        .frames = rig->area.base + FRAME_HEADROOM,
        .tag = decisions_tag(&decisions, 1, 0),
    };
    for (unsigned way = 0; way < STEER_WAYS; way++)
        device->ways[way] = (struct steer_way){.tx = way < WAYS ? rig->port.tx[way] : &nowhere};
    memset(device->left, 0, sizeof device->left);
    open_ways(device);
    rx_of(device)->lengths = RIG_CAPACITY - FRAME_MIN + 1; // as the first receive() leaves it
}

void open_fused(void)
{
    decisions_init(&decisions, steering_secret);
    for (unsigned way = 0; way < WAYS; way++)
        decide(&decisions, way, way);
    decide(&decisions, BY_BOX, BY_BOX);
    steered = 0;
    open_device(&fused);
}

void arrive(struct steered_device *device, unsigned destination, uint32_t number, uint32_t length)
{
    uint8_t data[RIG_FRAME_MAX] = {0};
    write_header(data, destination);
    memcpy(data + NUMBER, &number, sizeof number);
    assert_true(sim_receive(&device->rig.sim, data, length));
}

struct steered steer(struct steered_device *device, unsigned burst)
{
    return call_steer(driver, rx_of(device), &device->steering, burst, device->left, WAYS,
                      &steered);
}

void expect_steered(struct steered_device *device, unsigned frames, bool more)
{
    const struct steered moved = steer(device, 32);
    assert_int_equal(moved.frames, frames);
    assert_int_equal(moved.more, more);
}

unsigned by_verbs(struct steered_device *device, unsigned burst)
{
    struct rig *rig = &device->rig;
    struct frame frames[BURST_MAX], empty;
    const unsigned received = driver->receive(rx_of(device), frames, burst);
    for (unsigned i = 0; i < received; i++) {
        if (frames[i].length < FRAME_MIN || frames[i].length > LONGEST)
            continue;
        const uint8_t *data = packet_data(&rig->area, frames[i].buffer, frames[i].offset);
        const uint32_t way =
            decisions_find(&decisions, addresses_of(data), device->steering.tag, WAYS);
        if (way >= WAYS || driver->enqueue(rig->port.tx[way], &frames[i], &empty, 1) == 0)
            continue;
        frames[i].buffer = empty.buffer;
        device->left[way]++;
    }
    driver->refill(rx_of(device), frames, received);
    return received;
}

void ring_all(struct steered_device *device)
{
    for (unsigned way = 0; way < WAYS; way++)
        driver->ring(device->rig.port.tx[way]);
}

unsigned send_all(struct steered_device *device)
{
    uint8_t frame[RIG_FRAME_MAX];
    unsigned sent = 0;
    ring_all(device);
    for (unsigned way = 0; way < WAYS; way++) {
        while (sim_send_from(&device->rig.sim, tx_number[way], frame, sizeof frame) != 0)
            sent++;
        sim_complete_on(&device->rig.sim, tx_number[way], SLOTS);
    }
    return sent;
}

void finish(struct steered_device *device, unsigned destination, uint32_t length)
{
    const struct split *rx = split_of(rx_of(device));
    struct sim_queue *queue = &device->rig.sim.queues[RX];
    sim_fetch(&device->rig.sim, RX);
    assert_true(queue->id_count > 0);
    const uint32_t buffer = rx->queue.buffer_of[queue->ids[0]];
    write_header(packet_data(&device->rig.area, buffer, FRAME_HEADROOM), destination);
    sim_use(&device->rig.sim, length);
}
