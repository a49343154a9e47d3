// SPDX-License-Identifier: BSD-2-Clause
// Frames across an 82599: in order, unchanged, none lost, none kept, whatever the bursts look like.
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
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sim sim;
static uint32_t random_state;

static int open_sim(void **state)
{
    random_state = 1;
    return sim_setup(state);
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
    for (unsigned rounds = 0; expected < 1000000; rounds++) {
        assert_in_range(rounds, 0, 100000); // of some 50 frames
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
                    assert_true(sim_forward(&sim, 0, bursts[b]) > 0);
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
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], frames, 24), 24);
    const struct frame kept = frames[20];
    sim.card.sink = check_frame;
    expected = 0;
    assert_int_equal(ixgbe_driver.transmit(tx, frames, 20), 20);
    assert_int_equal(ixgbe_driver.transmit(tx, frames + 20, 4), 3); // 63 in all
    assert_memory_not_equal(&frames[20], &kept, sizeof kept);
    const struct frame rest = frames[23];
    assert_int_equal(ixgbe_driver.transmit(tx, frames + 23, 1), 0);
    assert_memory_equal(&frames[23], &rest, sizeof rest);
    assert_false(ixgbe_driver.send_copy(tx, sim.area.base, 60));

    assert_int_equal(simcard_transmit(&sim.card), 63);
    assert_int_equal(ixgbe_driver.transmit(tx, frames + 23, 1), 1);
    ixgbe_driver.refill(sim.port.rx[0], frames, 24);
    assert_int_equal(simcard_transmit(&sim.card), 1);
    assert_int_equal(expected, 64);
    sim_forward(&sim, 0, 64);
    assert_int_equal(simcard_transmit(&sim.card), 16); // those behind the ring's end
    assert_true(sim_conserved(&sim));
    assert_string_equal(sim.card.violation, "");
}

// A ring of so many slots takes in so many frames at any time.
static void never_starves(uint32_t slots, unsigned frames)
{
    sim_run(&sim, 1, slots);
    for (uint32_t number = 0; number < 10000;) {
        for (unsigned i = 0; i < frames; i++)
            assert_true(put(number++));
        unsigned left = frames;
        while (left > 0) {
            const unsigned sent =
                sim_forward(&sim, 0, pick(1, left < BURST_MAX ? left : BURST_MAX));
            assert_true(sent > 0);
            left -= sent;
            simcard_transmit(&sim.card);
        }
    }
    assert_int_equal(sim.card.missed, 0);
}

// With no more than 31 of 64 slots withheld, or 63 of 256, the card never starves.
static void card_never_starves(void **state)
{
    (void)state;
    never_starves(64, 32);
}

static void card_with_a_long_ring_never_starves(void **state)
{
    (void)state;
    never_starves(256, 192);
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
    assert_true(
        simcard_receive(&sim.card, jumbo, 5000)); // 3 pieces; the last one looks like a frame
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

// As long as the box wants them: in one buffer each, and no longer.
static void frames_as_long_as_wanted(void **state)
{
    (void)state;
    static const struct {
        uint16_t wanted;
        uint32_t capacity, longest, size_kb;
    } cases[] = {{0, 2048, 2048, 2},    {1518, 2048, 1518, 2},  {9018, 9216, 9018, 9},
                 {9216, 9216, 9216, 9}, {9216, 10000, 9216, 9}, {4000, 3000, 2048, 2},
                 {0, 16384, 9216, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static uint8_t bytes[16384];
        sim_close(&sim);
        sim_open(&sim);
        sim.capacity = cases[i].capacity;
        sim.port.frame_wanted = cases[i].wanted;
        sim_run(&sim, 1, 64);
        const unsigned longest = cases[i].longest;
        assert_int_equal(sim.port.max_frame, longest);
        assert_int_equal(sim.registers[IXGBE_SRRCTL(0) / 4] & 0x1F, cases[i].size_kb);
        assert_true(simcard_receive(&sim.card, bytes, longest));
        assert_false(simcard_receive(&sim.card, bytes, longest + 1));
        struct frame frame;
        assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], &frame, 1), 1);
        assert_int_equal(frame.length, longest);
        assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], &frame, 1), 1);
        ixgbe_driver.refill(sim.port.rx[0], &frame, 1);
        assert_int_equal(simcard_transmit(&sim.card), 1);
        assert_int_equal(sim.sent[0].length, longest);
        assert_string_equal(sim.card.violation, "");
    }
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

static unsigned tcp_frame(uint8_t *bytes, uint32_t source, uint32_t target, uint16_t from,
                          uint16_t to)
{
    memset(bytes, 0, 60);
    bytes[12] = 0x08;
    bytes[14] = 0x45;
    bytes[23] = 6;
    memcpy(bytes + 26, &source, 4);
    memcpy(bytes + 30, &target, 4);
    memcpy(bytes + 34, &from, 2);
    memcpy(bytes + 36, &to, 2);
    return 60;
}

