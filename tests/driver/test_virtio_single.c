// SPDX-License-Identifier: BSD-2-Clause
// Frames that come alone, and doorbells that stand for several bursts: what exchange() and put(),
// relay(), enqueue() and ring() do to rings of each format, or what is done in their place.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/split.c drivers/virtio/describe.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: tests/driver/env_host.c tests/driver/simvirtio.c tests/driver/simvirtio_legacy.c
// links: tests/driver/simvirtio_ring.c tests/driver/simvirtio_control.c tests/driver/virtio_rig.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <string.h>

enum { RX, TX };

static struct rig rig;

static void one_arrives(uint32_t number)
{
    uint8_t frame[RIG_FRAME_MAX];
    assert_true(sim_receive(&rig.sim, frame, rig_frame(number, frame)));
}

// What the box sent is on the wire, in order, from number `first` on.
static void expect_sent(uint32_t first, unsigned count)
{
    uint8_t frame[RIG_FRAME_MAX], expected[RIG_FRAME_MAX];
    for (unsigned i = 0; i < count; i++) {
        const uint32_t length = rig_frame(first + i, expected);
        assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), length);
        assert_memory_equal(frame, expected, length);
    }
    assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 0);
}

// One by one, in bursts, and mixed, around rings of all sizes; the counters pass 16 bits.
static void every_way_around_every_ring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned slots = 1; slots <= 256; slots *= 4) {
            rig_open_as(&rig, i);
            for (unsigned q = RX; q <= TX; q++)
                rig.sim.queues[q].offered_size = rig.sim.queues[q].size =
                    (uint16_t)(slots * rig_formats[i].share);
            rig_begin(&rig, i);
            rig_pass(&rig, 0, slots == 256 ? 66000 : 2000, 1);
            for (uint32_t j = 0; j < 600; j++) {
                rig_way = (rig_way + 1) % RIG_WAYS;
                const unsigned burst = 1 + sim_random(&rig.sim) % 8;
                rig_pass(&rig, 10 * j, 1 + burst, burst < slots ? burst : slots);
            }
            rig_close(&rig);
        }
    }
}

static void a_device_may_leave_the_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.sim.shuffle = true;
        rig_begin(&rig, i);
        for (unsigned burst = 1; burst <= 8; burst *= 2)
            rig_pass(&rig, 0, 10000, burst);
        rig_close(&rig);
    }
}

static void a_full_ring_takes_no_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const unsigned slots = rig.port.tx[0]->slots;
        unsigned sent;
        for (unsigned j = 0; j < slots; j++) {
            one_arrives(j);
            assert_int_equal(rig_forward(&rig, 1, &sent), 1);
            assert_int_equal(sent, 1);
        }
        one_arrives(slots);
        assert_int_equal(rig_forward(&rig, 1, &sent), 1);
        assert_int_equal(sent, 0); // it keeps its buffer, which goes back
        rig_audit(&rig);
        expect_sent(0, slots);
        assert_int_equal(sim_complete(&rig.sim, 1), 1);
        one_arrives(slots + 1);
        assert_int_equal(rig_forward(&rig, 1, &sent), 1);
        assert_int_equal(sent, 1);
        expect_sent(slots + 1, 1);
        rig_close(&rig);
    }
}

// Of an empty buffer the device hears when there are some. It always holds most of them.
static void a_device_never_lacks_buffers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        struct sim_queue *rx = &rig.sim.queues[RX];
        const unsigned slots = rig.port.rx[0]->slots;
        unsigned sent;
        for (unsigned j = 0; j < 3 * slots; j++) {
            one_arrives(j);
            assert_int_equal(rig_forward(&rig, 1, &sent), 1);
            expect_sent(j, 1);
            assert_int_equal(sim_complete(&rig.sim, 1), 1);
            sim_fetch(&rig.sim, RX);
            assert_in_range(rx->id_count, slots - 15, slots);
        }
        if (i == RIG_SPLIT) // one doorbell for sixteen of them
            assert_int_equal(rx->doorbells, 1 + 3 * slots / 16);
        rig_close(&rig);
    }
}

