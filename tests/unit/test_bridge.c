// SPDX-License-Identifier: BSD-2-Clause
// The bridge, rule by rule.
// links: net/bridge.c net/bridge_burst.c net/bridge_sort.c net/decisions.c net/fdb.c
// links: net/forward.c net/local.c net/counters.c
// links: net/supervise.c net/restarts.c net/buffers.c net/audit.c net/mend.c net/bounce.c
// links: tests/unit/fakeport.c tests/unit/bridge_rig.c
#include <errno.h>
#include <string.h>

#include "net/bounce.h"
#include "tests/unit/bridge_rig.h"
#include "tests/unit/look_after.h"

static struct local local;

static void test_flood_then_learn(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(0, STATION(2), STATION(1), 1); // unknown: to all others
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 1);
    assert_int_equal(sent(2), 1);
    arrive(1, STATION(1), STATION(2), 2); // the answer knows its way
    forward_poll(&forwarder);
    assert_int_equal(sent(0), 2);
    arrive(0, STATION(2), STATION(1), 3); // and so does the next one
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 3);
    arrive(2, EVERYBODY, STATION(3), 4);
    arrive(2, GROUP, STATION(3), 5);
    forward_poll(&forwarder);
    for (unsigned port = 0; port < 2; port++) {
        assert_int_equal(sent(port), 4);
        assert_int_equal(sent(port), 5);
    }
    expect_nothing_more();
    assert_int_equal(forwarder.counters[0].forwarded, 2);
    assert_int_equal(forwarder.counters[0].flooded, 1);
    assert_int_equal(forwarder.counters[0].copies, 2);
    assert_int_equal(forwarder.counters[1].copies, 3);
    assert_int_equal(forwarder.counters[2].flooded, 2);
    check_laws();
    free_box();
}

static void test_same_port(void **state)
{
    (void)state;
    make_box(2, 1);
    arrive(0, EVERYBODY, STATION(1), 1);
    arrive(0, STATION(1), STATION(2), 2);
    arrive(0, STATION(2), STATION(2), 3); // to itself, and known only since the last one
    arrive(0, STATION(4), STATION(4), 4); // to itself, and not known before
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 1);
    expect_nothing_more();
    assert_int_equal(drops(0, DROP_SAME_PORT), 3);
    check_laws();
    free_box();
}

static void test_moves(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(0, EVERYBODY, STATION(1), 1);
    arrive(1, EVERYBODY, STATION(1), 2);
    arrive(2, STATION(1), STATION(3), 3);
    forward_poll(&forwarder);
    assert_int_equal(sent(0), 2);
    assert_int_equal(sent(1), 1);
    assert_int_equal(sent(1), 3);
    assert_int_equal(forwarder.counters[1].moves, 1);
    assert_int_equal(forwarder.counters[0].moves, 0);
    check_laws();
    free_box();
}

static void test_reserved_groups(void **state)
{
    (void)state;
    static const enum drop_reason reasons[16] = {
        DROP_BPDU,     DROP_PAUSE,    DROP_SLOW_PROTOCOL, DROP_EAPOL,
        DROP_RESERVED, DROP_RESERVED, DROP_RESERVED,      DROP_RESERVED,
        DROP_RESERVED, DROP_RESERVED, DROP_RESERVED,      DROP_RESERVED,
        DROP_RESERVED, DROP_RESERVED, DROP_LLDP,          DROP_RESERVED,
    };
    make_box(2, 1);
    for (uint64_t last = 0; last < 16; last++) {
        const uint64_t before = drops(0, reasons[last]);
        arrive(0, 0x000000c28001 | last << 40, STATION(last), 1);
        forward_poll(&forwarder);
        assert_int_equal(drops(0, reasons[last]), before + 1);
        // Their senders are learned, except that of a PAUSE frame, which is not a station's.
        assert_int_equal(fdb_look_up(&bridge.fdb, STATION(last)), last == 1 ? FDB_NOWHERE : 0);
    }
    expect_nothing_more();
    arrive(0, 0x100000c28001, STATION(1), 17); // 01-80-C2-00-00-10 is an ordinary group
    arrive(0, 0x000001c28001, STATION(1), 18); // and so is 01-80-C2-01-00-00
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 17);
    assert_int_equal(sent(1), 18);
    check_laws();
    free_box();
}

