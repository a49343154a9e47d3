// SPDX-License-Identifier: BSD-2-Clause
// A virtio device that lies: each lie has a name, costs its own port only, and is over when the
// port is restarted on a device that is honest again. No buffer is lost on the way.
// links: drivers/virtio/net.c drivers/virtio/negotiate.c drivers/virtio/queues.c
// links: drivers/virtio/control.c drivers/virtio/pci.c drivers/virtio/transport.c
// links: drivers/virtio/legacy.c drivers/virtio/legacy_ring.c drivers/virtio/legacy_burst.c
// links: drivers/virtio/packed.c drivers/virtio/packed_burst.c drivers/virtio/order.c
// links: drivers/virtio/adopt.c drivers/virtio/misdeeds.c drivers/virtio/parts.c
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

enum { RX = 0, TX = 1, HEADER = 12 };

static const struct port_driver *driver = &virtio_net_driver;
static struct rig rig;

// Lets `count` honest frames through first, so that indices and ids are somewhere in the middle.
static void begin(uint32_t count)
{
    rig_start(&rig);
    rig_pass(&rig, 0, count, 32);
}

static void receive_frames(unsigned count)
{
    uint8_t frame[RIG_FRAME_MAX];
    for (unsigned i = 0; i < count; i++)
        assert_true(sim_receive(&rig.sim, frame, rig_frame(i, frame)));
}

// Makes the transmit ring look at its used ring: fills it up.
static unsigned fill_transmit_ring(void)
{
    uint8_t data[64] = {0};
    unsigned filled = 0;
    while (driver->send_copy(rig.port.tx[0], data, sizeof data))
        filled++;
    return filled;
}

static void received_id_outside_the_ring(void **state)
{
    (void)state;
    static const uint32_t ids[] = {256, 257, 65535, 65536, 0x10000001, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        begin(100);
        sim_push_used(&rig.sim, RX, ids[i], HEADER + 60);
        unsigned sent;
        assert_int_equal(rig_forward(&rig, 32, &sent), 0);
        rig_expect_fault(&rig, PORT_FAULT_USED_ID, ids[i]);
    }
}

static void frames_in_front_of_a_lie_are_delivered(void **state)
{
    (void)state;
    begin(300);
    receive_frames(5);
    sim_push_used(&rig.sim, RX, 1000, HEADER + 60);
    receive_frames(2);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 32, &sent), 5);
    assert_int_equal(sent, 0); // the port that would send them is the one that just died
    rig_expect_fault(&rig, PORT_FAULT_USED_ID, 1000);
}

static void received_id_replayed(void **state)
{
    (void)state;
    for (unsigned behind = 0; behind < 3; behind++) {
        begin(1000 + behind);
        receive_frames(1 + behind);
        // The id of the element that was just used, once more, in the same burst.
        uint32_t id;
        uint16_t last = rig.sim.queues[RX].used_index - 1;
        memcpy(&id, host_dma(&rig.sim.env, rig.sim.queues[RX].device + 4 + 8u * (last % 256), 4),
               4);
        sim_push_used(&rig.sim, RX, id, HEADER + 60);
        unsigned sent;
        assert_int_equal(rig_forward(&rig, 32, &sent), 1 + behind);
        rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, id);
    }
}

static void sent_id_never_given(void **state)
{
    (void)state;
    rig_start(&rig);
    uint8_t data[64] = {0};
    for (unsigned i = 0; i < 254; i++)
        assert_true(driver->send_copy(rig.port.tx[0], data, sizeof data));
    // 254 and 255 were not given. A burst of three finds room for two and looks at the used ring.
    sim_push_used(&rig.sim, TX, 255, 0);
    receive_frames(3);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 3, &sent), 3);
    assert_int_equal(sent, 0);
    rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, 255);
}

static void sent_id_outside_the_ring(void **state)
{
    (void)state;
    begin(70);
    sim_push_used(&rig.sim, TX, 0xffff0000, 0);
    fill_transmit_ring();
    rig_expect_fault(&rig, PORT_FAULT_USED_ID, 0xffff0000);
}

