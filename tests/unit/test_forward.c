// SPDX-License-Identifier: BSD-2-Clause
// The data path: single steps by hand, then a million random bursts with everything going wrong.
// links: net/forward.c net/tally.c net/local.c net/counters.c net/restarts.c net/supervise.c
// links: tests/unit/fakeport.c
// links: net/wire.c net/buffers.c net/audit.c net/mend.c net/bounce.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/audit.h"
#include "net/bounce.h"
#include "net/forward.h"
#include "net/supervise.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"
#include "tests/unit/look_after.h"

enum { LAN, WAN, PORTS };

static struct fake_port fakes[PORTS];
static struct buffers buffers;
static struct forwarder forwarder;
static struct supervisor supervisor;
static void *memory, *bitmap;
static uint64_t now;
static bool relaying; // the driver moves plain frames by itself
static bool bouncing; // lan's frames are copied

uint64_t clock_us(void)
{
    return now++;
}

void log_line(const char *format, ...)
{
    (void)format;
}

static void free_box(void)
{
    free(memory);
    free(bitmap);
}

// Two ports joined by a wire, started. Packet memory is exactly as large as it was said to be, so
// that the address sanitizer sees every byte beyond.
static void make_box(unsigned queues, uint32_t slots, uint16_t lan_max, uint16_t wan_max)
{
    fake_init(&fakes[LAN], "lan", queues, queues, slots, lan_max);
    fake_init(&fakes[WAN], "wan", queues, queues, slots, wan_max);
    for (unsigned i = 0; relaying && i < PORTS; i++)
        fake_relays(&fakes[i]);
    buffers_init(&buffers, (struct port *[]){&fakes[LAN].port, &fakes[WAN].port}, PORTS);
    wire_plan(&buffers, LAN, WAN);
    if (bouncing)
        bounce_plan(&buffers, LAN, BURST_DEFAULT);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    bitmap = malloc(buffers.bitmap_bytes);
    assert_int_equal(buffers_deal(&buffers, memory, 0x10000000, buffers.bytes, bitmap), 0);
    if (bouncing)
        assert_true(bounce_insert(&fakes[LAN].port));
    forwarder_init(&forwarder, &buffers.area);
    assert_int_equal(wire_connect(&forwarder, &buffers, LAN, WAN), 0);
    supervise_init(&supervisor, &buffers);
    for (unsigned i = 0; i < PORTS; i++)
        supervise_add(&supervisor, &fakes[i].port, "fake");
    assert_int_equal(supervise_start(&supervisor), PORTS);
}

static struct port_counters counters(unsigned port)
{
    return forwarder_counters(&forwarder, port);
}

static struct sent sent_by(unsigned port)
{
    return forwarder_sent_by_port(&forwarder, port);
}

static void check_laws(void)
{
    // What a driver lost is missing, and its slot is empty, until the port is restarted.
    struct audit_report report;
    const unsigned lost = fakes[LAN].holes + fakes[WAN].holes;
    assert_int_equal(buffers_audit(&buffers, &report), lost == 0);
    assert_int_equal(report.found[AUDIT_OUT_OF_RANGE], lost);
    assert_int_equal(report.found[AUDIT_MISSING], lost);
    assert_int_equal(report.found[AUDIT_DUPLICATE] + report.found[AUDIT_FOREIGN], 0);
    for (unsigned i = 0; i < PORTS; i++) {
        const struct port_counters c = counters(i);
        assert_int_equal(counters_off(&c), 0);
        assert_int_equal(c.rx_frames, lane_frames(&forwarder.lanes[i]));
    }
    assert_int_equal(counters(LAN).forwarded, sent_by(WAN).frames);
    assert_int_equal(counters(WAN).forwarded, sent_by(LAN).frames);
}

// A frame with its number in it and content that depends on the number.
static void write_frame(uint8_t *data, unsigned length, uint64_t number)
{
    for (unsigned i = 0; i < length; i++)
        data[i] = (uint8_t)(number * 31 + i * 7);
    memcpy(data, &number, sizeof number);
}

static uint64_t read_frame(const uint8_t *data, unsigned length)
{
    uint64_t number;
    memcpy(&number, data, sizeof number);
    for (unsigned i = sizeof number; i < length; i++)
        assert_int_equal(data[i], (uint8_t)(number * 31 + i * 7));
    return number;
}

