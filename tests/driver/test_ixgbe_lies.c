// SPDX-License-Identifier: BSD-2-Clause
// An 82599 that lies, or dies: it costs its own port, never a buffer, never the box.
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

static struct sim sim;

static int open_sim(void **state)
{
    sim_setup(state);
    sim_run(&sim, 1, 64);
    return 0;
}

enum { DD = 1, EOP = 2 };

static void restart(void)
{
    sim_stop(&sim);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_true(sim_conserved(&sim));
    assert_int_equal(sim_start(&sim), 0);
    assert_int_equal(sim.port.state, PORT_RUNNING);
    assert_int_equal(sim.port.fault, PORT_OK);
}

// Frames pass, and come out as they went in.
static void works(void)
{
    uint8_t bytes[60];
    sim.sent_count = 0;
    for (unsigned i = 0; i < 100; i++) {
        memset(bytes, (int)i, sizeof bytes);
        assert_true(simcard_receive(&sim.card, bytes, sizeof bytes));
        assert_int_equal(sim_forward(&sim, 0, 32), 1);
        simcard_transmit(&sim.card);
    }
    assert_int_equal(sim.sent_count, 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(sim.sent[i].length, 60);
        assert_int_equal(sim.sent[i].bytes[59], i);
    }
    assert_true(sim_conserved(&sim));
}

// Lengths that cannot be: the frame has length 0 for the box, its buffer is not lost.
static void impossible_lengths(void **state)
{
    (void)state;
    static const struct {
        uint16_t length;
        bool good;
    } cases[] = {{0, false},   {1, false},    {13, false},    {14, true},
                 {2048, true}, {2049, false}, {16384, false}, {65535, false}};
    for (unsigned i = 0; i < 8; i++)
        simcard_forge_rx(&sim.card, 0, i, cases[i].length, DD | EOP);
    struct frame frames[16];
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 16), 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(frames[i].length, cases[i].good ? cases[i].length : 0);
        assert_int_equal(frames[i].buffer, sim.port.rx[0]->buffer_of[i]);
    }
    ixgbe_driver.refill(sim.port.rx[0], frames, 8);
    assert_true(sim_conserved(&sim));
    assert_int_equal(sim.port.state, PORT_RUNNING);
    restart();
    works();
}

// Everything is done at once, before anything arrived: no slot is handed out twice.
static void all_done_early(void **state)
{
    (void)state;
    struct frame frames[BURST_MAX];
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned slot = 0; slot < 64; slot++)
            simcard_forge_rx(&sim.card, 0, slot, 60, DD | EOP);
        const unsigned count = ixgbe_driver.receive(sim.port.rx[0], frames, BURST_MAX);
        assert_in_range(count, 1, 64);
        bool seen[128] = {false};
        for (unsigned i = 0; i < count; i++) {
            assert_false(seen[frames[i].buffer]);
            seen[frames[i].buffer] = true;
        }
        const unsigned sent = ixgbe_driver.transmit(sim.port.tx[0], frames, count);
        assert_in_range(sent, 0, 63);
        ixgbe_driver.refill(sim.port.rx[0], frames, count);
        assert_true(sim_conserved(&sim));
        simcard_transmit(&sim.card);
        // Move on, so that the next round begins somewhere else.
        simcard_forge_rx(&sim.card, 0, (round * 7 + 3) % 64, 60, DD | EOP);
        sim_forward(&sim, 0, 5);
    }
    restart();
    works();
}

static void fill_transmit_ring(unsigned count)
{
    uint8_t bytes[60] = {0};
    for (unsigned i = 0; i < count; i++)
        assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
}

