// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target: the virtio driver on a device whose every word comes from the input.
//
// The input is first the device (capabilities, queue sizes, features), then what it does, step by
// step. Whatever that is: nothing out of bounds (the sanitizers see to that), every wait ends, the
// buffers in the rings stay a permutation, and afterwards the port works on an honest device.
//
// `make fuzz` builds and runs it; virtio_corpus/ is where it starts.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
// links: drivers/virtio/split.c drivers/virtio/describe.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: tests/driver/env_host.c tests/driver/simvirtio.c tests/driver/simvirtio_legacy.c
// links: tests/driver/simvirtio_ring.c tests/driver/simvirtio_control.c tests/driver/virtio_rig.c
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { RX = 0, TX = 1 };

static struct rig rig;

struct input {
    const uint8_t *data;
    size_t left;
};

static uint32_t take(struct input *input, unsigned bytes)
{
    uint32_t value = 0;
    for (; bytes > 0 && input->left > 0; bytes--, input->left--)
        value = value << 8 | *input->data++;
    return value;
}

static void must(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void check_permutation(void)
{
    static bool seen[2 * 1024];
    memset(seen, 0, sizeof seen);
    const struct queue *queues[] = {rig.port.rx[0], rig.port.tx[0]};
    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t slot = 0; slot < queues[i]->slots; slot++) {
            uint32_t buffer = queues[i]->buffer_of[slot];
            must(buffer < rig.area.count && !seen[buffer]);
            seen[buffer] = true;
        }
    }
}

// Receives, sends what is good and refills, as the forwarder does.
static void burst(unsigned max)
{
    struct frame frames[BURST_MAX];
    unsigned count = rig.port.driver->receive(rig.port.rx[0], frames, max);
    must(count <= max);
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        struct frame frame = frames[i];
        if (!frame_valid(&rig.area, &frame)) {
            must(frame.length == 0 && frame.buffer < rig.area.count);
            continue;
        }
        frames[i] = frames[good];
        frames[good++] = frame;
    }
    if (good != 0)
        must(rig.port.driver->transmit(rig.port.tx[0], frames, good) <= good);
    rig.port.driver->refill(rig.port.rx[0], frames, count);
    check_permutation();
}

// A device from the input: a few bytes of the configuration space changed, and the registers.
// Returns whether its structures are still where they say.
static bool describe(struct input *input)
{
    struct simvirtio *sim = &rig.sim;
    unsigned first = take(input, 1), changes = first % 8;
    switch (first / 8 % 4) { // which kind of device
    case 1:
        sim_make_packed(sim);
        break;
    case 2:
        sim_make_legacy(sim, true);
        break;
    case 3:
        sim_make_legacy(sim, false);
        break;
    default:
        break;
    }
    bool true_to_itself = changes == 0;
    for (; changes > 0; changes--) {
        unsigned at = take(input, 1);
        sim->pci[at] = (uint8_t)take(input, 1);
    }
    uint32_t knobs = take(input, 2);
    if ((knobs & 1) != 0)
        sim->queues[RX].offered_size = (uint16_t)take(input, 2);
    if ((knobs & 2) != 0)
        sim->queues[TX].offered_size = (uint16_t)take(input, 2);
    if ((knobs & 4) != 0)
        sim->queues[TX].notify_off = (uint16_t)take(input, 2);
    if ((knobs & 8) != 0)
        sim->offered ^= (uint64_t)take(input, 4) << (knobs >> 8 & 32);
    if ((knobs & 16) != 0)
        memcpy(sim->config + 10, &(uint16_t){(uint16_t)take(input, 2)}, 2);
    sim->stuck_reset = (knobs & 32) != 0 && (knobs & 64) != 0;
    sim->restless = (knobs & 128) != 0 && (knobs & 64) != 0;
    sim->refuse_features = (knobs & 256) != 0 && (knobs & 64) != 0;
    sim->reset_reads = knobs >> 9 & 3;
    sim->shuffle = (knobs & 2048) != 0;
    sim->refuse_vector = (knobs & 4096) != 0;
    sim->env.bar_size[0] = (knobs & 16384) != 0 ? 0x1000 : 0;
    sim->mute = (knobs & 32768) != 0;
    return true_to_itself;
}

