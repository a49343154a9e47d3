// SPDX-License-Identifier: BSD-2-Clause
// Lies about packed and legacy rings: each costs its own port only, and is over when the port is
// restarted on a device that is honest again. Those about split rings are in test_virtio_lies.c.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/split.c drivers/virtio/describe.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: tests/driver/env_host.c tests/driver/simvirtio.c tests/driver/simvirtio_legacy.c
// links: tests/driver/simvirtio_ring.c tests/driver/simvirtio_control.c tests/driver/virtio_rig.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

enum { RX = 0, TX = 1, AVAILABLE = 1 << 7, USED = 1 << 15 };

static struct rig rig;

static void begin(unsigned format, uint32_t frames)
{
    rig_start_as(&rig, format);
    rig_pass(&rig, 0, frames, 32);
}

static void receive_frames(unsigned count)
{
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < count; i++)
        assert_true(sim_receive(&rig.sim, frame, rig_frame(i, frame)));
}

static unsigned fill_transmit_ring(void)
{
    uint8_t data[64] = {0};
    unsigned filled = 0;
    while (rig.port.driver->send_copy(rig.port.tx[0], data, sizeof data))
        filled++;
    return filled;
}

static void received_id_outside_the_ring(void **state)
{
    (void)state;
    static const uint32_t ids[] = {256, 257, 32767, 65535, 65536, 0x80000000, 0xffffffff};
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        for (size_t j = 0; j < sizeof ids / sizeof ids[0]; j++) {
            if (i == RIG_PACKED && ids[j] > UINT16_MAX)
                continue; // there are no such
            begin(i, 100);
            receive_frames(5);
            sim_push_used(&rig.sim, RX, ids[j], 100);
            unsigned sent;
            assert_int_equal(rig_forward(&rig, 32, &sent), 5); // what came in front of the lie
            assert_int_equal(sent, 0);
            rig_expect_fault(&rig, PORT_FAULT_USED_ID, ids[j]);
        }
    }
}

// The second descriptor of a chain is none that was made available.
static void the_other_half_of_a_chain(void **state)
{
    (void)state;
    begin(RIG_CHAINED, 100);
    sim_push_used(&rig.sim, RX, 128, 100);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 32, &sent), 0);
    rig_expect_fault(&rig, PORT_FAULT_USED_ID, 128);
}

static void received_id_replayed(void **state)
{
    (void)state;
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        for (unsigned behind = 0; behind < 3; behind++) {
            begin(i, 1000 + behind);
            sim_fetch(&rig.sim, RX);
            uint16_t id = rig.sim.queues[RX].ids[0];
            receive_frames(1 + behind);
            sim_push_used(&rig.sim, RX, id, 100);
            unsigned sent;
            assert_int_equal(rig_forward(&rig, 32, &sent), 1 + behind);
            rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, id);
        }
    }
}

static void sent_id_never_given(void **state)
{
    (void)state;
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        begin(i, 0);
        uint8_t data[64] = {0};
        unsigned last = 256 / rig_formats[i].share - 1;
        for (unsigned j = 0; j < last; j++)
            assert_true(rig.port.driver->send_copy(rig.port.tx[0], data, sizeof data));
        sim_push_used(&rig.sim, TX, last, 0);
        assert_int_equal(rig.port.driver->room(rig.port.tx[0], 2), 0);
        rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, last);
    }
}

static void sent_id_replayed(void **state)
{
    (void)state;
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        begin(i, 0);
        uint8_t data[64] = {0};
        for (unsigned j = 0; j < 10; j++)
            assert_true(rig.port.driver->send_copy(rig.port.tx[0], data, sizeof data));
        for (unsigned j = 0; j < 2; j++)
            sim_push_used(&rig.sim, TX, 3, 0);
        fill_transmit_ring();
        rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, 3);
    }
}

static void used_index_jumps(void **state)
{
    (void)state;
    static const int jumps[] = {257, 300, 32767, -1, -2, -256};
    for (unsigned i = RIG_LEGACY; i < RIG_FORMATS; i++) {
        for (unsigned queue = RX; queue <= TX; queue++) {
            for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++) {
                begin(i, 2000);
                fill_transmit_ring(); // has seen every element: an index that goes back is a lie
                uint16_t index = (uint16_t)(rig.sim.queues[queue].used_index + jumps[j]);
                sim_set_used_index(&rig.sim, queue, index);
                unsigned sent;
                if (queue == RX)
                    assert_int_equal(rig_forward(&rig, 32, &sent), 0);
                else
                    fill_transmit_ring();
                rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, index);
            }
        }
    }
}

