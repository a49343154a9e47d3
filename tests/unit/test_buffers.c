// SPDX-License-Identifier: BSD-2-Clause
// The layout of the packet area: sizes, ranges, groups, and which queue carries whose frames.
// links: net/buffers.c net/audit.c net/wire.c net/forward.c net/local.c tests/unit/fakeport.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/audit.h"
#include "net/buffers.h"
#include "net/wire.h"
#include "tests/unit/fakeport.h"

static struct fake_port fakes[NET_PORTS_MAX];
static struct port *ports[NET_PORTS_MAX];
static struct buffers buffers;

static void make_ports(unsigned count, unsigned queues, uint32_t slots)
{
    for (unsigned i = 0; i < count; i++) {
        fake_init(&fakes[i], "port", queues, queues, slots, 1514);
        ports[i] = &fakes[i].port;
    }
    buffers_init(&buffers, ports, count);
}

// Deals into fresh memory and audits; returns the result of the dealing.
static int deal_and_audit(void)
{
    void *memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    void *bitmap = malloc(buffers.bitmap_bytes);
    const int error = buffers_deal(&buffers, memory, 0x1000, buffers.bytes, bitmap);
    struct audit_report report;
    if (error == 0) {
        assert_true(buffers_audit(&buffers, &report));
        assert_int_equal(report.slots, buffers.count);
    }
    free(bitmap);
    free(memory);
    return error;
}

// With a boundary no page of that size holds buffers of two ranges, and the audit does not miss the
// buffers that are left out.
static void test_boundaries(void **state)
{
    (void)state;
    static const uint64_t boundaries[] = {4096, 2 << 20};
    for (unsigned b = 0; b < sizeof boundaries / sizeof boundaries[0]; b++) {
        const uint64_t boundary = boundaries[b];
        make_ports(6, 1, 67);
        wire_plan(&buffers, 0, 1);
        wire_plan(&buffers, 4, 2); // 3 and 5 have buffers of their own that nobody sends
        buffers.boundary = boundary;
        assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
        assert_int_equal(buffers.count, 6 * 2 * 67);
        assert_true(buffers.area.count > buffers.count);
        assert_int_equal(buffers.bytes % boundary, 0);
        uint64_t end = 0;
        for (unsigned group = 0; group < 6; group++) {
            const struct buffer_extent extent = buffers_extent(&buffers, group);
            const struct buffer_range range = buffers.range[group];
            assert_int_equal(range.count, 2 * 67);
            assert_int_equal(extent.offset % boundary, 0);
            assert_int_equal(extent.bytes % boundary, 0);
            assert_true(extent.offset >= end);
            end = extent.offset + extent.bytes;
            assert_true(range.first * (uint64_t)buffers.area.stride >= extent.offset);
            assert_true((range.first + range.count) * (uint64_t)buffers.area.stride <= end);
        }
        assert_true(end <= buffers.bytes);
        assert_int_equal(deal_and_audit(), 0);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    make_ports(2, 1, 64);
    wire_plan(&buffers, 0, 1);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    assert_int_equal(buffers.area.count, 256);
    assert_int_equal(buffers.area.stride, 2112);
    assert_int_equal(buffers.bytes, 256 * 2112);
    assert_int_equal(buffers.bitmap_bytes, 32);
    for (unsigned i = 0; i < 2; i++)
        assert_false(buffers_shared(&buffers, i));
    assert_int_equal(deal_and_audit(), 0);
    assert_ptr_equal(ports[0]->area, &buffers.area);
}

static void test_every_stride_is_odd(void **state)
{
    (void)state;
    make_ports(1, 1, 1);
    for (uint32_t capacity = FRAME_MIN; capacity <= BUFFER_CAPACITY_MAX; capacity++) {
        assert_int_equal(buffers_plan(&buffers, capacity), 0);
        const uint32_t stride = buffers.area.stride;
        assert_int_equal(stride % CACHE_LINE, 0);
        assert_int_equal(stride / CACHE_LINE % 2, 1);
        assert_true(stride >= FRAME_HEADROOM + capacity);
        assert_true(stride < FRAME_HEADROOM + capacity + 2 * CACHE_LINE);
    }
}

static void test_bad_input(void **state)
{
    (void)state;
    make_ports(2, 1, 64);
    assert_int_equal(buffers_plan(&buffers, FRAME_MIN - 1), -EINVAL);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY_MAX + 1), -EINVAL);
    assert_int_equal(buffers_plan(&buffers, UINT32_MAX), -EINVAL);
    ports[1]->tx[0]->slots = 0;
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), -EINVAL);
    ports[1]->tx[0]->slots = QUEUE_SLOTS_MAX + 1;
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), -EINVAL);
    ports[1]->tx[0]->slots = QUEUE_SLOTS_MAX;
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    assert_int_equal(buffers.area.count, 192 + QUEUE_SLOTS_MAX);
    ports[1]->tx[0]->slots = 64;
    ports[0]->rx_queues = PORT_QUEUES_MAX + 1;
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), -EINVAL);
    ports[0]->rx_queues = 1;
    buffers.sources[0] = 1u << 2; // no such port
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), -EINVAL);
}

