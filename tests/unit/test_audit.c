// SPDX-License-Identifier: BSD-2-Clause
// The audit finds each kind of planted violation, and says where it is; lost buffers come back.
// links: net/audit.c net/mend.c net/buffers.c net/wire.c net/forward.c net/local.c
// links: tests/unit/fakeport.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/audit.h"
#include "net/mend.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

// 2 ports, 2 queues each way, 8 slots: buffers 0..31 are lan's, 32..63 wan's.
enum { SLOTS = 8, COUNT = 64, STRIDE = 2112 };

static struct fake_port lan, wan;
static struct buffers buffers;
static struct audit_report report;
static _Alignas(CACHE_LINE) uint8_t memory[COUNT * STRIDE];
static uint64_t bitmap[COUNT / 64];

static int deal(void **state)
{
    (void)state;
    fake_init(&lan, "lan", 2, 2, SLOTS, 1514);
    fake_init(&wan, "wan", 2, 2, SLOTS, 1514);
    buffers_init(&buffers, (struct port *[]){&lan.port, &wan.port}, 2);
    wire_plan(&buffers, 0, 1);
    memset(bitmap, 0xff, sizeof bitmap);
    return buffers_plan(&buffers, BUFFER_CAPACITY) ||
           buffers_deal(&buffers, memory, 0, sizeof memory, bitmap);
}

static void expect(uint32_t out_of_range, uint32_t foreign, uint32_t duplicate, uint32_t missing)
{
    assert_int_equal(report.slots, COUNT);
    assert_int_equal(report.found[AUDIT_OUT_OF_RANGE], out_of_range);
    assert_int_equal(report.found[AUDIT_FOREIGN], foreign);
    assert_int_equal(report.found[AUDIT_DUPLICATE], duplicate);
    assert_int_equal(report.found[AUDIT_MISSING], missing);
}

static void expect_place(const struct audit_place *place, const struct port *port, bool transmit,
                         unsigned queue, uint32_t slot)
{
    assert_ptr_equal(place->port, port);
    assert_int_equal(place->transmit, transmit);
    assert_int_equal(place->queue, queue);
    assert_int_equal(place->slot, slot);
}

static void test_sound(void **state)
{
    (void)state;
    assert_true(buffers_audit(&buffers, &report));
    expect(0, 0, 0, 0);
    assert_int_equal(report.first, AUDIT_FINDINGS);
    // Any permutation within a range is as good.
    const uint32_t buffer = lan.rx[0].buffer_of[3];
    lan.rx[0].buffer_of[3] = wan.tx[1].buffer_of[7];
    wan.tx[1].buffer_of[7] = buffer;
    assert_true(buffers_audit(&buffers, &report));
    assert_true(buffers_audit(&buffers, &report));
}

static void test_duplicate(void **state)
{
    (void)state;
    wan.tx[1].buffer_of[5] = lan.rx[1].buffer_of[2];
    assert_false(buffers_audit(&buffers, &report));
    expect(0, 0, 1, 1);
    assert_int_equal(report.first, AUDIT_DUPLICATE);
    assert_int_equal(report.buffer, lan.rx[1].buffer_of[2]);
    expect_place(&report.place, &wan.port, true, 1, 5);
    expect_place(&report.earlier, &lan.port, false, 1, 2);
}

static void test_duplicate_in_one_ring(void **state)
{
    (void)state;
    lan.tx[0].buffer_of[0] = lan.tx[0].buffer_of[7];
    assert_false(buffers_audit(&buffers, &report));
    expect(0, 0, 1, 1);
    expect_place(&report.place, &lan.port, true, 0, 7);
    expect_place(&report.earlier, &lan.port, true, 0, 0);
}

static void test_out_of_range(void **state)
{
    (void)state;
    lan.rx[0].buffer_of[0] = COUNT;
    wan.rx[1].buffer_of[7] = UINT32_MAX;
    assert_false(buffers_audit(&buffers, &report));
    expect(2, 0, 0, 2);
    assert_int_equal(report.first, AUDIT_OUT_OF_RANGE);
    assert_int_equal(report.buffer, COUNT);
    expect_place(&report.place, &lan.port, false, 0, 0);
}