static void step(struct input *input)
{
    struct simvirtio *sim = &rig.sim;
    uint8_t frame[RIG_FRAME_MAX];
    uint32_t action = take(input, 1);
    unsigned queue = action >> 7;
    switch (action % 16) {
    case 0:
        sim_push_used(sim, queue, take(input, 1), take(input, 2));
        break;
    case 1:
        sim_push_used(sim, queue, take(input, 4), take(input, 4));
        break;
    case 2:
        sim_set_used_index(sim, queue, (uint16_t)take(input, 2));
        break;
    case 3:
        sim_set_used_index(sim, queue, sim->queues[queue].used_index + (int8_t)take(input, 1));
        break;
    case 4:
        sim->status = (uint8_t)take(input, 1);
        break;
    case 5:
        sim->gone = queue != 0;
        break;
    case 6:
        sim->config[6] = (uint8_t)take(input, 1);
        rig.port.driver->poll(&rig.port);
        break;
    case 7:
        stop_now(&rig.port);
        if (start_now(&rig.port) != 0)
            must(rig.port.state == PORT_STOPPED);
        break;
    case 8:
        sim_use(sim, take(input, 4));
        break;
    case 9:
        for (unsigned i = take(input, 1); i > 0; i--)
            rig.port.driver->send_copy(rig.port.tx[0], frame, rig_frame(i, frame));
        break;
    case 10:
        while (sim_send(sim, frame, sizeof frame) != 0)
            continue;
        sim_complete(sim, take(input, 1));
        break;
    case 11: // scribbles over what it may write
        for (unsigned i = 0; i < 3; i++) {
            const struct sim_queue *part = &sim->queues[queue];
            uint64_t base = i == 0 ? part->desc : i == 1 ? part->driver : part->device;
            uint8_t *byte = host_dma(&sim->env, base + take(input, 2) % 4096, 1);
            if (byte != NULL)
                *byte = (uint8_t)take(input, 1);
        }
        break;
    case 12:
        sim->stuck_reset = queue != 0;
        break;
    case 14:
        if (rig.port.driver != &virtio_packed_driver)
            break;
        sim_set_flags(sim, queue, take(input, 1), (uint16_t)take(input, 2));
        burst(1 + take(input, 1));
        break;
    default:
        for (unsigned i = take(input, 1) % 64; i > 0; i--)
            sim_receive(sim, frame, rig_frame(i, frame));
        burst(1 + take(input, 1));
        break;
    }
    check_permutation();
}

// What remains when the device is honest again: a port that carries frames.
static void recover(void)
{
    struct simvirtio *sim = &rig.sim;
    sim->gone = sim->stuck_reset = sim->refuse_features = sim->restless = sim->mute = false;
    stop_now(&rig.port);
    must(rig.port.state == PORT_STOPPED);
    if (start_now(&rig.port) != 0)
        return; // what probe() saw may never have been startable: a doorbell outside, say
    sim->violations = 0;
    uint8_t in[RIG_FRAME_MAX], out[RIG_FRAME_MAX];
    for (unsigned i = 0; i < 40; i++) {
        uint32_t length = rig_frame(i, in);
        must(sim_receive(sim, in, length));
        burst(1);
        must(sim_send(sim, out, sizeof out) == length && memcmp(in, out, length) == 0);
        must(sim_complete(sim, 1) == 1);
    }
    must(sim->violations == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    host_clock_step(50000); // so that a reset which never ends is over soon
    rig_open(&rig);
    rig.sim.queues[RX].offered_size = rig.sim.queues[TX].offered_size = 16; // corners are near
    bool true_to_itself = describe(&input);
    if (rig_probe(&rig) == 0) {
        must(rig.port.state == PORT_STOPPED);
        if (start_now(&rig.port) == 0)
            must(rig.port.state == PORT_RUNNING);
        while (input.left > 0)
            step(&input);
        if (true_to_itself)
            recover();
    } else {
        must(rig.port.state == PORT_ABSENT && !rig.sim.env.bus_master);
    }
    free(rig.area.base);
    sim_close(&rig.sim);
    return 0;
}