static void arrive(unsigned port, unsigned length, uint64_t number, enum fake_kind kind)
{
    uint8_t data[FAKE_DATA_MAX];
    write_frame(data, length, number);
    assert_true(fake_arrive(&fakes[port], 0, data, length, kind));
}

static void expect_sent(unsigned port, unsigned length, uint64_t number)
{
    uint8_t data[FAKE_DATA_MAX];
    assert_int_equal(fake_sent(&fakes[port], 0, data), length);
    assert_int_equal(read_frame(data, length), number);
}

static void expect_nothing_sent(unsigned port)
{
    uint8_t data[FAKE_DATA_MAX];
    assert_int_equal(fake_sent(&fakes[port], 0, data), 0);
}

static uint64_t drops(unsigned port, enum drop_reason reason)
{
    return counters(port).drops[reason];
}

static void test_both_directions(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 1514);
    assert_int_equal(forward_poll(&forwarder), 0);
    arrive(LAN, 60, 1, FAKE_HONEST);
    arrive(LAN, 1514, 2, FAKE_HONEST);
    arrive(WAN, FRAME_MIN, 3, FAKE_HONEST);
    assert_int_equal(forward_poll(&forwarder), 3);
    expect_sent(WAN, 60, 1);
    expect_sent(WAN, 1514, 2);
    expect_nothing_sent(WAN);
    expect_sent(LAN, FRAME_MIN, 3);
    const struct port_counters lan = counters(LAN);
    assert_int_equal(lan.rx_frames, 2);
    assert_int_equal(lan.rx_bytes, 1574);
    assert_int_equal(sent_by(LAN).frames, 1);
    assert_int_equal(sent_by(LAN).bytes, FRAME_MIN);
    assert_int_equal(lan.forwarded, 2);
    assert_int_equal(sent_by(WAN).bytes, 1574);
    check_laws();
    free_box();
}

static void test_bad_frames_cost_nobody_else(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 600);
    arrive(LAN, 60, 1, FAKE_HONEST);
    arrive(LAN, 60, 0, FAKE_ZERO_LENGTH);
    arrive(LAN, 61, 2, FAKE_HONEST);
    arrive(LAN, 60, 0, FAKE_HUGE_LENGTH);
    arrive(LAN, 60, 0, FAKE_BAD_BUFFER);
    arrive(LAN, 60, 0, FAKE_LOW_OFFSET);
    arrive(LAN, 600, 3, FAKE_HONEST);
    arrive(LAN, 601, 0, FAKE_HONEST); // longer than wan carries
    arrive(LAN, 13, 0, FAKE_HONEST);  // shorter than Ethernet
    arrive(LAN, 62, 4, FAKE_HONEST);
    assert_int_equal(forward_poll(&forwarder), 10);
    expect_sent(WAN, 60, 1);
    expect_sent(WAN, 61, 2);
    expect_sent(WAN, 600, 3);
    expect_sent(WAN, 62, 4);
    expect_nothing_sent(WAN);
    assert_int_equal(drops(LAN, DROP_BAD_LENGTH), 4);
    assert_int_equal(drops(LAN, DROP_BAD_BUFFER), 1);
    assert_int_equal(drops(LAN, DROP_TOO_LONG), 1);
    assert_int_equal(counters(LAN).rx_bytes, 60 + 61 + 600 + 62 + 601);
    assert_int_equal(sent_by(WAN).bytes, 60 + 61 + 600 + 62);
    assert_int_equal(fakes[LAN].holes, 1);
    check_laws();
    free_box();
}

