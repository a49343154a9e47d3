// SPDX-License-Identifier: BSD-2-Clause
// The configuration reader: what the modes wire and bridge want.
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/number.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/config.h"

#define PORTS  "[port lan]\ndevice = virtio:0\n[port wan]\ndevice = virtio:1\n" // lines 1 to 4
#define WIRE   PORTS "[forward]\nmode = wire\n"                                 // lines 5 and 6
#define BRIDGE PORTS "[forward]\nmode = bridge\n"

static struct config config;

static void read_text(const char *text, const char *words)
{
    config_read(&config, "barewire.conf", text, strlen(text), words);
}

static void read_good(const char *text, const char *words)
{
    read_text(text, words);
    if (config.error_count != 0)
        fail_msg("%s", config.errors[0]);
}

// A wire joins any even number of ports, two by two.
static void test_pairs(void **state)
{
    (void)state;
    read_good(WIRE, "port.c.device=virtio:2 port.d.device=virtio:3");
    assert_int_equal(config.forward_count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(config.forward_ports[i], i);

    read_good(WIRE "ports = wan d lan c\n",
              "port.c.device=virtio:2 port.d.device=virtio:3 port.e.device=virtio:4");
    assert_int_equal(config.forward_count, 4);
    assert_int_equal(config.forward_ports[1], 3);
    assert_int_equal(config.forward_ports[2], 0);

    read_text(WIRE "ports = lan wan c\n", "port.c.device=virtio:2");
    assert_int_equal(config.error_count, 1);
    assert_string_equal(config.errors[0],
                        "barewire.conf:7: ports names 3, expected 2, 4, 6 or 8 for mode = wire");
}

// A bridge joins any number from two on.
static void test_bridge(void **state)
{
    (void)state;
    read_good(BRIDGE, "port.c.device=virtio:2 forward.ageing-time=1000000");
    assert_int_equal(config.mode, CONFIG_MODE_BRIDGE);
    assert_int_equal(config.forward_count, 3);
    assert_int_equal(config.ageing_time, 1000000);
    assert_int_equal(config.fdb_size, 16384);

    read_good(BRIDGE "ports = c lan\nfdb-size = 256\n", "port.c.device=virtio:2");
    assert_int_equal(config.forward_count, 2);
    assert_int_equal(config.forward_ports[0], 2);
    assert_int_equal(config.fdb_size, 256);
    assert_int_equal(config.ageing_time, 300);

    read_good(BRIDGE "fdb-size = 131072\nageing-time = 1\n", NULL);
    assert_int_equal(config.fdb_size, 131072);
    assert_int_equal(config.ageing_time, 1);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {BRIDGE "ageing-time = 0\n",
         "barewire.conf:7: ageing-time \"0\", expected seconds, 1 to 1000000"},
        {BRIDGE "ageing-time = 1000001\n",
         "barewire.conf:7: ageing-time \"1000001\", expected seconds, 1 to 1000000"},
        {BRIDGE "burst = 0\n", "barewire.conf:7: burst \"0\", expected frames, 1 to 256"},
        {BRIDGE "burst = 257\n", "barewire.conf:7: burst \"257\", expected frames, 1 to 256"},
        {BRIDGE "fdb-size = 131073\n",
         "barewire.conf:7: fdb-size \"131073\", expected entries, 256 to 131072"},
        {BRIDGE "fdb-size = 255\n",
         "barewire.conf:7: fdb-size \"255\", expected entries, 256 to 131072"},
        {BRIDGE "fdb-size = many\n",
         "barewire.conf:7: fdb-size \"many\", expected entries, 256 to 131072"},
        {BRIDGE "ports = wan\n",
         "barewire.conf:7: ports names 1, expected 2 to 8 for mode = bridge"},
        {"[port lan]\ndevice = virtio:0\n[forward]\nmode = bridge\n",
         "barewire.conf: 1 port configured, expected 2 to 8 for mode = bridge"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_text(cases[i].text, NULL);
        assert_int_equal(config.error_count, 1);
        assert_string_equal(config.errors[0], cases[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
