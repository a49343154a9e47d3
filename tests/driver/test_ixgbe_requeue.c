// SPDX-License-Identifier: BSD-2-Clause
// One queue of an 82599 is turned off and on while the others go on; and a link that is held down.
// links: drivers/ixgbe/start.c drivers/ixgbe/steps.c drivers/ixgbe/stop.c
// links: drivers/ixgbe/describe.c drivers/ixgbe/device.c drivers/ixgbe/eeprom.c
// links: drivers/ixgbe/flow_control.c
// links: drivers/ixgbe/i2c.c drivers/ixgbe/interrupt.c drivers/ixgbe/led.c drivers/ixgbe/link.c
// links: drivers/ixgbe/model.c drivers/ixgbe/adopt.c drivers/ixgbe/parts.c drivers/ixgbe/port.c
// links: drivers/ixgbe/misdeeds.c
// links: drivers/ixgbe/probe.c
// links: drivers/ixgbe/receive.c drivers/ixgbe/reset.c drivers/ixgbe/ring_receive.c
// links: drivers/ixgbe/relay.c drivers/ixgbe/relay_avx2.c drivers/ixgbe/steer.c
// links: drivers/ixgbe/ring_transmit.c drivers/ixgbe/rss.c drivers/ixgbe/semaphore.c
// links: drivers/ixgbe/sfp.c drivers/ixgbe/sfp_setup.c drivers/ixgbe/stats.c
// links: drivers/ixgbe/transmit.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
// links: tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/regs.h"
#include "drivers/port_domain.h"
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 64, LINK_DOWN_US = 100000 };

static struct sim sim;

static void queue_frames(unsigned tx, unsigned count)
{
    uint8_t bytes[60] = {0};
    for (unsigned i = 0; i < count; i++)
        assert_true(ixgbe_driver.send_copy(sim.port.tx[tx], bytes, sizeof bytes));
}

static void requeue(struct queue *queue, bool transmit)
{
    const uint64_t before = env_time_us();
    assert_int_equal(ixgbe_driver.domain->requeue(queue, transmit), 0);
    assert_in_range(env_time_us() - before, 0, REQUEUE_WAIT_US);
    assert_string_equal(sim.card.violation, "");
    assert_true(sim_conserved(&sim));
}

// The same when all of the card is stopped, once.
static void a_stop(void **state)
{
    (void)state;
    sim_run(&sim, 1, SLOTS);
    for (unsigned round = 1; round <= 20; round++) {
        const uint64_t missed = sim.port.card_missed;
        sim_arrive(&sim, round);
        assert_int_equal(sim_forward(&sim, 0, 5), round < 5 ? round : 5);
        sim_stop(&sim);
        assert_int_equal(sim.port.card_missed - missed, round < 5 ? 0 : round - 5);
        sim_stop(&sim); // twice is no harm
        assert_int_equal(sim.port.card_missed - missed, round < 5 ? 0 : round - 5);
        assert_int_equal(sim_start(&sim), 0);
        sim_poll(&sim, SIM_LINK_POLLS);
    }
    assert_true(sim_conserved(&sim));
}

// What is in the ring is lost, and counted; more frames than the ring is long pass afterwards.
static void a_receive_queue(void **state)
{
    (void)state;
    sim_run(&sim, 1, SLOTS);
    const unsigned resets = sim.card.resets;
    for (unsigned round = 1; round <= 100; round++) {
        sim_arrive(&sim, round % 40);
        assert_int_equal(sim_forward(&sim, 0, 5), round % 40 < 5 ? round % 40 : 5);
        const uint64_t missed = sim.port.card_missed;
        requeue(sim.port.rx[0], false);
        assert_int_equal(sim.port.card_missed - missed, round % 40 < 5 ? 0 : round % 40 - 5);
        assert_int_equal(simcard_transmit(&sim.card), round % 40 < 5 ? round % 40 : 5);
        for (unsigned i = 0; i < 10; i++) {
            sim_arrive(&sim, 20);
            const unsigned moved = sim_forward(&sim, 0, 20);
            if (moved < 20) // the rest lies behind the ring's end
                assert_int_equal(moved + sim_forward(&sim, 0, 20), 20);
            assert_int_equal(simcard_transmit(&sim.card), 20);
        }
    }
    assert_int_equal(sim.card.resets, resets);
    assert_true(sim.port.link_up);
    assert_int_equal(sim.port.lost_in_restart, 0);
}

