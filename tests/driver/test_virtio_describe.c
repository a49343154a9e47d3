// SPDX-License-Identifier: BSD-2-Clause
// Looking into a virtio device: the answer is complete, harmless, and comes from any device.
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
#include "drivers/virtio/regs.h"
#include "drivers/virtio/virtio_net.h"
#include "tests/driver/virtio_rig.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static struct rig rig;

static const char *describe(void)
{
    struct env *env = &rig.sim.env;
    env->printed[env->printed_length = 0] = '\0';
    virtio_net_driver.describe(&rig.port);
    return env->printed;
}

static void expect(const char *text)
{
    if (strstr(describe(), text) == NULL)
        fail_msg("printed:\n%smissing: %s", rig.sim.env.printed, text);
}

static void test_running(void **state)
{
    (void)state;
    rig_start(&rig);
    expect("  device_status 0f: ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK\n");
    expect("  features offered ");
    expect("  features accepted 0000000");
    expect("    MAC STATUS CTRL_VQ CTRL_RX VERSION_1");
    expect("  config: MAC 52:54:00:");
    expect("  queue 0: size 256, enabled 1, vector 0001, notify_off ");
    expect("    split, 256 slots, made available 256, used seen 0; device: used 0\n");
    expect("    split, 256 slots, made available 0, used seen 0; device: used 0\n");
    rig_close(&rig);
}

static void test_all_that_is_accepted_has_a_name(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.offered |= 1ULL << 40; // 6: RING_RESET, which only a port in a domain wants
    rig.port.in_a_domain = true;
    assert_int_equal(rig_probe(&rig), 0);
    expect(" VERSION_1 RING_RESET\n");
    rig_close(&rig);
}

static void test_frames_go_on(void **state)
{
    (void)state;
    rig_start(&rig);
    for (unsigned i = 0; i < 10; i++) {
        rig_pass(&rig, i * 100, 100, 32);
        describe();
    }
    rig_close(&rig);
}

static void test_stopped(void **state)
{
    (void)state;
    rig_open(&rig);
    assert_int_equal(rig_probe(&rig), 0);
    expect("  device_status 00: reset\n");
    expect("  queue 1: size 256, enabled 0, ");
    rig_close(&rig);
}

static void test_gone(void **state)
{
    (void)state;
    rig_start(&rig);
    rig.sim.gone = true;
    assert_string_equal(describe(), "  device_status reads ff: the device is gone\n");
    rig_close(&rig);
}

static void test_probe_failed(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.sim.pci[SIM_CAP_COMMON + VIRTIO_CAP_TYPE] = 99; // no common configuration
    assert_int_not_equal(rig_probe(&rig), 0);
    assert_string_equal(describe(), "  a register structure was not found: see the log\n");
    rig_close(&rig);

    rig_open(&rig);
    rig.sim.num_queues = 1;
    assert_int_not_equal(rig_probe(&rig), 0);
    expect("num_queues 1\n");
    expect("  queue 0: size 256"); // and nothing about rings, which there are none of
    assert_null(strstr(rig.sim.env.printed, " slots, "));
    rig_close(&rig);

    rig_open(&rig);
    rig.sim.env.allocations_allowed = 0;
    assert_int_equal(rig_probe(&rig), -ENOMEM);
    assert_string_equal(describe(), "");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running),      cmocka_unit_test(test_all_that_is_accepted_has_a_name),
        cmocka_unit_test(test_frames_go_on), cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_gone),         cmocka_unit_test(test_probe_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
