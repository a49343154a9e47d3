// SPDX-License-Identifier: BSD-2-Clause
// Lies of a device at every place of a burst that steer() moves: what comes before is moved, and
// the single verbs find the lie.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/split.c drivers/virtio/describe.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: net/decisions.c
// links: tests/driver/env_host.c tests/driver/simvirtio.c tests/driver/simvirtio_legacy.c
// links: tests/driver/simvirtio_ring.c tests/driver/simvirtio_control.c tests/driver/virtio_rig.c
// links: tests/driver/virtio_steer_rig.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "tests/driver/virtio_steer_rig.h"
#include <cmocka.h>
#include <string.h>

static const struct port_driver *const driver = &virtio_net_driver;

// --- what is received ---

// So many frames cross before, so that the lie comes anywhere in the ring; then so many arrive in
// front of it.
static void begin_lie(unsigned before, unsigned good)
{
    open_fused();
    for (unsigned i = 0; i < before; i++) {
        arrive(&fused, way_of(i), i, 60);
        expect_steered(&fused, 1, false);
        (void)send_all(&fused);
    }
    for (unsigned i = 0; i < good; i++)
        arrive(&fused, way_of(i), i, 60);
    sim_fetch(&fused.rig.sim, RX);
}

// The frames in front of the lie are moved; the lie is left to the verbs, and so is all behind it.
static void expect_moved(unsigned good)
{
    unsigned moved = 0;
    struct steered last = {0, false};
    for (unsigned calls = 0; calls < 3 && !last.more; calls++) { // one for each side of the end
        last = steer(&fused, 32);
        moved += last.frames;
    }
    assert_int_equal(moved, good);
    assert_true(last.more);
    expect_steered(&fused, 0, true);
    rig_audit(&fused.rig);
}

static void expect_lie_found(enum port_fault fault, uint32_t value)
{
    assert_int_equal(by_verbs(&fused, 32), 0);
    expect_steered(&fused, 0, true);
    rig_expect_fault(&fused.rig, fault, value);
}

enum { GOOD_MAX = 9 };
static const unsigned before[] = {0, 1, SLOTS - 5, SLOTS - 1, SLOTS};
enum { BEFORE = sizeof before / sizeof before[0] };

static void an_id_outside_the_ring(void **state)
{
    (void)state;
    static const uint32_t ids[] = {SLOTS, SLOTS + 1, UINT16_MAX, UINT16_MAX + 1, UINT32_MAX};
    for (unsigned good = 0; good <= GOOD_MAX; good++) {
        for (unsigned i = 0; i < BEFORE; i++) {
            begin_lie(before[i], good);
            sim_push_used(&fused.rig.sim, RX, ids[i], HEADER + 60);
            arrive(&fused, 0, 7, 60);
            expect_moved(good);
            expect_lie_found(PORT_FAULT_USED_ID, ids[i]);
        }
    }
}

static void an_id_that_comes_twice(void **state)
{
    (void)state;
    unsigned found = 0;
    for (unsigned good = 1; good <= GOOD_MAX; good++) {
        for (unsigned i = 0; i < BEFORE; i++) {
            begin_lie(before[i], good);
            const uint32_t id = (before[i] + good - 1) % SLOTS;
            sim_push_used(&fused.rig.sim, RX, id, HEADER + 60);
            expect_moved(good);
            const struct split *rx = split_of(rx_of(&fused));
            if (rx->offered - rx->used_seen == SLOTS) { // it was given that buffer again
                rig_close(&fused.rig);
                continue;
            }
            expect_lie_found(PORT_FAULT_USED_REPLAY, id);
            found++;
        }
    }
    assert_true(found > 30);
}

// Lengths that cannot be. The verbs give such a frame the length 0, and go on.
static void lengths_that_cannot_be(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0,
                                       HEADER,
                                       HEADER + FRAME_MIN - 1,
                                       HEADER + RIG_CAPACITY + 1,
                                       UINT16_MAX + 1 + HEADER + 60,
                                       UINT32_MAX};
    for (unsigned good = 0; good <= GOOD_MAX; good++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            begin_lie(before[i % BEFORE], good);
            for (unsigned way = 0; way < WAYS; way++)
                fused.rig.port.tx[way]->steers = UINT32_MAX; // the receive ring's own check alone
            finish(&fused, 0, lengths[i]);
            arrive(&fused, 1, 8, 60);
            expect_moved(good);
            struct frame frame;
            assert_int_equal(driver->receive(rx_of(&fused), &frame, 1), 1);
            assert_int_equal(frame.length, 0);
            driver->refill(rx_of(&fused), &frame, 1);
            expect_steered(&fused, 1, false);
            assert_int_equal(fused.rig.port.state, PORT_RUNNING);
            rig_close(&fused.rig);
        }
    }
}

