// SPDX-License-Identifier: BSD-2-Clause
// The bridge's fused loop on split rings beside the single verbs: whatever the device says, each
// frame leaves by the queue that was decided, or is left to the verbs.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/split.c drivers/virtio/describe.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: net/decisions.c
// links: tests/driver/env_host.c tests/driver/simvirtio.c tests/driver/simvirtio_legacy.c
// links: tests/driver/simvirtio_ring.c tests/driver/simvirtio_control.c tests/driver/virtio_rig.c
// links: tests/driver/virtio_steer_rig.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "tests/driver/virtio_steer_rig.h"
#include <cmocka.h>
#include <string.h>

#include "tests/driver/steering.h"

static const struct port_driver *const driver = &virtio_net_driver;

// What a queue sent, as the wire sees it: the next frame, whose number is given, or none at all.
static void expect_sent(struct steered_device *device, unsigned way, uint32_t number,
                        uint32_t length)
{
    uint8_t frame[RIG_FRAME_MAX] = {0}, expected[RIG_FRAME_MAX] = {0};
    write_header(expected, way);
    memcpy(expected + NUMBER, &number, sizeof number);
    assert_int_equal(sim_send_from(&device->rig.sim, tx_number[way], frame, sizeof frame), length);
    assert_memory_equal(frame, expected, length);
}

static void expect_nothing_sent(struct steered_device *device)
{
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned way = 0; way < WAYS; way++)
        assert_int_equal(sim_send_from(&device->rig.sim, tx_number[way], frame, sizeof frame), 0);
}

static unsigned doorbells(const struct steered_device *device)
{
    unsigned sum = 0;
    for (unsigned way = 0; way < WAYS; way++)
        sum += device->rig.sim.queues[tx_number[way]].doorbells;
    return sum;
}

// --- an honest device ----------------------------------------------------------------------------

// Frames cross unchanged, in order, each exactly once and by its queue; the device is told by
// ring() alone. Bursts end where the ring ends, and the counters pass 16 bits.
static void frames_cross(void **state)
{
    (void)state;
    open_fused();
    struct rig *rig = &fused.rig;
    uint32_t number = 0;
    for (unsigned burst = 1; burst <= 47; burst++) {
        for (unsigned round = 0; round < 60; round++) {
            const uint32_t first = number;
            uint64_t bytes = 0, longer = 0, frames = 0;
            for (unsigned i = 0; i < burst; i++, number++) {
                arrive(&fused, way_of(number), number, 60 + number % 5);
                bytes += 60 + number % 5;
            }
            const unsigned rung = doorbells(&fused);
            unsigned left = burst;
            for (unsigned calls = 0; left > 0; calls++) {
                assert_in_range(calls, 0, 1);
                const uint32_t to_end = SLOTS - split_of(rx_of(&fused))->used_seen % SLOTS;
                const struct steered moved =
                    driver->steer(rx_of(&fused), &fused.steering, burst + 1);
                assert_int_equal(moved.frames, left < to_end ? left : to_end);
                assert_false(moved.more);
                left -= moved.frames;
            }
            assert_int_equal(doorbells(&fused), rung);
            expect_nothing_sent(&fused);
            ring_all(&fused);
            for (uint32_t n = first; n != number; n++)
                expect_sent(&fused, way_of(n), n, 60 + n % 5);
            expect_nothing_sent(&fused);
            for (unsigned way = 0; way < WAYS; way++) {
                sim_complete_on(&rig->sim, tx_number[way], SLOTS);
                frames += fused.ways[way].frames;
                longer += fused.ways[way].longer;
                fused.ways[way].frames = fused.ways[way].longer = 0;
            }
            assert_int_equal(frames, burst);
            assert_int_equal(longer + frames * FRAME_MIN, bytes);
            rig_audit(rig);
        }
    }
    assert_true(number > UINT16_MAX);
    rig_close(&fused.rig);
}

static void every_length_crosses(void **state)
{
    (void)state;
    open_fused();
    for (uint32_t length = NUMBER + 4; length <= LONGEST; length++) {
        arrive(&fused, length % WAYS, length, length);
        expect_steered(&fused, 1, false);
        ring_all(&fused);
        expect_sent(&fused, length % WAYS, length, length);
        (void)send_all(&fused);
    }
    rig_close(&fused.rig);
}

static void no_more_than_wanted(void **state)
{
    (void)state;
    open_fused();
    for (uint32_t i = 0; i < 5; i++)
        arrive(&fused, way_of(i), i, 60);
    for (unsigned max = 1; max <= 2; max++) {
        const struct steered moved = steer(&fused, max);
        assert_int_equal(moved.frames, max);
        assert_false(moved.more);
    }
    expect_steered(&fused, 2, false);
    rig_close(&fused.rig);
}