// A head that is none: the port faults, says which value, and is started again.
static void lying_head(uint32_t head, unsigned queued, uint32_t clean)
{
    uint8_t bytes[60] = {0};
    // Bring the ring to where `clean` slots have been sent.
    for (uint32_t i = 0; i < clean; i++) {
        fill_transmit_ring(1);
        simcard_transmit(&sim.card);
    }
    fill_transmit_ring(queued);
    simcard_forge_head(&sim.card, 0, head);
    // The head is looked at when the ring seems full.
    for (unsigned i = 0; i < 64 && sim.port.state == PORT_RUNNING; i++) {
        if (!ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes))
            break;
    }
    assert_int_equal(sim.port.state, PORT_FAULTED);
    assert_int_equal(sim.port.fault, PORT_FAULT_TX_HEAD);
    assert_int_equal(sim.port.fault_value, head);
    assert_int_equal(sim.port.fault_count[PORT_FAULT_TX_HEAD], 1);

    // Dead until it is restarted, with all its buffers.
    struct frame frame = {.length = 60, .offset = FRAME_HEADROOM};
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], &frame, 1), 0);
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], &frame, 1), 0);
    assert_false(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    restart();
    works();
}

static void head_outside_the_ring(void **state)
{
    (void)state;
    lying_head(64, 63, 0);
}

static void head_all_ones(void **state)
{
    (void)state;
    lying_head(UINT32_MAX, 63, 0);
}

// A head that is wrong while one slot, the ring's last, is with the card.
static void wrong_at_the_end(uint32_t head)
{
    fill_transmit_ring(63);
    simcard_transmit(&sim.card);
    fill_transmit_ring(1); // looks at the head, which is 63: one slot is taken now, 62 are free
    simcard_forge_head(&sim.card, 0, head);
    struct frame frames[63];
    for (unsigned i = 0; i < 63; i++)
        frames[i] = (struct frame){.buffer = i, .offset = FRAME_HEADROOM, .length = 60};
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], frames, 63), 0);
    assert_int_equal(sim.port.fault, PORT_FAULT_TX_HEAD);
    assert_int_equal(sim.port.fault_value, head);
    restart();
    works();
}

// Behind where it was last seen: what has been sent once would be sent, and given away, again.
static void head_goes_back(void **state)
{
    (void)state;
    wrong_at_the_end(62);
}

static void head_just_outside_the_ring(void **state)
{
    (void)state;
    wrong_at_the_end(64);
}

// Nobody needs slots: the next poll sees it all the same.
static void wrong_head_that_nobody_needs(void **state)
{
    (void)state;
    fill_transmit_ring(1);
    simcard_forge_head(&sim.card, 0, 2);
    sim_poll(&sim, 1);
    assert_int_equal(sim.port.state, PORT_FAULTED);
    assert_int_equal(sim.port.fault, PORT_FAULT_TX_HEAD);
    assert_int_equal(sim.port.fault_value, 2);
    restart();
    works();
}

// A wrong head that a right one replaces before anybody looks has done nothing: no slot was taken
// on its word.
static void wrong_head_that_nobody_saw(void **state)
{
    (void)state;
    fill_transmit_ring(20);
    simcard_forge_head(&sim.card, 0, 40);
    simcard_transmit(&sim.card); // writes the right one
    sim_poll(&sim, 1);
    assert_int_equal(sim.port.state, PORT_RUNNING);
    assert_int_equal(sim.sent_count, 20);
    fill_transmit_ring(63);
    assert_true(sim_conserved(&sim));
    simcard_transmit(&sim.card);
    assert_int_equal(sim.sent_count, 83);
}

// The head passes the tail: it claims to have sent what was never queued.
static void head_runs_ahead(void **state)
{
    (void)state;
    fill_transmit_ring(40);
    simcard_forge_head(&sim.card, 0, 41);
    struct frame frames[40] = {0};
    for (unsigned i = 0; i < 40; i++)
        frames[i] = (struct frame){.buffer = i, .offset = FRAME_HEADROOM, .length = 60};
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], frames, 40), 0);
    assert_int_equal(sim.port.state, PORT_FAULTED);
    assert_int_equal(sim.port.fault_value, 41);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(frames[i].buffer, i); // untouched: still the caller's
    restart();
    works();
}

