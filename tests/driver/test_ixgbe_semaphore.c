// SPDX-License-Identifier: BSD-2-Clause
// What the 82599 driver shares with firmware and the other port: what was left locked by somebody
// who is gone is taken, what firmware has is not.
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
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/semaphore.h"
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sim sim;

#define assert_rules_kept() sim_assert_rules_kept(&sim)
#define assert_logged(text) sim_assert_logged(&sim, text)

static uint32_t registers(uint32_t offset)
{
    return sim.registers[offset / 4];
}

static void semaphore_left_taken_is_freed(void **state)
{
    (void)state;
    sim.card.swsm_left_taken = true;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    assert_logged("semaphore was left taken: SWSM 00000001h");
}

// Whoever waits for a resource finds a gate shut every now and then. That is no reason to force it:
// somebody passes it each time.
static void semaphore_taken_twice_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    struct ixgbe *card = sim.port.device;
    const uint64_t since = env_time_us();
    sim.registers[IXGBE_SW_FW_SYNC / 4] = IXGBE_SYNC_MAC_CSR;
    for (unsigned i = 0; i < 3; i++) {
        sim.registers[IXGBE_SWSM / 4] = IXGBE_SWSM_SMBI;
        assert_int_equal(ixgbe_try_lock(card, IXGBE_SYNC_MAC_CSR, since), -EINPROGRESS);
        assert_int_equal(registers(IXGBE_SWSM), IXGBE_SWSM_SMBI);
        sim.registers[IXGBE_SWSM / 4] = 0;
        assert_int_equal(ixgbe_try_lock(card, IXGBE_SYNC_MAC_CSR, since), -EINPROGRESS);
        host_clock_step(150000);
        env_time_us();
        host_clock_step(1);
    }
    assert_null(strstr(sim.env.log, "semaphore"));
}

// A boot ROM died with every software bit set. Those that are wanted are taken, after a second
// each; the other port's is left alone.
static void resources_left_taken_are_taken(void **state)
{
    (void)state;
    sim.registers[IXGBE_SW_FW_SYNC / 4] =
        IXGBE_SYNC_EEPROM | IXGBE_SYNC_PHY(0) | IXGBE_SYNC_PHY(1) | IXGBE_SYNC_MAC_CSR;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    assert_logged("waited 1000000 us for SW_FW_SYNC bit 1h: register is 0000000fh");
    assert_logged("a driver that is gone left it set, taking it");
    assert_logged("for SW_FW_SYNC bit 2h: register is 0000000eh");
    assert_int_equal(registers(IXGBE_SW_FW_SYNC), IXGBE_SYNC_PHY(1) | IXGBE_SYNC_MAC_CSR);
    sim.port.tx_queues = 1;
    sim_deal_buffers(&sim);
    assert_int_equal(sim_start(&sim), 0);
    for (unsigned i = 0; i < 4000; i++) {
        host_clock_step(1000);
        env_time_us();
        host_clock_step(1);
        sim_poll(&sim, 1);
    }
    assert_logged("for SW_FW_SYNC bit 8h: register is 0000000ch");
    assert_logged("module: 10GBASE-SR");
    assert_true(sim.port.link_up);
    assert_int_equal(registers(IXGBE_SW_FW_SYNC), IXGBE_SYNC_PHY(1));
    assert_rules_kept();
}

static void firmware_keeps_the_eeprom(void **state)
{
    (void)state;
    sim.card.firmware_holds = IXGBE_SYNC_EEPROM;
    sim.registers[IXGBE_SW_FW_SYNC / 4] = IXGBE_SYNC_EEPROM; // both: nobody can have done that
    assert_int_equal(ixgbe_driver.probe(&sim.port), -EBUSY);
    assert_logged("SW_FW_SYNC bit 1h: register is 00000021h");
    assert_false(sim.env.bus_master);
    assert_int_equal(sim.port.state, PORT_ABSENT);
    assert_logged("firmware has it, giving up");
    assert_int_equal(registers(IXGBE_SW_FW_SYNC), 0x21);
}

#define CASE(test) cmocka_unit_test_prestate_setup_teardown(test, sim_setup, sim_teardown, &sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(semaphore_left_taken_is_freed),
        CASE(semaphore_taken_twice_is_left_alone),
        CASE(resources_left_taken_are_taken),
        CASE(firmware_keeps_the_eeprom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