// Frames of several bursts, and one doorbell. A transmit() in between rings for all.
static void a_doorbell_stands_for_several_bursts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        struct queue *rx = rig.port.rx[0], *tx = rig.port.tx[0];
        const struct sim_queue *sink = &rig.sim.queues[TX];
        struct frame frames[8], empty[8], unchanged[8];
        uint8_t wire[RIG_FRAME_MAX];
        if (driver->enqueue == NULL) {
            assert_null(driver->ring);
            rig_close(&rig);
            continue;
        }
        driver->ring(tx); // nothing to be heard of
        assert_int_equal(sim_send(&rig.sim, wire, sizeof wire), 0);
        for (uint32_t lap = 0; lap < 100; lap++) { // across the ring's end in every way
            const uint32_t first = lap * 24;
            const unsigned before = sink->doorbells;
            for (uint32_t burst = 0; burst < 3; burst++) {
                for (unsigned j = 0; j < 8; j++)
                    one_arrives(first + burst * 8 + j);
                unsigned got = driver->receive(rx, frames, 8);
                if (got < 8) { // a burst ends where the ring ends
                    driver->refill(rx, frames, 0);
                    got += driver->receive(rx, frames + got, 8 - got);
                }
                assert_int_equal(got, 8);
                memcpy(unchanged, frames, sizeof frames);
                if (burst == 2 && lap % 2 != 0) {
                    assert_int_equal(driver->transmit(tx, frames, 8), 8);
                    memcpy(empty, frames, sizeof frames);
                } else {
                    assert_int_equal(driver->enqueue(tx, frames, empty, 8), 8);
                    assert_memory_equal(frames, unchanged, sizeof frames);
                    assert_int_equal(sink->doorbells, before);
                    assert_int_equal(sim_send(&rig.sim, wire, sizeof wire), 0);
                }
                driver->refill(rx, empty, 8);
            }
            if (lap % 2 == 0)
                driver->ring(tx);
            assert_int_equal(sink->doorbells, before + 1);
            expect_sent(first, 24);
            assert_int_equal(sim_complete(&rig.sim, 24), 24);
            rig_audit(&rig);
        }
        rig_close(&rig);
    }
}

static void what_was_enqueued_is_not_lost_in_silence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        struct queue *tx = rig.port.tx[0];
        if (driver->enqueue != NULL) {
            struct frame frames[8], empty[8];
            for (unsigned j = 0; j < 8; j++)
                one_arrives(j);
            assert_int_equal(driver->receive(rig.port.rx[0], frames, 8), 8);
            assert_int_equal(driver->enqueue(tx, frames, empty, 8), 8);
            driver->refill(rig.port.rx[0], empty, 8);
            const unsigned doorbells = rig.sim.queues[TX].doorbells;
            port_fail(&rig.port, PORT_FAULT_NEEDS_RESET, 0);
            driver->ring(tx); // nobody is there to hear it
            assert_int_equal(rig.sim.queues[TX].doorbells, doorbells);
            assert_int_equal(driver->enqueue(tx, frames, empty, 1), 0);
            stop_now(&rig.port);
            assert_int_equal(rig.port.lost_in_restart, 8);
            rig_works(&rig, 1000);
        }
        rig_close(&rig);
    }
}

static void a_dead_port_moves_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        struct queue *rx = rig.port.rx[0], *tx = rig.port.tx[0];
        struct frame frame;
        rig_pass(&rig, 0, 100, 1);
        one_arrives(100);
        assert_int_equal(rx->receive(rx, &frame, 1), 1);
        one_arrives(101);
        port_fail(&rig.port, PORT_FAULT_NEEDS_RESET, 0);
        const unsigned doorbells = rig.sim.queues[RX].doorbells + rig.sim.queues[TX].doorbells;
        assert_int_equal(tx->exchange(tx, frame.buffer, frame.length), NO_BUFFER);
        rx->put(rx, frame.buffer); // but every buffer has its slot
        assert_int_equal(rx->receive(rx, &frame, 1), 0);
        assert_int_equal(rig.sim.queues[RX].doorbells + rig.sim.queues[TX].doorbells, doorbells);
        rig_expect_fault(&rig, PORT_FAULT_NEEDS_RESET, 0);
    }
}

// --- a device that lies about the only frame that waits ------------------------------------------

// A number of frames that cross one by one, so that the single verbs are at work when the lie
// comes, anywhere in the ring.
static const uint32_t before[] = {0, 1, 15, 16, 255, 256, 300};
enum { BEFORE = sizeof before / sizeof before[0] };

static void begin(unsigned format, uint32_t frames)
{
    rig_start_as(&rig, format);
    if (frames > 0)
        rig_pass(&rig, 0, frames, 1);
    sim_fetch(&rig.sim, RX);
}

// The device says that it used an id, and so many bytes of it; nothing is sent.
static void lie(uint32_t id, uint32_t length, unsigned frames)
{
    unsigned sent;
    sim_push_used(&rig.sim, RX, id, length);
    assert_int_equal(rig_forward(&rig, 1, &sent), frames);
    assert_int_equal(sent, 0);
}

static void an_id_outside_the_ring(void **state)
{
    (void)state;
    static const uint32_t ids[] = {256, 257, 32767, 65535, 65536, 0x80000000, 0xffffffff};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (size_t j = 0; j < sizeof ids / sizeof ids[0]; j++) {
            if (i == RIG_PACKED && ids[j] > UINT16_MAX)
                continue; // there are no such
            begin(i, before[j % BEFORE]);
            lie(ids[j], 100, 0);
            rig_expect_fault(&rig, PORT_FAULT_USED_ID, ids[j]);
        }
    }
}

