// SPDX-License-Identifier: BSD-2-Clause
// The section [manage]: what is right is taken, what is wrong is said exactly, and without the
// section nothing is managed.
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/number.c tests/unit/config_rig.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
#include "tests/unit/config_rig.h"
#include <stdio.h>
#include <string.h>

#include "kernel/config_reader.h"

#define MANAGE GOOD "[manage]\n" // line 7

static void read_good(struct config *config, const char *text, const char *words)
{
    read_text(config, text, words);
    if (config->error_count != 0)
        fail_msg("%s", config->errors[0]);
}

static void test_off_by_itself(void **state)
{
    (void)state;
    struct config config;
    read_good(&config, GOOD, NULL);
    assert_false(config.manage.on);
}

static void test_defaults(void **state)
{
    (void)state;
    struct config config;
    read_good(&config, MANAGE "port = wan\naddress = 192.0.2.1/24\n", NULL);
    const struct config_manage *m = &config.manage;
    assert_true(m->on);
    assert_int_equal(m->port, 1);
    assert_int_equal(m->how, CONFIG_ADDRESS_STATIC);
    assert_memory_equal(m->address, ((uint8_t[]){192, 0, 2, 1}), 4);
    assert_int_equal(m->prefix, 24);
    assert_memory_equal(m->gateway, ((uint8_t[4]){0}), 4);
    assert_true(m->ipv6);
    assert_int_equal(m->http, 80);
    assert_int_equal(m->console, 0);
    assert_string_equal(m->hostname, "barewire");
}

static void test_everything(void **state)
{
    (void)state;
    struct config config;
    read_good(&config,
              MANAGE "port = lan\naddress = 192.0.2.1/31\ngateway = 192.0.2.0\nipv6 = off\n"
                     "http = 8080\nhostname = Box-7\npassword = pass word;\nconsole = 2323\n",
              NULL);
    const struct config_manage *m = &config.manage;
    assert_int_equal(m->port, 0);
    assert_memory_equal(m->gateway, ((uint8_t[]){192, 0, 2, 0}), 4);
    assert_false(m->ipv6);
    assert_int_equal(m->http, 8080);
    assert_string_equal(m->hostname, "Box-7");
    assert_string_equal(m->password, "pass word;");
    assert_int_equal(m->console, 2323);
}

static void test_words(void **state)
{
    (void)state;
    struct config config;
    read_good(&config, GOOD, "manage.port=wan manage.address=dhcp manage.password=12345678");
    assert_true(config.manage.on);
    assert_int_equal(config.manage.how, CONFIG_ADDRESS_DHCP);
    assert_int_equal(config.manage.console, 23);
    read_good(&config, MANAGE "port = lan\naddress = none\n", "manage.http=off");
    assert_int_equal(config.manage.how, CONFIG_ADDRESS_NONE);
    assert_int_equal(config.manage.http, 0);
    // The port may be one that nothing is forwarded through.
    read_good(&config, MANAGE "port = oob\naddress = dhcp\n",
              "port.oob.device=virtio:2 forward.ports=lan,wan");
    assert_int_equal(config.manage.port, 2);
}