// The index says that more came than the device was given, by one and by many.
static void a_used_index_that_ran_ahead(void **state)
{
    (void)state;
    static const uint16_t further[] = {1, 2, 100, 30000, 65000 - SLOTS};
    for (unsigned i = 0; i < BEFORE; i++) {
        begin_lie(before[i], 3);
        const struct sim_queue *rx = &fused.rig.sim.queues[RX];
        const uint16_t index = (uint16_t)(rx->used_index + rx->id_count + further[i]);
        sim_set_used_index(&fused.rig.sim, RX, index);
        expect_moved(0);
        expect_lie_found(PORT_FAULT_USED_INDEX, index);
    }
}

// A device that leaves the order, which it may, leaves this way for good: its frames go by the
// verbs.
static void received_in_another_order(void **state)
{
    (void)state;
    for (unsigned good = 0; good <= GOOD_MAX; good++) {
        begin_lie(before[good % BEFORE], good);
        const uint32_t second = (before[good % BEFORE] + good + 1) % SLOTS;
        sim_push_used(&fused.rig.sim, RX, second, HEADER + 60);
        expect_moved(good);
        assert_int_equal(by_verbs(&fused, 32), 1);
        assert_int_equal(fused.rig.port.state, PORT_RUNNING);
        sim_push_used(&fused.rig.sim, RX, (second + SLOTS - 1) % SLOTS, HEADER + 60);
        expect_steered(&fused, 0, true);
        assert_int_equal(by_verbs(&fused, 32), 1);
        sim_push_used(&fused.rig.sim, RX, (second + 1) % SLOTS, HEADER + 60); // in order again
        expect_steered(&fused, 0, true);
        assert_int_equal(by_verbs(&fused, 32), 1);
        assert_int_equal(fused.rig.port.state, PORT_RUNNING);
        assert_int_equal(fused.rig.port.fault, PORT_OK);
        rig_close(&fused.rig);
    }
}

// What the device says it sent is looked at when a ring is full; frames in front of that are moved.
static void a_lie_about_what_was_sent(void **state)
{
    (void)state;
    static const uint32_t ids[] = {SLOTS, UINT32_MAX};
    for (unsigned i = 0; i < 2; i++) {
        open_fused();
        for (uint32_t n = 0; n < SLOTS; n++) {
            arrive(&fused, 1, n, 60);
            expect_steered(&fused, 1, false);
        }
        ring_all(&fused);
        arrive(&fused, 0, 1, 60);
        arrive(&fused, 1, 2, 60);
        sim_push_used(&fused.rig.sim, tx_number[1], ids[i], 0);
        expect_steered(&fused, 1, true);
        expect_steered(&fused, 0, true);
        rig_expect_fault(&fused.rig, PORT_FAULT_USED_ID, ids[i]);
    }
}

// Sent before it was told: an index that ran ahead.
static void sent_before_it_was_told(void **state)
{
    (void)state;
    open_fused();
    for (uint32_t n = 0; n < SLOTS; n++) {
        arrive(&fused, 1, n, 60);
        expect_steered(&fused, 1, false);
    }
    arrive(&fused, 1, 0, 60);
    sim_set_used_index(&fused.rig.sim, tx_number[1], 1);
    expect_steered(&fused, 0, true);
    rig_expect_fault(&fused.rig, PORT_FAULT_USED_INDEX, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_outside_the_ring),    cmocka_unit_test(an_id_that_comes_twice),
        cmocka_unit_test(lengths_that_cannot_be),    cmocka_unit_test(a_used_index_that_ran_ahead),
        cmocka_unit_test(received_in_another_order), cmocka_unit_test(a_lie_about_what_was_sent),
        cmocka_unit_test(sent_before_it_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
