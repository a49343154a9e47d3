// SPDX-License-Identifier: BSD-2-Clause
// The fused loop beside the single verbs: whatever the card says, both do the same.
// links: drivers/ixgbe/start.c drivers/ixgbe/steps.c drivers/ixgbe/stop.c
// links: drivers/ixgbe/describe.c drivers/ixgbe/device.c drivers/ixgbe/eeprom.c
// links: drivers/ixgbe/flow_control.c
// links: drivers/ixgbe/i2c.c drivers/ixgbe/interrupt.c drivers/ixgbe/led.c drivers/ixgbe/link.c
// links: drivers/ixgbe/model.c drivers/ixgbe/port.c drivers/ixgbe/probe.c
// links: drivers/ixgbe/adopt.c drivers/ixgbe/misdeeds.c drivers/ixgbe/parts.c
// links: drivers/ixgbe/receive.c drivers/ixgbe/reset.c drivers/ixgbe/ring_receive.c
// links: drivers/ixgbe/relay.c drivers/ixgbe/relay_avx2.c drivers/ixgbe/steer.c
// links: drivers/ixgbe/ring_transmit.c drivers/ixgbe/rss.c drivers/ixgbe/semaphore.c
// links: drivers/ixgbe/sfp.c drivers/ixgbe/sfp_setup.c drivers/ixgbe/stats.c
// links: drivers/ixgbe/transmit.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
// links: tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/regs.h"
#include "drivers/ixgbe/relay.h"
#include "drivers/ixgbe/ring.h"
#include "tests/driver/sim_ixgbe.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DD = 1, EOP = 2, SLOTS = 64, LONGEST = 1500 };

static struct sim fused, plain; // the same card twice
static bool wide;               // with AVX2

static struct ixgbe_rx *receive_ring(const struct sim *sim)
{
    return (struct ixgbe_rx *)sim->port.rx[0];
}

static struct ixgbe_tx *transmit_ring(const struct sim *sim)
{
    return (struct ixgbe_tx *)sim->port.tx[0];
}

static void open_one(struct sim *sim)
{
    sim_open(sim);
    sim_run(sim, 1, SLOTS);
    receive_ring(sim)->wide = wide;
}

static int open_with(bool with_avx2)
{
    wide = with_avx2 && ixgbe_has_avx2();
    open_one(&fused);
    open_one(&plain);
    return 0;
}

static int open_sse2(void **state)
{
    (void)state;
    return open_with(false);
}

static int open_avx2(void **state)
{
    (void)state;
    return open_with(true);
}

static int close_both(void **state)
{
    (void)state;
    sim_close(&fused);
    sim_close(&plain);
    return 0;
}

// A burst by the single verbs, with what net/forward.c does in between. Returns how many frames
// were received.
static unsigned by_verbs(struct sim *sim, unsigned burst)
{
    struct frame frames[BURST_MAX];
    const unsigned room = ixgbe_driver.room(sim->port.tx[0], burst);
    if (room == 0)
        return 0;
    const unsigned received = ixgbe_driver.receive(sim->port.rx[0], frames, room);
    unsigned good = 0;
    for (unsigned i = 0; i < received; i++) {
        const struct frame frame = frames[i];
        if (frame.length < FRAME_MIN || frame.length > LONGEST)
            continue;
        frames[i] = frames[good];
        frames[good++] = frame;
    }
    assert_int_equal(ixgbe_driver.transmit(sim->port.tx[0], frames, good), good);
    ixgbe_driver.refill(sim->port.rx[0], frames, received);
    return received;
}

static unsigned by_relay(struct sim *sim, unsigned burst)
{
    const struct relayed moved =
        ixgbe_driver.relay(sim->port.rx[0], sim->port.tx[0], burst, LONGEST - FRAME_MIN + 1);
    return moved.frames == RELAY_NOT_PLAIN ? by_verbs(sim, burst) : (unsigned)moved.frames;
}

