// SPDX-License-Identifier: BSD-2-Clause
// Frames for the box itself: what is delivered, what is copied, what is lost, and that those for
// others are not touched.
// links: net/local.c net/forward.c net/tally.c net/counters.c tests/unit/fakeport.c
// links: net/wire.c net/buffers.c net/audit.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/audit.h"
#include "net/forward.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

enum { LAN, WAN, OOB, PORTS };

static const uint8_t own[6] = {0x52, 0x54, 0, 0, 0, 1};
static const uint8_t other[6] = {0x52, 0x54, 0, 0, 0, 2};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};

static struct fake_port fakes[PORTS];
static struct buffers buffers;
static struct forwarder forwarder;
static struct local local;
static void *memory, *bitmap;

// A wire between lan and wan; the box is behind `management`.
static void make_box(unsigned management)
{
    static const char *const names[PORTS] = {"lan", "wan", "oob"};
    struct port *ports[PORTS];
    for (unsigned i = 0; i < PORTS; i++) {
        fake_init(&fakes[i], names[i], 1, 1, 64, 2048);
        ports[i] = &fakes[i].port;
    }
    buffers_init(&buffers, ports, PORTS);
    wire_plan(&buffers, LAN, WAN);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    bitmap = malloc(buffers.bitmap_bytes);
    assert_int_equal(buffers_deal(&buffers, memory, 0x10000000, buffers.bytes, bitmap), 0);
    forwarder_init(&forwarder, &buffers.area);
    assert_int_equal(wire_connect(&forwarder, &buffers, LAN, WAN), 0);
    if (management == OOB)
        assert_true(forwarder_add_box_lane(&forwarder, ports[OOB]->rx[0], OOB));
    local_init(&local, own, ports[management]->tx[0], forwarder.sent[management]);
    forwarder_set_local(&forwarder, &local, management);
    for (unsigned i = 0; i < PORTS; i++)
        assert_int_equal(ports[i]->driver->start(ports[i]), 0);
}

static void free_box(void)
{
    struct audit_report report;
    assert_true(buffers_audit(&buffers, &report));
    for (unsigned i = 0; i < PORTS; i++) {
        const struct port_counters c = forwarder_counters(&forwarder, i);
        assert_int_equal(counters_off(&c), 0);
    }
    free(memory);
    free(bitmap);
}

// A frame of length bytes to an address; its 13th byte is a number.
static void arrive(unsigned port, const uint8_t *to, unsigned length, unsigned number)
{
    uint8_t data[FAKE_DATA_MAX] = {0};
    memcpy(data, to, 6);
    data[12] = (uint8_t)number;
    assert_true(fake_arrive(&fakes[port], 0, data, length, FAKE_HONEST));
}

static void expect_sent(unsigned port, const uint8_t *to, unsigned length, unsigned number)
{
    uint8_t data[FAKE_DATA_MAX];
    assert_int_equal(fake_sent(&fakes[port], 0, data), length);
    assert_memory_equal(data, to, 6);
    assert_int_equal(data[12], number);
}

static void expect_nothing_sent(unsigned port)
{
    assert_int_equal(fake_waiting(&fakes[port].tx[0]), 0);
}

static void expect_delivered(const uint8_t *to, unsigned length, unsigned number)
{
    const struct local_frame *frame = local_next(&local);
    assert_non_null(frame);
    assert_int_equal(frame->length, length);
    assert_memory_equal(frame->data, to, 6);
    assert_int_equal(frame->data[12], number);
    local_done(&local);
}

static void test_a_wire_keeps_what_is_for_others(void **state)
{
    (void)state;
    make_box(LAN);
    local_join(&local, group);
    static const uint8_t stranger[6] = {0x33, 0x33, 0, 0, 0, 9};
    arrive(LAN, other, 60, 1);
    arrive(LAN, own, 61, 2);
    arrive(LAN, everybody, 62, 3);
    arrive(LAN, group, 63, 4);
    arrive(LAN, own, 1518, 5);
    arrive(LAN, stranger, 64, 6);
    arrive(LAN, own, 1519, 7); // longer than the box takes
    arrive(LAN, other, 2048, 8);
    assert_int_equal(forward_poll(&forwarder), 8);

    expect_sent(WAN, other, 60, 1);
    expect_sent(WAN, everybody, 62, 3);
    expect_sent(WAN, group, 63, 4);
    expect_sent(WAN, stranger, 64, 6);
    expect_sent(WAN, other, 2048, 8);
    expect_nothing_sent(WAN);
    expect_delivered(own, 61, 2);
    expect_delivered(everybody, 62, 3);
    expect_delivered(group, 63, 4);
    expect_delivered(own, 1518, 5);
    assert_null(local_next(&local));

    const struct port_counters *lan = &forwarder.counters[LAN];
    assert_int_equal(lan->forwarded, 5);
    assert_int_equal(lan->delivered, 2);
    assert_int_equal(lan->drops[DROP_TOO_LONG], 1);
    assert_int_equal(lan->rx_bytes, 60 + 61 + 62 + 63 + 1518 + 64 + 1519 + 2048);
    assert_int_equal(forwarder_sent_by_port(&forwarder, WAN).bytes, 60 + 62 + 63 + 64 + 2048);
    assert_int_equal(local.copies, 2);
    free_box();
}

// The box is behind one port: what comes in by the other is not even looked at.
static void test_the_other_port_does_not_lead_to_the_box(void **state)
{
    (void)state;
    make_box(LAN);
    arrive(WAN, own, 60, 1);
    arrive(WAN, everybody, 61, 2);
    assert_int_equal(forward_poll(&forwarder), 2);
    expect_sent(LAN, own, 60, 1);
    expect_sent(LAN, everybody, 61, 2);
    assert_null(local_next(&local));
    free_box();
}

