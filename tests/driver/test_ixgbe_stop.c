// SPDX-License-Identifier: BSD-2-Clause
// An 82599 is stopped and started in many short calls: what it may do in between, and must not.
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
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 64, FORGET_US = 100, CALLS_MOST = 300 };

static struct sim sim;

static uint32_t registers(uint32_t offset)
{
    return sim.registers[offset / 4];
}

static int running(void **state)
{
    (void)state;
    sim_open(&sim);
    sim_run(&sim, 1, SLOTS);
    return 0;
}

static int closed(void **state)
{
    (void)state;
    sim_assert_rules_kept(&sim);
    assert_true(sim_conserved(&sim));
    sim_close(&sim);
    return 0;
}

// The data path finds nothing to do.
static void assert_closed(void)
{
    struct frame frames[8] = {{sim.port.tx[0]->buffer_of[0], FRAME_HEADROOM, 60}};
    uint8_t bytes[60] = {0};
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 8), 0);
    assert_int_equal(ixgbe_driver.room(sim.port.tx[0], 1), 0);
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], frames, 1), 0);
    assert_false(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    assert_false(ixgbe_driver.arm(&sim.port, true));
    ixgbe_driver.poll(&sim.port);
}

// Frames wait in the ring, and others arrive, while it is stopped: not one is handed out any more,
// all are counted, once.
static void test_nothing_passes_meanwhile(void **state)
{
    (void)state;
    const uint64_t missed = sim.port.card_missed;
    sim_arrive(&sim, 5);
    unsigned calls = 0;
    while (ixgbe_driver.stop(&sim.port) == -EINPROGRESS) {
        assert_int_equal(sim.port.state, PORT_STOPPING);
        assert_in_range(sim.port.poll_soon_us, 1, FORGET_US);
        assert_closed();
        assert_true(++calls < CALLS_MOST);
    }
    assert_true(calls > 4);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_int_equal(sim.port.poll_soon_us, 0);
    assert_int_equal(sim.port.card_missed - missed, 5);
    assert_int_equal(sim.port.fault, PORT_OK);
    assert_closed();
}

// 4.6.7.1.2, 4.6.8.1.2: what the queues were is forgotten 100 us after they are off; before that
// the units stay on. The card is asked to be called again when that is over.
static void test_forgetting_takes_its_time(void **state)
{
    (void)state;
    uint64_t off = 0;
    bool asked = false;
    while (ixgbe_driver.stop(&sim.port) == -EINPROGRESS) {
        const bool enabled = (registers(IXGBE_RXDCTL(0)) & IXGBE_RXDCTL_ENABLE) != 0 ||
                             (registers(IXGBE_TXDCTL(0)) & IXGBE_TXDCTL_ENABLE) != 0;
        const bool units = (registers(IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN) != 0 &&
                           (registers(IXGBE_DMATXCTL) & IXGBE_DMATXCTL_TE) != 0;
        if (enabled)
            off = env_time_us();
        else if (env_time_us() - off < FORGET_US / 2)
            assert_true(units);
        asked |= sim.port.poll_soon_us > PORT_PAUSE_US;
    }
    assert_true(off != 0 && env_time_us() - off >= FORGET_US);
    assert_true(asked);
    assert_int_equal(registers(IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN, 0);
}

// Pulled out between any two calls: the rest of it is over at once.
static void test_removed_meanwhile(void **state)
{
    (void)state;
    for (unsigned before = 1; before < 8; before++) {
        for (unsigned i = 0; i < before; i++)
            assert_int_equal(ixgbe_driver.stop(&sim.port), -EINPROGRESS);
        sim.card.gone = true;
        sim_stop(&sim);
        assert_int_equal(sim.port.state, PORT_STOPPED);
        assert_false(sim.env.bus_master);
        assert_true(sim_conserved(&sim));
        sim.card.gone = false;
        assert_int_equal(sim_start(&sim), 0);
        assert_int_equal(sim.port.fault, PORT_OK);
    }
}

// One that follows in nothing: all calls together take less than PORT_STOP_US, which sim_stop()
// looks at, and it is cut off.
static void test_never_follows(void **state)
{
    (void)state;
    sim.card.rx_queue_hangs = sim.card.tx_queue_hangs = sim.card.master_hangs = true;
    const uint64_t before = env_time_us();
    sim_stop(&sim);
    assert_true(env_time_us() - before > PORT_STOP_US / 4);
    assert_int_equal(sim.port.fault, PORT_FAULT_SILENT);
    assert_false(sim.env.bus_master);
    sim_assert_logged(&sim, "RXDCTL.ENABLE to clear");
    sim_assert_logged(&sim, "TXDCTL.ENABLE to clear");
    sim.card.rx_queue_hangs = sim.card.tx_queue_hangs = sim.card.master_hangs = false;
    assert_int_equal(sim_start(&sim), 0);
}

// Its buffers are cleared, and it is reset twice (5.2.5.3.2).
static void test_starts_although_it_is_never_quiet(void **state)
{
    (void)state;
    sim.card.master_hangs = true;
    sim_stop(&sim);
    const unsigned resets = sim.card.resets;
    assert_int_equal(sim_start(&sim), 0);
    assert_int_equal(sim.card.resets - resets, 2);
}

// Stopped after any number of calls of a start: a card that is no bus master, and works afterwards.
static void test_stopped_between_any_two_calls(void **state)
{
    (void)state;
    sim_stop(&sim);
    unsigned mastered = 0;
    for (unsigned calls = 1; calls < CALLS_MOST; calls++) {
        int error = -EINPROGRESS;
        for (unsigned i = 0; i < calls && error == -EINPROGRESS; i++) {
            error = ixgbe_driver.start(&sim.port);
            for (unsigned k = 0; k < 200; k++) // so that the reset is soon over
                env_time_us();
        }
        assert_true(error == 0 || error == -EINPROGRESS);
        mastered += error != 0 && sim.env.bus_master;
        sim_stop(&sim);
        assert_true(sim_conserved(&sim));
        sim_assert_rules_kept(&sim);
    }
    assert_true(mastered > 4); // it was tried in the middle of what follows the reset
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    sim_arrive(&sim, 5);
    assert_int_equal(sim_forward(&sim, 0, 32), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_passes_meanwhile, running, closed),
        cmocka_unit_test_setup_teardown(test_forgetting_takes_its_time, running, closed),
        cmocka_unit_test_setup_teardown(test_removed_meanwhile, running, closed),
        cmocka_unit_test_setup_teardown(test_never_follows, running, closed),
        cmocka_unit_test_setup_teardown(test_starts_although_it_is_never_quiet, running, closed),
        cmocka_unit_test_setup_teardown(test_stopped_between_any_two_calls, running, closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