// In either lap a descriptor that the device holds has the bits that we wrote, or both as the wrap
// counter wants them; nothing else.
static void wrap_bits_of_another_lap(void **state)
{
    (void)state;
    for (unsigned lap = 0; lap < 4; lap++) {
        static const uint16_t wrong[2][2] = {{0, USED}, {AVAILABLE | USED, AVAILABLE}};
        for (unsigned i = 0; i < 2; i++) {
            begin(RIG_PACKED, 256 * lap + 5);
            receive_frames(2);
            uint16_t flags = wrong[lap % 2][i] | 2;
            sim_set_flags(&rig.sim, RX, rig.sim.queues[RX].used_index, flags);
            unsigned sent;
            assert_int_equal(rig_forward(&rig, 32, &sent), 2);
            rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, flags);
        }
    }
}

static void wrap_bits_of_a_sent_frame(void **state)
{
    (void)state;
    begin(RIG_PACKED, 0);
    assert_int_equal(fill_transmit_ring(), 256);
    sim_set_flags(&rig.sim, TX, 0, USED);
    assert_int_equal(rig.port.driver->room(rig.port.tx[0], 1), 0);
    rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, USED);
}

// What lies behind the descriptors that the device holds is not looked at.
static void used_before_it_was_given(void **state)
{
    (void)state;
    begin(RIG_PACKED, 0);
    uint8_t data[64] = {0};
    assert_true(rig.port.driver->send_copy(rig.port.tx[0], data, sizeof data));
    for (unsigned i = 1; i < 256; i++)
        sim_set_flags(&rig.sim, TX, i, AVAILABLE | USED);
    assert_int_equal(rig.port.driver->room(rig.port.tx[0], BURST_MAX), 255);
    assert_int_equal(rig.port.state, PORT_RUNNING);
    assert_int_equal(fill_transmit_ring(), 255);
    rig_works(&rig, 1000);
    rig_close(&rig);
}

static void impossible_lengths_are_dropped(void **state)
{
    (void)state;
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        const uint32_t header = rig_formats[i].header;
        const uint32_t lengths[] = {0,
                                    1,
                                    header - 1,
                                    header,
                                    header + FRAME_MIN - 1,
                                    header + RIG_CAPACITY + 1,
                                    65536 + header + 60,
                                    0x80000000,
                                    0xffffffff};
        begin(i, 100);
        struct frame frame;
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            sim_use(&rig.sim, lengths[j]);
            assert_int_equal(rig.port.driver->receive(rig.port.rx[0], &frame, 1), 1);
            assert_int_equal(frame.length, 0);
            assert_true(frame.buffer < rig.area.count);
            rig.port.driver->refill(rig.port.rx[0], &frame, 1);
            rig_audit(&rig);
        }
        assert_int_equal(rig.port.state, PORT_RUNNING); // costs the frame, not the port
        const uint32_t good[] = {header + FRAME_MIN, header + RIG_CAPACITY};
        for (size_t j = 0; j < 2; j++) {
            sim_use(&rig.sim, good[j]);
            assert_int_equal(rig.port.driver->receive(rig.port.rx[0], &frame, 1), 1);
            assert_int_equal(frame.length, good[j] - header);
            rig.port.driver->refill(rig.port.rx[0], &frame, 1);
        }
        rig_works(&rig, 1000);
        rig_close(&rig);
    }
}

static void disappears(void **state)
{
    (void)state;
    for (unsigned i = RIG_PACKED; i < RIG_FORMATS; i++) {
        begin(i, 50);
        rig.sim.gone = true;
        rig.port.driver->poll(&rig.port);
        assert_int_equal(rig.port.fault, PORT_FAULT_GONE);
        stop_now(&rig.port);
        assert_int_equal(start_now(&rig.port), -ENODEV);
        assert_int_equal(rig.port.state, PORT_STOPPED);
        assert_false(rig.sim.env.bus_master);
        rig_audit(&rig);
        rig.sim.gone = false;
        rig_works(&rig, 1000);
        rig_close(&rig);
    }
}

static void scribbles_over_the_rings(void **state)
{
    (void)state;
    for (unsigned i = RIG_LEGACY; i < RIG_FORMATS; i++) {
        begin(i, 500);
        for (unsigned j = RX; j <= TX; j++) {
            const struct sim_queue *queue = &rig.sim.queues[j];
            memset(host_dma(&rig.sim.env, queue->desc, 16 * 256), 0xff, 16 * 256);
            memset(host_dma(&rig.sim.env, queue->driver, 4 + 2 * 256), 0xff, 4 + 2 * 256);
        }
        sim_push_used(&rig.sim, RX, 7, 100);
        unsigned sent;
        assert_int_equal(rig_forward(&rig, 32, &sent), 1);
        assert_int_equal(sent, 1);
        assert_int_equal(rig.port.state, PORT_RUNNING);
        rig_works(&rig, 1000);
        rig_close(&rig);
    }
}

