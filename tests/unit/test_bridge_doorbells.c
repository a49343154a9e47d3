// SPDX-License-Identifier: BSD-2-Clause
// A bridge whose drivers can let frames wait for a doorbell: when it rings, and for whom steer()
// moves frames.
// links: net/bridge.c net/bridge_burst.c net/bridge_sort.c net/decisions.c net/fdb.c
// links: net/forward.c net/local.c net/counters.c
// links: net/supervise.c net/restarts.c net/buffers.c net/audit.c net/mend.c net/bounce.c
// links: tests/unit/fakeport.c tests/unit/bridge_rig.c
#include "tests/unit/bridge_rig.h"
#include "tests/unit/look_after.h"

enum { FULL = 6 }; // frames in a burst of these tests

// Four ports that know each other's stations.
static void make_known(void)
{
    make_box(4, 3);
    for (unsigned i = 0; i < 4; i++)
        arrive(i, EVERYBODY, STATION(i), 1000 + i);
    forward_poll(&forwarder);
    for (unsigned i = 0; i < 4; i++)
        while (sent(i) != 0)
            ;
    forwarder.burst = FULL;
    forward_poll(&forwarder);
}

// Frames for ports 1, 2 and 3 arrive at port 0, so many for each, with numbers from 1 on.
static void arrive_mixed(unsigned one, unsigned two, unsigned three)
{
    const unsigned counts[] = {one, two, three};
    for (unsigned port = 1; port < 4; port++)
        for (unsigned i = 0; i < counts[port - 1]; i++)
            arrive(0, STATION(port), STATION(0), i + 1);
    assert_int_equal(forward_poll(&forwarder), one + two + three);
}

static void expect_sent(unsigned port, unsigned bursts, unsigned each)
{
    for (unsigned burst = 0; burst < bursts; burst++)
        for (unsigned i = 0; i < each; i++)
            assert_int_equal(sent(port), i + 1);
    assert_int_equal(sent(port), 0);
}

static unsigned rings(void)
{
    return fakes[1].rings + fakes[2].rings + fakes[3].rings;
}

// While bursts are full, as many of them share a doorbell as there are ways out.
static void test_full_bursts_share_doorbells(void **state)
{
    (void)state;
    make_known();
    arrive_mixed(2, 2, 2);
    arrive_mixed(2, 2, 2);
    expect_nothing_more();
    assert_int_equal(rings(), 0);
    arrive_mixed(2, 2, 2);
    assert_int_equal(rings(), 3);
    for (unsigned port = 1; port < 4; port++)
        expect_sent(port, 3, 2);
    check_laws();
    free_box();
}

// A round that finds less than a burst, or nothing, leaves nobody behind: so the box never sleeps
// over a frame.
static void test_a_round_without_a_full_burst_rings(void **state)
{
    (void)state;
    make_known();
    arrive_mixed(2, 2, 2);
    assert_int_equal(rings(), 0);
    assert_int_equal(forward_poll(&forwarder), 0);
    assert_int_equal(rings(), 3);
    for (unsigned port = 1; port < 4; port++)
        expect_sent(port, 1, 2);
    arrive_mixed(4, 1, 1);
    assert_int_equal(rings(), 3);
    arrive_mixed(0, 1, 0); // not full
    assert_int_equal(rings(), 6);
    expect_sent(1, 1, 4);
    expect_sent(2, 2, 1);
    expect_sent(3, 1, 1);
    assert_int_equal(forward_poll(&forwarder), 0);
    assert_int_equal(rings(), 6); // there is nothing more to be heard of
    check_laws();
    free_box();
}

// One frame among many for others does not wait for ever, and many do not wait for one.
static void test_a_rare_frame_does_not_starve(void **state)
{
    (void)state;
    make_known();
    arrive_mixed(5, 1, 0);
    assert_int_equal(rings(), 0);
    arrive_mixed(5, 0, 1); // now there are 10 for port 1
    assert_int_equal(rings(), 1);
    expect_sent(1, 2, 5);
    assert_int_equal(sent(2) + sent(3), 0);
    arrive_mixed(6, 0, 0); // leaves at once, and is the third full burst
    expect_sent(1, 1, 6);
    expect_sent(2, 1, 1);
    expect_sent(3, 1, 1);
    check_laws();
    free_box();
}

// A port that is restarted, or whose link goes, while frames wait for its doorbell.
static void test_accidents_before_the_doorbell(void **state)
{
    (void)state;
    make_known();
    arrive_mixed(2, 2, 2);
    fake_link(&fakes[1], false);
    restart_now(&supervisor, 2);
    assert_int_equal(ports[2]->lost_in_restart, 2);
    check_laws();
    assert_int_equal(forward_poll(&forwarder), 0);
    expect_sent(1, 1, 2); // they are in the ring, and leave when the card can send
    expect_sent(3, 1, 2);
    expect_nothing_more();
    port_fail(ports[3], PORT_FAULT_SILENT, 0);
    arrive_mixed(0, 3, 3);
    assert_int_equal(drops(0, DROP_EGRESS_FAULTED), 3);
    assert_int_equal(forward_poll(&forwarder), 0);
    expect_sent(2, 1, 3);
    check_laws();
    free_box();
}