// The port that names buffers which do not exist is restarted, and then has its own again.
static void test_bad_buffers_end_in_a_restart(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 1514);
    for (unsigned round = 1; round <= 5; round++) {
        arrive(LAN, 60, 1, FAKE_BAD_BUFFER);
        arrive(LAN, 60, 2, round == 1 ? FAKE_BAD_BUFFER : FAKE_HONEST);
        arrive(WAN, 60, 3, FAKE_HONEST);
        forward_poll(&forwarder);
        assert_int_equal(fakes[LAN].port.state, PORT_FAULTED);
        assert_int_equal(fakes[LAN].port.fault, PORT_FAULT_BAD_BUFFER);
        assert_int_equal(fakes[LAN].port.fault_count[PORT_FAULT_BAD_BUFFER], round);
        assert_true(fakes[LAN].port.fault_value >= buffers.area.count);
        assert_int_equal(fakes[LAN].holes, round == 1 ? 2 : 1);
        check_laws();
        look_after(&supervisor);
        assert_int_equal(fakes[LAN].port.state, PORT_RUNNING);
        assert_int_equal(fakes[LAN].holes, 0);
        check_laws();
    }
    assert_int_equal(drops(LAN, DROP_BAD_BUFFER), 6);
    assert_int_equal(fakes[WAN].stops, 0);
    free_box();
}

// What the egress port carries is what it says now, not what it said before it was started.
static void test_max_frame_changes_with_a_restart(void **state)
{
    (void)state;
    make_box(1, 16, 2048, 2048);
    const uint16_t limits[] = {600, 1522, 2048, 9000, FRAME_MIN, FRAME_MIN - 1, 1};
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        fakes[WAN].max_frame_next = limits[i];
        assert_int_equal(restart_now(&supervisor, WAN), 0);
        const uint16_t longest = limits[i] < BUFFER_CAPACITY ? limits[i] : BUFFER_CAPACITY;
        if (longest < FRAME_MIN) {
            arrive(LAN, FRAME_MIN, 0, FAKE_HONEST);
        } else {
            arrive(LAN, longest, i, FAKE_HONEST);
            if (longest < BUFFER_CAPACITY)
                arrive(LAN, longest + 1, 0, FAKE_HONEST);
        }
        arrive(LAN, 60, 0, FAKE_HUGE_LENGTH); // whatever it carries: longer than a buffer
        const uint64_t before = drops(LAN, DROP_TOO_LONG);
        forward_poll(&forwarder);
        assert_int_equal(drops(LAN, DROP_TOO_LONG) - before, longest < BUFFER_CAPACITY);
        assert_int_equal(drops(LAN, DROP_BAD_LENGTH), i + 1);
        if (longest >= FRAME_MIN)
            expect_sent(WAN, longest, i);
        expect_nothing_sent(WAN);
        check_laws();
    }
    free_box();
}

// A card writes to all that an IOMMU lets it write to, after it has handed its frames over. What
// was copied leaves as it came.
static void test_a_card_rewrites_what_it_handed_over(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 1514);
    const struct buffer_extent own = buffers_extent(&buffers, buffers_receive_group(&buffers, LAN));
    for (unsigned round = 0; round < 20; round++) { // more than once around every ring
        arrive(LAN, 60, 2 * round, FAKE_HONEST);
        arrive(LAN, 1514, 2 * round + 1, FAKE_HONEST);
        arrive(LAN, 60, 0, FAKE_ZERO_LENGTH);
        assert_int_equal(forward_poll(&forwarder), 3);
        memset(buffers.area.base + own.offset, 0xee, own.bytes);
        for (unsigned i = 0; i < 2; i++) {
            uint8_t data[FAKE_DATA_MAX];
            const unsigned length = fake_sent(&fakes[WAN], 0, data);
            assert_int_equal(length, i == 0 ? 60 : 1514);
            if (bouncing)
                assert_int_equal(read_frame(data, length), 2 * round + i);
            else
                assert_int_equal(data[0] + data[length - 1], 0xee + 0xee);
        }
        assert_int_equal(drops(LAN, DROP_BAD_LENGTH), round + 1);
        check_laws();
    }
    const struct bounced bounced = bounce_counted(&fakes[LAN].port);
    assert_true(!bouncing || (bounced.copied == 40 && bounced.refused == 20));
    free_box();
}

static void test_nothing_good_in_a_burst(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 1514);
    arrive(LAN, 60, 0, FAKE_ZERO_LENGTH);
    arrive(LAN, 60, 0, FAKE_HUGE_LENGTH);
    assert_int_equal(forward_poll(&forwarder), 2);
    assert_int_equal(fakes[WAN].transmits, 0);
    check_laws();
    free_box();
}