static void sent_id_replayed(void **state)
{
    (void)state;
    rig_start(&rig);
    uint8_t data[64] = {0};
    for (unsigned i = 0; i < 10; i++)
        assert_true(driver->send_copy(rig.port.tx[0], data, sizeof data));
    for (unsigned i = 0; i < 2; i++)
        sim_push_used(&rig.sim, TX, 3, 0);
    fill_transmit_ring();
    rig_expect_fault(&rig, PORT_FAULT_USED_REPLAY, 3);
}

static void used_index_jumps(void **state)
{
    (void)state;
    static const int jumps[] = {257, 300, 32767, -1, -2, -256};
    for (unsigned queue = RX; queue <= TX; queue++) {
        for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
            begin(2000);
            fill_transmit_ring(); // has seen every element: an index that goes back is a lie
            uint16_t index = (uint16_t)(rig.sim.queues[queue].used_index + jumps[i]);
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

// More than the device was given, though less than the ring has.
static void used_index_passes_what_was_sent(void **state)
{
    (void)state;
    rig_start(&rig);
    uint8_t data[64] = {0};
    for (unsigned i = 0; i < 254; i++)
        assert_true(driver->send_copy(rig.port.tx[0], data, sizeof data));
    sim_set_used_index(&rig.sim, TX, 255);
    receive_frames(3);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 3, &sent), 3);
    assert_int_equal(sent, 0);
    rig_expect_fault(&rig, PORT_FAULT_USED_INDEX, 255);
}

// A stale element: the index moves, the element is an old one.
static void used_index_without_an_element(void **state)
{
    (void)state;
    begin(100);
    sim_set_used_index(&rig.sim, RX, rig.sim.queues[RX].used_index + 1);
    unsigned sent;
    // Element 100 was never written: id 0, length 0. The device does hold id 0.
    assert_int_equal(rig_forward(&rig, 32, &sent), 1);
    assert_int_equal(sent, 0);
    assert_int_equal(rig.port.state, PORT_RUNNING);
    rig_works(&rig, 1000);
    rig_close(&rig);
}

static void impossible_lengths_are_dropped(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0,
                                       1,
                                       11,
                                       12,
                                       HEADER + FRAME_MIN - 1,
                                       HEADER + RIG_CAPACITY + 1,
                                       65535,
                                       65536 + HEADER + 60,
                                       0x80000000,
                                       0xffffffff};
    rig_start(&rig);
    rig_pass(&rig, 0, 100, 32);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        sim_use(&rig.sim, lengths[i]);
        struct frame frame;
        assert_int_equal(driver->receive(rig.port.rx[0], &frame, 1), 1);
        assert_int_equal(frame.length, 0);
        assert_true(frame.buffer < rig.area.count);
        driver->refill(rig.port.rx[0], &frame, 1);
        rig_audit(&rig);
    }
    assert_int_equal(rig.port.state, PORT_RUNNING); // costs the frame, not the port
    // The limits themselves are good.
    static const uint32_t good[] = {HEADER + FRAME_MIN, HEADER + RIG_CAPACITY};
    for (size_t i = 0; i < 2; i++) {
        sim_use(&rig.sim, good[i]);
        struct frame frame;
        assert_int_equal(driver->receive(rig.port.rx[0], &frame, 1), 1);
        assert_int_equal(frame.length, good[i] - HEADER);
        driver->refill(rig.port.rx[0], &frame, 1);
    }
    rig_works(&rig, 1000);
    rig_close(&rig);
}

static void needs_reset(void **state)
{
    (void)state;
    begin(50);
    rig.sim.status |= 64;
    driver->poll(&rig.port);
    assert_false(rig.port.link_up);
    rig_expect_fault(&rig, PORT_FAULT_NEEDS_RESET, 64 | 15);
}

static void forgets_its_driver(void **state)
{
    (void)state;
    begin(50);
    rig.sim.status = 0;
    driver->poll(&rig.port);
    rig_expect_fault(&rig, PORT_FAULT_NEEDS_RESET, 0);
}

static void disappears(void **state)
{
    (void)state;
    begin(50);
    rig.sim.gone = true;
    driver->poll(&rig.port);
    assert_int_equal(rig.port.fault, PORT_FAULT_GONE);
    stop_now(&rig.port);
    assert_int_equal(rig.port.fault_count[PORT_FAULT_GONE], 1);
    assert_int_equal(start_now(&rig.port), -ENODEV);
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_false(rig.sim.env.bus_master);
    rig_audit(&rig);
    rig.sim.gone = false;
    rig_works(&rig, 1000);
    rig_close(&rig);
}

