// SPDX-License-Identifier: BSD-2-Clause
// The bridge's fused loop beside the single verbs: whatever the card says, each frame leaves by the
// queue that was decided, or is left to the verbs.
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
// links: drivers/ixgbe/transmit.c net/decisions.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
// links: tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/regs.h"
#include "drivers/ixgbe/ring.h"
#include "net/decisions.h"
#include "tests/driver/sim_ixgbe.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/driver/steering.h"

enum {
    DD = 1,
    EOP = 2,
    SLOTS = 64,
    LONGEST = 1500,
    LENGTHS = LONGEST - FRAME_MIN + 1,
    WAYS = 3,
    BY_BOX = 9,     // a way that is no queue's
    NOBODYS = WAYS, // a destination that nobody has decided about
    NUMBER = 14,    // where a frame carries its number
};

// A card with as many transmit queues as ways, and who steers it.
struct steered_card {
    struct sim sim;
    struct steering steering;
    struct steer_way ways[STEER_WAYS];
    uint64_t left[WAYS]; // frames that each queue was given
};

static struct decisions decisions;
static struct steered_card fused, plain; // the same twice
static struct queue nowhere;
static uint64_t steered; // frames, by steer()

static void open_card(struct steered_card *card)
{
    sim_open(&card->sim);
    sim_run(&card->sim, WAYS, SLOTS);
    card->steering = (struct steering){
        .decisions = &decisions,
        .ways = card->ways,
        .frames = card->sim.area.base + FRAME_HEADROOM,
        .tag = decisions_tag(&decisions, 1, 0),
    };
    for (unsigned way = 0; way < STEER_WAYS; way++)
        card->ways[way] = (struct steer_way){.tx = way < WAYS ? card->sim.port.tx[way] : &nowhere};
    for (unsigned way = 0; way < WAYS; way++) {
        card->left[way] = 0;
        card->sim.port.tx[way]->steers = LENGTHS;
    }
    // A ring that has never been asked is closed: see leaves_to_the_verbs().
    card->sim.port.rx[0]->lengths = SIM_CAPACITY - FRAME_MIN + 1;
}

static int open_both(void **state)
{
    (void)state;
    decisions_init(&decisions, steering_secret);
    for (unsigned way = 0; way < WAYS; way++)
        decide(&decisions, way, way);
    decide(&decisions, BY_BOX, BY_BOX);
    open_card(&fused);
    open_card(&plain);
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    sim_close(&fused.sim);
    sim_close(&plain.sim);
    return 0;
}

static void arrive(struct steered_card *card, unsigned destination, uint32_t number,
                   unsigned length)
{
    uint8_t data[LONGEST + 1] = {0};
    write_header(data, destination);
    memcpy(data + NUMBER, &number, sizeof number);
    assert_true(simcard_receive(&card->sim.card, data, length));
}

static void ring_all(struct steered_card *card)
{
    for (unsigned way = 0; way < WAYS; way++)
        ixgbe_driver.ring(card->sim.port.tx[way]);
}

static struct steered steer(struct steered_card *card, unsigned burst)
{
    return call_steer(&ixgbe_driver, card->sim.port.rx[0], &card->steering, burst, card->left, WAYS,
                      &steered);
}

// A burst by the single verbs, with what a bridge does in between. Returns how many were received.
static unsigned by_verbs(struct steered_card *card, unsigned burst)
{
    struct sim *sim = &card->sim;
    struct frame frames[BURST_MAX], empty;
    const unsigned received = ixgbe_driver.receive(sim->port.rx[0], frames, burst);
    for (unsigned i = 0; i < received; i++) {
        if (frames[i].length < FRAME_MIN || frames[i].length > LONGEST)
            continue;
        const uint8_t *data = packet_data(&sim->area, frames[i].buffer, frames[i].offset);
        const uint32_t way =
            decisions_find(&decisions, addresses_of(data), card->steering.tag, WAYS);
        if (way >= WAYS)
            continue;
        assert_int_equal(ixgbe_driver.enqueue(sim->port.tx[way], &frames[i], &empty, 1), 1);
        frames[i].buffer = empty.buffer;
        card->left[way]++;
    }
    ixgbe_driver.refill(sim->port.rx[0], frames, received);
    return received;
}

