// SPDX-License-Identifier: BSD-2-Clause
// A receive ring of an 82599 is taken over from a data path that died during a refill.
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
#include "drivers/ixgbe/ring.h"
#include "drivers/port_domain.h"
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SLOTS = 64 };

static struct sim sim;

static int open_sim(void **state)
{
    sim_setup(state);
    sim_run(&sim, 1, SLOTS);
    return 0;
}

static struct frame taken[SLOTS];

static void take(unsigned count)
{
    sim_arrive(&sim, count);
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], taken, count), count);
}

static int adopt(uint64_t took, uint64_t put, uint32_t *more)
{
    return ixgbe_driver.domain->adopt(sim.port.rx[0], false, took, put, more);
}

// It died before the tail was written: what it had filled is to be filled again.
static void before_the_doorbell(void **state)
{
    (void)state;
    take(20);
    uint32_t more = 20;
    ixgbe_driver.refill(sim.port.rx[0], taken, 20); // fewer than a tail is written for
    assert_int_equal(adopt(20, 0, &more), 0);
    assert_int_equal(more, 0);
}

// It died after: all was given to the card, and none of it may be touched.
static void after_the_doorbell(void **state)
{
    (void)state;
    uint32_t more = 20;
    for (unsigned i = 0; i < 2; i++) {
        take(20);
        ixgbe_driver.refill(sim.port.rx[0], taken, 20);
    }
    assert_int_equal(adopt(40, 20, &more), 0);
    assert_int_equal(more, 20);
    assert_true(sim_conserved(&sim));
    for (unsigned i = 0; i < 15; i++) { // 24 slots are left in this lap; no burst passes its end
        take(i == 0 ? 24 : 16);
        ixgbe_driver.refill(sim.port.rx[0], taken, i == 0 ? 24 : 16);
    }
}

// A refill of more than the ring without the 32 that may be withheld looks alike before and after.
static void a_refill_that_could_be_either(void **state)
{
    (void)state;
    uint32_t more = 40;
    take(40);
    ixgbe_driver.refill(sim.port.rx[0], taken, 40);
    assert_int_equal(adopt(40, 0, &more), -EIO);
}

static void nothing_was_under_way(void **state)
{
    (void)state;
    uint32_t more = 0;
    take(40);
    ixgbe_driver.refill(sim.port.rx[0], taken, 40);
    assert_int_equal(adopt(40, 40, &more), 0);
    assert_int_equal(more, 0);
    assert_true(sim_conserved(&sim));
}

// A tail that belongs to neither.
static void a_tail_that_is_wrong(void **state)
{
    (void)state;
    uint32_t more = 20;
    take(20);
    simcard_write(&sim.card, IXGBE_RDT(0), 9);
    assert_int_equal(adopt(20, 0, &more), -EIO);
    simcard_write(&sim.card, IXGBE_RDT(0), SLOTS);
    assert_int_equal(adopt(20, 0, &more), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(before_the_doorbell, open_sim, sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(after_the_doorbell, open_sim, sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(a_refill_that_could_be_either, open_sim,
                                                 sim_teardown, &sim),
        cmocka_unit_test_prestate_setup_teardown(nothing_was_under_way, open_sim, sim_teardown,
                                                 &sim),
        cmocka_unit_test_prestate_setup_teardown(a_tail_that_is_wrong, open_sim, sim_teardown,
                                                 &sim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
