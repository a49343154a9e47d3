// SPDX-License-Identifier: BSD-2-Clause
// Capability lists of hostile virtio devices: loops, structures outside their BAR, and more.
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
#include "drivers/port_domain.h"
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/port_calls.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static const struct port_driver *driver = &virtio_net_driver;
static struct rig rig;

static void set32(unsigned at, uint32_t value)
{
    memcpy(rig.sim.pci + at, &value, sizeof value);
}

// The device must be refused, with this in the log.
static void refused(const char *message)
{
    int error = rig_probe(&rig);
    if (error != -ENODEV || !host_logged(&rig.sim.env, message))
        fail_msg("probe() returned %d and logged: %s", error, rig.sim.env.log);
    assert_int_equal(rig.port.state, PORT_ABSENT);
    rig_close(&rig);
}

static void accepted(void)
{
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), 0);
    rig_pass(&rig, 0, 100, 32);
    rig_close(&rig);
}

static void lists_that_do_not_end(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        uint8_t next;
    } links[] = {
        {0x41, 0x40},               // a capability that follows itself
        {SIM_CAP_COMMON + 1, 0x40}, // two in a circle
        {0x34, 0x00},
        {0x34, 0x3c}, // empty; in the header
        {0x41, 0x04},
        {0x41, 0xff}, // in the header; at the very end
        {0x34, 0xfc}, // a last entry without room for a structure
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        rig_open(&rig);
        rig.sim.pci[links[i].at] = links[i].next;
        refused("no usable");
    }
    rig_open(&rig); // no list at all
    rig.sim.pci[6] = 0;
    refused("no usable common structure");
    rig_open(&rig);
    rig.sim.gone = true;
    refused("no usable common structure");
}

// The two low bits of a pointer are reserved and ignored (PCI 3.0, 6.7).
static void low_bits_of_pointers(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.pci[0x34] |= 3;
    rig.sim.pci[0x41] |= 1;
    accepted();
}

static void structures_outside_their_bar(void **state)
{
    (void)state;
    static const struct {
        unsigned capability;
        uint32_t offset, length;
        const char *message;
    } cases[] = {
        {SIM_CAP_COMMON, 0, 0x37, "common structure of the capability at 0x50 is too short"},
        {SIM_CAP_COMMON, 0, 0, "common structure of the capability at 0x50 is too short"},
        {SIM_CAP_COMMON, 2, 0x38, "common structure of the capability at 0x50 is not aligned"},
        {SIM_CAP_COMMON, SIM_BAR_SIZE, 0x38, "does not lie inside its BAR"},
        {SIM_CAP_COMMON, SIM_BAR_SIZE - 0x34, 0x38, "does not lie inside its BAR"},
        {SIM_CAP_COMMON, 0xfffffffc, 0x38, "does not lie inside its BAR"},
        {SIM_CAP_COMMON, 0, 0xffffffff, "does not lie inside its BAR"},
        {SIM_CAP_COMMON, 4, 0xfffffffc, "does not lie inside its BAR"},
        {SIM_CAP_NOTIFY, 1, 2, "notification structure of the capability at 0x60 is not aligned"},
        {SIM_CAP_NOTIFY, 0, 1, "notification structure of the capability at 0x60 is too short"},
        {SIM_CAP_NOTIFY, SIM_BAR_SIZE, 2, "does not lie inside its BAR"},
        {SIM_CAP_DEVICE, SIM_DEVICE, 7, "device structure of the capability at 0x78 is too short"},
        {SIM_CAP_DEVICE, SIM_DEVICE + 2, 12, "is not aligned"},
        {SIM_CAP_DEVICE, SIM_BAR_SIZE - 4, 8, "does not lie inside its BAR"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_open(&rig);
        set32(cases[i].capability + 8, cases[i].offset);
        set32(cases[i].capability + 12, cases[i].length);
        refused(cases[i].message);
    }
}

static void bars_that_are_not_there(void **state)
{
    (void)state;
    static const uint8_t bars[] = {0, 3, 5, 6, 7, 255};
    for (size_t i = 0; i < sizeof bars; i++) {
        rig_open(&rig);
        rig.sim.pci[SIM_CAP_DEVICE + 4] = bars[i];
        refused(bars[i] < 6 ? "lies in a BAR that is not there" : "names a reserved BAR");
    }
}

static void capabilities_of_impossible_size(void **state)
{
    (void)state;
    static const uint8_t capabilities[] = {SIM_CAP_COMMON, SIM_CAP_NOTIFY, SIM_CAP_DEVICE};
    static const uint8_t sizes[] = {0, 4, 15, 255};
    for (size_t i = 0; i < sizeof capabilities; i++) {
        for (size_t j = 0; j < sizeof sizes; j++) {
            rig_open(&rig);
            rig.sim.pci[capabilities[i] + 2] = sizes[j];
            refused("has a capability of impossible size");
        }
    }
    rig_open(&rig); // without room for the multiplier
    rig.sim.pci[SIM_CAP_NOTIFY + 2] = 16;
    refused("has a capability of impossible size");
}

static void multipliers(void **state)
{
    (void)state;
    static const uint32_t bad[] = {1, 3, 5, 6, 0xffffffff, 0x80000001};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_open(&rig);
        set32(SIM_CAP_NOTIFY + 16, bad[i]);
        refused("has a multiplier that is not a power of two");
    }
    static const uint32_t good[] = {0, 2, 4, 64}; // 0: one doorbell for all queues
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        rig_open(&rig);
        set32(SIM_CAP_NOTIFY + 16, good[i]);
        accepted();
    }
    // The largest puts the second queue's doorbell far outside; it must not wrap back in.
    rig_open(&rig);
    set32(SIM_CAP_NOTIFY + 16, 0x80000000);
    rig.sim.queues[0].notify_off = 0;
    rig.sim.queues[1].notify_off = 2;
    assert_int_equal(rig_probe(&rig), 0);
    assert_int_equal(start_now(&rig.port), -EIO);
    assert_true(host_logged(&rig.sim.env, "queue 1: queue_notify_off puts the doorbell"));
    rig_close(&rig);
}

