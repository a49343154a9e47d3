// SPDX-License-Identifier: BSD-2-Clause
// What holds for every format of rings: split, packed, and those of a legacy device, with header
// and frame in one descriptor or in two. The device is honest, and strict.
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
#include <errno.h>
#include <string.h>

static struct rig rig;

static void rings_follow_the_device(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned size = rig_formats[i].share; size <= 32768; size *= 2) {
            rig_open_as(&rig, i);
            rig.sim.queues[0].offered_size = rig.sim.queues[0].size = (uint16_t)size;
            rig.sim.queues[1].offered_size = rig.sim.queues[1].size = 64;
            rig_begin(&rig, i);
            unsigned slots = size / rig_formats[i].share;
            assert_int_equal(rig.port.rx[0]->slots, slots < 1024 ? slots : 1024);
            assert_int_equal(rig.port.tx[0]->slots, 64 / rig_formats[i].share);
            rig_pass(&rig, 0, 2000, 32);
            rig_close(&rig);
        }
    }
}

static void rings_follow_the_configuration(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.port.ring_slots = 100;
        rig_begin(&rig, i);
        assert_int_equal(rig.port.rx[0]->slots, 64);
        rig_pass(&rig, 0, 2000, 32);
        rig_close(&rig);
    }
}

// Counters, indices and wrap bits pass their ends several times.
static void counters_wrap(void **state)
{
    (void)state;
    static const unsigned bursts[] = {1, 7, 32, BURST_MAX};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        for (unsigned j = 0; j < 4; j++)
            rig_pass(&rig, 0, 40000, bursts[j]);
        rig_close(&rig);
    }
}

static void completion_in_any_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.sim.shuffle = true;
        rig_begin(&rig, i);
        rig_pass(&rig, 0, 70000, 32);
        rig_close(&rig);
    }
}

static void a_full_ring_takes_no_more(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX] = {0};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        struct queue *tx = rig.port.tx[0];
        assert_int_equal(driver->room(tx, BURST_MAX), tx->slots);
        for (uint32_t j = 0; j < tx->slots; j++)
            assert_true(driver->send_copy(tx, frame, rig_frame(j, frame)));
        assert_false(driver->send_copy(tx, frame, 60));
        assert_int_equal(driver->room(tx, BURST_MAX), 0);
        assert_int_equal(driver->transmit(tx, &(struct frame){0, FRAME_HEADROOM, 60}, 1), 0);
        for (unsigned j = 0; j < 3; j++)
            assert_int_not_equal(sim_send(&rig.sim, frame, sizeof frame), 0);
        assert_int_equal(sim_complete(&rig.sim, 3), 3);
        assert_int_equal(driver->room(tx, 2), 2);
        assert_int_equal(driver->room(tx, BURST_MAX), 3);
        assert_false(driver->send_copy(tx, frame, FRAME_MIN - 1));
        assert_false(driver->send_copy(tx, frame, rig.port.max_frame + 1u));
        assert_true(driver->send_copy(tx, frame, rig.port.max_frame));
        rig_close(&rig);
    }
}

static void a_shifted_frame_leaves_from_where_it_is(void **state)
{
    (void)state;
    uint8_t in[RIG_FRAME_MAX], out[RIG_FRAME_MAX];
    static const uint16_t offsets[] = {12, 60, 68, 100};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        uint32_t length = rig_frame(5, in);
        for (unsigned j = 0; j < 4; j++) {
            assert_true(sim_receive(&rig.sim, in, length));
            struct frame frame;
            assert_int_equal(driver->receive(rig.port.rx[0], &frame, 1), 1);
            frame.offset = offsets[j];
            memcpy(packet_data(&rig.area, frame.buffer, frame.offset), in, length);
            assert_int_equal(driver->transmit(rig.port.tx[0], &frame, 1), 1);
            driver->refill(rig.port.rx[0], &frame, 1);
            assert_int_equal(sim_send(&rig.sim, out, sizeof out), length);
            assert_memory_equal(in, out, length);
        }
        rig_close(&rig);
    }
}

static void one_doorbell_a_burst(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        struct sim_queue *queues = rig.sim.queues;
        assert_int_equal(queues[0].doorbells, 1); // start() offers the buffers
        unsigned sent;
        for (unsigned j = 0; j < 32; j++)
            assert_true(sim_receive(&rig.sim, frame, rig_frame(j, frame)));
        rig_forward(&rig, 32, &sent);
        assert_int_equal(queues[0].doorbells, 2);
        assert_int_equal(queues[1].doorbells, 1);
        rig_forward(&rig, 32, &sent); // nothing there: nothing to say
        assert_int_equal(queues[0].doorbells, 2);
        // Not when the device does not want it.
        rig.sim.no_notify = true;
        sim_fetch(&rig.sim, 0);
        sim_fetch(&rig.sim, 1);
        assert_true(sim_receive(&rig.sim, frame, rig_frame(0, frame)));
        rig_forward(&rig, 32, &sent);
        assert_int_equal(sent, 1);
        assert_int_equal(queues[0].doorbells, 2);
        assert_int_equal(queues[1].doorbells, 1);
        rig_close(&rig);
    }
}

