// SPDX-License-Identifier: BSD-2-Clause
// Interrupts for frames on the simulated 82599: only while the port is armed, and none is missed.
// links: drivers/ixgbe/start.c drivers/ixgbe/steps.c drivers/ixgbe/stop.c
// links: drivers/ixgbe/describe.c drivers/ixgbe/device.c drivers/ixgbe/eeprom.c
// links: drivers/ixgbe/flow_control.c drivers/ixgbe/i2c.c drivers/ixgbe/interrupt.c
// links: drivers/ixgbe/led.c drivers/ixgbe/link.c drivers/ixgbe/model.c drivers/ixgbe/adopt.c
// links: drivers/ixgbe/misdeeds.c
// links: drivers/ixgbe/parts.c drivers/ixgbe/port.c
// links: drivers/ixgbe/probe.c drivers/ixgbe/receive.c drivers/ixgbe/reset.c
// links: drivers/ixgbe/relay.c drivers/ixgbe/relay_avx2.c drivers/ixgbe/steer.c
// links: drivers/ixgbe/ring_receive.c drivers/ixgbe/ring_transmit.c drivers/ixgbe/rss.c
// links: drivers/ixgbe/semaphore.c drivers/ixgbe/sfp.c drivers/ixgbe/sfp_setup.c
// links: drivers/ixgbe/stats.c drivers/ixgbe/transmit.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
// links: tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/regs.h"
#include "tests/driver/sim_ixgbe.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sim sim;

static int open_sim(void **state)
{
    (void)state;
    sim_open(&sim);
    sim.env.vectors = 64;
    return 0;
}

static int close_sim(void **state)
{
    (void)state;
    assert_string_equal(sim.card.violation, "");
    sim_close(&sim);
    return 0;
}

static uint32_t registers(uint32_t offset)
{
    return sim.registers[offset / 4];
}

// A UDP frame from a host whose number decides the receive queue.
static void frame_arrives(unsigned host)
{
    uint8_t frame[60] = {[12] = 8, [14] = 0x45, [17] = 46, [23] = 17, [26] = 10, [30] = 10};
    frame[29] = (uint8_t)host;
    frame[33] = (uint8_t)(host >> 8);
    assert_true(simcard_receive(&sim.card, frame, sizeof frame));
}

static unsigned receive_messages(void)
{
    unsigned sum = 0;
    for (unsigned entry = 1; entry < SIMCARD_VECTORS; entry++)
        sum += sim.card.messages[entry];
    return sum;
}

static void entries_of_their_own(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    assert_int_equal(sim.env.routed, 1 << 0);
    assert_int_equal(sim.env.routed_frames, 1 << 1);
    assert_int_equal(registers(IXGBE_IVAR(0)), 0x81);
    assert_int_equal(registers(IXGBE_IVAR_MISC), 0x8000);
    assert_int_equal(registers(IXGBE_EIAC), 1 << 1);
    assert_int_equal(registers(IXGBE_EIMS), IXGBE_EICR_LSC);
}

static void interrupts_only_while_armed(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    for (unsigned i = 0; i < 50; i++)
        frame_arrives(i);
    assert_int_equal(sim_forward(&sim, 0, 64), 50);
    assert_int_equal(receive_messages(), 0);
    // What was polled for does not interrupt now.
    assert_true(ixgbe_driver.arm(&sim.port, true));
    assert_int_equal(receive_messages(), 0);
    frame_arrives(0);
    assert_int_equal(sim.card.messages[1], 1);
    frame_arrives(1); // its cause was taken back by the message
    assert_int_equal(sim.card.messages[1], 2);
    assert_false(ixgbe_driver.arm(&sim.port, false));
    frame_arrives(2);
    assert_int_equal(receive_messages(), 2);
    assert_int_equal(registers(IXGBE_EIMS), IXGBE_EICR_LSC); // the link's is as it was
}

// The last look of whoever arms finds what came before, and the registers have been read since the
// mask was written: nothing can fall between.
static void arming_ends_with_a_read(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    frame_arrives(0);
    const uint64_t reads = sim.card.reads;
    assert_true(ixgbe_driver.arm(&sim.port, true));
    assert_int_equal(sim.card.reads, reads + 1);
    assert_int_equal(receive_messages(), 0);
    assert_int_equal(sim_forward(&sim, 0, 64), 1);
}

static void every_queue_interrupts(void **state)
{
    (void)state;
    static const unsigned queues[] = {2, 5, 16};
    for (unsigned i = 0; i < 3; i++) {
        const unsigned vectors = queues[i] < 15 ? queues[i] : 15;
        sim.port.rx_wanted = (uint16_t)queues[i];
        sim_run(&sim, 1, 512);
        assert_int_equal(sim.env.routed_frames, ((1u << vectors) - 1) << 1);
        assert_true(ixgbe_driver.arm(&sim.port, true));
        for (unsigned host = 0; host < 400; host++)
            frame_arrives(host);
        assert_int_equal(receive_messages(), 400);
        for (unsigned entry = 1; entry <= vectors; entry++)
            assert_int_not_equal(sim.card.messages[entry], 0);
        close_sim(NULL);
        open_sim(NULL);
    }
}

static void a_restart_disarms(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    assert_true(ixgbe_driver.arm(&sim.port, true));
    sim_stop(&sim);
    assert_false(ixgbe_driver.arm(&sim.port, true)); // not running
    assert_int_equal(registers(IXGBE_EIMS), 0);
    assert_int_equal(sim_start(&sim), 0);
    frame_arrives(0);
    assert_int_equal(receive_messages(), 0);
    assert_true(ixgbe_driver.arm(&sim.port, true));
    frame_arrives(1);
    assert_int_equal(receive_messages(), 1);
}

// With one entry there is only the link's, and with none not even that.
static void says_no_without_entries(void **state)
{
    (void)state;
    for (unsigned vectors = 0; vectors < 2; vectors++) {
        sim.env.vectors = vectors;
        sim_run(&sim, 1, 64);
        assert_false(ixgbe_driver.arm(&sim.port, true));
        frame_arrives(0);
        assert_int_equal(receive_messages(), 0);
        assert_int_equal(sim_forward(&sim, 0, 64), 1);
        close_sim(NULL);
        open_sim(NULL);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_sim, close_sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(entries_of_their_own),    CASE(interrupts_only_while_armed),
        CASE(arming_ends_with_a_read), CASE(every_queue_interrupts),
        CASE(a_restart_disarms),       CASE(says_no_without_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