static void an_id_that_comes_twice(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned j = 0; j < BEFORE; j++) {
            begin(i, before[j]);
            const uint16_t id = rig.sim.queues[RX].ids[0];
            unsigned sent;
            one_arrives(7);
            // It is taken, and its slot is empty when the device names it again.
            struct frame frame[2];
            struct queue *rx = rig.port.rx[0];
            assert_int_equal(rx->receive(rx, frame, 1), 1);
            sim_push_used(&rig.sim, RX, id, 100);
            assert_int_equal(rx->receive(rx, frame + 1, 1), 0);
            rx->put(rx, frame[0].buffer);
            assert_int_equal(rig_forward(&rig, 1, &sent), 0);
            rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, id);
        }
    }
}

static void lengths_that_cannot_be(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        const uint32_t header = rig_formats[i].header;
        const uint32_t lengths[] = {0,
                                    1,
                                    header,
                                    header + FRAME_MIN - 1,
                                    header + RIG_CAPACITY + 1,
                                    UINT16_MAX,
                                    0x80000000,
                                    UINT32_MAX - header,
                                    UINT32_MAX};
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            begin(i, before[j % BEFORE]);
            lie(rig.sim.queues[RX].ids[0], lengths[j], 1); // length 0, which is dropped
            assert_int_equal(rig.port.state, PORT_RUNNING);
            rig_audit(&rig);
            rig_works(&rig, 1000);
            rig_close(&rig);
        }
    }
}

// What waits is taken, in as many calls as it needs. Returns how many frames it was.
static unsigned take_all(void)
{
    unsigned taken = 0, sent;
    for (unsigned received; (received = rig_forward(&rig, 32, &sent)) != 0;)
        taken += received;
    return taken;
}

// A number of frames arrives together, and the device goes on with an id, and a length, of its own
// choice.
static void begin_lie(unsigned format, unsigned good, bool of_length)
{
    begin(format, before[good % BEFORE]);
    for (unsigned i = 0; i < good; i++)
        one_arrives(i);
    sim_push_used(&rig.sim, RX, of_length ? rig.sim.queues[RX].ids[0] : 1000, UINT32_MAX);
}

// Few frames are taken by ways of their own, and so is each that comes in front of a lie, in every
// place of a burst and in some of the ring.
static void a_lie_behind_good_frames(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned good = 1; good <= 9; good++) {
            begin_lie(i, good, true);
            assert_int_equal(take_all(), good + 1); // the last has length 0
            assert_int_equal(rig.port.state, PORT_RUNNING);
            rig_audit(&rig);
            rig_close(&rig);
            begin_lie(i, good, false);
            assert_int_equal(take_all(), good);
            rig_expect_fault(&rig, PORT_FAULT_USED_ID, 1000);
        }
    }
}

// The index says that more came than the device was given, by one and by many.
static void a_used_index_that_ran_ahead(void **state)
{
    (void)state;
    static const uint16_t further[] = {1, 2, 100, 30000};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        if (i == RIG_PACKED)
            continue; // there is no index
        for (unsigned j = 0; j < 4; j++) {
            begin(i, before[j]);
            const struct sim_queue *rx = &rig.sim.queues[RX];
            const uint16_t index = (uint16_t)(rx->used_index + rx->id_count + further[j]);
            unsigned sent;
            sim_set_used_index(&rig.sim, RX, index);
            assert_int_equal(rig_forward(&rig, 1, &sent), 0);
            rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, index);
        }
    }
}

// The device says that it sent what was enqueued, and what it was not told of.
static void sent_before_it_was_told(void **state)
{
    (void)state;
    rig_start_as(&rig, RIG_SPLIT);
    const struct port_driver *driver = rig.port.driver;
    struct queue *tx = rig.port.tx[0];
    struct frame frame, empty;
    one_arrives(1);
    assert_int_equal(driver->receive(rig.port.rx[0], &frame, 1), 1);
    assert_int_equal(driver->enqueue(tx, &frame, &empty, 1), 1);
    driver->refill(rig.port.rx[0], &empty, 1);
    sim_set_used_index(&rig.sim, TX, 1);
    assert_int_equal(driver->room(tx, 256), 0);
    rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_around_every_ring),
        cmocka_unit_test(a_device_may_leave_the_order),
        cmocka_unit_test(rig_every_length_crosses),
        cmocka_unit_test(a_full_ring_takes_no_more),
        cmocka_unit_test(a_device_never_lacks_buffers),
        cmocka_unit_test(a_doorbell_stands_for_several_bursts),
        cmocka_unit_test(what_was_enqueued_is_not_lost_in_silence),
        cmocka_unit_test(a_dead_port_moves_nothing),
        cmocka_unit_test(an_id_outside_the_ring),
        cmocka_unit_test(an_id_that_comes_twice),
        cmocka_unit_test(lengths_that_cannot_be),
        cmocka_unit_test(a_lie_behind_good_frames),
        cmocka_unit_test(a_used_index_that_ran_ahead),
        cmocka_unit_test(sent_before_it_was_told),
    };
    int failed = 0;
    for (unsigned way = RIG_SINGLE; way < RIG_WAYS; way++) {
        rig_way = way;
        failed += cmocka_run_group_tests_name(rig_ways[way], tests, NULL, NULL);
    }
    return failed;
}