// The same frames have left, and the rings stand at the same place. Which buffer went where may
// differ when a frame was dropped: a dropped frame's buffer is put back at the end of its burst.
static void assert_same(bool honest)
{
    const struct ixgbe_rx *rx = receive_ring(&fused), *other_rx = receive_ring(&plain);
    const struct ixgbe_tx *tx = transmit_ring(&fused), *other_tx = transmit_ring(&plain);
    assert_int_equal(rx->at, other_rx->at);
    assert_int_equal(rx->inside, other_rx->inside);
    assert_int_equal(rx->owed, 0);
    assert_int_equal(tx->at, other_tx->at);
    if (honest) {
        assert_int_equal(rx->given, other_rx->given);
        const size_t bytes = SLOTS * sizeof(uint32_t);
        assert_memory_equal(rx->queue.buffer_of, other_rx->queue.buffer_of, bytes);
        assert_memory_equal(tx->queue.buffer_of, other_tx->queue.buffer_of, bytes);
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        assert_int_equal(rx->descriptors[slot].written, other_rx->descriptors[slot].written);
        assert_int_equal(rx->descriptors[slot].address,
                         packet_dma(&fused.area, rx->queue.buffer_of[slot], FRAME_HEADROOM));
    }
    assert_int_equal(fused.sent_count, plain.sent_count);
    for (unsigned i = 0; i < fused.sent_count; i++)
        assert_int_equal(fused.sent[i].length, plain.sent[i].length);
    assert_int_equal(fused.card.violations, 0);
    assert_true(sim_conserved(&fused));
}

// The card is done with a slot, and says so about it.
static void finish(struct sim *sim, uint32_t slot, uint16_t length, uint8_t status)
{
    simcard_forge_rx(&sim->card, 0, slot, length, status);
    sim->registers[IXGBE_RDH(0) / 4] = (slot + 1) % SLOTS;
}

// Bursts of all sizes, sent now and then, from cards that may lie about one frame in so many.
static void compare(bool honest)
{
    srand(7);
    uint32_t at = 0;
    for (unsigned round = 0; round < 4000; round++) {
        const bool lies = !honest && round % 4 == 0;
        // No more than the card has descriptors for: RDT is written every 32.
        for (unsigned count = (unsigned)rand() % 33; count > 0; count--) {
            const uint16_t length = lies ? sim_some_length(LONGEST) : (uint16_t)(60 + rand() % 4);
            const uint8_t status = lies ? sim_some_status() : DD | EOP;
            finish(&fused, at, length, status);
            finish(&plain, at, length, status);
            at = (at + 1) % SLOTS;
        }
        const unsigned burst = 1 + (unsigned)rand() % 40;
        // Until both have found everything: a frame that is not plain ends a burst early.
        for (unsigned seen = 1, other = 1; seen + other > 0;) {
            seen = by_relay(&fused, burst);
            other = by_verbs(&plain, burst);
            simcard_transmit(&fused.card);
            simcard_transmit(&plain.card);
        }
        assert_same(honest);
        fused.sent_count = plain.sent_count = 0;
    }
}

static void the_same_for_honest_cards(void **state)
{
    (void)state;
    compare(true);
}

static void the_same_whatever_the_card_says(void **state)
{
    (void)state;
    compare(false);
}

static int64_t relay(unsigned burst, uint32_t longest)
{
    const uint32_t lengths = longest - FRAME_MIN + 1;
    return ixgbe_driver.relay(fused.port.rx[0], fused.port.tx[0], burst, lengths).frames;
}

// Honest frames cross unchanged and in order, each exactly once; the tails are written as rarely as
// it says.
static void frames_cross(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    for (unsigned burst = 1; burst <= 40; burst++) {
        fused.sent_count = 0;
        unsigned number = 0;
        for (unsigned round = 0; round < 20; round++) {
            for (unsigned i = 0; i < burst; i++, number++) {
                memcpy(bytes, &number, sizeof number);
                assert_true(simcard_receive(&fused.card, bytes, 60 + number % 5));
            }
            const uint64_t writes = fused.card.writes;
            assert_int_equal(relay(burst, LONGEST), burst); // across both rings' ends
            assert_in_range(fused.card.writes - writes, 1, 2);
            assert_int_equal(simcard_transmit(&fused.card), burst);
        }
        assert_int_equal(fused.sent_count, number);
        for (unsigned i = 0; i < number; i++) {
            unsigned found;
            memcpy(&found, fused.sent[i].bytes, sizeof found);
            assert_int_equal(found, i);
            assert_int_equal(fused.sent[i].length, 60 + i % 5);
        }
        assert_true(sim_conserved(&fused));
        assert_int_equal(fused.card.violations, 0);
    }
}