static void test_impossible_sources(void **state)
{
    (void)state;
    make_box(2, 1);
    arrive(0, EVERYBODY, GROUP, 1);
    arrive(0, EVERYBODY, EVERYBODY, 2);
    arrive(0, EVERYBODY, 0, 3);
    arrive(0, STATION(9), 0, 4);
    forward_poll(&forwarder);
    expect_nothing_more();
    assert_int_equal(drops(0, DROP_BAD_SOURCE), 4);
    assert_int_equal(bridge.fdb.entries, 0);
    arrive(0, 0, STATION(1), 5); // to nobody: nobody knows where that is
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 5);
    check_laws();
    free_box();
}

// A burst for three ports, with copies in between: each port gets its frames in order, and none
// rings more doorbells than needed.
static void test_order_of_a_mixed_burst(void **state)
{
    (void)state;
    make_box(4, 3);
    for (unsigned i = 1; i < 4; i++)
        arrive(i, EVERYBODY, STATION(i), 1000 + i);
    forward_poll(&forwarder);
    for (unsigned i = 0; i < 4; i++)
        while (sent(i) != 0)
            ;
    for (unsigned i = 0; i < 30; i++)
        arrive(0, i % 10 == 9 ? EVERYBODY : STATION(1 + i % 3), STATION(0), i + 1);
    assert_int_equal(forward_poll(&forwarder), 30);
    for (unsigned port = 1; port < 4; port++)
        for (unsigned i = 0; i < 30; i++)
            if (i % 10 == 9 || 1 + i % 3 == port)
                assert_int_equal(sent(port), i + 1);
    expect_nothing_more();
    check_laws();
    free_box();
}

// Everything to one port: one doorbell.
static void test_one_way_burst(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(1, EVERYBODY, STATION(1), 1);
    forward_poll(&forwarder);
    fakes[1].transmits = fakes[1].rings = 0;
    for (unsigned i = 0; i < 20; i++)
        arrive(0, STATION(1), STATION(0), i + 1);
    forward_poll(&forwarder);
    assert_int_equal(fakes[1].transmits + fakes[1].rings, 1);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(sent(1), i + 1);
    check_laws();
    free_box();
}

// With more than two ports, a ring that is full costs the frames that should leave by it, and no
// other.
static void test_full_ring_is_nobody_elses(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(1, EVERYBODY, STATION(1), 1);
    arrive(2, EVERYBODY, STATION(2), 2);
    forward_poll(&forwarder);
    while (sent(0) != 0 || sent(2) != 0)
        ;
    // Port 1 does not move: its queue fills up.
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 10; i++) {
            arrive(0, STATION(1), STATION(0), 100 + i);
            arrive(0, STATION(2), STATION(0), 100 + i);
        }
        arrive(0, EVERYBODY, STATION(0), 200);
        assert_int_equal(forward_poll(&forwarder), 21);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(sent(2), 100 + i);
        assert_int_equal(sent(2), 200);
        assert_int_equal(sent(2), 0);
        check_laws();
    }
    assert_int_equal(drops(0, DROP_RING_FULL), 100 + 2 - RIG_SLOTS);
    assert_int_equal(forwarder.counters[1].copies_lost, 8);
    assert_int_equal(forwarder.counters[0].flooded, 10); // port 2 took them
    free_box();
}

// With two ports there is nobody else: frames wait where they came in, as on a wire.
static void test_two_ports_hold_back(void **state)
{
    (void)state;
    make_box(2, 1);
    arrive(1, EVERYBODY, STATION(1), 1);
    forward_poll(&forwarder);
    for (unsigned i = 0; i < 2 * RIG_SLOTS; i++) {
        arrive(0, STATION(1), STATION(0), i + 1);
        forward_poll(&forwarder);
    }
    assert_int_equal(drops(0, DROP_RING_FULL), 0);
    assert_int_equal(forwarder.counters[0].rx_frames, RIG_SLOTS);
    for (unsigned i = 0; i < RIG_SLOTS; i++)
        assert_int_equal(sent(1), i + 1);
    forward_poll(&forwarder);
    for (unsigned i = RIG_SLOTS; i < 2 * RIG_SLOTS; i++)
        assert_int_equal(sent(1), i + 1);
    check_laws();
    free_box();
}

// A ring that was full once, and moves again, is waited for as long when it is full the next time.
static void test_holds_back_anew(void **state)
{
    (void)state;
    make_box(2, 1);
    arrive(1, EVERYBODY, STATION(1), 1);
    forward_poll(&forwarder);
    assert_int_equal(sent(0), 1);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i <= RIG_SLOTS; i++) {
            arrive(0, STATION(1), STATION(0), i + 1);
            forward_poll(&forwarder);
        }
        assert_int_equal(forward_poll(&forwarder), 0); // the last one waits
        for (unsigned i = 0; i < RIG_SLOTS; i++)
            assert_int_equal(sent(1), i + 1);
        assert_int_equal(forward_poll(&forwarder), 1);
        assert_int_equal(sent(1), RIG_SLOTS + 1);
        now += HOLD_US;
    }
    assert_int_equal(drops(0, DROP_RING_FULL), 0);
    check_laws();
    free_box();
}