// The receive queue that a frame comes out of.
static unsigned queue_of(const uint8_t *bytes, unsigned length)
{
    assert_true(simcard_receive(&sim.card, bytes, length));
    unsigned found = PORT_QUEUES_MAX;
    for (unsigned q = 0; q < sim.port.rx_queues; q++) {
        struct frame frame;
        const unsigned count = ixgbe_driver.receive(sim.port.rx[q], &frame, 1);
        ixgbe_driver.refill(sim.port.rx[q], &frame, count);
        if (count != 0)
            found = q;
    }
    assert_int_not_equal(found, PORT_QUEUES_MAX);
    return found;
}

// The simulation's hash is right: the first row of Microsoft's "Verifying the RSS Hash Calculation"
// (TCP 51CCC178h, addresses only 323E8FC2h), whose low seven bits are seen here.
static void the_card_hashes_right(void **state)
{
    (void)state;
    static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
    static const uint8_t source[] = {66, 9, 149, 187}, target[] = {161, 142, 100, 80};
    memcpy(&sim.registers[IXGBE_RSSRK(0) / 4], key, sizeof key);
    memset(&sim.registers[IXGBE_RETA(0) / 4], 0, 128);
    ((uint8_t *)&sim.registers[IXGBE_RETA(0) / 4])[0x78] = 9;
    ((uint8_t *)&sim.registers[IXGBE_RETA(0) / 4])[0x42] = 5;
    sim.registers[IXGBE_MRQC / 4] = IXGBE_MRQC_RSS | IXGBE_MRQC_TCP4 | IXGBE_MRQC_IPV4;
    uint8_t bytes[60];
    uint32_t addresses[2];
    memcpy(&addresses[0], source, 4);
    memcpy(&addresses[1], target, 4);
    tcp_frame(bytes, addresses[0], addresses[1], __builtin_bswap16(2794), __builtin_bswap16(1766));
    assert_int_equal(simcard_rss_queue(&sim.card, bytes, sizeof bytes), 9);
    bytes[23] = 17; // UDP
    assert_int_equal(simcard_rss_queue(&sim.card, bytes, sizeof bytes), 5);
}

// Flows are spread over all queues; a flow stays on one, and its answers meet it there.
static void receive_queues(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 8};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        sim_close(&sim);
        sim_open(&sim);
        sim.port.rx_wanted = (uint16_t)counts[c];
        sim_run(&sim, 1, 64);
        assert_int_equal(sim.port.rx_queues, counts[c]);
        unsigned seen[16] = {0};
        for (unsigned flow = 0; flow < 2000; flow++) {
            uint8_t bytes[60];
            const uint32_t source = pick(0, 1 << 24), target = pick(0, 1 << 24);
            const uint16_t from = (uint16_t)pick(0, 65535), to = (uint16_t)pick(0, 65535);
            const unsigned q = queue_of(bytes, tcp_frame(bytes, source, target, from, to));
            assert_int_equal(queue_of(bytes, tcp_frame(bytes, source, target, from, to)), q);
            assert_int_equal(queue_of(bytes, tcp_frame(bytes, target, source, to, from)), q);
            seen[q]++;
        }
        for (unsigned q = 0; q < counts[c]; q++)
            assert_in_range(seen[q], 2000 / counts[c] / 2, 2000 / counts[c] * 2);
        assert_true(sim_conserved(&sim));
        sim_stop(&sim);
        assert_int_equal(sim_start(&sim), 0);
        assert_string_equal(sim.card.violation, "");
    }
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
    sim_stop(&sim);
    assert_false(put(1));
    struct frame frame = {.length = 60, .offset = FRAME_HEADROOM};
    assert_int_equal(ixgbe_driver.receive(sim.port.rx[0], &frame, 1), 0);
    assert_int_equal(ixgbe_driver.transmit(sim.port.tx[0], &frame, 1), 0);
    assert_false(ixgbe_driver.send_copy(sim.port.tx[0], sim.area.base, 60));
    assert_false(sim.port.link_up);
    assert_false(sim.env.bus_master);
    // Quiet by its own account too.
    assert_false(sim.registers[IXGBE_RXDCTL(0) / 4] & IXGBE_RXDCTL_ENABLE);
    assert_false(sim.registers[IXGBE_TXDCTL(0) / 4] & IXGBE_TXDCTL_ENABLE);
    assert_false(sim.registers[IXGBE_STATUS / 4] & IXGBE_STATUS_GIO_ENABLED);
    assert_int_equal(sim.registers[IXGBE_EIMS / 4], 0);
    assert_string_equal(sim.card.violation, "");
}