static void test_bad_memory(void **state)
{
    (void)state;
    make_ports(2, 1, 4);
    wire_plan(&buffers, 0, 1);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    uint8_t *memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    uint64_t bitmap[2];
    const uint64_t bytes = buffers.bytes;
    assert_int_equal(buffers_deal(&buffers, memory, 0, bytes - 1, bitmap), -ENOMEM);
    assert_int_equal(buffers_deal(&buffers, memory + 32, 0, bytes, bitmap), -EINVAL);
    assert_int_equal(buffers_deal(&buffers, memory, 32, bytes, bitmap), -EINVAL);
    assert_int_equal(buffers_deal(&buffers, memory, 0, bytes, (uint8_t *)bitmap + 4), -EINVAL);
    assert_null(ports[0]->area);
    assert_int_equal(buffers_deal(&buffers, memory, 0, bytes, bitmap), 0);
    free(memory);
}

// lan's range holds what lan receives into and what wan's queue for lan holds.
static void test_ranges_of_a_wire(void **state)
{
    (void)state;
    make_ports(2, 1, 8);
    wire_plan(&buffers, 0, 1);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    assert_int_equal(deal_and_audit(), 0);
    for (unsigned slot = 0; slot < 8; slot++) {
        assert_in_range(ports[0]->rx[0]->buffer_of[slot], 0, 15);
        assert_in_range(ports[1]->tx[0]->buffer_of[slot], 0, 15);
        assert_in_range(ports[1]->rx[0]->buffer_of[slot], 16, 31);
        assert_in_range(ports[0]->tx[0]->buffer_of[slot], 16, 31);
    }
}

// What lan receives into is in no ring but its own; its copies, and what carries them, are
// elsewhere.
static void test_ranges_of_a_port_that_copies(void **state)
{
    (void)state;
    uint32_t slots[4];
    struct queue stock = {.port = ports[0], .buffer_of = slots, .slots = 4};
    make_ports(2, 1, 8);
    wire_plan(&buffers, 0, 1);
    buffers.stock[0] = &stock;
    buffers.boundary = 4096;
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    assert_int_equal(buffers.count, 4 * 8 + 4);
    assert_int_equal(deal_and_audit(), 0);
    const struct buffer_extent card = buffers_extent(&buffers, buffers_receive_group(&buffers, 0));
    const uint64_t first = card.offset / buffers.area.stride,
                   end = (card.offset + card.bytes) / buffers.area.stride;
    for (unsigned slot = 0; slot < 8; slot++) {
        assert_in_range(ports[0]->rx[0]->buffer_of[slot], first, end - 1);
        assert_not_in_range(ports[1]->tx[0]->buffer_of[slot], first, end);
        assert_not_in_range(slots[slot % 4], first, end);
        assert_not_in_range(ports[1]->rx[0]->buffer_of[slot], first, end);
        assert_not_in_range(ports[0]->tx[0]->buffer_of[slot], first, end);
    }
    assert_int_equal(buffers_receive_group(&buffers, 1), buffers.group[1]);
    assert_int_equal(buffers.range[buffers.group[0]].count, 8 + 4);
}

static void test_absent_port_needs_nothing(void **state)
{
    (void)state;
    make_ports(2, 1, 8);
    ports[1]->rx_queues = ports[1]->tx_queues = 0;
    wire_plan(&buffers, 0, 1);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    assert_int_equal(buffers.area.count, 16);
    assert_int_equal(deal_and_audit(), 0);
}

static void everybody_to_everybody(unsigned count)
{
    for (unsigned egress = 0; egress < count; egress++)
        buffers.sources[egress] = ((1u << count) - 1) & ~(1u << egress);
}