// A device that asked for no doorbells and then sleeps all the same is woken by the second poll
// that finds it where it was.
static void a_sleeping_device_is_woken(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX] = {0};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        const struct sim_queue *tx = &rig.sim.queues[1];
        rig.sim.no_notify = true;
        sim_fetch(&rig.sim, 1);
        driver->poll(&rig.port);
        assert_int_equal(tx->doorbells, 0); // there is nothing to send
        assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
        assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
        driver->poll(&rig.port);
        driver->poll(&rig.port);
        assert_int_not_equal(tx->doorbells, 0);
        assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 60);
        assert_int_equal(sim_complete(&rig.sim, 1), 1);
        const unsigned doorbells = tx->doorbells;
        driver->poll(&rig.port); // it moved
        assert_int_equal(tx->doorbells, doorbells);
        assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 60);
        assert_int_equal(sim_complete(&rig.sim, 1), 1);
        for (unsigned j = 0; j < 5; j++)
            driver->poll(&rig.port); // all is sent
        assert_int_equal(tx->doorbells, doorbells);
        rig_close(&rig);
    }
}

static void link_and_mac_are_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned vectors = 0; vectors < 4; vectors += 3) {
            rig_open_as(&rig, i);
            rig.sim.env.vectors = vectors;
            rig_begin(&rig, i);
            assert_memory_equal(rig.port.mac, "\x52\x54\x00\x12\x34\x56", 6);
            assert_int_equal(rig.sim.config_vector, vectors == 0 ? 0xffff : 0);
            assert_true(rig.port.link_up);
            rig.sim.config[6] = 0;
            rig.port.driver->poll(&rig.port);
            assert_false(rig.port.link_up);
            rig.sim.config[6] = 1;
            rig.port.driver->poll(&rig.port);
            assert_true(rig.port.link_up);
            rig_close(&rig);
        }
    }
}

static void interrupts_only_while_armed(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        const struct sim_queue *rx = &rig.sim.queues[0];
        assert_int_equal(rx->vector, 1);
        assert_int_equal(rig.sim.queues[1].vector, 0xffff);
        rig_pass(&rig, 0, 1000, 32);
        assert_int_equal(rx->interrupts, 0);
        assert_true(driver->arm(&rig.port, true));
        assert_true(sim_receive(&rig.sim, frame, rig_frame(0, frame)));
        assert_int_equal(rx->interrupts, 1);
        assert_false(driver->arm(&rig.port, false));
        assert_true(sim_receive(&rig.sim, frame, rig_frame(1, frame)));
        assert_int_equal(rx->interrupts, 1);
        assert_true(driver->arm(&rig.port, true));
        stop_now(&rig.port);
        assert_false(driver->arm(&rig.port, true));
        rig_works(&rig, 300); // a restart disarms
        assert_int_equal(rx->interrupts, 1);
        rig_close(&rig);

        rig_open_as(&rig, i);
        rig.sim.refuse_vector = true;
        rig_begin(&rig, i);
        assert_false(driver->arm(&rig.port, true));
        rig_pass(&rig, 0, 100, 32);
        rig_close(&rig);
    }
}

static void restarts_at_any_moment(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.sim.reset_reads = 3; // a reset that takes its time
        rig_begin(&rig, i);
        for (unsigned round = 0; round < 50; round++) {
            // Some frames are received and not taken, some are queued and not sent.
            for (unsigned j = 0; j < 5 * round; j++)
                sim_receive(&rig.sim, frame, rig_frame(j, frame));
            unsigned sent;
            rig_forward(&rig, round + 1, &sent);
            sim_send(&rig.sim, frame, sizeof frame);
            const struct port_driver *driver = rig.port.driver;
            stop_now(&rig.port);
            assert_int_equal(rig.sim.status, 0);
            assert_false(rig.sim.env.bus_master);
            assert_int_equal(driver->receive(rig.port.rx[0], &(struct frame){0}, 1), 0);
            assert_int_equal(driver->transmit(rig.port.tx[0], &(struct frame){0, 64, 60}, 1), 0);
            driver->poll(&rig.port); // does nothing to a stopped port
            assert_int_equal(rig.port.state, PORT_STOPPED);
            rig_audit(&rig);
            stop_now(&rig.port); // twice is no harm
            rig_works(&rig, 300);
        }
        rig_close(&rig);
    }
}