// The single verbs pass the ring's end in one burst too, with one doorbell of each ring at most.
static void verbs_across_the_end(void **state)
{
    (void)state;
    for (unsigned burst = 1; burst <= 40; burst++)
        for (unsigned round = 0; round < 20; round++) {
            sim_arrive(&plain, burst);
            const uint64_t writes = plain.card.writes;
            assert_int_equal(by_verbs(&plain, 40), burst);
            assert_in_range(plain.card.writes - writes, 1, 2);
            assert_int_equal(simcard_transmit(&plain.card), burst);
        }
    assert_true(sim_conserved(&plain));
    assert_int_equal(plain.card.violations, 0);
}

// What is not for it is left alone, and said.
static void leaves_to_the_verbs(void **state)
{
    (void)state;
    assert_int_equal(relay(32, LONGEST), 0);
    sim_arrive(&fused, 3);
    assert_int_equal(relay(32, 59), RELAY_NOT_PLAIN);
    port_fail(&fused.port, PORT_FAULT_SILENT, 0);
    assert_int_equal(relay(32, LONGEST), RELAY_NOT_PLAIN);
    fused.port.state = PORT_RUNNING;
    assert_int_equal(relay(32, 60), 3);

    // A full ring, and what it has room for.
    sim_arrive(&fused, 60);
    assert_int_equal(relay(57, LONGEST), 57);
    assert_int_equal(relay(32, LONGEST), 3);
    sim_arrive(&fused, 4);
    assert_int_equal(relay(32, LONGEST), RELAY_NOT_PLAIN);
    simcard_transmit(&fused.card);
    assert_int_equal(relay(32, LONGEST), 4); // across the ring's end
    assert_true(sim_conserved(&fused));
}

// No length may pass: however many frames wait, for whichever way through the box, none does.
static void no_length_may_pass(void **state)
{
    (void)state;
    for (unsigned waiting = 1; waiting <= 2 * IXGBE_FEW; waiting++) {
        sim_arrive(&fused, 1);
        assert_int_equal(relay(32, FRAME_MIN - 1), RELAY_NOT_PLAIN);
    }
    assert_int_equal(relay(32, LONGEST), 2 * IXGBE_FEW);
}

static void a_lying_head(void **state)
{
    (void)state;
    sim_arrive(&fused, 60);
    assert_int_equal(relay(60, LONGEST), 60);
    sim_arrive(&fused, 8);
    simcard_forge_head(&fused.card, 0, SLOTS);
    assert_int_equal(relay(8, LONGEST), RELAY_NOT_PLAIN);
    assert_int_equal(fused.port.fault, PORT_FAULT_TX_HEAD);
    assert_int_equal(relay(8, LONGEST), RELAY_NOT_PLAIN);
    assert_true(sim_conserved(&fused));
}

// Everything is done at once, before anything arrived: no slot is used twice.
static void all_done_early(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned slot = 0; slot < SLOTS; slot++)
            simcard_forge_rx(&fused.card, 0, slot, 60, DD | EOP);
        assert_in_range(relay(BURST_MAX, LONGEST), 1, SLOTS - 1);
        assert_true(sim_conserved(&fused));
        simcard_transmit(&fused.card);
        assert_in_range(relay(5, LONGEST), 0, 5);
        simcard_transmit(&fused.card);
    }
}

// Words that the card changes behind our back change nothing: they are written, never read.
static void descriptors_are_not_believed(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            receive_ring(&fused)->descriptors[slot].address = 0xDEAD0000;
            transmit_ring(&fused)->descriptors[slot].address = 0xDEAD0000;
            transmit_ring(&fused)->descriptors[slot].command = UINT64_MAX;
        }
        for (unsigned i = 0; i < 20; i++)
            finish(&fused, (20 * round + i) % SLOTS, 60, DD | EOP);
        assert_int_equal(relay(32, LONGEST), 20);
        assert_int_equal(simcard_transmit(&fused.card), 20);
        assert_int_equal(fused.card.violations, 0);
        assert_true(sim_conserved(&fused));
    }
}

#define BOTH(test)                                                            \
    {#test " (SSE2)", test, open_sse2, close_both, NULL},                     \
    {                                                                         \
        #test " (AVX2 where there is any)", test, open_avx2, close_both, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(the_same_for_honest_cards),
        BOTH(the_same_whatever_the_card_says),
        BOTH(frames_cross),
        BOTH(verbs_across_the_end),
        BOTH(leaves_to_the_verbs),
        BOTH(no_length_may_pass),
        BOTH(a_lying_head),
        BOTH(all_done_early),
        BOTH(descriptors_are_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