static void reset_never_ends(void **state)
{
    (void)state;
    begin(50);
    host_clock_step(100);
    rig.sim.stuck_reset = true;
    uint64_t began = env_time_us();
    stop_now(&rig.port);
    assert_in_range(env_time_us() - began, 0, PORT_STOP_US);
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_false(rig.sim.env.bus_master); // so it does no DMA all the same
    for (;;) {
        uint64_t before = env_time_us();
        int error = driver->start(&rig.port);
        assert_in_range(env_time_us() - before, 0, 100 * CALL_US); // the clock goes in steps of 100
        assert_int_equal(rig.port.state, PORT_STOPPED);
        assert_false(rig.sim.env.bus_master);
        if (error == -ETIMEDOUT)
            break;
        assert_int_equal(error, -EINPROGRESS);
    }
    assert_in_range(env_time_us() - began, 1000000, 1100000); // all calls together
    assert_int_equal(rig.port.fault, PORT_FAULT_SILENT);
    assert_int_equal(rig.port.fault_value, 15);
    assert_int_equal(rig.port.fault_count[PORT_FAULT_SILENT], 1);
    assert_true(host_logged(&rig.sim.env, "device_status is 0x0f, expected 0"));
    rig_audit(&rig);
    rig.sim.stuck_reset = false;
    rig_works(&rig, 1000);
    rig_close(&rig);
    host_clock_step(1);
}

// A forwarder that was given a buffer that does not exist has none to give back for it.
static void buffers_that_do_not_come_back(void **state)
{
    (void)state;
    for (unsigned returned = 0; returned < 4; returned += 3) {
        begin(100);
        receive_frames(8);
        struct frame frames[8];
        assert_int_equal(driver->receive(rig.port.rx[0], frames, 8), 8);
        port_fail(&rig.port, PORT_FAULT_BAD_BUFFER, 0x12345678);
        driver->refill(rig.port.rx[0], frames, returned);
        stop_now(&rig.port);
        assert_int_equal(start_now(&rig.port), -EINVAL); // gives the device no wrong address
        assert_true(host_logged(&rig.sim.env, "names buffer 4294967295 of 512"));
        stop_now(&rig.port); // twice is no harm, it empties no further slots
        unsigned kept = returned;
        for (uint32_t slot = 0; slot < rig.port.rx[0]->slots; slot++)
            if (rig.port.rx[0]->buffer_of[slot] == NO_BUFFER)
                rig.port.rx[0]->buffer_of[slot] = frames[kept++].buffer;
        assert_int_equal(kept, 8);
        rig_works(&rig, 1000);
        rig_close(&rig);
    }
}

static void probe_fails(int error, const char *message)
{
    assert_int_equal(rig_probe(&rig), error);
    assert_true(host_logged(&rig.sim.env, message));
    assert_int_equal(rig.port.state, PORT_ABSENT);
    assert_false(rig.sim.env.bus_master);
    driver->poll(&rig.port); // neither does any harm
    stop_now(&rig.port);
    rig_close(&rig);
}

static void is_no_modern_device(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.offered &= ~(1ULL << 32);
    probe_fails(-ENOTSUP, "expected VERSION_1");

    rig_open(&rig); // legacy: an I/O BAR and no structures
    rig.sim.pci[2] = 0x00;
    rig.sim.pci[3] = 0x10;
    rig.sim.pci[0x41] = 0;
    probe_fails(-ENODEV, "no usable common structure");

    rig_open(&rig);
    rig.sim.refuse_features = true;
    probe_fails(-ENOTSUP, "expected FEATURES_OK");

    rig_open(&rig);
    rig.sim.status = 15;
    rig.sim.stuck_reset = true;
    host_clock_step(1000);
    probe_fails(-ETIMEDOUT, "reset did not end");
    host_clock_step(1);

    rig_open(&rig);
    rig.sim.restless = true;
    probe_fails(-EAGAIN, "config_generation");

    rig_open(&rig);
    rig.sim.num_queues = 1;
    probe_fails(-ENODEV, "num_queues is 1");
}