static void probe_fails(int error, const char *message)
{
    int found = rig_probe(&rig);
    if (found != error || !host_logged(&rig.sim.env, message))
        fail_msg("probe() returned %d and logged: %s", found, rig.sim.env.log);
    assert_int_equal(rig.port.state, PORT_ABSENT);
    assert_false(rig.sim.env.bus_master);
    rig_close(&rig);
}

static void is_no_legacy_device(void **state)
{
    (void)state;
    rig_open_as(&rig, RIG_LEGACY);
    rig.sim.env.io_bytes[0] = 0;
    probe_fails(-ENODEV, "I/O BAR 0 has 0 bytes, expected 32");
    rig_open_as(&rig, RIG_LEGACY);
    rig.sim.env.io_bytes[0] = 31;
    probe_fails(-ENODEV, "I/O BAR 0 has 31 bytes, expected 32");
    rig_open_as(&rig, RIG_LEGACY);
    rig.sim.pci[2] = 0x41; // a modern device must name its structures
    probe_fails(-ENODEV, "no usable common structure");
    rig_open_as(&rig, RIG_LEGACY);
    rig.sim.restless = true;
    probe_fails(-EAGAIN, "changed in each of");
    rig_open_as(&rig, RIG_CHAINED);
    rig.sim.queues[RX].offered_size = rig.sim.queues[RX].size = 1;
    probe_fails(-ENODEV, "has 1 entry, expected 2");
}

static void start_fails(int error, const char *message)
{
    int found = start_now(&rig.port);
    if (found != error || !host_logged(&rig.sim.env, message))
        fail_msg("start() returned %d and logged: %s", found, rig.sim.env.log);
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_int_equal(rig.sim.status, 0);
    assert_false(rig.sim.env.bus_master);
    rig_audit(&rig);
}

static void changes_after_probe(void **state)
{
    (void)state;
    begin(RIG_PACKED, 10);
    stop_now(&rig.port);
    rig.sim.offered &= ~(1ULL << 34);
    start_fails(-ENOTSUP, "expected 0x0000000400000000 among them");
    rig.sim.offered |= 1ULL << 34;
    rig_works(&rig, 100);
    rig_close(&rig);

    rig_start(&rig); // split, and then packed is offered too: not taken
    stop_now(&rig.port);
    sim_make_packed(&rig.sim);
    rig_works(&rig, 100);
    assert_int_equal(rig.sim.accepted >> 34 & 1, 0);
    rig_close(&rig);

    begin(RIG_LEGACY, 10);
    stop_now(&rig.port);
    rig.sim.offered &= ~(1ULL << 27);
    start_fails(-ENOTSUP, "expected 0x0000000008000000 among them");
    rig.sim.offered |= 1ULL << 27;
    rig.sim.queues[RX].offered_size = 512; // its parts would lie elsewhere
    start_fails(-EIO, "queue 0: queue_size is 512");
    rig.sim.queues[RX].offered_size = 256;
    rig.sim.refuse_size = true; // here: takes no address
    start_fails(-EIO, "queue 0: the device does not take a ring at");
    rig.sim.refuse_size = false;
    rig_works(&rig, 100);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_id_outside_the_ring),
        cmocka_unit_test(the_other_half_of_a_chain),
        cmocka_unit_test(received_id_replayed),
        cmocka_unit_test(sent_id_never_given),
        cmocka_unit_test(sent_id_replayed),
        cmocka_unit_test(used_index_jumps),
        cmocka_unit_test(wrap_bits_of_another_lap),
        cmocka_unit_test(wrap_bits_of_a_sent_frame),
        cmocka_unit_test(used_before_it_was_given),
        cmocka_unit_test(impossible_lengths_are_dropped),
        cmocka_unit_test(disappears),
        cmocka_unit_test(scribbles_over_the_rings),
        cmocka_unit_test(is_no_legacy_device),
        cmocka_unit_test(changes_after_probe),
    };
    int failed = 0;
    for (rig_way = RIG_BURSTS; rig_way < RIG_SINGLE; rig_way++)
        failed += cmocka_run_group_tests_name(rig_ways[rig_way], tests, NULL, NULL);
    return failed;
}