// Honest frames cross unchanged, in order, each exactly once and by its queue; the cards are told
// by ring() alone, whose report makes the room for the next ones.
static void frames_cross(void **state)
{
    (void)state;
    struct sim *sim = &fused.sim;
    for (unsigned burst = 1; burst <= 31; burst++) { // RDT is written every 32
        sim->sent_count = 0;
        uint32_t number = 0;
        uint64_t bytes = 0, longer = 0;
        for (unsigned round = 0; round < 30; round++) {
            for (unsigned i = 0; i < burst; i++, number++) {
                arrive(&fused, (number * 7 / 3) % WAYS, number, 60 + number % 5);
                bytes += 60 + number % 5;
            }
            const uint64_t writes = sim->card.writes;
            const struct steered moved =
                ixgbe_driver.steer(sim->port.rx[0], &fused.steering, burst + 1);
            assert_int_equal(moved.frames, burst); // across all rings' ends
            assert_false(moved.more);
            assert_in_range(sim->card.writes - writes, 0, 1);
            assert_int_equal(simcard_transmit(&sim->card), 0);
            ring_all(&fused);
            assert_int_equal(simcard_transmit(&sim->card), burst);
        }
        uint64_t frames = 0;
        for (unsigned way = 0; way < STEER_WAYS; way++) {
            frames += fused.ways[way].frames;
            longer += fused.ways[way].longer;
            fused.ways[way].frames = fused.ways[way].longer = 0;
        }
        assert_int_equal(frames, number);
        assert_int_equal(longer + frames * FRAME_MIN, bytes);
        assert_int_equal(sim->sent_count, number);
        uint32_t next[WAYS] = {0};
        for (unsigned i = 0; i < number; i++) {
            uint32_t found;
            memcpy(&found, sim->sent[i].bytes + NUMBER, sizeof found);
            const unsigned way = sim->sent[i].bytes[5];
            assert_in_range(way, 0, WAYS - 1);
            while ((next[way] * 7 / 3) % WAYS != way)
                next[way]++;
            assert_int_equal(found, next[way]++);
            assert_int_equal(sim->sent[i].length, 60 + found % 5);
        }
        assert_true(sim_conserved(sim));
        sim_assert_rules_kept(sim);
    }
}

// It stops at the first frame that is not for it, which the verbs then find.
static void stops_at(unsigned destination, unsigned length)
{
    arrive(&fused, 0, 1, 60);
    arrive(&fused, 1, 2, LONGEST);
    arrive(&fused, destination, 3, length);
    arrive(&fused, 2, 4, 60);
    struct steered moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 2);
    assert_true(moved.more);
    moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 0);
    assert_true(moved.more);
    struct frame frame;
    assert_int_equal(ixgbe_driver.receive(fused.sim.port.rx[0], &frame, 1), 1);
    assert_int_equal(packet_data(&fused.sim.area, frame.buffer, frame.offset)[NUMBER], 3);
    ixgbe_driver.refill(fused.sim.port.rx[0], &frame, 1);
    moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 1);
    assert_false(moved.more);
    ring_all(&fused);
    simcard_transmit(&fused.sim.card);
    assert_true(sim_conserved(&fused.sim));
}

static void leaves_to_the_verbs(void **state)
{
    (void)state;
    struct steered moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 0);
    assert_false(moved.more);
    arrive(&fused, 0, 1, 60);
    arrive(&fused, 1, 2, 60);
    arrive(&fused, 2, 3, 60);
    moved = steer(&fused, 2);
    assert_int_equal(moved.frames, 2);
    assert_false(moved.more); // of what it was asked for
    moved = steer(&fused, 2);
    assert_int_equal(moved.frames, 1);
    assert_false(moved.more);
    stops_at(NOBODYS, 60);
    stops_at(BY_BOX, 60);
    stops_at(0, LONGEST + 1);
    fused.steering.tag = decisions_tag(&decisions, 2, 0); // nothing has been decided since
    arrive(&fused, 0, 1, 60);
    moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 0);
    assert_true(moved.more);
    fused.steering.tag = decisions_tag(&decisions, 1, 0);

    // A queue that nobody has opened, and a port that does not run.
    fused.sim.port.tx[0]->steers = 0;
    assert_int_equal(steer(&fused, 32).frames, 0);
    fused.sim.port.tx[0]->steers = LENGTHS;
    port_close(&fused.sim.port);
    assert_int_equal(steer(&fused, 32).frames, 0);
    assert_int_equal(fused.sim.port.tx[0]->steers, 0);
    fused.sim.port.tx[0]->steers = LENGTHS;
    moved = steer(&fused, 32); // the receive ring is closed, too
    assert_int_equal(moved.frames, 0);
    assert_true(moved.more);
    assert_int_equal(by_verbs(&fused, 1), 1);
    assert_true(sim_conserved(&fused.sim));
}

// A full ring stops it: nothing is lost, and what has room elsewhere waits behind.
static void a_full_ring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SLOTS - 1; i++) {
        arrive(&fused, 1, i, 60);
        assert_int_equal(steer(&fused, 1).frames, 1);
    }
    arrive(&fused, 0, 0, 60);
    arrive(&fused, 1, 0, 60);
    struct steered moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 1);
    assert_true(moved.more);
    ring_all(&fused);
    assert_int_equal(simcard_transmit(&fused.sim.card), SLOTS);
    moved = steer(&fused, 32);
    assert_int_equal(moved.frames, 1);
    assert_false(moved.more);
    assert_true(sim_conserved(&fused.sim));
    sim_assert_rules_kept(&fused.sim);
}

static void a_lying_head(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SLOTS - 1; i++) {
        arrive(&fused, 1, i, 60);
        assert_int_equal(steer(&fused, 1).frames, 1);
    }
    arrive(&fused, 1, 0, 60);
    simcard_forge_head(&fused.sim.card, 1, SLOTS);
    assert_int_equal(steer(&fused, 8).frames, 0);
    assert_int_equal(fused.sim.port.fault, PORT_FAULT_TX_HEAD);
    assert_int_equal(steer(&fused, 8).frames, 0);
    assert_true(sim_conserved(&fused.sim));
}