static void test_a_full_queue(void **state)
{
    (void)state;
    make_box(LAN);
    for (unsigned i = 0; i < LOCAL_COPIES_MAX + 5; i++)
        arrive(LAN, everybody, 60, i);
    for (unsigned rounds = 0; rounds < 3; rounds++)
        forward_poll(&forwarder);
    assert_int_equal(local.copies, LOCAL_COPIES_MAX);
    assert_int_equal(local.copies_lost, 5);
    assert_int_equal(forwarder_counters(&forwarder, LAN).forwarded, LOCAL_COPIES_MAX + 5);
    const unsigned room = LOCAL_SLOTS - LOCAL_COPIES_MAX;
    for (unsigned i = 0; i < room + 3; i++) {
        arrive(LAN, own, 60, 100 + i);
        fake_sent(&fakes[WAN], 0, (uint8_t[FAKE_DATA_MAX]){0});
        forward_poll(&forwarder);
    }
    assert_int_equal(forwarder.counters[LAN].delivered, room);
    assert_int_equal(forwarder.counters[LAN].drops[DROP_BOX_BUSY], 3);

    for (unsigned i = 0; i < LOCAL_COPIES_MAX; i++)
        expect_delivered(everybody, 60, i);
    for (unsigned i = 0; i < room; i++)
        expect_delivered(own, 60, 100 + i);
    assert_null(local_next(&local));
    free_box();
}

// A port between which and the others nothing is forwarded.
static void test_a_port_for_management_only(void **state)
{
    (void)state;
    make_box(OOB);
    arrive(OOB, own, 60, 1);
    arrive(OOB, other, 60, 2);
    arrive(OOB, everybody, 60, 3);
    arrive(OOB, group, 60, 4);
    arrive(OOB, own, 1519, 5);
    arrive(OOB, everybody, 1519, 7);
    arrive(LAN, own, 61, 6);
    assert_int_equal(forward_poll(&forwarder), 7);
    expect_delivered(own, 60, 1);
    expect_delivered(everybody, 60, 3);
    assert_null(local_next(&local));
    expect_sent(WAN, own, 61, 6);
    expect_nothing_sent(OOB);
    const struct port_counters *oob = &forwarder.counters[OOB];
    assert_int_equal(oob->delivered, 2);
    assert_int_equal(oob->drops[DROP_NOT_FOR_BOX], 2);
    assert_int_equal(oob->drops[DROP_TOO_LONG], 2);
    assert_int_equal(oob->drops[DROP_BOX_BUSY], 0);

    for (unsigned i = 0; i < LOCAL_COPIES_MAX + 1; i++)
        arrive(OOB, everybody, 60, i);
    while (forward_poll(&forwarder) > 0)
        ;
    assert_int_equal(oob->drops[DROP_BOX_BUSY], 1);
    assert_int_equal(oob->delivered, 2 + LOCAL_COPIES_MAX);
    free_box();
}

static void test_groups(void **state)
{
    (void)state;
    static const uint8_t base[6] = {0x01, 0x00, 0x5e, 0, 0, 0};
    uint8_t address[6];
    memcpy(address, base, 6);
    local_init(&local, own, NULL, NULL);
    for (unsigned i = 0; i < LOCAL_GROUPS_MAX; i++) {
        address[5] = (uint8_t)i;
        assert_int_equal(local_wants(&local, address), LOCAL_PASS);
        local_join(&local, address);
        local_join(&local, address);
        assert_int_equal(local_wants(&local, address), LOCAL_COPY);
    }
    address[5] = 3;
    local_leave(&local, address);
    local_leave(&local, address);
    assert_int_equal(local_wants(&local, address), LOCAL_PASS);
    local_join(&local, address);
    // One too many: rather too much is heard than too little.
    address[5] = 99;
    local_join(&local, address);
    assert_int_equal(local_wants(&local, address), LOCAL_COPY);
    address[5] = 100;
    assert_int_equal(local_wants(&local, address), LOCAL_COPY);
    assert_int_equal(local_wants(&local, other), LOCAL_PASS);
}

static void test_sending(void **state)
{
    (void)state;
    make_box(LAN);
    uint8_t data[LOCAL_FRAME_MAX] = {0};
    memcpy(data, other, 6);
    data[12] = 7;
    assert_true(local_send(&local, data, 60));
    expect_sent(LAN, other, 60, 7);
    const struct sent *lan = forwarder.sent[LAN];
    assert_int_equal(lan->frames, 1);
    assert_int_equal(lan->bytes, 60);
    assert_int_equal(lan->originated, 1);

    fakes[LAN].port.max_frame = 100;
    assert_false(local_send(&local, data, 101));
    fakes[LAN].port.link_up = false;
    assert_false(local_send(&local, data, 60));
    fakes[LAN].port.link_up = true;
    for (unsigned i = 0; i < 64; i++)
        assert_true(local_send(&local, data, 60));
    assert_false(local_send(&local, data, 60)); // the ring is full
    assert_int_equal(local.sent, 65);
    assert_int_equal(local.unsent, 3);
    local.tx = NULL;
    assert_false(local_send(&local, data, 60));
    free_box();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wire_keeps_what_is_for_others),
        cmocka_unit_test(test_the_other_port_does_not_lead_to_the_box),
        cmocka_unit_test(test_a_full_queue),
        cmocka_unit_test(test_a_port_for_management_only),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