// A queue with little room is not made to wait: its card could not make more.
static void test_little_room_rings(void **state)
{
    (void)state;
    make_known();
    for (unsigned i = 0; i < 8; i++)
        arrive_mixed(3, 2, 1);
    for (unsigned i = 0; i < 2; i++) { // room for 5 frames, then for 2
        const unsigned before = fakes[1].rings;
        arrive_mixed(3, 2, 1);
        assert_int_equal(fakes[1].rings, before + 1);
    }
    expect_sent(1, 10, 3);
    check_laws();
    free_box();
}

// Runs what make_known() made with frames for all three ports, twice: what is not known yet, or
// whose way is closed, goes by the verbs. Returns how many frames steer() moved the second time.
static uint64_t steered_of_mixed(void)
{
    uint64_t before = 0;
    for (unsigned i = 0; i < 2; i++) {
        before = fakes[0].steered;
        arrive_mixed(1, 2, 3);
        assert_int_equal(forward_poll(&forwarder), 0);
        expect_sent(1, 1, 1);
        expect_sent(2, 1, 2);
        expect_sent(3, 1, 3);
    }
    check_laws();
    return fakes[0].steered - before;
}

// The ports' driver moves all that is known, as long as it is the driver of all: not past somebody
// who has taken a port's verbs.
static void test_steers_between_ports_of_one_driver(void **state)
{
    (void)state;
    make_known();
    assert_int_equal(steered_of_mixed(), 6);
    const struct port_driver *driver = ports[2]->driver;
    struct port_driver other = *driver;
    other.steer = NULL;
    port_use(ports[2], &other);
    assert_int_equal(steered_of_mixed(), 1); // the second is for port 2, and all behind it
    assert_int_equal(fakes[2].steered, 0);
    port_use(ports[2], driver);
    port_use(ports[0], &other);
    assert_int_equal(steered_of_mixed(), 0);
    port_use(ports[0], driver);
    assert_int_equal(steered_of_mixed(), 6);

    // Closed by a link that went, and open again with it.
    fake_link(&fakes[1], false);
    for (unsigned i = 1; i <= 3; i++) {
        arrive(0, STATION(1), STATION(0), 1);
        forward_poll(&forwarder);
        assert_int_equal(drops(0, DROP_EGRESS_NO_LINK), i);
    }
    fake_link(&fakes[1], true);
    assert_int_equal(steered_of_mixed(), 6);
    free_box();
}

// A round takes no more than a burst, although some of it was moved by steer() and the rest goes by
// the verbs.
static void test_a_round_is_one_burst(void **state)
{
    (void)state;
    make_known();
    arrive(0, STATION(1), STATION(0), 1); // opens the way for the others
    assert_int_equal(forward_poll(&forwarder), 1);
    assert_int_equal(forward_poll(&forwarder), 0);
    expect_sent(1, 1, 1);
    for (unsigned i = 1; i <= 2 * FULL; i++)
        arrive(0, i == 3 ? EVERYBODY : STATION(1), STATION(0), i);
    assert_int_equal(forward_poll(&forwarder), FULL);
    assert_int_equal(forward_poll(&forwarder), FULL);
    assert_int_equal(forward_poll(&forwarder), 0);
    for (unsigned i = 1; i <= 2 * FULL; i++)
        assert_int_equal(sent(1), i);
    check_laws();
    free_box();
}

static uint64_t sent_bytes(unsigned port)
{
    uint64_t bytes = 0;
    for (unsigned queue = 0; queue < PORT_QUEUES_MAX; queue++)
        bytes += forwarder.sent[port][queue].bytes;
    return bytes;
}

// As many frames of 100, 101... bytes arrive at port 0 for port 2, alone in their burst.
static void expect_bytes(unsigned frames)
{
    const uint64_t received = forwarder.counters[0].rx_bytes, left = sent_bytes(2);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < frames; i++) {
        arrive_long(0, STATION(2), STATION(0), i + 1, 100 + i);
        bytes += 100 + i;
    }
    forward_poll(&forwarder);
    expect_sent(2, 1, frames);
    assert_int_equal(forwarder.counters[0].rx_bytes - received, bytes);
    assert_int_equal(sent_bytes(2) - left, bytes);
}

static void test_bytes_are_counted(void **state)
{
    (void)state;
    make_known();
    for (unsigned frames = 1; frames < FULL; frames++)
        for (unsigned round = 0; round < 3; round++) // the first is not steered
            expect_bytes(frames);
    check_laws();
    free_box();
}

// For drivers with enqueue() alone, and for those that steer.
#define EACH(test)                                   \
    {#test, test, by_enqueue, NULL, NULL},           \
    {                                                \
        #test " (steer)", test, by_steer, NULL, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_steers_between_ports_of_one_driver, by_steer),
        EACH(test_full_bursts_share_doorbells),
        EACH(test_a_round_without_a_full_burst_rings),
        EACH(test_a_rare_frame_does_not_starve),
        EACH(test_accidents_before_the_doorbell),
        EACH(test_little_room_rings),
        EACH(test_a_round_is_one_burst),
        EACH(test_bytes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