static void counts_frames_lost_in_a_restart(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX] = {0};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        const struct port_driver *driver = rig.port.driver;
        for (unsigned j = 0; j < 7; j++)
            assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
        for (unsigned j = 0; j < 3; j++)
            assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 60);
        assert_int_equal(sim_complete(&rig.sim, 2), 2); // the driver did not look
        stop_now(&rig.port);
        assert_int_equal(rig.port.lost_in_restart, 5);
        stop_now(&rig.port);
        assert_int_equal(rig.port.lost_in_restart, 5);
        rig_works(&rig, 300);
        rig_close(&rig);
    }
}

// In a receive ring, of which some were taken, at any place of the ring and once.
static void counts_frames_that_nobody_took(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.sim.shuffle = i % 2 == 1;
        rig_begin(&rig, i);
        for (unsigned round = 0; round < 25; round++) {
            const uint64_t missed = rig.port.card_missed;
            rig_pass(&rig, 0, 37 * round, 32);
            for (unsigned j = 0; j < 5 * round; j++)
                assert_true(sim_receive(&rig.sim, frame, rig_frame(j, frame)));
            unsigned sent;
            const unsigned taken = rig_forward(&rig, round, &sent);
            assert_int_equal(taken, round < BURST_MAX ? round : BURST_MAX);
            stop_now(&rig.port);
            assert_int_equal(rig.port.card_missed - missed, 5 * round - taken);
            stop_now(&rig.port); // twice is no harm
            assert_int_equal(rig.port.card_missed - missed, 5 * round - taken);
            assert_int_equal(start_now(&rig.port), 0);
        }
        rig_works(&rig, 300);
        rig_close(&rig);
    }
}

static void buffers_that_do_not_come_back(void **state)
{
    (void)state;
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        rig_pass(&rig, 0, 100, 32);
        const struct port_driver *driver = rig.port.driver;
        struct frame frames[8];
        for (unsigned j = 0; j < 8; j++)
            assert_true(sim_receive(&rig.sim, frame, rig_frame(j, frame)));
        assert_int_equal(driver->receive(rig.port.rx[0], frames, 8), 8);
        port_fail(&rig.port, PORT_FAULT_BAD_BUFFER, 0x12345678);
        driver->refill(rig.port.rx[0], frames, 3);
        stop_now(&rig.port);
        assert_int_equal(start_now(&rig.port), -EINVAL);
        unsigned kept = 3;
        for (uint32_t slot = 0; slot < rig.port.rx[0]->slots; slot++)
            if (rig.port.rx[0]->buffer_of[slot] == NO_BUFFER)
                rig.port.rx[0]->buffer_of[slot] = frames[kept++].buffer;
        assert_int_equal(kept, 8);
        rig_works(&rig, 300);
        rig_close(&rig);
    }
}

static void memory_may_run_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned allowed = 0;; allowed++) {
            rig_open_as(&rig, i);
            rig.sim.env.allocations_allowed = allowed;
            int error = rig_probe(&rig);
            if (error != 0) {
                assert_int_equal(error, -ENOMEM);
                assert_int_equal(rig.port.state, PORT_ABSENT);
                assert_int_equal(rig.sim.status, 0);
            }
            rig_close(&rig);
            if (error == 0)
                break;
            assert_in_range(allowed, 0, 30);
        }
    }
}

static void describes_itself(void **state)
{
    (void)state;
    static const char *const says[] = {"    split, 256 slots", "    packed, 256 slots",
                                       "    legacy, 256 slots", "    legacy, 128 slots"};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        rig_pass(&rig, 0, 300, 32);
        rig.port.driver->describe(&rig.port);
        if (strstr(rig.sim.env.printed, says[i]) == NULL)
            fail_msg("%s: printed:\n%s", rig_formats[i].name, rig.sim.env.printed);
        assert_non_null(strstr(rig.sim.env.printed, "    2 commands, 2 answered"));
        rig_pass(&rig, 300, 300, 32);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_follow_the_device),
        cmocka_unit_test(rings_follow_the_configuration),
        cmocka_unit_test(rig_every_length_crosses),
        cmocka_unit_test(counters_wrap),
        cmocka_unit_test(completion_in_any_order),
        cmocka_unit_test(a_full_ring_takes_no_more),
        cmocka_unit_test(a_shifted_frame_leaves_from_where_it_is),
        cmocka_unit_test(one_doorbell_a_burst),
        cmocka_unit_test(a_sleeping_device_is_woken),
        cmocka_unit_test(link_and_mac_are_read),
        cmocka_unit_test(interrupts_only_while_armed),
        cmocka_unit_test(restarts_at_any_moment),
        cmocka_unit_test(counts_frames_lost_in_a_restart),
        cmocka_unit_test(counts_frames_that_nobody_took),
        cmocka_unit_test(buffers_that_do_not_come_back),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
