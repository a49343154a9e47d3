// SPDX-License-Identifier: BSD-2-Clause
// Frames across an 82599: in order, unchanged, none lost, none kept, whatever the bursts look like.
// links: drivers/ixgbe/device.c drivers/ixgbe/eeprom.c drivers/ixgbe/i2c.c
// links: drivers/ixgbe/interrupt.c drivers/ixgbe/link.c drivers/ixgbe/model.c
// links: drivers/ixgbe/port.c drivers/ixgbe/receive.c drivers/ixgbe/reset.c drivers/ixgbe/ring.c
// links: drivers/ixgbe/semaphore.c drivers/ixgbe/sfp.c drivers/ixgbe/sfp_setup.c
// links: drivers/ixgbe/stats.c drivers/ixgbe/transmit.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_rules.c tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/regs.h"
#include "tests/driver/sim_ixgbe.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sim sim;
static uint32_t random_state;

static int open_sim(void **state)
{
    (void)state;
    random_state = 1;
    sim_open(&sim);
    return 0;
}

static int close_sim(void **state)
{
    (void)state;
    sim_close(&sim);
    return 0;
}

static uint32_t pick(uint32_t from, uint32_t to)
{
    random_state = random_state * 1664525 + 1013904223;
    return from + (random_state >> 8) % (to - from + 1);
}

// A frame whose every byte follows from its number.
static unsigned make_frame(uint32_t number, uint8_t *bytes)
{
    static uint8_t pattern[256 + 1514];
    for (unsigned i = 0; pattern[1] == 0 && i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 167);
    const unsigned length = 60 + number * 7919 % 1455;
    memcpy(bytes, pattern + number % 256, length);
    memcpy(bytes, &number, sizeof number);
    return length;
}

static uint32_t expected; // number of the frame that should leave next

static void check_frame(void *context, const uint8_t *frame, unsigned length)
{
    uint8_t wanted[1600];
    (void)context;
    assert_int_equal(length, make_frame(expected, wanted));
    assert_memory_equal(frame, wanted, length);
    expected++;
}

static bool put(uint32_t number)
{
    uint8_t bytes[1600];
    return simcard_receive(&sim.card, bytes, make_frame(number, bytes));
}

static void a_million_frames(void **state)
{
    (void)state;
    sim_run(&sim, 2, 512);
    sim.card.sink = check_frame;
    expected = 0;
    const uint64_t writes = sim.card.writes;
    sim.data_path = true;
    uint32_t number = 0;
    while (expected < 1000000) {
        for (unsigned room = pick(0, 100); room > 0 && number < 1000000; room--)
            number += put(number);
        sim_forward(&sim, 0, pick(1, BURST_MAX));
        if (pick(0, 3) > 0 || number == 1000000)
            simcard_transmit(&sim.card);
    }
    sim.data_path = false;
    assert_int_equal(sim.off_pages, 0);
    assert_string_equal(sim.card.violation, "");
    assert_true(sim_conserved(&sim));
    // One transmit doorbell a burst, and one receive doorbell for 32 frames or more.
    assert_in_range(sim.card.writes - writes, 1000000 / 64, 1000000 / 16);
}

// Each ring size wraps, with each burst size, and with frames waiting in front and behind.
static void wraps(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {64, 72, 512, 4096};
    static const unsigned bursts[] = {1, 7, 31, 32, 63, 64, 65, 256};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t b = 0; b < sizeof bursts / sizeof bursts[0]; b++) {
            sim_close(&sim);
            sim_open(&sim);
            sim_run(&sim, 1, sizes[s]);
            sim.card.sink = check_frame;
            expected = 0;
            uint32_t number = 0;
            while (number < 3 * sizes[s]) {
                for (unsigned i = 0; i < bursts[b]; i++)
                    number += put(number);
                while (expected < number) {
                    sim_forward(&sim, 0, bursts[b]);
                    simcard_transmit(&sim.card);
                }
            }
            assert_string_equal(sim.card.violation, "");
            assert_true(sim_conserved(&sim));
        }
    }
}