static const struct {
    const char *text, *error;
} bad[] = {
    {MANAGE, "barewire.conf:7: no port in section [manage], expected port = NAME"},
    {MANAGE "port = lan\n",
     "barewire.conf:7: no address in section [manage], expected address = A.B.C.D/N, dhcp or none"},
    {MANAGE "port = lam\naddress = dhcp\n",
     "barewire.conf:8: manage: port \"lam\" is not configured, did you mean \"lan\"?"},
    {MANAGE "port = elsewhere\naddress = dhcp\n",
     "barewire.conf:8: manage: port \"elsewhere\" is not configured, expected the name of a port"},
    {MANAGE "port = lan\naddress = 192.0.2.1\n",
     "barewire.conf:9: address \"192.0.2.1\", expected A.B.C.D/N with N from 1 to 31, dhcp or "
     "none"},
    {MANAGE "port = lan\naddress = 192.0.2.1/32\n",
     "barewire.conf:9: address \"192.0.2.1/32\", expected A.B.C.D/N with N from 1 to 31, dhcp or "
     "none"},
    {MANAGE "port = lan\naddress = 192.0.2.01/24\n",
     "barewire.conf:9: address \"192.0.2.01/24\", expected A.B.C.D/N with N from 1 to 31, dhcp or "
     "none"},
    {MANAGE "port = lan\naddress = 192.0.256.1/24\n",
     "barewire.conf:9: address \"192.0.256.1/24\", expected A.B.C.D/N with N from 1 to 31, dhcp or "
     "none"},
    {MANAGE "port = lan\naddress = 192.0.2.0/24\n",
     "barewire.conf:9: manage: address 192.0.2.0/24 is no host's, expected one that a host can "
     "have"},
    {MANAGE "port = lan\naddress = 192.0.2.255/24\n",
     "barewire.conf:9: manage: address 192.0.2.255/24 is no host's, expected one that a host can "
     "have"},
    {MANAGE "port = lan\naddress = 224.0.0.1/24\n",
     "barewire.conf:9: manage: address 224.0.0.1/24 is no host's, expected one that a host can "
     "have"},
    {MANAGE "port = lan\naddress = 127.0.0.1/8\n",
     "barewire.conf:9: manage: address 127.0.0.1/8 is no host's, expected one that a host can "
     "have"},
    {MANAGE "port = lan\naddress = 192.0.2.1/24\ngateway = 192.0.3.1\n",
     "barewire.conf:10: manage: gateway 192.0.3.1, expected another host in 192.0.2.1/24"},
    {MANAGE "port = lan\naddress = 192.0.2.1/24\ngateway = 192.0.2.1\n",
     "barewire.conf:10: manage: gateway 192.0.2.1, expected another host in 192.0.2.1/24"},
    {MANAGE "port = lan\naddress = 192.0.2.1/24\ngateway = 192.0.2.254/24\n",
     "barewire.conf:10: gateway \"192.0.2.254/24\", expected A.B.C.D"},
    {MANAGE "port = lan\naddress = dhcp\ngateway = 192.0.2.254\n",
     "barewire.conf:10: manage: a gateway without an address of its network, expected address = "
     "A.B.C.D/N"},
    {MANAGE "port = lan\naddress = none\nipv6 = off\n",
     "barewire.conf:9: manage: address = none and ipv6 = off, expected at least one of the two"},
    {MANAGE "port = lan\naddress = dhcp\nipv6 = yes\n",
     "barewire.conf:10: ipv6 \"yes\", expected on or off"},
    {MANAGE "port = lan\naddress = dhcp\nhttp = 0\n",
     "barewire.conf:10: http \"0\", expected a TCP port from 1 to 65535, or off"},
    {MANAGE "port = lan\naddress = dhcp\nhttp = 65536\n",
     "barewire.conf:10: http \"65536\", expected a TCP port from 1 to 65535, or off"},
    {MANAGE "port = lan\naddress = dhcp\nhostname = -box\n",
     "barewire.conf:10: hostname \"-box\", expected letters, digits and -, at most 31"},
    {MANAGE "port = lan\naddress = dhcp\nhostname = a.b\n",
     "barewire.conf:10: hostname \"a.b\", expected letters, digits and -, at most 31"},
    {MANAGE "port = lan\naddress = dhcp\npassword = secret7\n",
     "barewire.conf:10: password of 7 bytes, expected 8 to 63 printable ASCII characters"},
    {MANAGE "port = lan\naddress = dhcp\nconsole = 23\n",
     "barewire.conf:10: manage: console = 23 without a password, expected password = ..."},
    {MANAGE "port = lan\naddress = dhcp\npassword = 12345678\nconsole = 80\n",
     "barewire.conf:11: manage: http and console both have port 80, expected different ports"},
    {MANAGE "port = lan\naddress = dhcp\nhttp = 23\npassword = 12345678\n",
     "barewire.conf:10: manage: http and console both have port 23, expected different ports"},
    {MANAGE "port = lan\naddress = dhcp\nadress = dhcp\n",
     "barewire.conf:10: unknown key \"adress\", did you mean \"address\"?"},
    {MANAGE "port = lan\naddress = dhcp\ndns = 1.1.1.1\n",
     "barewire.conf:10: unknown key \"dns\", expected port or address or gateway or ipv6 or http "
     "or hostname or password or console"},
    {MANAGE "port = lan\naddress = dhcp\n[manage]\n",
     "barewire.conf:10: section [manage] again, first at line 7"},
};