// Six frames for a transmit ring of four, which does not move: four are sent, two wait.
static void overfill(void)
{
    make_box(1, 4, 1514, 1514);
    for (unsigned i = 0; i < 3; i++)
        arrive(LAN, 60 + i, i, FAKE_HONEST);
    forward_poll(&forwarder);
    for (unsigned i = 3; i < 6; i++)
        arrive(LAN, 60 + i, i, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(counters(LAN).rx_frames, 4);
}

// What the transmit ring has no room for waits where it came in, in order.
static void test_ring_full_holds(void **state)
{
    (void)state;
    overfill();
    for (unsigned round = 0; round < 100; round++)
        forward_poll(&forwarder);
    assert_int_equal(counters(LAN).rx_frames, 4);
    for (unsigned i = 0; i < 4; i++)
        expect_sent(WAN, 60 + i, i);
    forward_poll(&forwarder);
    expect_sent(WAN, 64, 4);
    expect_sent(WAN, 65, 5);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 0);
    check_laws();
    free_box();
}

// A ring that does not move holds frames back for a bounded time only.
static void test_ring_full_drops(void **state)
{
    (void)state;
    overfill();
    const uint64_t until = now + HOLD_US;
    forward_poll(&forwarder);
    assert_true(forward_holds(&forwarder));
    for (now = until - 3; now < until;)
        forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 0);
    forward_poll(&forwarder);
    assert_false(forward_holds(&forwarder));
    assert_int_equal(drops(LAN, DROP_RING_FULL), 2);
    // As long as it does not move, what comes is dropped at once, also after a pause.
    for (unsigned round = 0; round < 3; round++)
        assert_int_equal(forward_poll(&forwarder), 0);
    arrive(LAN, 64, 6, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 3);
    assert_int_equal(sent_by(WAN).bytes, 60 + 61 + 62 + 63);
    for (unsigned i = 0; i < 4; i++)
        expect_sent(WAN, 60 + i, i);
    expect_nothing_sent(WAN);
    // Once it moves, it is waited for again.
    for (unsigned i = 0; i < 4; i++)
        arrive(LAN, 60 + i, i, FAKE_HONEST);
    forward_poll(&forwarder);
    arrive(LAN, 64, 4, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(counters(LAN).rx_frames, 11);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 3);
    check_laws();
    free_box();
}

// With flow control the sender waits: nothing is dropped, however long that takes.
static void test_ring_full_with_flow_control(void **state)
{
    (void)state;
    overfill();
    fakes[LAN].port.flow_control = true;
    for (unsigned round = 0; round < 10; round++, now += HOLD_US)
        forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 0);
    for (unsigned i = 0; i < 4; i++)
        expect_sent(WAN, 60 + i, i);
    forward_poll(&forwarder);
    expect_sent(WAN, 64, 4);
    expect_sent(WAN, 65, 5);
    check_laws();
    free_box();
}

// A driver that takes less than it said: the rest is dropped by name.
static void test_transmit_takes_less(void **state)
{
    (void)state;
    make_box(1, 8, 1514, 1514);
    fakes[WAN].take_at_most = 2;
    for (unsigned i = 0; i < 3; i++)
        arrive(LAN, 60 + i, i, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_RING_FULL), 1);
    check_laws();
    free_box();
}

static void test_no_link(void **state)
{
    (void)state;
    make_box(1, 8, 1514, 1514);
    fake_link(&fakes[WAN], false);
    arrive(LAN, 60, 1, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_EGRESS_NO_LINK), 1);
    assert_int_equal(fakes[WAN].transmits, 0);
    fake_link(&fakes[WAN], true);
    arrive(LAN, 60, 2, FAKE_HONEST);
    forward_poll(&forwarder);
    expect_sent(WAN, 60, 2);
    check_laws();
    free_box();
}

static void test_egress_faults(void **state)
{
    (void)state;
    make_box(1, 8, 1514, 1514);
    fakes[WAN].fail_in_transmit = PORT_FAULT_USED_ID;
    arrive(LAN, 60, 1, FAKE_HONEST);
    arrive(LAN, 60, 2, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_EGRESS_FAULTED), 1); // the second: the first was taken
    arrive(LAN, 60, 3, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_EGRESS_FAULTED), 2);
    assert_int_equal(fakes[WAN].transmits, 1);
    fakes[WAN].port.driver->stop(&fakes[WAN].port);
    arrive(LAN, 60, 4, FAKE_HONEST);
    forward_poll(&forwarder);
    assert_int_equal(drops(LAN, DROP_EGRESS_STOPPED), 1);
    check_laws();
    free_box();
}