static void test_lengths(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(1, EVERYBODY, STATION(1), 1);
    arrive(2, EVERYBODY, STATION(2), 2);
    forward_poll(&forwarder);
    for (unsigned i = 0; i < 3; i++)
        while (sent(i) != 0)
            ;
    fakes[1].max_frame_next = 600;
    fakes[2].max_frame_next = 9000;
    restart_now(&supervisor, 1);
    restart_now(&supervisor, 2);
    arrive_long(0, STATION(1), STATION(0), 3, 601);
    arrive_long(0, STATION(1), STATION(0), 4, 600);
    arrive_long(0, STATION(2), STATION(0), 5, 2048);
    arrive_long(0, EVERYBODY, STATION(0), 6, 601);
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 4);
    assert_int_equal(sent(2), 5);
    assert_int_equal(sent(2), 6);
    expect_nothing_more();
    assert_int_equal(drops(0, DROP_TOO_LONG), 1);
    assert_int_equal(forwarder.counters[1].copies_lost, 1);
    assert_int_equal(forwarder.counters[0].rx_bytes, 601 + 600 + 2048 + 601);
    fakes[2].max_frame_next = 600;
    restart_now(&supervisor, 2);
    arrive_long(0, EVERYBODY, STATION(0), 7, 601); // for everybody, and nobody can have it
    forward_poll(&forwarder);
    assert_int_equal(drops(0, DROP_TOO_LONG), 2);
    check_laws();
    free_box();
}

static void test_bad_frames(void **state)
{
    (void)state;
    make_box(2, 1);
    uint8_t data[60];
    write_frame(data, EVERYBODY, STATION(1), 1, 60);
    for (enum fake_kind kind = FAKE_HONEST; kind < FAKE_KINDS; kind++)
        assert_true(fake_arrive(&fakes[0], 0, data, sizeof data, kind));
    assert_true(fake_arrive(&fakes[0], 0, data, 13, FAKE_HONEST)); // too short
    write_frame(data, EVERYBODY, STATION(1), 2, 60);
    assert_true(fake_arrive(&fakes[0], 0, data, 60, FAKE_HONEST));
    struct frame *odd = &fakes[0].rx[0].frames[(fakes[0].rx[0].filled - 1) % RIG_SLOTS];
    const uint8_t *from = packet_data(&buffers.area, odd->buffer, odd->offset);
    memmove(packet_data(&buffers.area, odd->buffer, 71), from, 60); // starts elsewhere, and is good
    odd->offset = 71;
    forward_poll(&forwarder);
    assert_int_equal(sent(1), 1);
    assert_int_equal(sent(1), 2);
    expect_nothing_more();
    assert_int_equal(drops(0, DROP_BAD_LENGTH), 4);
    assert_int_equal(drops(0, DROP_BAD_BUFFER), 1);
    assert_int_equal(forwarder.counters[0].rx_bytes, 120);
    assert_int_equal(ports[0]->state, PORT_FAULTED);
    check_laws();
    housekeeping();
    assert_int_equal(ports[0]->state, PORT_RUNNING);
    check_laws();
    free_box();
}

// Who was behind a port that went down may come back by another one.
static void test_forgets_behind_a_dead_port(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(1, EVERYBODY, STATION(1), 1);
    arrive(2, EVERYBODY, STATION(2), 2);
    forward_poll(&forwarder);
    fake_link(&fakes[1], false);
    arrive(0, STATION(1), STATION(0), 3); // before anybody has noticed
    forward_poll(&forwarder);
    assert_int_equal(drops(0, DROP_EGRESS_NO_LINK), 1);
    housekeeping();
    assert_int_equal(fdb_look_up(&bridge.fdb, STATION(1)), FDB_NOWHERE);
    assert_int_equal(fdb_look_up(&bridge.fdb, STATION(2)), 2);
    arrive(0, STATION(1), STATION(0), 4); // now it is looked for everywhere
    forward_poll(&forwarder);
    assert_int_equal(forwarder.counters[0].flooded, 1);
    restart_now(&supervisor, 2);
    housekeeping();
    assert_int_equal(fdb_look_up(&bridge.fdb, STATION(2)), FDB_NOWHERE);
    assert_int_equal(fdb_look_up(&bridge.fdb, STATION(0)), 0);
    // A fault that ends in a restart within one round of housekeeping is noticed too.
    fakes[0].fail_in_poll = PORT_FAULT_GONE;
    housekeeping();
    assert_int_equal(ports[0]->state, PORT_RUNNING);
    assert_int_equal(fdb_look_up(&bridge.fdb, STATION(0)), FDB_NOWHERE);
    check_laws();
    free_box();
}

