// SPDX-License-Identifier: BSD-2-Clause
// What the virtio tests share: one port on a simulated device, its packet memory, and the audit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 0xa5 };

void rig_open(struct rig *rig)
{
    sim_open(&rig->sim);
    rig->port = (struct port){
        .name = "lan",
        .driver = &virtio_net_driver,
        .env = &rig->sim.env,
        .area = &rig->area,
    };
    rig->area = (struct packet_area){0};
}

// All queues of the port, receive before transmit.
static unsigned rig_queues(const struct rig *rig)
{
    return rig->port.rx_queues + rig->port.tx_queues;
}

static struct queue *rig_queue(const struct rig *rig, unsigned number)
{
    return number < rig->port.rx_queues ? rig->port.rx[number]
                                        : rig->port.tx[number - rig->port.rx_queues];
}

int rig_probe(struct rig *rig)
{
    int error = virtio_net_driver.probe(&rig->port);
    if (error != 0)
        return error;
    uint32_t count = 0;
    for (unsigned i = 0; i < rig_queues(rig); i++)
        count += rig_queue(rig, i)->slots;
    uint8_t *base = aligned_alloc(64, (size_t)count * RIG_STRIDE);
    assert_non_null(base);
    memset(base, GAP, (size_t)count * RIG_STRIDE);
    rig->area = (struct packet_area){
        .base = base,
        .dma = host_share(&rig->sim.env, base, (size_t)count * RIG_STRIDE),
        .stride = RIG_STRIDE,
        .count = count,
        .capacity = RIG_CAPACITY,
    };
    uint32_t buffer = 0;
    for (unsigned i = 0; i < rig_queues(rig); i++)
        for (uint32_t slot = 0; slot < rig_queue(rig, i)->slots; slot++)
            rig_queue(rig, i)->buffer_of[slot] = buffer++;
    return 0;
}

static void honest_split(struct simvirtio *sim)
{
    (void)sim; // as it was opened
}

static void legacy(struct simvirtio *sim)
{
    sim_make_legacy(sim, true);
}

static void legacy_chained(struct simvirtio *sim)
{
    sim_make_legacy(sim, false);
}

const struct rig_format rig_formats[RIG_FORMATS] = {
    [RIG_SPLIT] = {"split", honest_split, &virtio_net_driver, 12, 1},
    [RIG_PACKED] = {"packed", sim_make_packed, &virtio_packed_driver, 12, 1},
    [RIG_LEGACY] = {"legacy", legacy, &virtio_legacy_driver, 10, 1},
    [RIG_CHAINED] = {"legacy, chained", legacy_chained, &virtio_legacy_driver, 10, 2},
};

void rig_open_as(struct rig *rig, unsigned format)
{
    rig_open(rig);
    rig_formats[format].make(&rig->sim);
}

void rig_begin(struct rig *rig, unsigned format)
{
    assert_int_equal(rig_probe(rig), 0);
    assert_ptr_equal(rig->port.driver, rig_formats[format].driver);
    port_use(&rig->port, rig->port.driver); // as the box does
    if (start_now(&rig->port) != 0)
        fail_msg("start() failed: %s", rig->sim.env.log);
    assert_int_equal(rig->port.state, PORT_RUNNING);
}

void rig_start_as(struct rig *rig, unsigned format)
{
    rig_open_as(rig, format);
    rig_begin(rig, format);
}

void rig_start(struct rig *rig)
{
    rig_start_as(rig, RIG_SPLIT);
}

static void audit_buffers(const struct rig *rig)
{
    const struct packet_area *area = &rig->area;
    bool *seen = calloc(area->count, sizeof *seen);
    assert_non_null(seen);
    for (unsigned i = 0; i < rig_queues(rig); i++) {
        const struct queue *queue = rig_queue(rig, i);
        for (uint32_t slot = 0; slot < queue->slots; slot++) {
            uint32_t buffer = queue->buffer_of[slot];
            assert_true(buffer < area->count);
            assert_false(seen[buffer]);
            seen[buffer] = true;
        }
    }
    free(seen);
    for (uint32_t buffer = 0; buffer < area->count; buffer++)
        for (uint32_t at = FRAME_HEADROOM + RIG_CAPACITY; at < RIG_STRIDE; at++)
            assert_int_equal(*packet_data(area, buffer, at), GAP);
}