static void test_burst_limit(void **state)
{
    (void)state;
    make_box(1, 8, 1514, 1514);
    forwarder.burst = 3;
    for (unsigned i = 0; i < 8; i++)
        arrive(LAN, 60, i, FAKE_HONEST);
    assert_int_equal(forward_poll(&forwarder), 3);
    assert_int_equal(forward_poll(&forwarder), 3);
    assert_int_equal(forward_poll(&forwarder), 2);
    for (unsigned i = 0; i < 8; i++)
        expect_sent(WAN, 60, i);
    check_laws();
    free_box();
}

static void test_offsets_at_the_edges(void **state)
{
    (void)state;
    make_box(1, 8, 2048, 2048);
    const struct {
        uint16_t offset, length;
        bool good;
    } cases[] = {
        {12, 60, true},   {11, 60, false},   {64, 2048, true},   {64, 2049, false},
        {65, 2047, true}, {65, 2048, false}, {2098, 14, true},   {2099, 14, false},
        {12, 2048, true}, {0, 60, false},    {65535, 60, false}, {65535, 65535, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint64_t before = drops(LAN, DROP_BAD_LENGTH) + drops(LAN, DROP_TOO_LONG);
        arrive(LAN, 60, i, FAKE_HONEST);
        struct fake_queue *rx = &fakes[LAN].rx[0];
        struct frame *frame = &rx->frames[(rx->filled - 1) % rx->queue.slots];
        frame->offset = cases[i].offset;
        frame->length = cases[i].length;
        forward_poll(&forwarder);
        const uint64_t after = drops(LAN, DROP_BAD_LENGTH) + drops(LAN, DROP_TOO_LONG);
        assert_int_equal(after - before, cases[i].good ? 0 : 1);
        uint8_t data[FAKE_DATA_MAX];
        assert_int_equal(fake_sent(&fakes[WAN], 0, data), cases[i].good ? cases[i].length : 0);
    }
    check_laws();
    free_box();
}

static void test_absent_port(void **state)
{
    (void)state;
    make_box(1, 8, 1514, 1514);
    forwarder_init(&forwarder, &buffers.area);
    fakes[WAN].port.tx_queues = 0;
    assert_int_equal(wire_connect(&forwarder, &buffers, LAN, WAN), -ENODEV);
    assert_int_equal(forwarder.lane_count, 0);
    fakes[WAN].port.tx_queues = 1;
    fakes[LAN].port.max_frame = FRAME_MIN - 1;
    assert_int_equal(wire_connect(&forwarder, &buffers, LAN, WAN), -EINVAL);
    assert_int_equal(forwarder.lane_count, 0);
    free_box();
}

// A small generator of our own: the same sequence everywhere.
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

static uint64_t arrived[PORTS], left[PORTS], newest[PORTS];

static void random_arrivals(unsigned port)
{
    uint8_t data[FAKE_DATA_MAX];
    for (unsigned n = random_below(8); n > 0; n--) {
        const unsigned length =
            random_below(64) ? FRAME_MIN + random_below(60) : FRAME_MIN + random_below(1600);
        const enum fake_kind kind = random_below(50) ? FAKE_HONEST : random_below(FAKE_KINDS);
        write_frame(data, length, arrived[port] + 1);
        if (fake_arrive(&fakes[port], 0, data, length, kind))
            arrived[port]++;
    }
}

// What leaves was once whole, is whole, and is younger than what left before.
static void random_departures(unsigned port)
{
    uint8_t data[FAKE_DATA_MAX];
    for (unsigned n = random_below(9); n > 0; n--) {
        const unsigned length = fake_sent(&fakes[port], 0, data);
        if (length == 0)
            return;
        const uint64_t number = read_frame(data, length);
        assert_true(number > newest[port]);
        assert_true(number <= arrived[!port]);
        newest[port] = number;
        left[port]++;
    }
}

static void random_accident(struct fake_port *fake)
{
    const enum port_fault fault = 1 + random_below(PORT_FAULT_COUNT - 1);
    switch (random_below(6)) {
    case 0:
        fake->fail_in_receive = fault;
        break;
    case 1:
        fake->fail_in_transmit = fault;
        break;
    case 2:
        fake->fail_in_poll = fault;
        break;
    case 3:
        fake_link(fake, !fake->port.link_up && fake->port.state == PORT_RUNNING);
        break;
    case 4:
        fake->failing_starts = random_below(3);
        break;
    default:
        fake->take_at_most = random_below(4);
        break;
    }
}

static void check_totals(void)
{
    check_laws();
    for (unsigned i = 0; i < PORTS; i++) {
        const struct port_counters c = counters(i);
        const uint64_t *returned = fakes[i].returned;
        assert_int_equal(arrived[i],
                         c.rx_frames + fakes[i].lost_rx + fake_waiting(&fakes[i].rx[0]));
        assert_int_equal(sent_by(i).frames,
                         left[i] + fakes[i].port.lost_in_restart + fake_waiting(&fakes[i].tx[0]));
        assert_int_equal(c.drops[DROP_BAD_BUFFER], returned[FAKE_BAD_BUFFER]);
        assert_int_equal(c.drops[DROP_BAD_LENGTH], returned[FAKE_ZERO_LENGTH] +
                                                       returned[FAKE_HUGE_LENGTH] +
                                                       returned[FAKE_LOW_OFFSET]);
    }
}

static void test_a_million_random_bursts(void **state)
{
    (void)state;
    make_box(1, 16, 1514, 600);
    random_state = 1;
    for (unsigned round = 0; round < 500000; round++) { // two bursts each
        for (unsigned port = 0; port < PORTS; port++) {
            random_arrivals(port);
            random_departures(port);
            if (random_below(200) == 0)
                random_accident(&fakes[port]);
        }
        forwarder.burst = 1 + random_below(20);
        forward_poll(&forwarder);
        check_totals();
        now += 10000;
        if (random_below(4) == 0)
            look_after(&supervisor);
        for (unsigned port = 0; port < PORTS; port++)
            if (supervisor.ports[port].state == SUPERVISED_PARKED)
                restart_now(&supervisor, port);
        check_totals();
    }
    for (unsigned port = 0; port < PORTS; port++) { // it was really tried
        assert_true(left[port] > 500000);
        assert_true(supervisor.ports[port].restarts > 100);
        assert_true(relaying ? fakes[port].relayed > 400000 : fakes[port].relayed == 0);
        for (unsigned reason = 0; reason <= DROP_EGRESS_STOPPED; reason++)
            if (reason != DROP_TOO_LONG || port == LAN)
                assert_true(drops(port, reason) > 0);
    }
    free_box();
}

static int by_verbs(void **state)
{
    (void)state;
    relaying = bouncing = false;
    memset(arrived, 0, sizeof arrived);
    memset(left, 0, sizeof left);
    memset(newest, 0, sizeof newest);
    return 0;
}

static int by_relay(void **state)
{
    by_verbs(state);
    relaying = true;
    return 0;
}

static int by_bounce(void **state)
{
    by_verbs(state);
    bouncing = true;
    return 0;
}

// With a driver that has single verbs only, the same with frames that are copied; and with one that
// moves plain frames by itself, where the test does not count on what one burst does.
#define VERBS(test)                                    \
    {#test, test, by_verbs, NULL, NULL},               \
    {                                                  \
        #test " (bounce)", test, by_bounce, NULL, NULL \
    }
#define ALL(test)                                    \
    VERBS(test),                                     \
    {                                                \
        #test " (relay)", test, by_relay, NULL, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(test_both_directions),
        VERBS(test_bad_frames_cost_nobody_else),
        VERBS(test_a_card_rewrites_what_it_handed_over),
        ALL(test_bad_buffers_end_in_a_restart),
        VERBS(test_max_frame_changes_with_a_restart),
        ALL(test_nothing_good_in_a_burst),
        ALL(test_ring_full_holds),
        ALL(test_ring_full_drops),
        ALL(test_ring_full_with_flow_control),
        VERBS(test_transmit_takes_less),
        ALL(test_no_link),
        ALL(test_egress_faults),
        ALL(test_burst_limit),
        VERBS(test_offsets_at_the_edges),
        ALL(test_absent_port),
        ALL(test_a_million_random_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