static void test_foreign(void **state)
{
    (void)state;
    const uint32_t buffer = lan.rx[0].buffer_of[6];
    lan.rx[0].buffer_of[6] = wan.rx[0].buffer_of[1];
    wan.rx[0].buffer_of[1] = buffer;
    assert_false(buffers_audit(&buffers, &report));
    expect(0, 2, 0, 0);
    assert_int_equal(report.first, AUDIT_FOREIGN);
    expect_place(&report.place, &lan.port, false, 0, 6);
}

static void test_missing(void **state)
{
    (void)state;
    // A buffer more than there are slots: what a ring that shrank would look like.
    wan.tx[1].queue.slots--;
    assert_false(buffers_audit(&buffers, &report));
    assert_int_equal(report.slots, COUNT - 1);
    assert_int_equal(report.found[AUDIT_MISSING], 1);
    assert_int_equal(report.first, AUDIT_MISSING);
    assert_int_equal(report.buffer, wan.tx[1].buffer_of[SLOTS - 1]);
    assert_null(report.place.port);
    assert_null(report.earlier.port);
}

// Whichever slot is overwritten with whatever else, it is found.
static void test_every_slot_and_every_value(void **state)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        for (uint32_t value = 0; value < COUNT + 2; value++)
            for (unsigned ring = 0; ring < 4; ring++) {
                deal(state);
                struct fake_queue *queues[] = {&lan.rx[1], &lan.tx[0], &wan.rx[0], &wan.tx[1]};
                uint32_t *there = &queues[ring]->buffer_of[slot];
                const uint32_t truth = *there;
                *there = value;
                assert_int_equal(buffers_audit(&buffers, &report), value == truth);
                if (value != truth)
                    assert_int_equal(report.found[AUDIT_MISSING], 1);
            }
}

// Every empty slot has a buffer of its own group again, and no other slot is touched.
static void test_mend(void **state)
{
    (void)state;
    assert_int_equal(buffers_mend(&buffers, &lan.port), 0);
    lan.rx[0].buffer_of[0] = lan.rx[1].buffer_of[7] = lan.tx[1].buffer_of[3] = NO_BUFFER;
    wan.rx[1].buffer_of[2] = NO_BUFFER;
    assert_false(buffers_audit(&buffers, &report));
    expect(4, 0, 0, 4);
    struct queue *rx[] = {wan.port.rx[1]};
    wan.port.rx[1] = wan.port.rx[0]; // of a port that lacks none, nothing is looked for
    assert_int_equal(buffers_mend(&buffers, &wan.port), 0);
    wan.port.rx[1] = rx[0];
    assert_int_equal(buffers_mend(&buffers, &lan.port), 4);
    assert_true(buffers_audit(&buffers, &report));
    expect(0, 0, 0, 0);
    assert_int_equal(wan.rx[0].buffer_of[5], wan.rx[0].buffer_of[4] + 1);
}

// What it cannot mend it leaves alone: a slot that is not empty, and one whose group misses
// nothing.
static void test_what_cannot_be_mended(void **state)
{
    (void)state;
    lan.rx[0].buffer_of[2] = COUNT;
    lan.rx[1].buffer_of[0] = wan.rx[0].buffer_of[0];
    wan.rx[0].buffer_of[0] = NO_BUFFER;
    assert_int_equal(buffers_mend(&buffers, &wan.port), 0);
    assert_int_equal(lan.rx[0].buffer_of[2], COUNT);
    assert_int_equal(wan.rx[0].buffer_of[0], NO_BUFFER);
    assert_false(buffers_audit(&buffers, &report));
    expect(2, 1, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sound, deal),
        cmocka_unit_test_setup(test_duplicate, deal),
        cmocka_unit_test_setup(test_duplicate_in_one_ring, deal),
        cmocka_unit_test_setup(test_out_of_range, deal),
        cmocka_unit_test_setup(test_foreign, deal),
        cmocka_unit_test_setup(test_missing, deal),
        cmocka_unit_test_setup(test_mend, deal),
        cmocka_unit_test_setup(test_what_cannot_be_mended, deal),
        cmocka_unit_test_setup(test_every_slot_and_every_value, deal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