// Of empty buffers the device hears when there are some. It always holds most of them.
static void the_device_never_lacks_buffers(void **state)
{
    (void)state;
    open_fused();
    struct sim_queue *rx = &fused.rig.sim.queues[RX];
    const unsigned before = rx->doorbells;
    for (uint32_t i = 0; i < 10 * SLOTS; i++) {
        arrive(&fused, way_of(i), i, 60);
        expect_steered(&fused, 1, false);
        (void)send_all(&fused);
        sim_fetch(&fused.rig.sim, RX);
        assert_in_range(rx->id_count, SLOTS - SLOTS / 8 + 1, SLOTS);
    }
    assert_int_equal(rx->doorbells - before, 80); // one for eight of them
    rig_close(&fused.rig);
}

// A device that sends in an order of its own gets its frames all the same.
static void sent_in_any_order(void **state)
{
    (void)state;
    open_fused();
    fused.rig.sim.shuffle = true;
    for (uint32_t round = 0; round < 2000; round++) {
        fused.rig.sim.shuffle = false; // it receives in order
        const unsigned burst = 1 + round % 16;
        for (unsigned i = 0; i < burst; i++)
            arrive(&fused, way_of(i), round, 60);
        fused.rig.sim.shuffle = true;
        for (unsigned left = burst; left > 0;) {
            const struct steered moved = steer(&fused, burst);
            assert_false(moved.more);
            left -= moved.frames;
        }
        assert_int_equal(send_all(&fused), burst);
        rig_audit(&fused.rig);
    }
    rig_close(&fused.rig);
}

// --- what is not for it --------------------------------------------------------------------------

// It stops at the first frame that is not for it, which the verbs then find.
static void stops_at(unsigned destination, uint32_t length)
{
    arrive(&fused, 0, 1, 60);
    arrive(&fused, 1, 2, LONGEST);
    arrive(&fused, destination, 3, length);
    arrive(&fused, 1, 4, 60);
    expect_steered(&fused, 2, true);
    expect_steered(&fused, 0, true);
    struct frame frame;
    assert_int_equal(driver->receive(rx_of(&fused), &frame, 1), 1);
    assert_int_equal(frame.length, length);
    assert_int_equal(packet_data(&fused.rig.area, frame.buffer, frame.offset)[NUMBER], 3);
    driver->refill(rx_of(&fused), &frame, 1);
    expect_steered(&fused, 1, false);
    ring_all(&fused);
    expect_sent(&fused, 0, 1, 60);
    expect_sent(&fused, 1, 2, LONGEST);
    expect_sent(&fused, 1, 4, 60);
    expect_nothing_sent(&fused);
    rig_audit(&fused.rig);
}

static void leaves_to_the_verbs(void **state)
{
    (void)state;
    open_fused();
    expect_steered(&fused, 0, false); // nothing is there
    stops_at(NOBODYS, 60);
    stops_at(BY_BOX, 60);
    stops_at(0, LONGEST + 1);
    fused.steering.tag = decisions_tag(&decisions, 2, 0); // nothing has been decided since
    arrive(&fused, 0, 1, 60);
    expect_steered(&fused, 0, true);
    fused.steering.tag = decisions_tag(&decisions, 1, 0);

    fused.rig.port.tx[0]->steers = 0; // a queue that nobody has opened
    expect_steered(&fused, 0, true);
    port_close(&fused.rig.port); // that closes the receive ring, too
    assert_int_equal(fused.rig.port.tx[0]->steers, 0);
    open_ways(&fused);
    expect_steered(&fused, 0, true);
    arrive(&fused, 1, 2, 60);
    expect_steered(&fused, 0, true);
    assert_int_equal(by_verbs(&fused, 1), 1); // opens it
    expect_steered(&fused, 1, false);
    rig_close(&fused.rig);
}

// A full ring stops it: nothing is lost, and what has room elsewhere waits behind.
static void a_full_ring(void **state)
{
    (void)state;
    open_fused();
    for (uint32_t i = 0; i < SLOTS; i++) {
        arrive(&fused, 1, i, 60);
        expect_steered(&fused, 1, false);
    }
    arrive(&fused, 0, 1000, 60);
    arrive(&fused, 1, 1001, 60);
    arrive(&fused, 0, 1002, 60);
    expect_steered(&fused, 1, true);
    expect_steered(&fused, 0, true);
    rig_audit(&fused.rig);
    ring_all(&fused);
    expect_steered(&fused, 0, true); // nothing was sent yet
    for (uint32_t i = 0; i < SLOTS; i++)
        expect_sent(&fused, 1, i, 60);
    assert_int_equal(sim_complete_on(&fused.rig.sim, tx_number[1], 1), 1);
    expect_steered(&fused, 2, false);
    ring_all(&fused);
    expect_sent(&fused, 0, 1000, 60);
    expect_sent(&fused, 0, 1002, 60);
    expect_sent(&fused, 1, 1001, 60);
    expect_nothing_sent(&fused);
    rig_close(&fused.rig);
}

static void a_dead_port_moves_nothing(void **state)
{
    (void)state;
    for (unsigned frames = 1; frames <= 2; frames++) {
        open_fused();
        for (unsigned i = 0; i < frames; i++)
            arrive(&fused, 1, i, 60);
        port_fail(&fused.rig.port, PORT_FAULT_NEEDS_RESET, 0);
        open_ways(&fused); // it would be wrong to
        expect_steered(&fused, 0, true);
        assert_int_equal(by_verbs(&fused, 32), 0);
        rig_expect_fault(&fused.rig, PORT_FAULT_NEEDS_RESET, 0);
    }
}

