// SPDX-License-Identifier: BSD-2-Clause
// The virtio network driver on an honest device: what it negotiates, and what is particular to
// split rings. What holds for every format of rings is in test_virtio_formats.c.
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

static const struct port_driver *driver = &virtio_net_driver;
static struct rig rig;

static void knows_its_devices(void **state)
{
    (void)state;
    assert_true(driver->supports(0x1af4, 0x1041));
    assert_true(driver->supports(0x1af4, 0x1000));
    assert_false(driver->supports(0x1af4, 0x1042)); // a disk
    assert_false(driver->supports(0x8086, 0x1041));
}

static void probe_learns_the_card(void **state)
{
    (void)state;
    rig_open(&rig);
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_memory_equal(rig.port.mac, "\x52\x54\x00\x12\x34\x56", 6);
    assert_int_equal(rig.port.max_frame, 1522);
    assert_int_equal(rig.port.rx_queues, 1);
    assert_int_equal(rig.port.tx_queues, 1);
    assert_int_equal(rig.port.rx[0]->slots, 256);
    assert_ptr_equal(rig.port.rx[0]->port, &rig.port);
    // Reset, without bus mastering; the vector is routed.
    assert_int_equal(rig.sim.status, 0);
    assert_false(rig.sim.env.bus_master);
    assert_int_equal(rig.sim.env.routed, 1);
    rig_close(&rig);
}

static void accepts_only_what_it_uses(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.offered = ~0ULL;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), 0);
    // MTU, MAC, STATUS, CTRL_VQ, CTRL_RX, CTRL_MAC_ADDR
    uint32_t network = 1 << 3 | 1 << 5 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 23;
    // VERSION_1, ACCESS_PLATFORM, RING_PACKED, ORDER_PLATFORM
    uint64_t general = 1ULL << 32 | 1ULL << 33 | 1ULL << 34 | 1ULL << 36;
    assert_int_equal(rig.sim.accepted, network | general);
    assert_int_equal(rig.sim.status, 1 | 2 | 4 | 8);
    assert_int_equal(rig.sim.config_vector, 0);
    rig_close(&rig);
}

// A device without ACCESS_PLATFORM goes past the IOMMU: the box is asked, and may refuse.
static void says_when_it_goes_past_the_iommu(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        rig_open(&rig);
        rig.sim.offered &= ~(1ULL << 33);
        if (i & 1)
            rig.sim.offered |= 1ULL << 33;
        rig.sim.env.must_confine = i >= 2;
        assert_int_equal(rig_probe(&rig), i == 2 ? -EPERM : 0);
        assert_int_equal(rig.sim.env.unconfined, (i & 1) == 0);
        assert_false(rig.sim.env.bus_master);
        rig_close(&rig);
    }
}

static void takes_the_mtu(void **state)
{
    (void)state;
    static const struct {
        uint16_t mtu, max_frame;
        bool accepted;
    } cases[] = {
        {1400, 1422, true},   {68, 90, true},   {RIG_CAPACITY - 22, RIG_CAPACITY, true},
        {67, 1522, false},    {0, 1522, false}, {RIG_CAPACITY - 21, 1522, false},
        {65535, 1522, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_open(&rig);
        rig.sim.offered |= 1 << 3;
        memcpy(rig.sim.config + 10, &cases[i].mtu, 2);
        assert_int_equal(rig_probe(&rig), 0);
        assert_int_equal(start_now(&rig.port), 0);
        assert_int_equal(rig.port.max_frame, cases[i].max_frame);
        assert_int_equal(rig.sim.accepted >> 3 & 1, cases[i].accepted);
        rig_close(&rig);
    }
}

static void makes_a_mac_when_there_is_none(void **state)
{
    (void)state;
    static const char bad[][6] = {"\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff",
                                  "\x01\x00\x5e\x00\x00\x01"};
    uint8_t derived[6] = {0};
    for (unsigned i = 0; i < 4; i++) {
        rig_open(&rig);
        if (i == 3)
            rig.sim.offered &= ~(1ULL << 5);
        else
            memcpy(rig.sim.config, bad[i], 6);
        assert_int_equal(rig_probe(&rig), 0);
        assert_int_equal(rig.port.mac[0] & 3, 2); // locally administered, not a group
        if (i > 0)
            assert_memory_equal(rig.port.mac, derived, 6);
        memcpy(derived, rig.port.mac, 6);
        rig_close(&rig);
    }
}

static void a_full_ring_takes_no_more(void **state)
{
    (void)state;
    rig_start(&rig);
    uint8_t frame[RIG_FRAME_MAX];
    unsigned queued = 0, sent;
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned j = 0; j < 32; j++)
            assert_true(sim_receive(&rig.sim, frame, rig_frame(i * 32 + j, frame)));
        assert_int_equal(rig_forward(&rig, 32, &sent), 32);
        assert_int_equal(sent, i < 8 ? 32 : 0);
        queued += sent;
        rig_audit(&rig);
    }
    assert_int_equal(queued, 256);
    // The device finishes with three: three more fit, at once.
    for (unsigned i = 0; i < 3; i++)
        assert_int_not_equal(sim_send(&rig.sim, frame, sizeof frame), 0);
    assert_int_equal(sim_complete(&rig.sim, 3), 3);
    for (unsigned j = 0; j < 5; j++)
        assert_true(sim_receive(&rig.sim, frame, rig_frame(j, frame)));
    assert_int_equal(rig_forward(&rig, 32, &sent), 5);
    assert_int_equal(sent, 3);
    rig_close(&rig);
}

