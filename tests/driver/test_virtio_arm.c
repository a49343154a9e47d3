// SPDX-License-Identifier: BSD-2-Clause
// Interrupts for frames on a virtio device: only while the port is armed, and no frame is missed.
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

enum { RX, TX };

static const struct port_driver *driver = &virtio_net_driver;
static struct rig rig;

static void one_frame_arrives(uint32_t number)
{
    uint8_t frame[RIG_FRAME_MAX];
    assert_true(sim_receive(&rig.sim, frame, rig_frame(number, frame)));
}

static void only_the_receive_queue_has_an_entry(void **state)
{
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig.sim.env.routed, 1 << 0);
    assert_int_equal(rig.sim.env.routed_frames, 1 << 1);
    assert_int_equal(rig.sim.queues[RX].vector, 1);
    assert_int_equal(rig.sim.queues[TX].vector, 0xffff);
    rig_close(&rig);
}

static void interrupts_only_while_armed(void **state)
{
    (void)state;
    rig_start(&rig);
    rig_pass(&rig, 0, 1000, 32);
    assert_int_equal(rig.sim.queues[RX].interrupts, 0);
    assert_true(driver->arm(&rig.port, true));
    one_frame_arrives(0);
    assert_int_equal(rig.sim.queues[RX].interrupts, 1);
    assert_false(driver->arm(&rig.port, false));
    one_frame_arrives(1);
    assert_int_equal(rig.sim.queues[RX].interrupts, 1);
    struct frame frames[4];
    assert_int_equal(driver->receive(rig.port.rx[0], frames, 4), 2);
    driver->refill(rig.port.rx[0], frames, 2);
    rig_pass(&rig, 2000, 1000, 32);
    assert_int_equal(rig.sim.queues[RX].interrupts, 1);
    rig_close(&rig);
}

// What came before arm() is silent, and found by the look that its contract asks for.
static void a_frame_before_arming_is_found_by_polling(void **state)
{
    (void)state;
    rig_start(&rig);
    one_frame_arrives(0);
    assert_true(driver->arm(&rig.port, true));
    assert_int_equal(rig.sim.queues[RX].interrupts, 0);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 32, &sent), 1);
    rig_close(&rig);
}

static void a_restart_disarms(void **state)
{
    (void)state;
    rig_start(&rig);
    assert_true(driver->arm(&rig.port, true));
    stop_now(&rig.port);
    assert_false(driver->arm(&rig.port, true)); // not running
    assert_int_equal(start_now(&rig.port), 0);
    one_frame_arrives(0);
    assert_int_equal(rig.sim.queues[RX].interrupts, 0);
    assert_true(driver->arm(&rig.port, true));
    one_frame_arrives(1);
    assert_int_equal(rig.sim.queues[RX].interrupts, 1);
    rig_close(&rig);
}

// One entry only, none at all, or a device that takes none: the port says that it must be polled.
static void says_no_without_a_vector(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        rig_open(&rig);
        rig.sim.env.vectors = i;
        if (i == 2) {
            rig.sim.env.vectors = 3;
            rig.sim.refuse_vector = true;
        }
        assert_int_equal(rig_probe(&rig), 0);
        assert_int_equal(start_now(&rig.port), 0);
        assert_false(driver->arm(&rig.port, true));
        rig_pass(&rig, 0, 100, 32); // and the device is not asked for what it cannot do
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_receive_queue_has_an_entry),
        cmocka_unit_test(interrupts_only_while_armed),
        cmocka_unit_test(a_frame_before_arming_is_found_by_polling),
        cmocka_unit_test(a_restart_disarms),
        cmocka_unit_test(says_no_without_a_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
