// SPDX-License-Identifier: BSD-2-Clause
// The bridge under random traffic: against one of a few lines that cannot be wrong, and with cards
// that lie and die.
// links: net/bridge.c net/bridge_burst.c net/bridge_sort.c net/decisions.c net/fdb.c
// links: net/forward.c net/local.c net/counters.c
// links: net/supervise.c net/restarts.c net/buffers.c net/audit.c net/mend.c net/bounce.c
// links: tests/unit/fakeport.c tests/unit/bridge_rig.c
#include <string.h>

#include "tests/unit/bridge_rig.h"

// What that bridge keeps: a list of stations, and for each port the frames that it should send.
enum { STATIONS = 40, EXPECTED_MAX = 4096 };
static int where[STATIONS]; // -1: not known
static uint64_t expected[NET_PORTS_MAX][EXPECTED_MAX];
static unsigned expected_count[NET_PORTS_MAX], taken[NET_PORTS_MAX];
static uint64_t random_state, numbers_given;
static bool calm;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

static bool is_up(unsigned port)
{
    return ports[port]->state == PORT_RUNNING && ports[port]->link_up;
}

static void should_send(unsigned port, uint64_t number)
{
    if (is_up(port))
        expected[port][expected_count[port]++ % EXPECTED_MAX] = number;
}

static void plain_bridge(unsigned port, unsigned from, unsigned to, uint64_t number)
{
    where[from] = (int)port;
    if (to < STATIONS && where[to] >= 0) {
        if (where[to] != (int)port)
            should_send((unsigned)where[to], number);
        return;
    }
    for (unsigned i = 0; i < ports_made; i++)
        if (i != port)
            should_send(i, number);
}

// Stations are mostly at home, but some walk about. Now and then a few talk and nobody walks: then
// it is known where frames go.
static void random_frame(unsigned port)
{
    const unsigned talking = calm ? ports_made : STATIONS;
    const unsigned from = !calm && random_below(20) == 0
                              ? random_below(STATIONS)
                              : random_below(talking / ports_made) * ports_made + port;
    const unsigned to = random_below(8) == 0 ? STATIONS : random_below(talking);
    const unsigned length = 60 + random_below(40);
    uint8_t data[FAKE_DATA_MAX];
    write_frame(data, to == STATIONS ? EVERYBODY : STATION(to), STATION(from), ++numbers_given,
                length);
    if (from < STATIONS && fake_arrive(&fakes[port], 0, data, length, FAKE_HONEST))
        plain_bridge(port, from, to, numbers_given);
}

// Frames with the same source and destination leave in order, and each leaves where it should:
// with one queue for each source, all that port p received and sends by e comes out in order.
static void check_departures(void)
{
    for (unsigned port = 0; port < ports_made; port++) {
        for (uint64_t number; (number = sent(port)) != 0;) {
            unsigned i = taken[port];
            while (i < expected_count[port] && expected[port][i % EXPECTED_MAX] != number)
                i++;
            assert_true(i < expected_count[port]);
            // Bring it forward; what it overtook came in by another port.
            for (; i > taken[port]; i--)
                expected[port][i % EXPECTED_MAX] = expected[port][(i - 1) % EXPECTED_MAX];
            taken[port]++;
        }
        assert_int_equal(taken[port], expected_count[port]);
    }
}

static void random_traffic(unsigned count, unsigned tx_queues, unsigned rounds)
{
    make_box(count, tx_queues);
    if (enqueueing)
        forwarder.burst = 3; // so that bursts are full
    random_state = count;
    numbers_given = 0;
    memset(expected_count, 0, sizeof expected_count);
    memset(taken, 0, sizeof taken);
    for (unsigned i = 0; i < STATIONS; i++)
        where[i] = -1;
    for (unsigned round = 0; round < rounds; round++) {
        // A lane at a time, so that the plain bridge sees what the box sees, in the same order.
        calm = round / 512 % 2 != 0;
        const unsigned port = random_below(count);
        for (unsigned n = 1 + random_below(6); n > 0; n--)
            random_frame(port);
        while (forward_poll(&forwarder) > 0)
            ;
        check_departures();
        if (!calm && random_below(50) == 0) {
            const unsigned victim = random_below(count);
            fake_link(&fakes[victim], !ports[victim]->link_up);
            for (unsigned i = 0; i < STATIONS; i++)
                if (where[i] == (int)victim && !ports[victim]->link_up)
                    where[i] = -1;
        }
        now += 1000;
        housekeeping();
        if (round % 64 == 0)
            check_laws();
    }
    check_laws();
    for (unsigned i = 0; i < count; i++) { // it was really tried
        const struct port_counters *c = &forwarder.counters[i];
        assert_true(c->forwarded > c->flooded && c->flooded > 100 && c->moves > 100);
        assert_true(drops(i, DROP_SAME_PORT) > 10 && drops(i, DROP_NO_EGRESS) + count > 2);
    }
    free_box();
}

