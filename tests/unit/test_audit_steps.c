// SPDX-License-Identifier: BSD-2-Clause
// The audit in steps, with frames crossing in between: no false alarm, and it finds what is wrong.
// links: net/audit.c net/mend.c net/buffers.c net/wire.c net/forward.c net/local.c
// links: tests/unit/fakeport.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/audit.h"
#include "net/mend.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

// 2 ports, 2 queues each way, 48 slots: buffers 0..191 are lan's, 192..383 wan's.
enum { QUEUES = 2, SLOTS = 48, COUNT = 2 * 2 * QUEUES * SLOTS, STRIDE = 2112 };

static struct fake_port lan, wan;
static struct buffers buffers;
static struct forwarder forwarder;
static _Alignas(CACHE_LINE) uint8_t memory[COUNT * STRIDE];
static uint64_t bitmap[COUNT / 64];
static uint64_t crossed;

static int deal(void **state)
{
    (void)state;
    fake_init(&lan, "lan", QUEUES, QUEUES, SLOTS, 1514);
    fake_init(&wan, "wan", QUEUES, QUEUES, SLOTS, 1514);
    buffers_init(&buffers, (struct port *[]){&lan.port, &wan.port}, 2);
    wire_plan(&buffers, 0, 1);
    memset(bitmap, 0xff, sizeof bitmap);
    if (buffers_plan(&buffers, BUFFER_CAPACITY) != 0 ||
        buffers_deal(&buffers, memory, 0, sizeof memory, bitmap) != 0)
        return -1;
    forwarder_init(&forwarder, &buffers.area);
    crossed = 0;
    return wire_connect(&forwarder, &buffers, 0, 1) || lan.port.driver->start(&lan.port) ||
           wan.port.driver->start(&wan.port);
}

// A small generator of our own: the same sequence everywhere.
static uint64_t random_state = 1;

static unsigned random_below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 20) % limit;
}

// So many frames cross, by whichever queues, while the peers read at their own pace.
static void traffic(unsigned frames)
{
    static const uint8_t data[60];
    uint8_t sent[FAKE_DATA_MAX];
    while (frames > 0) {
        struct fake_port *const from = random_below(2) ? &lan : &wan;
        for (unsigned i = random_below(32); i > 0 && frames > 0; i--, frames--)
            fake_arrive(from, random_below(QUEUES), data, sizeof data, FAKE_HONEST);
        crossed += forward_poll(&forwarder);
        for (unsigned i = random_below(64); i > 0; i--)
            fake_sent(random_below(2) ? &lan : &wan, random_below(QUEUES), sent);
    }
}

// How the audit ends with up to so many frames between two steps; *looks becomes how many it took.
static enum audit_result run(unsigned frames, unsigned *looks)
{
    struct audit audit;
    enum audit_result result;
    audit_begin(&audit, &buffers);
    while ((result = audit_step(&audit)) == AUDIT_MORE)
        traffic(frames == 0 ? 0 : random_below(frames));
    if (looks != NULL)
        *looks = audit.looks;
    if (result == AUDIT_SOUND)
        assert_int_equal(audit_slots(&audit), COUNT);
    return result;
}

static void test_at_rest(void **state)
{
    (void)state;
    unsigned looks;
    assert_int_equal(run(0, &looks), AUDIT_SOUND);
    assert_int_equal(looks, 0); // the first one sees all
}

// Between two steps anything from no frame to twice what all rings hold.
static void test_no_false_alarm(void **state)
{
    (void)state;
    static const unsigned loads[] = {2, 20, 200, 2 * COUNT};
    unsigned most = 0, looks;
    for (unsigned i = 0; i < 2000; i++) {
        assert_int_equal(run(loads[i % 4], &looks), AUDIT_SOUND);
        most = looks > most ? looks : most;
    }
    assert_in_range(most, 1, AUDIT_LOOKS_MAX / 2); // frames do wander while it looks
    assert_true(crossed > 100000);
}

static uint32_t *random_slot(void)
{
    struct fake_port *port = random_below(2) ? &lan : &wan;
    struct fake_queue *queue = random_below(2) ? port->rx : port->tx;
    return &queue[random_below(QUEUES)].buffer_of[random_below(SLOTS)];
}

// Whatever is wrong, however much crosses: the audit at one go then says what.
static void test_every_fault_is_found(void **state)
{
    static const unsigned loads[] = {0, 20, 200};
    struct audit_report report;
    for (unsigned i = 0; i < 600; i++) {
        deal(state);
        traffic(random_below(500));
        uint32_t *one = random_slot(), *other = random_slot();
        const bool mine = *one < COUNT / 2, foreign = i % 2 == 0;
        while (one == other || (foreign && mine == (*other < COUNT / 2)))
            other = random_slot();
        if (foreign) { // two groups exchange a buffer
            const uint32_t buffer = *one;
            *one = *other;
            *other = buffer;
        } else { // one buffer twice, another one nowhere
            *one = *other;
        }
        assert_int_equal(run(loads[i % 3], NULL), AUDIT_UNSURE);
        assert_false(buffers_audit(&buffers, &report));
        assert_int_equal(report.found[AUDIT_FOREIGN] > 0, foreign || mine != (*other < COUNT / 2));
    }
}

static void test_lost_and_impossible(void **state)
{
    for (unsigned i = 0; i < 200; i++) {
        deal(state);
        *random_slot() = i % 2 == 0 ? NO_BUFFER : COUNT + i;
        assert_int_equal(run(0, NULL), AUDIT_UNSURE);
    }
}

// More slots than buffers, or less: no look at the buffers would tell.
static void test_rings_of_another_size(void **state)
{
    (void)state;
    wan.tx[1].queue.slots--;
    assert_int_equal(run(0, NULL), AUDIT_UNSURE);
    wan.tx[1].queue.slots += 2;
    wan.tx[1].buffer_of[SLOTS] = wan.tx[1].buffer_of[0];
    assert_int_equal(run(0, NULL), AUDIT_UNSURE);
}

// Lost buffers come back in the middle of an audit, which uses the same bitmap.
static void test_mended_meanwhile(void **state)
{
    (void)state;
    struct audit audit;
    enum audit_result result;
    lan.rx[0].buffer_of[3] = NO_BUFFER;
    audit_begin(&audit, &buffers);
    assert_int_equal(audit_step(&audit), AUDIT_MORE);
    assert_int_equal(buffers_mend(&buffers, &lan.port), 1);
    while ((result = audit_step(&audit)) == AUDIT_MORE)
        ;
    assert_int_equal(result, AUDIT_UNSURE);
    assert_int_equal(run(0, NULL), AUDIT_SOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_at_rest, deal),
        cmocka_unit_test_setup(test_no_false_alarm, deal),
        cmocka_unit_test_setup(test_every_fault_is_found, deal),
        cmocka_unit_test_setup(test_lost_and_impossible, deal),
        cmocka_unit_test_setup(test_rings_of_another_size, deal),
        cmocka_unit_test_setup(test_mended_meanwhile, deal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