#define SECRET "hunter22hunter22"

// A password that is not where it should be is not shown either.
static void test_slips(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words, *error;
    } slips[] = {
        {MANAGE "port = lan\naddress = dhcp\npassword " SECRET "\n", NULL,
         "barewire.conf:10: \"password...\" has no \"=\", expected KEY = VALUE"},
        {MANAGE "port = lan\naddress = dhcp\n[system] password = " SECRET "\n", NULL,
         "barewire.conf:10: \"password...\" after the section's name, expected a new line"},
        {GOOD, "manage.password:" SECRET,
         "command line: \"manage.password...\", expected a word like forward.mode=wire or "
         "port.lan.device=virtio:0"},
        {GOOD, "password=" SECRET,
         "command line: \"password...\", expected a word like forward.mode=wire or "
         "port.lan.device=virtio:0"},
    };
    struct config config;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        read_text(&config, slips[i].text, slips[i].words);
        assert_string_equal(config.errors[0], slips[i].error);
        for (unsigned k = 0; k < config.error_count; k++)
            assert_null(strstr(config.errors[k], "hunter"));
    }
    char words[CONFIG_LINE_MAX + 40] = "manage.password=" SECRET;
    memset(words + strlen(words), 'x', sizeof words - 1 - strlen(words));
    words[sizeof words - 1] = '\0';
    read_text(&config, GOOD, words);
    assert_non_null(strstr(config.errors[0], "\"manage.password...\" is too long"));
}

static void test_errors(void **state)
{
    (void)state;
    struct config config;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read_text(&config, bad[i].text, NULL);
        if (i != 0) // without anything, the address is missing too
            assert_int_equal(config.error_count, 1);
        assert_string_equal(config.errors[0], bad[i].error);
    }
    read_text(&config, GOOD, "manage.port=lan");
    assert_string_equal(config.errors[0], "command line: no address in section [manage], expected "
                                          "address = A.B.C.D/N, dhcp or none");
}

static char printed[4096];

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t used = strlen(printed);
    vsnprintf(printed + used, sizeof printed - used, format, arguments);
    va_end(arguments);
}

static void test_print(void **state)
{
    (void)state;
    struct config config;
    read_good(&config, MANAGE "port = lan\naddress = 192.0.2.1/24\npassword = 12345678\n",
              "manage.gateway=192.0.2.254");
    printed[0] = '\0';
    config_print(&config, print);
    assert_non_null(strstr(printed, "[manage]\n"
                                    "port = lan                       ; line 8\n"
                                    "address = 192.0.2.1/24           ; line 9\n"
                                    "gateway = 192.0.2.254            ; command line\n"
                                    "ipv6 = on                        ; default\n"
                                    "hostname = barewire              ; default\n"
                                    "http = 80                        ; default\n"
                                    "console = 23                     ; default\n"
                                    "password = (not shown)           ; line 10\n"));
    assert_null(strstr(printed, "12345678"));
    struct config again;
    read_good(&again, printed, NULL);
    assert_int_equal(again.manage.console, 23);
    assert_memory_equal(again.manage.address, config.manage.address, 4);

    read_good(&config, GOOD, NULL);
    printed[0] = '\0';
    config_print(&config, print);
    assert_null(strstr(printed, "manage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_by_itself), cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),    cmocka_unit_test(test_words),
        cmocka_unit_test(test_slips),         cmocka_unit_test(test_errors),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