static void what_is_not_taken_stays_untouched(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.queues[1].offered_size = 4;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), 0);
    uint8_t frame[RIG_FRAME_MAX];
    struct frame frames[6], before[6];
    for (unsigned i = 0; i < 6; i++)
        assert_true(sim_receive(&rig.sim, frame, rig_frame(i, frame)));
    assert_int_equal(driver->receive(rig.port.rx[0], frames, 6), 6);
    memcpy(before, frames, sizeof frames);
    assert_int_equal(driver->transmit(rig.port.tx[0], frames, 6), 4);
    assert_memory_equal(frames + 4, before + 4, 2 * sizeof frames[0]);
    for (unsigned i = 0; i < 4; i++)
        assert_int_not_equal(frames[i].buffer, before[i].buffer);
    driver->refill(rig.port.rx[0], frames, 6);
    rig_close(&rig);
}

static void copies_are_sent(void **state)
{
    (void)state;
    rig_start(&rig);
    struct queue *tx = rig.port.tx[0];
    uint8_t in[RIG_FRAME_MAX], out[RIG_FRAME_MAX];
    for (uint32_t i = 0; i < 256; i++)
        assert_true(driver->send_copy(tx, in, rig_frame(i, in)));
    assert_false(driver->send_copy(tx, in, 60));
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t length = rig_frame(i, in);
        assert_int_equal(sim_send(&rig.sim, out, sizeof out), length);
        assert_memory_equal(in, out, length);
    }
    assert_int_equal(sim_complete(&rig.sim, 256), 256);
    assert_false(driver->send_copy(tx, in, FRAME_MIN - 1));
    assert_false(driver->send_copy(tx, in, rig.port.max_frame + 1u));
    assert_true(driver->send_copy(tx, in, rig.port.max_frame));
    assert_true(driver->send_copy(tx, in, FRAME_MIN));
    rig_close(&rig);
}

static void link_follows_the_status(void **state)
{
    (void)state;
    rig_start(&rig);
    assert_true(rig.port.link_up);
    assert_int_not_equal(driver->room(rig.port.tx[0], 1), 0);
    assert_int_not_equal(rig.port.tx[0]->free, 0);
    rig.sim.config[6] = 0;
    driver->poll(&rig.port);
    assert_false(rig.port.link_up);
    assert_int_equal(rig.port.tx[0]->free, 0); // nothing is sent without a question
    rig.sim.config[6] = 1;
    driver->poll(&rig.port);
    assert_true(rig.port.link_up);
    rig_close(&rig);

    rig_open(&rig); // without STATUS the link is up
    rig.sim.offered &= ~(1ULL << 16);
    rig.sim.config[6] = 0;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), 0);
    assert_true(rig.port.link_up);
    rig_close(&rig);
}

// The other ports go on between the calls.
static void starts_in_several_calls(void **state)
{
    (void)state;
    rig_start(&rig);
    rig.sim.reset_reads = 1000;
    stop_now(&rig.port);
    assert_int_equal(rig.port.state, PORT_STOPPED);
    assert_false(rig.sim.env.bus_master);
    unsigned calls = 0;
    int error;
    do {
        uint64_t before = env_time_us();
        error = driver->start(&rig.port);
        assert_in_range(env_time_us() - before, 0, CALL_US);
        if (error == -EINPROGRESS)
            assert_int_equal(rig.port.state, PORT_STOPPED);
        if (rig.sim.status != 0 && calls < 100) // not reset yet
            assert_false(rig.sim.env.bus_master);
        calls++;
    } while (error == -EINPROGRESS);
    assert_int_equal(error, 0);
    assert_true(calls > 100);
    assert_int_equal(rig.port.state, PORT_RUNNING);
    assert_int_equal(rig.port.fault_count[PORT_FAULT_SILENT], 0); // slow is not dead
    rig.sim.reset_reads = 0;
    rig_works(&rig, 300);
    rig_close(&rig);
}