// 4.1.4.1: reserved types and reserved BARs are passed over, the first usable one counts.
static void an_unusable_structure_is_passed_over(void **state)
{
    (void)state;
    rig_open(&rig);
    uint8_t *pci = rig.sim.pci;
    pci[SIM_CAP_PCI + 1] = 0xb0; // behind the last one: a second device structure
    memcpy(pci + 0xb0, pci + SIM_CAP_DEVICE, 16);
    pci[0xb0 + 1] = 0xc0; // and a type from the future
    memcpy(pci + 0xc0, pci + SIM_CAP_DEVICE, 16);
    pci[0xc0 + 1] = 0xd0;
    pci[0xc0 + 3] = 200;
    memcpy(pci + 0xd0, pci + SIM_CAP_DEVICE, 16); // and a third, where there is nothing
    pci[0xd0 + 1] = 0;
    set32(0xd0 + 8, SIM_DEVICE + 0x100);
    pci[SIM_CAP_DEVICE + 4] = 9; // the first device structure names a reserved BAR
    accepted();
}

// A domain sees whole pages: one that a doorbell shares with something else is not given away.
static void a_doorbell_in_a_page_of_its_own(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset, length;
        bool apart;
    } structures[] = {
        {SIM_NOTIFY, 0x1000, true},
        {SIM_NOTIFY, 0xffe, false},
        {SIM_NOTIFY, 0x100, false},
    };
    for (unsigned i = 0; i < sizeof structures / sizeof structures[0]; i++) {
        struct queue_part parts[QUEUE_PARTS_MAX];
        rig_open(&rig);
        set32(SIM_CAP_NOTIFY + 8, structures[i].offset);
        set32(SIM_CAP_NOTIFY + 12, structures[i].length);
        assert_int_equal(rig_probe(&rig), 0);
        assert_int_equal(start_now(&rig.port), 0);
        const unsigned count = driver->domain->parts(rig.port.rx[0], false, parts);
        assert_int_equal(count != 0, structures[i].apart);
        assert_int_equal(host_logged(&rig.sim.env, "more than the notification"), count == 0);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_that_do_not_end),
        cmocka_unit_test(low_bits_of_pointers),
        cmocka_unit_test(structures_outside_their_bar),
        cmocka_unit_test(bars_that_are_not_there),
        cmocka_unit_test(capabilities_of_impossible_size),
        cmocka_unit_test(multipliers),
        cmocka_unit_test(an_unusable_structure_is_passed_over),
        cmocka_unit_test(a_doorbell_in_a_page_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
