// SPDX-License-Identifier: BSD-2-Clause
// The configuration reader: what is right is taken.
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/number.c tests/unit/config_rig.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
#include "tests/unit/config_rig.h"
#include <stdio.h>
#include <stdlib.h>

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {GOOD, NULL},
        {GOOD, ""},
        {GOOD, "  BOOT_IMAGE=/boot/barewire.elf initrd=barewire.conf\n"},
        {"\xef\xbb\xbf" GOOD, NULL},
        {"[port lan]\r\ndevice = virtio:0\r\n[port "
         "wan]\r\ndevice=virtio:1\r\n[forward]\r\nmode=wire",
         NULL},
        {"; a comment\n# another: \xc3\xa4\n\n  [ port  lan ]  ; here\n\tdevice=virtio:0 ; first\n"
         "[port\twan] # there\ndevice : virtio:1\n[forward]\nmode = wire\n[system]\n",
         NULL},
        {NULL, "port.lan.device=virtio:0 port.wan.device=virtio:1 forward.mode=wire"},
        {"", "\tport.lan.device=virtio:0\nport.wan.device=virtio:1  forward.mode=wire "},
        {LAN, "port.wan.device=virtio:1 forward.mode=wire"},
        {GOOD "ports = lan wan\n", NULL},
        {GOOD, "forward.ports=lan,wan"},
        {GOOD "ports = wan lan\n", "forward.ports=lan,wan"},
        {"[port lan]\ndevice = ixgbe:7\n" WAN WIRE, "port.lan.device=virtio:0"},
        {"[port lan]\ndevice = any:7\n" WAN WIRE, "port.lan.device=virtio:0"},
        {GOOD "[system]\non-error = wire\n", "system.on-error=halt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config config;
        read_text(&config, cases[i].text, cases[i].words);
        assert_two_ports(&config);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct config config;
    read_text(&config,
              "[system]\non-error = wire\non-panic = halt\n[forward]\nports = c , a\nmode = wire\n"
              "[port a]\ndevice = pci:0001:a0:1F.7\n[port b]\ndevice = ixgbe:255\n"
              "[port c]\ndevice = pci:03:00.0\n",
              "port.b.device=ixgbe:3");
    assert_int_equal(config.error_count, 0);
    assert_int_equal(config.on_error, CONFIG_ON_ERROR_WIRE);
    assert_int_equal(config.on_panic, CONFIG_ON_PANIC_HALT);
    assert_int_equal(config.port_count, 3);
    assert_int_equal(config.forward_count, 2);
    assert_int_equal(config.forward_ports[0], 2);
    assert_int_equal(config.forward_ports[1], 0);

    const struct config_device *a = &config.ports[0].device, *c = &config.ports[2].device;
    assert_int_equal(a->kind, CONFIG_DEVICE_PCI);
    assert_int_equal(a->segment, 1);
    assert_int_equal(a->bus, 0xa0);
    assert_int_equal(a->slot, 0x1f);
    assert_int_equal(a->function, 7);
    assert_int_equal(c->segment, 0);
    assert_int_equal(c->bus, 3);
    assert_string_equal(config.ports[0].device_text, "pci:0001:a0:1F.7");
    assert_int_equal(config.ports[0].line, 7);

    assert_int_equal(config.ports[1].device.ordinal, 3);
    assert_int_equal(config.ports[1].device_source.origin, CONFIG_COMMAND_LINE);
    assert_int_equal(config.ports[2].device_source.origin, CONFIG_FILE);
    assert_int_equal(config.ports[2].device_source.line, 12);
    assert_int_equal(config.mode_source.line, 6);
}

static void test_longest_line(void **state)
{
    (void)state;
    char text[sizeof GOOD + 256];
    for (size_t length = 190; length <= 198; length++) {
        for (int newline = 0; newline <= 1; newline++) {
            struct config config;
            size_t used = (size_t)sprintf(text, "%s; %*s", GOOD, (int)length - 2, "x");
            if (newline)
                text[used++] = '\n';
            read_bytes(&config, text, used, NULL);
            assert_two_ports(&config);
        }
    }
}

// Sizes: the bounds themselves are right, what is beyond them is not, and nothing but digits is.
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *ring, *frame;
        bool good;
    } cases[] = {
        {"64", "1518", true},    {"4096", "9216", true},
        {"0072", "9018", true},  {"56", NULL, false},
        {"4104", NULL, false},   {"100", NULL, false},
        {"-64", NULL, false},    {"0x40", NULL, false},
        {"64 ", NULL, true},     {"64k", NULL, false},
        {"", NULL, false},       {"4294967360", NULL, false},
        {"6 4", NULL, false},    {NULL, "1517", false},
        {NULL, "9217", false},   {NULL, "67054", false},
        {NULL, "1518.0", false}, {NULL, "", false},
        {NULL, "+1518", false},  {NULL, "99999999999999999999", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        struct config config;
        snprintf(text, sizeof text, LAN "%s%s\n" WAN WIRE "%s%s\n",
                 cases[i].ring != NULL ? "ring-size = " : "",
                 cases[i].ring != NULL ? cases[i].ring : "",
                 cases[i].frame != NULL ? "max-frame = " : "",
                 cases[i].frame != NULL ? cases[i].frame : "");
        read_text(&config, text, NULL);
        if (config.error_count != (cases[i].good ? 0 : 1))
            fail_msg("case %zu: %u errors, %s", i, config.error_count, config.errors[0]);
        if (cases[i].good && cases[i].ring != NULL)
            assert_int_equal(config.ports[0].ring_size, strtoul(cases[i].ring, NULL, 10));
        if (cases[i].good && cases[i].frame != NULL)
            assert_int_equal(config.max_frame, strtoul(cases[i].frame, NULL, 10));
        assert_int_equal(config.ports[1].ring_size, 0);
    }
}

// Forwarding with a broken configuration takes a clear wish.
static void test_on_error(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        enum config_on_error expected;
    } cases[] = {
        {"[system]\non-error = wire\n[bad]\n", NULL, CONFIG_ON_ERROR_WIRE},
        {"[bad]\n", "system.on-error=wire", CONFIG_ON_ERROR_WIRE},
        {"[system]\non-error = wire\non-error = wire\n", NULL, CONFIG_ON_ERROR_HALT},
        {"[system]\non-error = wire\non-error = halt\n", NULL, CONFIG_ON_ERROR_HALT},
        {"[system]\non-error = wire\n", "system.on-error=halt", CONFIG_ON_ERROR_HALT},
        {"[system]\non-error = wire\n", "system.on-error=wier", CONFIG_ON_ERROR_HALT},
        {"[system]\non-error = wier\n", "system.on-error=wire", CONFIG_ON_ERROR_WIRE},
        {"[bad]\non-error = wire\n", NULL, CONFIG_ON_ERROR_HALT},
        {"on-error = wire\n", NULL, CONFIG_ON_ERROR_HALT},
        {"[system]\non-errorr = wire\n", NULL, CONFIG_ON_ERROR_HALT},
        {NULL, NULL, CONFIG_ON_ERROR_HALT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config config;
        read_text(&config, cases[i].text, cases[i].words);
        assert_int_not_equal(config.error_count, 0);
        if (config.on_error != cases[i].expected)
            fail_msg("case %zu: %d, expected %d", i, config.on_error, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_values),
        cmocka_unit_test(test_longest_line), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_on_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