// Frames that the card has not sent are lost, and counted by its own head; those of another queue
// are sent.
static void a_transmit_queue(void **state)
{
    (void)state;
    sim_run(&sim, 2, SLOTS);
    for (unsigned round = 0; round < 100; round++) {
        queue_frames(0, round % 50);
        assert_int_equal(simcard_transmit(&sim.card), round % 50);
        queue_frames(0, 7);
        queue_frames(1, 3);
        const uint64_t lost = sim.port.lost_in_restart;
        requeue(sim.port.tx[0], true);
        assert_int_equal(sim.port.lost_in_restart - lost, 7);
        assert_int_equal(simcard_transmit(&sim.card), 3);
        queue_frames(0, SLOTS - 1);
        assert_int_equal(simcard_transmit(&sim.card), SLOTS - 1);
    }
    assert_true(sim.port.link_up);
}

// The tail register says more than the data path took over: those frames are not counted twice.
static void what_was_not_taken_over_is_not_lost(void **state)
{
    (void)state;
    sim_run(&sim, 1, SLOTS);
    queue_frames(0, 5);
    simcard_write(&sim.card, IXGBE_TDT(0), 9);
    requeue(sim.port.tx[0], true);
    assert_int_equal(sim.port.lost_in_restart, 5);
}

static void a_queue_that_does_not_follow(void **state)
{
    (void)state;
    sim_run(&sim, 1, SLOTS);
    for (unsigned transmit = 0; transmit < 2; transmit++) {
        sim.card.rx_queue_hangs = !transmit;
        sim.card.tx_queue_hangs = transmit;
        const uint64_t before = env_time_us();
        assert_int_equal(
            ixgbe_driver.domain->requeue(transmit ? sim.port.tx[0] : sim.port.rx[0], transmit),
            -ETIMEDOUT);
        assert_in_range(env_time_us() - before, 0, REQUEUE_WAIT_US);
    }
    sim.card.rx_queue_hangs = sim.card.tx_queue_hangs = false;
    sim_stop(&sim);
    assert_int_equal(sim_start(&sim), 0);
    assert_true(sim_conserved(&sim));
    sim.card.gone = true;
    assert_int_equal(ixgbe_driver.domain->requeue(sim.port.rx[0], false), -ENODEV);
}

static bool is_dark(void)
{
    return sim.registers[IXGBE_ESDP / 4] & IXGBE_ESDP_SDP3;
}

// The laser is dark and the link off for a tenth of a second; then all begins anew, with the
// module.
static void a_link_held_down(void **state)
{
    (void)state;
    sim_run(&sim, 1, SLOTS);
    sim_stop(&sim);
    const uint64_t began = env_time_us();
    int error;
    while ((error = ixgbe_driver.relink(&sim.port)) == -EINPROGRESS) {
        assert_true(is_dark());
        assert_int_equal(sim.registers[IXGBE_AUTOC2 / 4] & IXGBE_AUTOC2_DISABLE,
                         IXGBE_AUTOC2_DISABLE);
        assert_false(sim.env.bus_master);
    }
    assert_int_equal(error, 0);
    assert_in_range(env_time_us() - began, LINK_DOWN_US, LINK_DOWN_US + 1000);
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, 1);
    assert_true(is_dark()); // until the module has been read
    sim_poll(&sim, SIM_LINK_POLLS);
    assert_true(sim.port.link_up);
    assert_false(is_dark());
    assert_int_equal(sim.registers[IXGBE_AUTOC2 / 4] & IXGBE_AUTOC2_DISABLE, 0);
    assert_string_equal(sim.card.violation, "");

    // A restart without it leaves the module alone.
    sim_stop(&sim);
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, 2);
    assert_false(is_dark());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(a_receive_queue, sim_setup, sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(a_stop, sim_setup, sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(a_transmit_queue, sim_setup, sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(what_was_not_taken_over_is_not_lost, sim_setup,
                                                 sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(a_queue_that_does_not_follow, sim_setup,
                                                 sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(a_link_held_down, sim_setup, sim_teardown, &sim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