// A full transmit ring takes what it can; the rest is the caller's still, and stays in order.
static void full_transmit_ring(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    struct frame frames[64];
    struct queue *tx = sim.port.tx[0];
    // The frames come out of the receive ring's slots.
    for (unsigned i = 0; i < 40; i++)
        assert_true(put(i));
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 64), 40);
    assert_int_equal(ixgbe_driver.transmit(tx, frames, 40), 40);
    ixgbe_driver.refill(sim.port.rx[0], frames, 40);
    for (unsigned i = 40; i < 80; i++)
        assert_true(put(i));
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 64), 40);
    const struct frame kept = frames[23];
    assert_int_equal(ixgbe_driver.transmit(tx, frames, 40), 23); // 63 in all
    assert_memory_equal(&frames[23], &kept, sizeof kept);
    assert_int_equal(ixgbe_driver.transmit(tx, frames + 23, 17), 0);
    assert_false(ixgbe_driver.send_copy(tx, sim.area.base, 60));

    sim.card.sink = check_frame;
    expected = 0;
    assert_int_equal(simcard_transmit(&sim.card), 63);
    assert_int_equal(ixgbe_driver.transmit(tx, frames + 23, 17), 17);
    ixgbe_driver.refill(sim.port.rx[0], frames, 40);
    assert_int_equal(simcard_transmit(&sim.card), 17);
    assert_int_equal(expected, 80);
    assert_true(sim_conserved(&sim));
    assert_string_equal(sim.card.violation, "");
}

// With no more than 31 slots withheld the card never starves: it may take in 32 frames at any time.
static void card_never_starves(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    for (uint32_t number = 0; number < 10000;) {
        for (unsigned i = 0; i < 32; i++)
            assert_true(put(number++));
        unsigned left = 32;
        while (left > 0) {
            const unsigned burst = pick(1, left);
            left -= sim_forward(&sim, 0, burst);
            simcard_transmit(&sim.card);
        }
    }
    assert_int_equal(sim.card.missed, 0);
}

// When nobody takes frames off, the card loses the newest, counts them, and goes on afterwards.
static void overrun(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    unsigned taken = 0;
    for (uint32_t i = 0; i < 100; i++)
        taken += put(i);
    assert_int_equal(taken, 63);
    sim.card.sink = check_frame;
    expected = 0;
    assert_int_equal(sim_forward(&sim, 0, BURST_MAX), 63);
    simcard_transmit(&sim.card);
    assert_int_equal(expected, 63);
    sim_poll(&sim, 10);
    assert_int_equal(sim.port.card_missed, 37);
    assert_true(put(63));
    assert_int_equal(sim_forward(&sim, 0, BURST_MAX), 1);
    assert_true(sim_conserved(&sim));
}

// A frame longer than a buffer comes in pieces: all of them are frames of length 0, which the box
// drops; the frames before and behind pass.
static void pieces_are_dropped(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    static uint8_t jumbo[5000];
    sim.registers[IXGBE_MAXFRS / 4] = UINT32_C(9000) << 16; // a card that ignores its limit
    struct frame frames[16];
    assert_true(put(0));
    assert_true(simcard_receive(&sim.card, jumbo, 5000)); // 3 pieces; the last one looks like a frame
    assert_true(put(1));
    assert_true(simcard_receive(&sim.card, jumbo, 4000)); // 2 pieces
    // Also when a burst ends between the pieces.
    for (unsigned at = 0; at < 7; at++) {
        static const unsigned whole[] = {1, 0, 0, 0, 1, 0, 0};
        assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 1), 1);
        assert_int_equal(frames[0].length != 0, whole[at]);
        ixgbe_driver.refill(sim.port.rx[0], frames, 1);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_true(simcard_receive(&sim.card, jumbo, 5000));
    assert_true(put(2));
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 16), 7);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(frames[i].length, 0);
    assert_int_not_equal(frames[6].length, 0);
    ixgbe_driver.refill(sim.port.rx[0], frames, 7);
    assert_true(sim_conserved(&sim));
}