void rig_audit(const struct rig *rig)
{
    if (rig->sim.violations != 0)
        fail_msg("the driver broke %u rules, first: %s", rig->sim.violations, rig->sim.violation);
    if (rig->area.base != NULL)
        audit_buffers(rig);
}

void rig_close(struct rig *rig)
{
    rig_audit(rig);
    free(rig->area.base);
    sim_close(&rig->sim);
}

const char *const rig_ways[RIG_WAYS] = {"bursts", "gathered", "single", "relayed"};
unsigned rig_way;

// Queues `count` frames. frames[] then names empty buffers, of those that were queued.
static unsigned send(struct rig *rig, struct frame *frames, unsigned count)
{
    const struct port_driver *driver = rig->port.driver;
    struct queue *tx = rig->port.tx[0];
    if (rig_way != RIG_GATHERED || driver->enqueue == NULL)
        return driver->transmit(tx, frames, count);
    struct frame empty[BURST_MAX];
    const unsigned sent = driver->enqueue(tx, frames, empty, count);
    for (unsigned i = 0; i < sent; i++)
        frames[i].buffer = empty[i].buffer;
    driver->ring(tx);
    return sent;
}

static unsigned forward_burst(struct rig *rig, unsigned max, unsigned *sent)
{
    struct frame frames[BURST_MAX];
    unsigned received = rig->port.driver->receive(rig->port.rx[0], frames, max);
    unsigned good = 0; // moves those to be dropped behind the others
    for (unsigned i = 0; i < received; i++) {
        struct frame frame = frames[i];
        if (frame.length == 0)
            continue;
        assert_true(frame_valid(&rig->area, &frame));
        frames[i] = frames[good];
        frames[good++] = frame;
    }
    *sent = good != 0 ? send(rig, frames, good) : 0;
    rig->port.driver->refill(rig->port.rx[0], frames, received);
    return received;
}

// False: there is none.
static bool forward_one(struct rig *rig, unsigned *sent)
{
    struct queue *rx = rig->port.rx[0], *tx = rig->port.tx[0];
    struct frame frame;
    if (rx->receive(rx, &frame, 1) == 0)
        return false;
    if (frame.length != 0) {
        assert_true(frame_valid(&rig->area, &frame));
        assert_int_equal(frame.offset, FRAME_HEADROOM);
        const uint32_t empty = tx->exchange(tx, frame.buffer, frame.length);
        *sent += empty != NO_BUFFER;
        frame.buffer = empty != NO_BUFFER ? empty : frame.buffer;
    }
    rx->put(rx, frame.buffer);
    return true;
}

// By relay(), as the forwarder calls it. RELAY_NOT_PLAIN: by the other verbs.
static int64_t relay(const struct rig *rig, unsigned max)
{
    struct queue *rx = rig->port.rx[0], *tx = rig->port.tx[0];
    const unsigned room = rig->port.driver->room(tx, max);
    if (room == 0)
        return RELAY_NOT_PLAIN;
    return rx->relay(rx, tx, room, RIG_CAPACITY - FRAME_MIN + 1).frames;
}

unsigned rig_forward(struct rig *rig, unsigned max, unsigned *sent)
{
    *sent = 0;
    if (rig_way == RIG_RELAYED) {
        const int64_t moved = relay(rig, max);
        if (moved >= 0)
            return *sent = (unsigned)moved;
    }
    if (rig_way != RIG_SINGLE)
        return forward_burst(rig, max, sent);
    unsigned received = 0;
    while (received < max && forward_one(rig, sent))
        received++;
    return received;
}

uint32_t rig_frame(uint32_t number, uint8_t frame[RIG_FRAME_MAX])
{
    uint32_t length = 60 + number * 7 % (1522 - 60 + 1);
    uint64_t value = number * 0x9e3779b97f4a7c15u + 1;
    for (uint32_t i = 0; i < length; i += sizeof value) { // RIG_FRAME_MAX leaves room behind
        value = value * 6364136223846793005u + 1442695040888963407u;
        memcpy(frame + i, &value, sizeof value);
    }
    memcpy(frame, &number, sizeof number);
    return length;
}

