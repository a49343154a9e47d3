// SPDX-License-Identifier: BSD-2-Clause
// One queue of a virtio device is turned off and on while the other goes on, where the device
// offers RING_RESET. VIRTIO 1.2, 2.6.1.
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
#include "drivers/port_domain.h"
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define RING_RESET (1ULL << 40)

static const struct port_driver *driver = &virtio_net_driver;
static struct rig rig;

static void start(bool offered)
{
    rig_open(&rig);
    if (offered)
        rig.sim.offered |= RING_RESET;
    rig.port.in_a_domain = true;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), 0);
}

static void requeue(struct queue *queue, bool transmit)
{
    const uint64_t before = env_time_us();
    assert_int_equal(driver->domain->requeue(queue, transmit), 0);
    assert_in_range(env_time_us() - before, 0, REQUEUE_WAIT_US);
    rig_audit(&rig);
}

// Frames in the ring are lost, and counted; afterwards every frame passes, many laps long.
static void a_receive_queue(void **state)
{
    (void)state;
    start(true);
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 4 * round; i++)
            assert_true(sim_receive(&rig.sim, frame, rig_frame(i, frame)));
        sim_complete(&rig.sim, rig.sim.queues[1].sent);
        const uint64_t missed = rig.port.card_missed;
        requeue(rig.port.rx[0], false);
        assert_int_equal(rig.port.card_missed - missed, 4 * round);
        rig_pass(&rig, 1000 * round, 1000, 32);
    }
    assert_int_equal(rig.port.lost_in_restart, 0);
    rig_close(&rig);
}

// Not while a frame is on its way through the device: see drivers/virtio/README.md, What QEMU does.
static void a_transmit_queue(void **state)
{
    (void)state;
    start(true);
    uint8_t frame[RIG_FRAME_MAX] = {0};
    for (unsigned round = 0; round < 20; round++) {
        sim_complete(&rig.sim, rig.sim.queues[1].sent); // of the round before
        for (unsigned i = 0; i < 7; i++)
            assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
        for (unsigned i = 0; i < 7; i++)
            assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 60);
        assert_int_equal(sim_complete(&rig.sim, 6), 6);
        assert_int_equal(driver->domain->requeue(rig.port.tx[0], true), -EBUSY);
        assert_int_equal(driver->domain->requeue(rig.port.rx[0], false), -EBUSY);
        assert_int_equal(sim_complete(&rig.sim, 1), 1);
        requeue(rig.port.tx[0], true);
        rig_pass(&rig, 1000 * round, 1000, 32);
    }
    assert_int_equal(rig.port.card_missed + rig.port.lost_in_restart, 0);
    rig_close(&rig);
}

// Only for a domain, and only where it is offered.
static void only_with_ring_reset(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(driver->domain->requeue(rig.port.rx[0], false), -ENOTSUP);
    assert_int_equal(driver->domain->requeue(rig.port.tx[0], true), -ENOTSUP);
    rig_pass(&rig, 0, 1000, 32);
    rig_close(&rig);

    rig_open(&rig);
    rig.sim.offered |= RING_RESET;
    assert_int_equal(rig_probe(&rig), 0);
    assert_true((rig.sim.accepted & RING_RESET) == 0);
    rig_close(&rig);

    rig_open(&rig); // its structure is too short for the register
    rig.sim.offered |= RING_RESET;
    rig.sim.pci[SIM_CAP_COMMON + 12] = 0x38;
    rig.port.in_a_domain = true;
    assert_int_equal(rig_probe(&rig), 0);
    assert_true((rig.sim.accepted & RING_RESET) == 0);
    rig_close(&rig);
}

static void a_queue_that_does_not_follow(void **state)
{
    (void)state;
    start(true);
    rig.sim.stuck_queue_reset = true;
    const uint64_t before = env_time_us();
    assert_int_equal(driver->domain->requeue(rig.port.rx[0], false), -ETIMEDOUT);
    assert_in_range(env_time_us() - before, 0, REQUEUE_WAIT_US);
    rig.sim.stuck_queue_reset = false;
    rig_works(&rig, 300);
    sim_complete(&rig.sim, rig.sim.queues[1].sent);
    rig.sim.gone = true;
    assert_int_equal(driver->domain->requeue(rig.port.tx[0], true), -ENODEV);
    rig.sim.gone = false;
    rig_works(&rig, 300);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receive_queue),
        cmocka_unit_test(a_transmit_queue),
        cmocka_unit_test(only_with_ring_reset),
        cmocka_unit_test(a_queue_that_does_not_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
