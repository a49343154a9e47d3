// SPDX-License-Identifier: BSD-2-Clause
// The control queue and several pairs of queues, for every format of rings.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
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

enum { CTRL_RX_CLASS = 0, CTRL_MQ_CLASS = 4 };

static struct rig rig;

static void every_frame_is_wanted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig_begin(&rig, i);
        assert_true(rig.sim.promiscuous);
        assert_true(rig.sim.all_multicast);
        stop_now(&rig.port);
        assert_false(rig.sim.promiscuous);
        rig_works(&rig, 100); // asks again
        assert_true(rig.sim.promiscuous);
        rig_close(&rig);
    }
}

static void nothing_is_asked_that_was_not_offered(void **state)
{
    (void)state;
    static const uint64_t without[] = {1 << 17, 1 << 18};
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        for (unsigned j = 0; j < 2; j++) {
            rig_open_as(&rig, i);
            rig.sim.offered &= ~without[j];
            rig_begin(&rig, i);
            assert_false(rig.sim.promiscuous);
            rig_pass(&rig, 0, 100, 32);
            rig_close(&rig);
        }
    }
}

static void a_made_up_address_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_open_as(&rig, i);
        rig.sim.offered |= 1 << 23;
        rig.sim.offered &= ~(1ULL << 5);
        rig_begin(&rig, i);
        assert_memory_equal(rig.sim.mac_set, rig.port.mac, 6);
        rig_close(&rig);
        rig_open_as(&rig, i); // it has one of its own
        rig.sim.offered |= 1 << 23;
        rig_begin(&rig, i);
        assert_memory_equal(rig.sim.mac_set, "\0\0\0\0\0\0", 6);
        rig_close(&rig);
    }
}

// A device that filters although it was asked not to still has a port.
static void a_refusal_is_logged(void **state)
{
    (void)state;
    rig_open_as(&rig, RIG_SPLIT);
    rig.sim.refused_class = CTRL_RX_CLASS;
    rig_begin(&rig, RIG_SPLIT);
    assert_true(host_logged(&rig.sim.env, "the device refuses a command: promiscuous mode"));
    assert_true(host_logged(&rig.sim.env, "the device refuses a command: all multicast"));
    rig_pass(&rig, 0, 100, 32);
    rig_close(&rig);
}

static void silence_is_waited_for_by_poll(void **state)
{
    (void)state;
    rig_open_as(&rig, RIG_SPLIT);
    rig.sim.mute = true;
    uint64_t before = env_time_us();
    rig_begin(&rig, RIG_SPLIT);
    assert_in_range(env_time_us() - before, 0, 10000);
    rig_pass(&rig, 0, 100, 32); // meanwhile
    host_clock_step(100000);
    for (unsigned i = 0; i < 30; i++)
        rig.port.driver->poll(&rig.port);
    host_clock_step(1);
    assert_true(host_logged(&rig.sim.env, "does not answer in 1 s: promiscuous mode"));
    assert_int_equal(rig.port.state, PORT_RUNNING);
    rig.sim.mute = false;
    rig_works(&rig, 100);
    rig_close(&rig);
}

static void open_pairs(unsigned format, uint16_t offered, uint16_t wanted)
{
    rig_open_as(&rig, format);
    sim_offer_pairs(&rig.sim, offered);
    rig.port.tx_wanted = wanted;
}

// Each of two pairs carries frames; buffer_of of the second pair is dealt here, as buffers.c would.
static void two_pairs(void **state)
{
    (void)state;
    uint8_t in[RIG_FRAME_MAX], out[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        open_pairs(i, 2, 5);
        rig_begin(&rig, i);
        assert_int_equal(rig.port.rx_queues, 2);
        assert_int_equal(rig.port.tx_queues, 2);
        assert_int_equal(rig.sim.pairs, 2);
        const struct port_driver *driver = rig.port.driver;
        for (unsigned pair = 0; pair < 2; pair++) {
            for (uint32_t number = 0; number < 700; number++) {
                const uint32_t length = rig_frame(number, in);
                struct frame frame;
                assert_true(sim_receive_on(&rig.sim, 2 * pair, in, length));
                assert_int_equal(driver->receive(rig.port.rx[pair], &frame, 1), 1);
                assert_int_equal(driver->transmit(rig.port.tx[pair], &frame, 1), 1);
                driver->refill(rig.port.rx[pair], &frame, 1);
                assert_int_equal(sim_send_from(&rig.sim, 2 * pair + 1, out, sizeof out), length);
                assert_memory_equal(in, out, length);
                assert_int_equal(sim_complete_on(&rig.sim, 2 * pair + 1, 1), 1);
            }
        }
        assert_true(driver->arm(&rig.port, true));
        assert_true(sim_receive_on(&rig.sim, 2, in, 60));
        assert_int_equal(rig.sim.queues[2].interrupts, 1); // the second pair's wake the box too
        rig_close(&rig);
    }
}