static void seconds_pass(unsigned seconds)
{
    for (unsigned i = 0; i < 1000 * seconds; i++) {
        host_clock_step(1000);
        env_time_us();
        host_clock_step(1);
        sim_poll(&sim, 1);
    }
    assert_in_range(sim.longest_poll, 1, SIM_POLL_US);
}

// A card that sends nothing any more, though there is a link. Without a link it only waits.
static void sends_nothing(void **state)
{
    (void)state;
    fill_transmit_ring(20);
    sim.card.partner_10g = false;
    seconds_pass(10);
    assert_int_equal(sim.port.state, PORT_RUNNING);
    sim.card.partner_10g = true;
    seconds_pass(1);
    simcard_transmit(&sim.card); // slow, but alive
    seconds_pass(10);
    assert_int_equal(sim.port.state, PORT_RUNNING);

    fill_transmit_ring(5);
    seconds_pass(3);
    assert_int_equal(sim.port.fault, PORT_FAULT_SILENT);
    assert_true(
        host_logged(&sim.env, "transmit queue 0 has sent nothing for 2 s: head 20, tail 25"));
    restart();
    seconds_pass(1);
    works();
}

// Pulled out while it runs.
static void removed(void **state)
{
    (void)state;
    works();
    sim.card.gone = true;
    sim_poll(&sim, 1);
    assert_int_equal(sim.port.state, PORT_FAULTED);
    assert_int_equal(sim.port.fault, PORT_FAULT_GONE);
    assert_false(sim.port.link_up);
    sim_stop(&sim);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_int_equal(sim.port.fault_count[PORT_FAULT_GONE], 1);
    assert_false(sim.env.bus_master);
    const size_t said = sim.env.log_length;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(sim_start(&sim), -ENODEV);
    assert_int_equal(sim.env.log_length, said); // stop() has said it
    assert_true(host_logged(&sim.env, "reads all ones, the card is gone"));
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_true(sim_conserved(&sim));

    sim.card.gone = false; // plugged in again
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    works();
}

// Pulled out, and nobody has polled yet: stop() finds out.
static void removed_before_stop(void **state)
{
    (void)state;
    sim.card.gone = true;
    const uint64_t before = env_time_us();
    sim_stop(&sim);
    assert_in_range(env_time_us() - before, 1, 1000);
    assert_int_equal(sim.port.fault, PORT_FAULT_GONE);
    assert_true(sim_conserved(&sim));
}

// Queues that will not stop: the wait ends, the message says which, and the next start's reset does
// it.
static void queue_will_not_stop(void **state)
{
    (void)state;
    sim.card.rx_queue_hangs = true;
    sim_stop(&sim);
    assert_true(host_logged(&sim.env, "RXDCTL.ENABLE to clear: register 01028h is 02000000h"));
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_false(sim.env.bus_master);
    assert_true(sim_conserved(&sim));
    sim.card.rx_queue_hangs = false;
    assert_int_equal(sim_start(&sim), 0);
    works();
}

// Nothing helps any more: still bounded, still silent on the bus.
static void reset_never_ends(void **state)
{
    (void)state;
    sim.card.tx_queue_hangs = sim.card.master_hangs = sim.card.reset_hangs = true;
    sim_stop(&sim);
    assert_int_equal(sim.port.fault, PORT_FAULT_SILENT);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_int_equal(sim_start(&sim), -ETIMEDOUT);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    sim_stop(&sim);
    assert_int_equal(sim.port.fault_count[PORT_FAULT_SILENT], 1);
    assert_true(sim_conserved(&sim));

    sim.card.tx_queue_hangs = sim.card.master_hangs = sim.card.reset_hangs = false;
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    works();
}