// Takes what the box sent off the wire and compares. Returns how many frames.
static uint32_t take_sent(struct rig *rig, uint32_t first, uint32_t count, uint32_t next,
                          bool *arrived)
{
    uint8_t frame[RIG_FRAME_MAX], expected[RIG_FRAME_MAX];
    uint32_t length, taken = 0;
    while ((length = sim_send(&rig->sim, frame, sizeof frame)) != 0) {
        uint32_t number;
        memcpy(&number, frame, sizeof number);
        assert_in_range(number, first, first + count - 1);
        if (!rig->sim.shuffle)
            assert_int_equal(number, next + taken);
        assert_false(arrived[number - first]);
        arrived[number - first] = true;
        assert_int_equal(length, rig_frame(number, expected));
        assert_memory_equal(frame, expected, length);
        taken++;
    }
    return taken;
}

void rig_pass(struct rig *rig, uint32_t first, uint32_t count, unsigned burst)
{
    uint8_t frame[RIG_FRAME_MAX];
    bool *arrived = calloc(count, sizeof *arrived);
    assert_non_null(arrived);
    uint32_t in = 0, out = 0;
    while (out < count) {
        // A device completes when it likes, but no later than when its ring is full.
        uint32_t kept = rig->sim.queues[1].sent;
        if (kept + burst > rig->port.tx[0]->slots || sim_random(&rig->sim) % 4 == 0)
            sim_complete(&rig->sim, kept);
        for (unsigned i = 0; i < burst && in < count; i++) {
            uint32_t length = rig_frame(first + in, frame);
            if (!sim_receive(&rig->sim, frame, length))
                break;
            in++;
        }
        unsigned sent, received = rig_forward(rig, burst, &sent);
        assert_int_equal(sent, received);
        uint32_t taken = take_sent(rig, first, count, first + out, arrived);
        assert_int_equal(taken, sent);
        out += taken;
        assert_true(received != 0);
    }
    free(arrived);
}

void rig_works(struct rig *rig, uint32_t frames)
{
    stop_now(&rig->port);
    assert_int_equal(rig->port.state, PORT_STOPPED);
    rig_audit(rig);
    assert_int_equal(start_now(&rig->port), 0);
    assert_int_equal(rig->port.state, PORT_RUNNING);
    assert_int_equal(rig->port.fault, PORT_OK);
    rig_pass(rig, 1000000, frames, 32);
    rig_audit(rig);
}

static unsigned doorbells(const struct rig *rig)
{
    return rig->sim.queues[0].doorbells + rig->sim.queues[1].doorbells;
}

void rig_expect_fault(struct rig *rig, enum port_fault fault, uint32_t value)
{
    const struct port_driver *driver = rig->port.driver;
    assert_int_equal(rig->port.state, PORT_FAULTED);
    assert_int_equal(rig->port.fault, fault);
    assert_int_equal(rig->port.fault_value, value);
    for (unsigned i = 0; i < PORT_FAULT_COUNT; i++)
        assert_int_equal(rig->port.fault_count[i], i == fault);
    const unsigned rung = doorbells(rig);
    struct frame frame = {rig->port.rx[0]->buffer_of[0], FRAME_HEADROOM, 60};
    assert_int_equal(driver->receive(rig->port.rx[0], &frame, 1), 0);
    assert_int_equal(driver->transmit(rig->port.tx[0], &frame, 1), 0);
    assert_int_equal(driver->room(rig->port.tx[0], 1), 0);
    assert_false(driver->send_copy(rig->port.tx[0], "0123456789012345", 16));
    driver->poll(&rig->port);
    assert_int_equal(rig->port.fault, fault);
    assert_int_equal(doorbells(rig), rung);
    rig_audit(rig);
    rig_works(rig, 1000);
    rig_close(rig);
}

void rig_every_length_crosses(void **state)
{
    (void)state;
    static struct rig rig;
    uint8_t in[RIG_CAPACITY], out[RIG_FRAME_MAX];
    for (unsigned i = 0; i < RIG_FORMATS; i++) {
        rig_start_as(&rig, i);
        for (uint32_t length = FRAME_MIN; length <= RIG_CAPACITY; length++) {
            memset(in, (int)length, length);
            assert_true(sim_receive(&rig.sim, in, length));
            unsigned sent;
            assert_int_equal(rig_forward(&rig, 1, &sent), 1);
            assert_int_equal(sent, 1);
            assert_int_equal(sim_send(&rig.sim, out, sizeof out), length);
            assert_memory_equal(in, out, length);
            assert_int_equal(sim_complete(&rig.sim, 1), 1);
        }
        rig_close(&rig);
    }
}