static void test_nobody_to_flood_to(void **state)
{
    (void)state;
    make_box(3, 2);
    fake_link(&fakes[1], false);
    ports[2]->driver->stop(ports[2]);
    arrive(0, EVERYBODY, STATION(0), 1);
    forward_poll(&forwarder);
    assert_int_equal(drops(0, DROP_NO_EGRESS), 1);
    assert_int_equal(forwarder.counters[1].copies_lost, 0);
    check_laws();
    free_box();
}

static void test_full_table(void **state)
{
    (void)state;
    make_box(3, 2);
    arrive(1, EVERYBODY, STATION(1), 1);
    forward_poll(&forwarder);
    for (unsigned i = 0; i < 2000; i++) {
        arrive(0, STATION(1), 0x4002 + i * 0x10000ull, i + 1); // made-up senders
        forward_poll(&forwarder);
        assert_int_equal(sent(1), i + 1); // who is known is still found
        while (sent(0) != 0 || sent(2) != 0)
            ;
    }
    assert_true(bridge.fdb.entries <= FDB_CAPACITY_MIN);
    assert_true(forwarder.counters[0].not_learned >= 2000 - FDB_CAPACITY_MIN);
    assert_int_equal(forwarder.counters[0].not_learned, bridge.fdb.refused);
    for (unsigned i = 0; i < 3; i++) // each frame of a sender that was not learned is counted
        arrive(0, STATION(1), 0x5002, 1);
    const uint64_t before = forwarder.counters[0].not_learned;
    forward_poll(&forwarder);
    assert_int_equal(forwarder.counters[0].not_learned, before + 3);
    check_laws();
    free_box();
}

// --- the box itself ---

static void make_local(void)
{
    const uint64_t mac = STATION(0xbb);
    uint8_t bytes[6];
    memcpy(bytes, &mac, 6);
    local_init(&local, bytes, NULL, NULL);
    bridge_set_local(&bridge, &local);
}

static uint64_t delivered(void)
{
    const struct local_frame *frame = local_next(&local);
    uint64_t number = 0;
    if (frame != NULL) {
        memcpy(&number, frame->data + 14, sizeof number);
        local_done(&local);
    }
    return number;
}

static void test_for_the_box(void **state)
{
    (void)state;
    make_box(3, 2);
    make_local();
    arrive(0, STATION(0xbb), STATION(1), 1); // for the box alone
    arrive(1, EVERYBODY, STATION(2), 2);     // for the box too
    arrive(1, GROUP, STATION(2), 3);         // a group that it does not listen to
    arrive(2, EVERYBODY, STATION(0xbb), 4);  // a loop: the box did not send that
    forward_poll(&forwarder);
    assert_int_equal(delivered(), 1);
    assert_int_equal(delivered(), 2);
    assert_int_equal(delivered(), 0);
    assert_int_equal(sent(0), 2);
    assert_int_equal(sent(0), 3);
    assert_int_equal(sent(2), 2);
    assert_int_equal(sent(2), 3);
    expect_nothing_more();
    assert_int_equal(forwarder.counters[0].delivered, 1);
    assert_int_equal(forwarder.counters[1].delivered, 0);
    assert_int_equal(drops(2, DROP_OWN_SOURCE), 1);
    // Nobody else is there: what was for everybody was for the box.
    ports[0]->link_up = ports[2]->link_up = false;
    arrive(1, EVERYBODY, STATION(2), 5);
    forward_poll(&forwarder);
    assert_int_equal(delivered(), 5);
    assert_int_equal(forwarder.counters[1].delivered, 1);
    for (unsigned i = 0; i < LOCAL_SLOTS + 5; i++) {
        arrive(1, STATION(0xbb), STATION(2), 6 + i);
        forward_poll(&forwarder);
    }
    assert_int_equal(drops(1, DROP_BOX_BUSY), 5);
    check_laws();
    free_box();
}