// Descriptors that the device changes behind our back change nothing: they are written, not read.
static void descriptors_are_not_believed(void **state)
{
    (void)state;
    open_fused();
    for (uint32_t round = 0; round < 30; round++) {
        for (uint32_t i = 0; i < 20; i++)
            arrive(&fused, way_of(i), i, 60);
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            split_of(rx_of(&fused))->descriptors[slot].address ^= round % 2 != 0 ? 0xDEAD0000 : 0;
            for (unsigned way = 0; way < WAYS; way++) {
                struct split_descriptor *sink =
                    &split_of(fused.rig.port.tx[way])->descriptors[slot];
                sink->address = 0xDEAD0000;
                sink->length = UINT32_MAX;
            }
        }
        unsigned moved = 0;
        while (moved < 20) {
            const struct steered some = steer(&fused, 32);
            assert_false(some.more);
            moved += some.frames;
        }
        for (unsigned slot = 0; slot < SLOTS; slot++) // back, but for those that were written
            split_of(rx_of(&fused))->descriptors[slot].address = packet_dma(
                &fused.rig.area, rx_of(&fused)->buffer_of[slot], FRAME_HEADROOM - HEADER);
        ring_all(&fused);
        for (uint32_t i = 0; i < 20; i++)
            expect_sent(&fused, way_of(i), i, 60);
        (void)send_all(&fused);
        rig_audit(&fused.rig);
    }
    rig_close(&fused.rig);
}

// --- two devices that say the same: one is steered as far as that goes, the other never ----------

static struct steered_device plain; // as fused, but by the verbs

// All that has arrived, in bursts.
static void take_all(struct steered_device *device, bool steering, unsigned burst)
{
    for (unsigned seen = 1; seen > 0;) {
        struct steered moved = {0, true};
        if (steering)
            moved = steer(device, burst);
        seen = moved.frames + (moved.more ? by_verbs(device, burst) : 0);
        (void)send_all(device);
    }
}

static uint32_t some_length(struct simvirtio *sim)
{
    static const uint32_t some[] = {0,
                                    HEADER,
                                    HEADER + FRAME_MIN - 1,
                                    HEADER + FRAME_MIN,
                                    HEADER + LONGEST,
                                    HEADER + LONGEST + 1,
                                    HEADER + RIG_CAPACITY,
                                    HEADER + RIG_CAPACITY + 1,
                                    UINT16_MAX + 1 + HEADER + 60,
                                    UINT32_MAX};
    return some[sim_random(sim) % (sizeof some / sizeof some[0])];
}

static void the_same_whatever_the_device_says(void **state)
{
    (void)state;
    open_fused();
    open_device(&plain);
    struct simvirtio *dice = &plain.rig.sim;
    for (unsigned round = 0; round < 4000; round++) {
        const bool lies = round % 4 == 0;
        for (unsigned count = sim_random(dice) % 32; count > 0; count--) {
            const uint32_t length = lies ? some_length(dice) : HEADER + 60 + sim_random(dice) % 4;
            const unsigned destination = sim_random(dice) % (lies ? WAYS + 1 : WAYS);
            finish(&fused, destination, length);
            finish(&plain, destination, length);
        }
        const unsigned burst = 1 + sim_random(dice) % 40;
        take_all(&fused, true, burst);
        take_all(&plain, false, burst);

        const struct split *rx = split_of(rx_of(&fused)), *other = split_of(rx_of(&plain));
        assert_int_equal(rx->used_seen, other->used_seen);
        assert_int_equal(rx->made_available, other->made_available);
        assert_int_equal(rx->made_available, rx->used_seen + SLOTS);
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            assert_int_equal(
                rx->descriptors[slot].address,
                packet_dma(&fused.rig.area, rx->queue.buffer_of[slot], FRAME_HEADROOM - HEADER));
            assert_int_equal(rx->descriptors[slot].length, other->descriptors[slot].length);
        }
        for (unsigned way = 0; way < WAYS; way++)
            assert_int_equal(split_of(fused.rig.port.tx[way])->made_available,
                             split_of(plain.rig.port.tx[way])->made_available);
        assert_memory_equal(fused.left, plain.left, sizeof fused.left);
        rig_audit(&fused.rig);
        assert_int_equal(fused.rig.port.state, PORT_RUNNING);
    }
    assert_true(fused.left[0] > 20000 && fused.left[1] > 20000);
    assert_true(steered > 40000);
    rig_close(&fused.rig);
    rig_close(&plain.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_cross),
        cmocka_unit_test(every_length_crosses),
        cmocka_unit_test(no_more_than_wanted),
        cmocka_unit_test(the_device_never_lacks_buffers),
        cmocka_unit_test(sent_in_any_order),
        cmocka_unit_test(leaves_to_the_verbs),
        cmocka_unit_test(a_full_ring),
        cmocka_unit_test(a_dead_port_moves_nothing),
        cmocka_unit_test(descriptors_are_not_believed),
        cmocka_unit_test(the_same_whatever_the_device_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
