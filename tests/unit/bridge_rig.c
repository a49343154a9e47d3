// SPDX-License-Identifier: BSD-2-Clause
// The bridge on fake ports.
#include "tests/unit/bridge_rig.h"
#include "tests/unit/look_after.h"
#include <stdlib.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "net/audit.h"
#include "net/bounce.h"

static const char *const names[NET_PORTS_MAX] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
const uint64_t rig_seeds[3] = {1, 2, 3};
struct fake_port fakes[NET_PORTS_MAX];
struct port *ports[NET_PORTS_MAX];
struct buffers buffers;
struct forwarder forwarder;
struct supervisor supervisor;
struct bridge bridge;
void *rig_table;
static void *memory, *bitmap;
unsigned ports_made;
uint64_t now;
bool enqueueing, steering_too;
unsigned rig_bounce;

uint64_t clock_us(void)
{
    return now++;
}

void log_line(const char *format, ...)
{
    (void)format;
}

void housekeeping(void)
{
    look_after(&supervisor);
    bridge_poll(&bridge, &supervisor, clock_us());
}

static int set_up(bool enqueue, bool steer)
{
    enqueueing = enqueue;
    steering_too = steer;
    return 0;
}

int by_transmit(void **state)
{
    (void)state;
    return set_up(false, false);
}

int by_enqueue(void **state)
{
    (void)state;
    return set_up(true, false);
}

int by_steer(void **state)
{
    (void)state;
    return set_up(true, true);
}

void make_box(unsigned count, unsigned tx_queues)
{
    static const uint8_t numbers[NET_PORTS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    ports_made = count;
    for (unsigned i = 0; i < count; i++) {
        fake_init(&fakes[i], names[i], 1, tx_queues, RIG_SLOTS, 1514);
        if (steering_too)
            fake_steers(&fakes[i]);
        else if (enqueueing)
            fake_enqueues(&fakes[i]);
        ports[i] = &fakes[i].port;
    }
    buffers_init(&buffers, ports, count);
    bridge_plan(&buffers, numbers, count);
    for (unsigned i = 0; i < count; i++)
        if (rig_bounce >> i & 1)
            bounce_plan(&buffers, i, BURST_DEFAULT);
    assert_int_equal(buffers_plan(&buffers, BUFFER_CAPACITY), 0);
    memory = aligned_alloc(CACHE_LINE, buffers.bytes);
    bitmap = malloc(buffers.bitmap_bytes);
    assert_int_equal(buffers_deal(&buffers, memory, 0x10000000, buffers.bytes, bitmap), 0);
    for (unsigned i = 0; i < count; i++)
        if (rig_bounce >> i & 1)
            assert_true(bounce_insert(ports[i]));
    forwarder_init(&forwarder, &buffers.area);
    rig_table = aligned_alloc(CACHE_LINE, fdb_bytes(FDB_CAPACITY_MIN));
    bridge_init(&bridge, rig_table, FDB_CAPACITY_MIN, 300, rig_seeds, clock_us());
    assert_int_equal(bridge_connect(&bridge, &forwarder, &buffers, numbers, count), count);
    supervise_init(&supervisor, &buffers);
    for (unsigned i = 0; i < count; i++)
        supervise_add(&supervisor, ports[i], "fake");
    assert_int_equal(supervise_start(&supervisor), count);
    housekeeping();
}

void free_box(void)
{
    free(memory);
    free(bitmap);
    free(rig_table);
}

void check_laws(void)
{
    struct audit_report report;
    unsigned lost = 0;
    uint64_t transmitted = 0, accounted = 0;
    for (unsigned i = 0; i < ports_made; i++)
        lost += fakes[i].holes;
    assert_int_equal(buffers_audit(&buffers, &report), lost == 0);
    assert_int_equal(report.found[AUDIT_MISSING], lost);
    assert_int_equal(report.found[AUDIT_DUPLICATE] + report.found[AUDIT_FOREIGN], 0);
    for (unsigned i = 0; i < ports_made; i++) {
        const struct port_counters *c = &forwarder.counters[i];
        assert_int_equal(counters_off(c), 0);
        const struct sent sent = counters_sent(forwarder.sent[i], PORT_QUEUES_MAX);
        transmitted += sent.frames;
        for (unsigned queue = 0; fakes[i].starts == 1 && queue < fakes[i].port.tx_queues; queue++)
            assert_int_equal(forwarder.sent[i][queue].frames, fakes[i].tx[queue].filled);
        accounted += c->forwarded - c->flooded + c->copies + sent.originated;
    }
    assert_int_equal(transmitted, accounted);
}

// --- frames ---

unsigned write_frame(uint8_t *data, uint64_t to, uint64_t from, uint64_t number, unsigned length)
{
    memcpy(data, &to, 6);
    memcpy(data + 6, &from, 6);
    data[12] = 0x88, data[13] = 0xb5;
    memcpy(data + 14, &number, sizeof number);
    for (unsigned i = RIG_HEADER; i < length; i++)
        data[i] = (uint8_t)(number * 31 + i * 7);
    return length;
}

void arrive_long(unsigned port, uint64_t to, uint64_t from, uint64_t number, unsigned length)
{
    uint8_t data[FAKE_DATA_MAX];
    write_frame(data, to, from, number, length);
    assert_true(fake_arrive(&fakes[port], 0, data, length, FAKE_HONEST));
}

void arrive(unsigned port, uint64_t to, uint64_t from, uint64_t number)
{
    arrive_long(port, to, from, number, 60);
}

uint64_t sent(unsigned port)
{
    uint8_t data[FAKE_DATA_MAX];
    for (unsigned queue = 0; queue < fakes[port].port.tx_queues; queue++) {
        const unsigned length = fake_sent(&fakes[port], queue, data);
        if (length == 0)
            continue;
        uint64_t number;
        memcpy(&number, data + 14, sizeof number);
        for (unsigned i = RIG_HEADER; i < length; i++)
            assert_int_equal(data[i], (uint8_t)(number * 31 + i * 7));
        return number;
    }
    return 0;
}

void expect_nothing_more(void)
{
    for (unsigned i = 0; i < ports_made; i++)
        assert_int_equal(sent(i), 0);
}

uint64_t drops(unsigned port, enum drop_reason reason)
{
    return forwarder.counters[port].drops[reason];
}