static void test_from_the_box(void **state)
{
    (void)state;
    uint8_t data[60];
    make_box(3, 2);
    make_local();
    write_frame(data, STATION(1), STATION(0xbb), 1, 60);
    assert_true(local_send(&local, data, 60)); // nobody knows where that is
    for (unsigned port = 0; port < 3; port++)
        assert_int_equal(sent(port), 1);
    arrive(1, STATION(0xbb), STATION(1), 2);
    forward_poll(&forwarder);
    write_frame(data, STATION(1), STATION(0xbb), 3, 60);
    assert_true(local_send(&local, data, 60));
    assert_int_equal(sent(1), 3);
    expect_nothing_more();
    write_frame(data, EVERYBODY, STATION(0xbb), 4, 60);
    ports[0]->link_up = false;
    assert_true(local_send(&local, data, 60));
    assert_int_equal(sent(1), 4);
    assert_int_equal(sent(2), 4);
    expect_nothing_more();
    ports[1]->link_up = ports[2]->link_up = false;
    assert_false(local_send(&local, data, 60));
    assert_int_equal(forwarder.sent[1][0].originated, 3);
    check_laws();
    free_box();
}

// A card that goes on writing to all buffers that it may write to changes nothing about a frame
// that was copied: neither which way it goes, nor what is in it, waiting or flooded.
static void test_copies(void **state)
{
    (void)state;
    const uint8_t data[60] = {2};
    rig_bounce = 1;
    make_box(3, 2);
    const struct buffer_extent own = buffers_extent(&buffers, buffers_receive_group(&buffers, 0));
    arrive(1, EVERYBODY, STATION(2), 1);
    forward_poll(&forwarder);
    assert_int_equal(sent(0), 1);
    assert_int_equal(sent(2), 1);
    for (uint64_t number = 2; number < 100; number += 2) {
        arrive(0, STATION(2), STATION(1), number);
        arrive(0, EVERYBODY, STATION(1), number + 1);
        forward_poll(&forwarder);
        memset(buffers.area.base + own.offset, 0xee, own.bytes);
        assert_int_equal(sent(1), number);
        assert_int_equal(sent(1), number + 1);
        assert_int_equal(sent(2), number + 1);
        expect_nothing_more();
        check_laws();
    }
    struct bounced bounced = bounce_counted(ports[0]);
    assert_int_equal(bounced.copied, 98);
    assert_int_equal(bounced.refused, 0);
    for (unsigned kind = FAKE_HONEST; kind < FAKE_KINDS; kind++)
        fake_arrive(&fakes[0], 0, data, sizeof data, kind);
    forward_poll(&forwarder);
    bounced = bounce_counted(ports[0]);
    assert_int_equal(bounced.copied, 98 + 2); // one that lacks headroom lies in its buffer
    assert_int_equal(bounced.refused, 3);
    check_laws();
    assert_int_equal(bounce_counted(ports[1]).copied, 0);
    free_box();
    rig_bounce = 0;
}

static void test_too_few_ports(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {0, 1, 2};
    make_box(3, 2);
    forwarder_init(&forwarder, &buffers.area);
    bridge_init(&bridge, rig_table, FDB_CAPACITY_MIN, 300, rig_seeds, 0);
    fakes[0].port.tx_queues = 0;
    assert_int_equal(bridge_connect(&bridge, &forwarder, &buffers, numbers, 3), 2);
    assert_int_equal(forwarder.lane_count, 2);
    forwarder_init(&forwarder, &buffers.area);
    bridge_init(&bridge, rig_table, FDB_CAPACITY_MIN, 300, rig_seeds, 0);
    fakes[2].port.rx_queues = 0;
    assert_int_equal(bridge_connect(&bridge, &forwarder, &buffers, numbers, 3), -ENODEV);
    assert_int_equal(forwarder.lane_count, 0);
    free_box();
}

// Every rule holds for drivers with and without enqueue() and steer().
#define EACH(test)                                                                              \
    {#test, test, by_transmit, NULL, NULL}, {#test " (enqueue)", test, by_enqueue, NULL, NULL}, \
    {                                                                                           \
        #test " (steer)", test, by_steer, NULL, NULL                                            \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_flood_then_learn),
        EACH(test_same_port),
        EACH(test_moves),
        EACH(test_reserved_groups),
        EACH(test_impossible_sources),
        EACH(test_order_of_a_mixed_burst),
        EACH(test_one_way_burst),
        EACH(test_full_ring_is_nobody_elses),
        EACH(test_two_ports_hold_back),
        EACH(test_holds_back_anew),
        EACH(test_lengths),
        EACH(test_bad_frames),
        EACH(test_forgets_behind_a_dead_port),
        EACH(test_nobody_to_flood_to),
        EACH(test_full_table),
        EACH(test_for_the_box),
        EACH(test_from_the_box),
        EACH(test_copies),
        EACH(test_too_few_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