// Stopped at any moment of a start: the reset is not disturbed, and the next start goes on with it.
static void stopped_while_starting(void **state)
{
    (void)state;
    unsigned disturbed = 0;
    sim_stop(&sim);
    for (unsigned calls = 1; calls < 400; calls++) {
        int error = -EINPROGRESS;
        for (unsigned i = 0; i < calls && error == -EINPROGRESS; i++) {
            error = ixgbe_driver.start(&sim.port);
            for (unsigned k = 0; k < 40; k++)
                env_time_us();
        }
        assert_true(error == 0 || error == -EINPROGRESS);
        assert_int_equal(sim.port.state, error == 0 ? PORT_RUNNING : PORT_STOPPED);
        // Looking at it is no disturbance either.
        ixgbe_driver.describe(&sim.port);
        const int blinks = ixgbe_driver.blink(&sim.port, true);
        assert_true(blinks == 0 || (error != 0 && blinks == -EBUSY));
        disturbed += blinks != 0;
        sim.env.printed_length = 0;
        sim_stop(&sim);
        assert_string_equal(sim.card.violation, "");
    }
    assert_in_range(disturbed, 100, 390); // it was during the reset that it was stopped, and later
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    works();
}

// Frames that named no buffer come back no more: as many slots, the last ones, say so.
static void short_refill(void **state)
{
    (void)state;
    struct frame frames[40];
    for (unsigned slot = 0; slot < 64; slot++)
        simcard_forge_rx(&sim.card, 0, slot, 60, DD | EOP);
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 40), 40);
    ixgbe_driver.refill(sim.port.rx[0], frames, 40);
    for (unsigned slot = 0; slot < 64; slot++)
        simcard_forge_rx(&sim.card, 0, slot, 60, DD | EOP);
    const uint32_t tail = sim.registers[IXGBE_RDT(0) / 4];
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 24), 24);
    port_fail(&sim.port, PORT_FAULT_BAD_BUFFER, 0);
    ixgbe_driver.refill(sim.port.rx[0], frames, 21);
    assert_int_equal(sim.registers[IXGBE_RDT(0) / 4], tail);
    sim_stop(&sim);
    const struct queue *rx = sim.port.rx[0];
    for (unsigned slot = 0; slot < 64; slot++)
        assert_int_equal(rx->buffer_of[slot] == NO_BUFFER, slot >= 61);
    assert_int_equal(sim_start(&sim), -EINVAL);
    for (unsigned i = 0; i < 3; i++)
        rx->buffer_of[61 + i] = frames[21 + i].buffer;
    restart();
    works();
}

// Whatever bytes stand in the rings and whatever the head says: no crash, no buffer lost.
static void rubbish(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (unsigned round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        const uint32_t what = random >> 8;
        if (what % 8 == 0)
            simcard_forge_head(&sim.card, 0, what % 3 ? what / 8 % 64 : what);
        else
            simcard_forge_rx(&sim.card, 0, what % 64, (uint16_t)(what >> 4), (uint8_t)(what >> 12));
        sim_forward(&sim, 0, 1 + what % 100);
        assert_true(sim_conserved(&sim));
        if (sim.port.state == PORT_FAULTED || what % 1000 == 0)
            restart();
    }
    restart();
    works();
}

#define CASE(name) cmocka_unit_test_prestate_setup_teardown(name, open_sim, sim_teardown, &sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(impossible_lengths),
        CASE(all_done_early),
        CASE(head_outside_the_ring),
        CASE(head_all_ones),
        CASE(head_goes_back),
        CASE(head_just_outside_the_ring),
        CASE(head_runs_ahead),
        CASE(sends_nothing),
        CASE(removed),
        CASE(wrong_head_that_nobody_needs),
        CASE(wrong_head_that_nobody_saw),
        CASE(removed_before_stop),
        CASE(queue_will_not_stop),
        CASE(reset_never_ends),
        CASE(stopped_while_starting),
        CASE(short_refill),
        CASE(rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