static void queue_sizes_that_cannot_be(void **state)
{
    (void)state;
    static const uint16_t sizes[] = {0, 3, 255, 257, 32769, 49152, 65535};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned queue = RX; queue <= TX; queue++) {
            rig_open(&rig);
            rig.sim.queues[queue].offered_size = sizes[i];
            probe_fails(-ENODEV, "expected a power of two");
        }
    }
}

static void start_fails(int error, const char *message)
{
    assert_int_equal(start_now(&rig.port), error);
    assert_true(host_logged(&rig.sim.env, message));
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_int_equal(rig.sim.status, 0);
    assert_false(rig.sim.env.bus_master);
    rig_audit(&rig);
}

static void changes_after_probe(void **state)
{
    (void)state;
    rig_open(&rig);
    assert_int_equal(rig_probe(&rig), 0);

    rig.sim.queues[TX].offered_size = 128;
    start_fails(-EIO, "queue 1: queue_size is 128");
    rig.sim.queues[TX].offered_size = 0;
    start_fails(-EIO, "queue 1: queue_size is 0");
    rig.sim.queues[TX].offered_size = 1024; // more than we take: it must take less
    rig.sim.refuse_size = true;
    start_fails(-EIO, "does not take a queue_size of 256");
    rig.sim.refuse_size = false;
    rig.sim.offered = 0;
    start_fails(-ENOTSUP, "expected VERSION_1");
    rig.sim.offered = 1ULL << 32;
    rig.sim.queues[RX].notify_off = 1023; // the last doorbell that fits
    assert_int_equal(start_now(&rig.port), 0);
    stop_now(&rig.port);
    rig.sim.queues[RX].notify_off = 1024;
    start_fails(-EIO, "queue 0: queue_notify_off puts the doorbell at 0x1000");
    rig.sim.queues[RX].notify_off = 65535;
    start_fails(-EIO, "queue 0: queue_notify_off");
    rig.sim.queues[RX].notify_off = 0;
    rig_works(&rig, 1000);
    rig_close(&rig);
}

// Descriptors and available ring lie in memory that the device may write: that fools only itself.
static void scribbles_over_the_rings(void **state)
{
    (void)state;
    begin(500);
    for (unsigned i = RX; i <= TX; i++) {
        const struct sim_queue *queue = &rig.sim.queues[i];
        memset(host_dma(&rig.sim.env, queue->desc, 16 * 256), 0xff, 16 * 256);
        memset(host_dma(&rig.sim.env, queue->driver, 4 + 2 * 256), 0xff, 4 + 2 * 256);
    }
    sim_push_used(&rig.sim, RX, 7, HEADER + 60);
    unsigned sent;
    assert_int_equal(rig_forward(&rig, 32, &sent), 1);
    assert_int_equal(sent, 1);
    assert_int_equal(rig.port.state, PORT_RUNNING);
    rig_works(&rig, 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_id_outside_the_ring),
        cmocka_unit_test(frames_in_front_of_a_lie_are_delivered),
        cmocka_unit_test(received_id_replayed),
        cmocka_unit_test(sent_id_never_given),
        cmocka_unit_test(sent_id_outside_the_ring),
        cmocka_unit_test(sent_id_replayed),
        cmocka_unit_test(used_index_jumps),
        cmocka_unit_test(used_index_passes_what_was_sent),
        cmocka_unit_test(used_index_without_an_element),
        cmocka_unit_test(impossible_lengths_are_dropped),
        cmocka_unit_test(needs_reset),
        cmocka_unit_test(forgets_its_driver),
        cmocka_unit_test(disappears),
        cmocka_unit_test(reset_never_ends),
        cmocka_unit_test(buffers_that_do_not_come_back),
        cmocka_unit_test(is_no_modern_device),
        cmocka_unit_test(queue_sizes_that_cannot_be),
        cmocka_unit_test(changes_after_probe),
        cmocka_unit_test(scribbles_over_the_rings),
    };
    int failed = 0;
    for (rig_way = RIG_BURSTS; rig_way < RIG_SINGLE; rig_way++)
        failed += cmocka_run_group_tests_name(rig_ways[rig_way], tests, NULL, NULL);
    return failed;
}