static void test_random_traffic(void **state)
{
    (void)state;
    random_traffic(2, 1, 40000);
    random_traffic(3, 2, 40000);
    random_traffic(4, 1, 40000); // one transmit queue for all
    random_traffic(8, 4, 60000); // some share
}

// Cards that lie and die under traffic: no buffer is lost, no frame uncounted.
static void test_accidents(void **state)
{
    (void)state;
    make_box(4, 3);
    random_state = 7;
    for (unsigned round = 0; round < 60000; round++) {
        for (unsigned port = 0; port < 4; port++) {
            uint8_t data[FAKE_DATA_MAX];
            for (unsigned n = random_below(8); n > 0; n--) {
                const unsigned length = write_frame(
                    data, random_below(5) ? STATION(random_below(30)) : EVERYBODY,
                    STATION(random_below(30)), round + 1, RIG_HEADER + random_below(1500));
                fake_arrive(&fakes[port], 0, data, length,
                            random_below(50) ? FAKE_HONEST : random_below(FAKE_KINDS));
            }
            for (unsigned n = random_below(12); n > 0; n--)
                sent(port);
            if (random_below(400) == 0)
                fakes[port].fail_in_transmit = PORT_FAULT_USED_ID;
            if (random_below(400) == 0)
                fakes[port].fail_in_poll = PORT_FAULT_GONE;
            if (random_below(400) == 0)
                fakes[port].take_at_most = random_below(4);
            if (random_below(400) == 0)
                fake_link(&fakes[port], fakes[port].port.state == PORT_RUNNING);
        }
        forwarder.burst = 1 + random_below(20);
        forward_poll(&forwarder);
        check_laws();
        now += 10000;
        if (random_below(4) == 0)
            housekeeping();
        for (unsigned port = 0; port < 4; port++)
            if (supervisor.ports[port].state == SUPERVISED_PARKED)
                supervise_restart(&supervisor, port);
        check_laws();
    }
    static const enum drop_reason seen[] = {DROP_BAD_LENGTH, DROP_BAD_BUFFER,     DROP_RING_FULL,
                                            DROP_SAME_PORT,  DROP_EGRESS_FAULTED, DROP_TOO_LONG};
    for (unsigned port = 0; port < 4; port++)
        for (unsigned i = 0; i < sizeof seen / sizeof *seen; i++)
            assert_true(drops(port, seen[i]) > 0);
    free_box();
}

// Some ports copy what they receive, whether or not they share transmit queues with others.
static void test_with_copies(void **state)
{
    rig_bounce = 1u << 1 | 1u << 2;
    random_traffic(3, 2, 40000);
    random_traffic(4, 1, 40000);
    test_accidents(state);
    rig_bounce = 0;
}

// Drivers that let doorbells wait: traffic, and, as above, accidents.
static void test_traffic(void **state)
{
    (void)state;
    random_traffic(3, 2, 10000);
    random_traffic(8, 4, 20000);
    uint64_t steered = 0;
    for (unsigned port = 0; port < 8; port++)
        steered += fakes[port].steered;
    assert_in_range(steered, steering_too ? 1000 : 0, steering_too ? UINT64_MAX : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_traffic),
        cmocka_unit_test(test_accidents),
        cmocka_unit_test(test_with_copies),
        {"test_traffic (enqueue)", test_traffic, by_enqueue, NULL, NULL},
        {"test_accidents (enqueue)", test_accidents, by_enqueue, NULL, NULL},
        {"test_traffic (steer)", test_traffic, by_steer, NULL, NULL},
        {"test_accidents (steer)", test_accidents, by_steer, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