// --- Two cards that say the same: one is steered as far as that goes, the other never.

// The card has written a frame to this destination into a slot.
static void finish(struct steered_card *card, uint32_t slot, unsigned destination, uint16_t length,
                   uint8_t status)
{
    const uint32_t buffer = card->sim.port.rx[0]->buffer_of[slot];
    write_header(packet_data(&card->sim.area, buffer, FRAME_HEADROOM), destination);
    simcard_forge_rx(&card->sim.card, 0, slot, length, status);
    card->sim.registers[IXGBE_RDH(0) / 4] = (slot + 1) % SLOTS;
}

// All that has arrived, in bursts.
static void take_all(struct steered_card *card, bool steering, unsigned burst)
{
    unsigned all = 0;
    for (unsigned seen = 1; seen > 0; all += seen) {
        assert_in_range(all, 0, SLOTS);
        struct steered moved = {0, true};
        if (steering)
            moved = steer(card, burst);
        seen = moved.frames + (moved.more ? by_verbs(card, burst) : 0);
        ring_all(card);
        simcard_transmit(&card->sim.card);
    }
}

static void the_same_whatever_the_card_says(void **state)
{
    (void)state;
    srand(7);
    steered = 0;
    uint32_t at = 0;
    for (unsigned round = 0; round < 4000; round++) {
        const bool lies = round % 4 == 0;
        for (unsigned count = (unsigned)rand() % 32; count > 0; count--) {
            const uint16_t length = lies ? sim_some_length(LONGEST) : (uint16_t)(60 + rand() % 4);
            const uint8_t status = lies ? sim_some_status() : DD | EOP;
            const unsigned destination = (unsigned)rand() % (lies ? WAYS + 1 : WAYS);
            finish(&fused, at, destination, length, status);
            finish(&plain, at, destination, length, status);
            at = (at + 1) % SLOTS;
        }
        const unsigned burst = 1 + (unsigned)rand() % 40;
        take_all(&fused, true, burst);
        take_all(&plain, false, burst);

        const struct ixgbe_rx *rx = (struct ixgbe_rx *)fused.sim.port.rx[0];
        const struct ixgbe_rx *other = (struct ixgbe_rx *)plain.sim.port.rx[0];
        assert_int_equal(rx->at, other->at);
        assert_int_equal(rx->inside, other->inside);
        assert_int_equal(rx->owed, 0);
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            assert_int_equal(rx->descriptors[slot].written, other->descriptors[slot].written);
            assert_int_equal(
                rx->descriptors[slot].address,
                packet_dma(&fused.sim.area, rx->queue.buffer_of[slot], FRAME_HEADROOM));
        }
        assert_true(sim_conserved(&fused.sim));
        sim_assert_rules_kept(&fused.sim);
        assert_memory_equal(fused.left, plain.left, sizeof fused.left);
    }
    assert_true(fused.left[0] > 10000 && fused.left[1] > 10000 && fused.left[2] > 10000);
    assert_true(steered > 40000);
}

// Words that the card changes behind our back change nothing: they are written, never read.
static void descriptors_are_not_believed(void **state)
{
    (void)state;
    struct ixgbe_rx *rx = (struct ixgbe_rx *)fused.sim.port.rx[0];
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            rx->descriptors[slot].address = 0xDEAD0000;
            for (unsigned way = 0; way < WAYS; way++) {
                struct ixgbe_tx *tx = (struct ixgbe_tx *)fused.sim.port.tx[way];
                tx->descriptors[slot].address = 0xDEAD0000;
                tx->descriptors[slot].command = UINT64_MAX;
            }
        }
        for (unsigned i = 0; i < 20; i++) {
            finish(&fused, (20 * round + i) % SLOTS, i % WAYS, 60, DD | EOP);
        }
        assert_int_equal(steer(&fused, 32).frames, 20);
        ring_all(&fused);
        assert_int_equal(simcard_transmit(&fused.sim.card), 20);
        sim_assert_rules_kept(&fused.sim);
        assert_true(sim_conserved(&fused.sim));
    }
}

// Everything is done at once, before anything arrived: no slot is used twice.
static void all_done_early(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned slot = 0; slot < SLOTS; slot++)
            finish(&fused, slot, slot % (WAYS + 1), 60, DD | EOP);
        take_all(&fused, true, BURST_MAX);
        assert_true(sim_conserved(&fused.sim));
    }
}

#define ON_CARDS(test) cmocka_unit_test_setup_teardown(test, open_both, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CARDS(frames_cross),
        ON_CARDS(leaves_to_the_verbs),
        ON_CARDS(a_full_ring),
        ON_CARDS(a_lying_head),
        ON_CARDS(the_same_whatever_the_card_says),
        ON_CARDS(descriptors_are_not_believed),
        ON_CARDS(all_done_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