static void test_one_transmit_queue_for_two_sources(void **state)
{
    (void)state;
    make_ports(3, 1, 8);
    everybody_to_everybody(3);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(buffers_shared(&buffers, i));
        assert_int_equal(buffers.group[i], 0);
    }
    assert_int_equal(deal_and_audit(), 0);

    make_ports(3, 2, 8); // enough queues
    everybody_to_everybody(3);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(buffers_shared(&buffers, i));
        assert_int_equal(buffers.range[buffers.group[i]].count, 32);
    }
    assert_int_equal(deal_and_audit(), 0);
}

// For any ports, queues and flows: the queue that carries a port's frames holds buffers of that
// port's group, and sources that do not share a queue by need do not share one at all.
static void check_queue_for(unsigned source, unsigned egress)
{
    const unsigned queues = ports[egress]->tx_queues;
    for (unsigned rx = 0; rx < ports[source]->rx_queues; rx++) {
        const unsigned tx = buffers_tx_queue(&buffers, source, rx, egress);
        assert_true(tx < queues);
        const struct walk at = {.port = egress, .transmit = true, .index = tx};
        assert_int_equal(walk_group(&buffers, &at), buffers.group[source]);
        const unsigned sources = (unsigned)__builtin_popcount(buffers.sources[egress]);
        for (unsigned other = 0; other < buffers.port_count; other++)
            if (other != source && buffers.sources[egress] >> other & 1 && queues >= sources)
                assert_int_not_equal(tx, buffers_tx_queue(&buffers, other, rx, egress));
    }
}

static void test_random_topologies(void **state)
{
    (void)state;
    static uint32_t stock_slots[NET_PORTS_MAX][4];
    static struct queue stocks[NET_PORTS_MAX];
    srand(1);
    for (unsigned round = 0; round < 5000; round++) {
        const unsigned count = 1 + (unsigned)rand() % NET_PORTS_MAX;
        make_ports(count, 1, 1);
        for (unsigned i = 0; i < count; i++) {
            ports[i]->rx_queues = (uint16_t)(rand() % (FAKE_QUEUES_MAX + 1));
            ports[i]->tx_queues = (uint16_t)(rand() % (FAKE_QUEUES_MAX + 1));
            for (unsigned q = 0; q < FAKE_QUEUES_MAX; q++) {
                ports[i]->rx[q]->slots = 1 + (uint32_t)rand() % 4;
                ports[i]->tx[q]->slots = 1 + (uint32_t)rand() % 4;
            }
            buffers.sources[i] = (uint32_t)rand() & ((1u << count) - 1);
            stocks[i] = (struct queue){
                .port = ports[i], .buffer_of = stock_slots[i], .slots = 1 + (uint32_t)rand() % 4};
            buffers.stock[i] = rand() % 3 == 0 ? &stocks[i] : NULL;
        }
        assert_int_equal(buffers_plan(&buffers, FRAME_MIN), 0);
        assert_int_equal(deal_and_audit(), 0);
        for (unsigned egress = 0; egress < count; egress++)
            for (unsigned source = 0; source < count; source++)
                if (buffers.sources[egress] >> source & 1 && ports[egress]->tx_queues > 0)
                    check_queue_for(source, egress);
    }
}

// A source with several receive queues uses all transmit queues that are its own.
static void test_queues_are_spread(void **state)
{
    (void)state;
    make_ports(3, 4, 8);
    everybody_to_everybody(3);
    assert_int_equal(buffers_tx_queue(&buffers, 0, 0, 2), 0);
    assert_int_equal(buffers_tx_queue(&buffers, 0, 1, 2), 2);
    assert_int_equal(buffers_tx_queue(&buffers, 0, 2, 2), 0);
    assert_int_equal(buffers_tx_queue(&buffers, 1, 0, 2), 1);
    assert_int_equal(buffers_tx_queue(&buffers, 1, 1, 2), 3);
    assert_int_equal(buffers_tx_queue(&buffers, 2, 0, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_every_stride_is_odd),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_bad_memory),
        cmocka_unit_test(test_ranges_of_a_wire),
        cmocka_unit_test(test_ranges_of_a_port_that_copies),
        cmocka_unit_test(test_absent_port_needs_nothing),
        cmocka_unit_test(test_one_transmit_queue_for_two_sources),
        cmocka_unit_test(test_random_topologies),
        cmocka_unit_test(test_queues_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