static void as_many_pairs_as_are_wanted(void **state)
{
    (void)state;
    static const struct {
        uint16_t offered, wanted, used;
    } cases[] = {{2, 0, 1}, {2, 1, 1}, {2, 2, 2}, {1, 8, 1}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_pairs(RIG_SPLIT, cases[i].offered, cases[i].wanted);
        // 5.1.2: without MQ the control queue follows the first pair.
        if (cases[i].used == 1)
            rig.sim.control = 2;
        rig_begin(&rig, RIG_SPLIT);
        assert_int_equal(rig.port.tx_queues, cases[i].used);
        assert_int_equal(rig.sim.accepted >> 22 & 1, cases[i].used > 1);
        rig_pass(&rig, 0, 100, 32);
        rig_close(&rig);
    }
}

static void a_number_of_pairs_that_cannot_be(void **state)
{
    (void)state;
    static const uint16_t numbers[] = {0, 0x8001, 0xffff};
    for (unsigned i = 0; i < 3; i++) {
        open_pairs(RIG_SPLIT, 2, 2);
        memcpy(rig.sim.config + 8, &numbers[i], 2);
        rig.sim.control = 2;
        rig_begin(&rig, RIG_SPLIT);
        assert_true(host_logged(&rig.sim.env, "expected 1 to 32768"));
        assert_int_equal(rig.port.tx_queues, 1);
        rig_close(&rig);
    }
    open_pairs(RIG_SPLIT, 2, 2);
    rig.sim.num_queues = 2; // no room for the second pair, nor for the control queue
    assert_int_equal(rig_probe(&rig), -ENODEV);
    assert_true(host_logged(&rig.sim.env, "num_queues is 2, expected at least 5"));
    rig_close(&rig);
}

// The control queue would be number 2 * pairs, which in 16 bits is a receive queue. One pair works
// all the same.
static void more_pairs_than_numbers(void **state)
{
    (void)state;
    static const uint16_t pairs = 0x8000;
    static const unsigned formats[] = {RIG_SPLIT, RIG_LEGACY};
    for (unsigned i = 0; i < 2; i++) {
        open_pairs(formats[i], 2, 2);
        memcpy(rig.sim.config + 8, &pairs, 2);
        rig.sim.num_queues = 4;
        rig.sim.control = 2;
        rig_begin(&rig, formats[i]);
        assert_true(host_logged(&rig.sim.env, "is 32768, and no number is left for the control"));
        assert_int_equal(rig.port.tx_queues, 1);
        rig_pass(&rig, 0, 100, 32);
        rig_close(&rig);
    }
}

// Without that answer the second pair would be a hole.
static void the_number_of_pairs_must_be_taken(void **state)
{
    (void)state;
    open_pairs(RIG_SPLIT, 2, 2);
    rig.sim.refused_class = CTRL_MQ_CLASS;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), -EIO);
    assert_true(host_logged(&rig.sim.env, "refuses a command: the number of queue pairs"));
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_false(rig.sim.env.bus_master);
    rig.sim.refused_class = 0xff;
    rig.sim.mute = true;
    assert_int_equal(start_now(&rig.port), 0);
    host_clock_step(100000);
    for (unsigned i = 0; i < 30; i++)
        rig.port.driver->poll(&rig.port);
    host_clock_step(1);
    assert_int_equal(rig.port.state, PORT_FAULTED);
    assert_int_equal(rig.port.fault, PORT_FAULT_SILENT);
    rig.sim.mute = false;
    rig_works(&rig, 100);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_wanted),
        cmocka_unit_test(nothing_is_asked_that_was_not_offered),
        cmocka_unit_test(a_made_up_address_is_told),
        cmocka_unit_test(a_refusal_is_logged),
        cmocka_unit_test(silence_is_waited_for_by_poll),
        cmocka_unit_test(two_pairs),
        cmocka_unit_test(as_many_pairs_as_are_wanted),
        cmocka_unit_test(a_number_of_pairs_that_cannot_be),
        cmocka_unit_test(more_pairs_than_numbers),
        cmocka_unit_test(the_number_of_pairs_must_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