// What was taken and is not known to be sent when the port stops is counted, once.
static void lost_in_restart(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0};
    sim_run(&sim, 2, 64);
    for (unsigned i = 0; i < 40; i++)
        assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    assert_int_equal(simcard_transmit(&sim.card), 40); // all of them sent, none seen by the driver
    for (unsigned i = 0; i < 30; i++)                  // around the ring's end
        assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    for (unsigned i = 0; i < 7; i++)
        assert_true(ixgbe_driver.send_copy(sim.port.tx[1], bytes, sizeof bytes));
    sim_stop(&sim);
    assert_int_equal(sim.port.lost_in_restart, 37);
    sim_stop(&sim);
    assert_int_equal(sim_start(&sim), 0);
    sim_stop(&sim);
    assert_int_equal(sim.port.lost_in_restart, 37);

    // A head that lies tells nothing: all are lost.
    assert_int_equal(sim_start(&sim), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    simcard_forge_head(&sim.card, 0, 6);
    sim_stop(&sim);
    assert_int_equal(sim.port.lost_in_restart, 42);
    assert_true(sim_conserved(&sim));
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
        sim_stop(&sim);
        assert_true(sim_conserved(&sim));
        assert_int_equal(sim_start(&sim), 0);
    }
    assert_string_equal(sim.card.violation, "");
    assert_int_equal(sim.port.fault_count[PORT_FAULT_SILENT], 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    assert_true(sim.port.link_up);
    sim.card.sink = check_frame;
    expected = 0;
    for (uint32_t i = 0; i < 20; i++)
        assert_true(put(i));
    assert_int_equal(sim_forward(&sim, 0, 64), 20);
    simcard_transmit(&sim.card);
    assert_int_equal(expected, 20);
}

#define CASE(name) cmocka_unit_test_prestate_setup_teardown(name, open_sim, sim_teardown, &sim)

// What is enqueued leaves when its doorbell rings, or that of a later transmit(), in order.
static void enqueue(void **state)
{
    (void)state;
    struct frame frames[64], before[64], empty[64];
    struct queue *rx, *tx;
    sim_run(&sim, 1, 64);
    rx = sim.port.rx[0], tx = sim.port.tx[0];
    sim.card.sink = check_frame;
    expected = 0;
    uint32_t number = 0, taken = 0;
    for (unsigned round = 0; round < 40; round++) { // the ring's end is met, at odd and even counts
        for (unsigned i = 0; i < 1 + round % 9; i++)
            assert_true(put(number++));
        const unsigned count = ixgbe_driver.receive(rx, frames, 64);
        assert_in_range(count, 1, number - taken); // fewer where the ring ends
        taken += count;
        memcpy(before, frames, sizeof before);
        if (round % 4 == 3)
            assert_int_equal(ixgbe_driver.transmit(tx, frames, count), count);
        else
            assert_int_equal(ixgbe_driver.enqueue(tx, frames, empty, count), count);
        if (round % 4 != 3)
            assert_memory_equal(frames, before, sizeof before);
        ixgbe_driver.refill(rx, round % 4 == 3 ? frames : empty, count);
        if (round % 4 == 1)
            ixgbe_driver.ring(tx);
        const unsigned sent = simcard_transmit(&sim.card);
        assert_int_equal(sent > 0, round % 2 == 1);
        assert_int_equal(expected, round % 2 == 1 ? taken : expected);
        assert_true(sim_conserved(&sim));
    }
    assert_int_equal(expected, number);
    assert_string_equal(sim.card.violation, "");
    // Dropped: the next burst begins where the ring does.
    for (; number % 64 != 0; number++) {
        assert_true(put(number));
        assert_int_equal(ixgbe_driver.receive(rx, frames, 64), 1);
        ixgbe_driver.refill(rx, frames, 1);
    }
    // More than there is room for; and what no doorbell rang for is lost by a restart, and counted.
    for (unsigned i = 0; i < 40; i++)
        assert_true(put(number + i));
    assert_int_equal(ixgbe_driver.receive(rx, frames, 64), 40);
    assert_int_equal(ixgbe_driver.enqueue(tx, frames, empty, 40), 40);
    ixgbe_driver.refill(rx, empty, 40);
    for (unsigned i = 0; i < 40; i++)
        assert_true(put(number + i));
    assert_int_equal(ixgbe_driver.receive(rx, frames, 24), 24);
    assert_int_equal(ixgbe_driver.enqueue(tx, frames, empty, 24), 23); // 63 in all
    empty[23] = frames[23];
    ixgbe_driver.refill(rx, empty, 24);
    const uint64_t lost = sim.port.lost_in_restart;
    sim_stop(&sim);
    assert_int_equal(sim.port.lost_in_restart - lost, 63);
    ixgbe_driver.ring(tx); // nobody is there to hear it
    assert_int_equal(ixgbe_driver.enqueue(tx, frames, empty, 1), 0);
    assert_true(sim_conserved(&sim));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_million_frames),
        CASE(wraps),
        CASE(full_transmit_ring),
        CASE(enqueue),
        CASE(card_never_starves),
        CASE(card_with_a_long_ring_never_starves),
        CASE(overrun),
        CASE(pieces_are_dropped),
        CASE(too_long_for_the_buffers),
        CASE(frames_as_long_as_wanted),
        CASE(lost_in_restart),
        CASE(copies),
        CASE(transmit_queues),
        CASE(the_card_hashes_right),
        CASE(receive_queues),
        CASE(drops),
        CASE(a_stopped_port_does_nothing),
        CASE(a_thousand_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