// A reset that is over soon is waited for by stop(), call by call, one that is not by start().
static void stops_in_several_calls(void **state)
{
    (void)state;
    static const unsigned reads[] = {0, 5, 50, 5000};
    for (unsigned i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        rig_start(&rig);
        uint8_t frame[RIG_FRAME_MAX] = {0};
        assert_true(sim_receive(&rig.sim, frame, 60));
        rig.sim.reset_reads = reads[i];
        const uint64_t began = env_time_us();
        unsigned calls = 1;
        for (; driver->stop(&rig.port) == -EINPROGRESS; calls++) {
            struct frame frames[4] = {{0, FRAME_HEADROOM, 60}};
            assert_int_equal(rig.port.state, PORT_STOPPING);
            assert_int_equal(driver->receive(rig.port.rx[0], frames, 4), 0);
            assert_int_equal(driver->transmit(rig.port.tx[0], frames, 1), 0);
            assert_false(driver->arm(&rig.port, true));
        }
        assert_true(calls > reads[i] || env_time_us() - began > 200);
        assert_in_range(env_time_us() - began, 0, PORT_STOP_US);
        assert_int_equal(rig.port.state, PORT_STOPPED);
        assert_false(rig.sim.env.bus_master);
        assert_int_equal(rig.port.card_missed, 1);
        rig.sim.reset_reads = 0;
        rig_works(&rig, 100);
        assert_int_equal(rig.port.card_missed, 1);
        rig_close(&rig);
    }
}

// Ended between any two calls of a start.
static void stopped_while_starting(void **state)
{
    (void)state;
    rig_start(&rig);
    stop_now(&rig.port);
    for (unsigned calls = 1;; calls++) {
        int error = -EINPROGRESS;
        for (unsigned i = 0; i < calls && error == -EINPROGRESS; i++)
            error = driver->start(&rig.port);
        if (error == 0)
            break;
        assert_int_equal(error, -EINPROGRESS);
        stop_now(&rig.port);
        assert_int_equal(rig.sim.status, 0);
        assert_false(rig.sim.env.bus_master);
        assert_true(calls < 20);
    }
    rig_works(&rig, 100);
    rig_close(&rig);
}

static void counts_frames_lost_in_a_restart(void **state)
{
    (void)state;
    rig_start(&rig);
    uint8_t frame[RIG_FRAME_MAX] = {0};
    for (unsigned i = 0; i < 7; i++)
        assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(sim_send(&rig.sim, frame, sizeof frame), 60);
    assert_int_equal(sim_complete(&rig.sim, 2), 2); // it says so of two; the driver did not look
    stop_now(&rig.port);
    assert_int_equal(rig.port.lost_in_restart, 5);
    stop_now(&rig.port);
    assert_int_equal(rig.port.lost_in_restart, 5);
    assert_int_equal(start_now(&rig.port), 0);
    stop_now(&rig.port);
    assert_int_equal(rig.port.lost_in_restart, 5);
    assert_int_equal(start_now(&rig.port), 0);
    assert_true(driver->send_copy(rig.port.tx[0], frame, 60));
    sim_push_used(&rig.sim, 1, 0, 0); // says that it sent two of the one
    sim_push_used(&rig.sim, 1, 1, 0);
    stop_now(&rig.port);
    assert_int_equal(rig.port.lost_in_restart, 6);
    rig_works(&rig, 300);
    rig_close(&rig);
}

static void works_without_msix(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        rig_open(&rig);
        if (i == 0)
            rig.sim.env.vectors = 0;
        else
            rig.sim.refuse_vector = true;
        assert_int_equal(rig_probe(&rig), 0);
        assert_int_equal(start_now(&rig.port), 0);
        assert_int_equal(rig.sim.config_vector, 0xffff);
        rig_pass(&rig, 0, 100, 32);
        rig_close(&rig);
    }
}

static void refuses_buffers_that_do_not_fit(void **state)
{
    (void)state;
    rig_open(&rig);
    assert_int_equal(rig_probe(&rig), 0);
    rig.area.capacity = 1521;
    assert_int_equal(start_now(&rig.port), -EINVAL);
    rig.area.capacity = 65536 - FRAME_HEADROOM;
    assert_int_equal(start_now(&rig.port), -EINVAL);
    rig.area.capacity = RIG_CAPACITY;
    assert_int_equal(start_now(&rig.port), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_its_devices),
        cmocka_unit_test(probe_learns_the_card),
        cmocka_unit_test(accepts_only_what_it_uses),
        cmocka_unit_test(says_when_it_goes_past_the_iommu),
        cmocka_unit_test(takes_the_mtu),
        cmocka_unit_test(makes_a_mac_when_there_is_none),
        cmocka_unit_test(a_full_ring_takes_no_more),
        cmocka_unit_test(what_is_not_taken_stays_untouched),
        cmocka_unit_test(copies_are_sent),
        cmocka_unit_test(link_follows_the_status),
        cmocka_unit_test(starts_in_several_calls),
        cmocka_unit_test(stops_in_several_calls),
        cmocka_unit_test(stopped_while_starting),
        cmocka_unit_test(counts_frames_lost_in_a_restart),
        cmocka_unit_test(works_without_msix),
        cmocka_unit_test(refuses_buffers_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