// The card itself refuses what would not fit, and says how many there were.
static void too_long_for_the_buffers(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    static uint8_t bytes[2049];
    assert_true(simcard_receive(&sim.card, bytes, 2048));
    assert_false(simcard_receive(&sim.card, bytes, 2049));
    struct frame frame;
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], &frame, 1), 1);
    assert_int_equal(frame.length, 2048);
    ixgbe_driver.refill(sim.port.rx[0], &frame, 1);
    sim_poll(&sim, 10);
    assert_int_equal(sim.port.card_errors, 1);
}

static void copies(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    sim.card.sink = check_frame;
    expected = 0;
    uint8_t bytes[1600];
    for (uint32_t number = 0; number < 1000; number++) {
        const unsigned length = make_frame(number, bytes);
        assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, length));
        if (number % 60 == 59 || number == 999)
            simcard_transmit(&sim.card);
    }
    assert_int_equal(expected, 1000);
    assert_true(sim_conserved(&sim));
    assert_string_equal(sim.card.violation, "");
}

// Each source has a queue of its own; what one of them queues does not disturb the others.
static void transmit_queues(void **state)
{
    (void)state;
    sim_run(&sim, 16, 64);
    uint8_t bytes[64] = {0};
    for (unsigned q = 0; q < 16; q++) {
        for (unsigned i = 0; i <= q; i++) {
            bytes[0] = (uint8_t)q;
            assert_true(ixgbe_driver.send_copy(sim.port.tx[q], bytes, 60));
        }
    }
    assert_int_equal(simcard_transmit(&sim.card), 16 * 17 / 2);
    unsigned seen[16] = {0};
    for (unsigned i = 0; i < sim.sent_count; i++)
        seen[sim.sent[i].bytes[0]]++;
    for (unsigned q = 0; q < 16; q++)
        assert_int_equal(seen[q], q + 1);
    assert_true(sim_conserved(&sim));
}

// A dropped frame's buffer goes back into the ring.
static void drops(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    struct frame frames[32];
    for (uint32_t number = 0; number < 10000; number += 32) {
        for (unsigned i = 0; i < 32; i++)
            assert_true(put(number + i));
        assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 32), 32);
        ixgbe_driver.refill(sim.port.rx[0], frames, 32);
    }
    assert_true(sim_conserved(&sim));
}

static void a_stopped_port_does_nothing(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    assert_true(put(0));
    ixgbe_driver.stop(&sim.port);
    assert_false(put(1));
    struct frame frame = {.length = 60, .offset = FRAME_HEADROOM};
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], &frame, 1), 0);
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], &frame, 1), 0);
    assert_false(ixgbe_driver.send_copy(sim.port.tx[0], sim.area.base, 60));
    assert_false(sim.port.link_up);
    assert_false(sim.env.bus_master);
    assert_string_equal(sim.card.violation, "");
}

// Stop and start at any moment, with frames on their way: no buffer is lost, and traffic flows
// again.
static void a_thousand_restarts(void **state)
{
    (void)state;
    sim_run(&sim, 2, 64);
    for (unsigned round = 0; round < 1000; round++) {
        for (unsigned i = pick(0, 60); i > 0; i--)
            put(i);
        sim_forward(&sim, pick(0, 1), pick(1, 64));
        if (pick(0, 1))
            simcard_transmit(&sim.card);
        ixgbe_driver.stop(&sim.port);
        assert_true(sim_conserved(&sim));
        assert_int_equal(ixgbe_driver.start(&sim.port), 0);
    }
    assert_string_equal(sim.card.violation, "");
    assert_int_equal(sim.port.fault_count[PORT_FAULT_SILENT], 0);
    sim_poll(&sim, 3);
    assert_true(sim.port.link_up);
    sim.card.sink = check_frame;
    expected = 0;
    for (uint32_t i = 0; i < 20; i++)
        assert_true(put(i));
    assert_int_equal(sim_forward(&sim, 0, 64), 20);
    simcard_transmit(&sim.card);
    assert_int_equal(expected, 20);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_sim, close_sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_million_frames),
        CASE(wraps),
        CASE(full_transmit_ring),
        CASE(card_never_starves),
        CASE(overrun),
        CASE(pieces_are_dropped),
        CASE(too_long_for_the_buffers),
        CASE(copies),
        CASE(transmit_queues),
        CASE(drops),
        CASE(a_stopped_port_does_nothing),
        CASE(a_thousand_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
