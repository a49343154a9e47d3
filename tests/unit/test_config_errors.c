// SPDX-License-Identifier: BSD-2-Clause
// The configuration reader: what is wrong is said exactly, and never breaks it.
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/number.c tests/unit/config_rig.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
#include "tests/unit/config_rig.h"
#include <stdio.h>
#include <string.h>

#define TEN      "0123456789"
#define HUNDRED  TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define SECTIONS "expected port NAME, forward, manage or system"
#define DEVICES  "expected any:N, virtio:N, ixgbe:N or pci:SSSS:BB:SS.F"

// Every error that each input must give, and no other.
static const struct wrong {
    const char *text, *words;
    const char *errors[4];
} wrong[] = {
    // Nothing at all.
    {NULL,
     NULL,
     {"command line: no configuration, expected the file barewire.conf (GRUB: module2, QEMU: "
      "-initrd) or words like forward.mode=wire"}},
    {NULL,
     " BOOT_IMAGE=x ",
     {"command line: no configuration, expected the file barewire.conf (GRUB: module2, QEMU: "
      "-initrd) or words like forward.mode=wire"}},
    {"", NULL, {"barewire.conf: nothing in it, expected sections [port NAME] and [forward]"}},
    {"\n; x\n",
     NULL,
     {"barewire.conf: nothing in it, expected sections [port NAME] and [forward]"}},

    // Devices.
    {"[port lan]\ndevice = virtoi:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:2: port \"lan\": device \"virtoi:0\", " DEVICES}},
    {GOOD, "port.lan.device=virtio:", {"command line: port \"lan\": device \"virtio:\", " DEVICES}},
    {GOOD, "port.lan.device=any:256", {"command line: port \"lan\": device \"any:256\", " DEVICES}},
    {GOOD,
     "port.wan.device=any:3 port.lan.device=any:3",
     {"command line: port \"wan\": device any:3 is already port \"lan\", expected another"}},
    {GOOD,
     "port.lan.device=virtio:256",
     {"command line: port \"lan\": device \"virtio:256\", " DEVICES}},
    {GOOD,
     "port.lan.device=virtio:99999999999999999999",
     {"command line: port \"lan\": device \"virtio:99999999999999999999\", " DEVICES}},
    {GOOD,
     "port.lan.device=virtio:-1",
     {"command line: port \"lan\": device \"virtio:-1\", " DEVICES}},
    {GOOD,
     "port.lan.device=virtio:0x1",
     {"command line: port \"lan\": device \"virtio:0x1\", " DEVICES}},
    {GOOD,
     "port.lan.device=pci:3:00.0",
     {"command line: port \"lan\": device \"pci:3:00.0\", " DEVICES}},
    {GOOD,
     "port.lan.device=pci:03:20.0",
     {"command line: port \"lan\": device \"pci:03:20.0\", " DEVICES}},
    {GOOD,
     "port.lan.device=pci:03:00.8",
     {"command line: port \"lan\": device \"pci:03:00.8\", " DEVICES}},
    {GOOD,
     "port.lan.device=pci:0000:03:00.00",
     {"command line: port \"lan\": device \"pci:0000:03:00.00\", " DEVICES}},
    {GOOD,
     "port.lan.device=pci:00000:03:00.0",
     {"command line: port \"lan\": device \"pci:00000:03:00.0\", " DEVICES}},
    {GOOD, "port.lan.device=", {"command line: port \"lan\": device \"\", " DEVICES}},
    {"[port lan]\ndevice =\n" WAN WIRE,
     NULL,
     {"barewire.conf:2: port \"lan\": device \"\", " DEVICES}},
    {"[port lan]\ndevice\n" WAN WIRE,
     NULL,
     {"barewire.conf:2: \"device\" has no \"=\", expected KEY = VALUE",
      "barewire.conf:1: port \"lan\" has no device, expected device = any:N, virtio:N, ixgbe:N or "
      "pci:SSSS:BB:SS.F"}},
    {"[port lan]\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port \"lan\" has no device, expected device = any:N, virtio:N, ixgbe:N or "
      "pci:SSSS:BB:SS.F"}},
    {LAN "[port wan]\ndevice = virtio:0\n" WIRE,
     NULL,
     {"barewire.conf:4: port \"wan\": device virtio:0 is already port \"lan\", expected another"}},
    {GOOD,
     "port.wan.device=virtio:0",
     {"command line: port \"wan\": device virtio:0 is already port \"lan\", expected another"}},
    {"[port a]\ndevice=pci:0000:03:00.0\n[port b]\ndevice=pci:03:00.0\n" WIRE,
     NULL,
     {"barewire.conf:4: port \"b\": device pci:03:00.0 is already port \"a\", expected another"}},

    // Sections.
    {LAN "[prot wan]\ndevice = virtio:1\n" WIRE,
     NULL,
     {"barewire.conf:3: unknown section \"prot\", did you mean \"port\"?"}},
    {GOOD "[watchdog]\nx = y\n",
     NULL,
     {"barewire.conf:7: unknown section \"watchdog\", " SECTIONS}},
    {GOOD "[]\n", NULL, {"barewire.conf:7: unknown section \"\", " SECTIONS}},
    {GOOD LAN, NULL, {"barewire.conf:7: port \"lan\" again, first at line 1"}},
    {GOOD WIRE, NULL, {"barewire.conf:7: section [forward] again, first at line 5"}},
    {"[forward x]\n" LAN WAN WIRE,
     NULL,
     {"barewire.conf:1: \"x\" after the section forward, expected [forward]"}},
    {GOOD,
     "forward.x.mode=wire",
     {"command line: \"x\" after the section forward, expected [forward]"}},
    {"device = virtio:0\n" LAN WAN WIRE,
     NULL,
     {"barewire.conf:1: key \"device\" before any section, expected [port NAME], [forward], "
      "[manage] or [system]"}},
    {"[port lan\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: \"[port lan\" has no \"]\", expected [SECTION]"}},
    {"\xef\xbb\xbf[port lan ; x\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: \"[port lan ; x\" has no \"]\", expected [SECTION]"}},
    {LAN WAN WIRE "[system ; x]\n",
     NULL,
     {"barewire.conf:7: a comment inside a section's name, expected [SECTION]"}},
    {"[port lan] device = virtio:0\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: \"device...\" after the section's name, expected a new line"}},

    // Port names.
    {"[port]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"\", expected a letter, then letters, digits, - or _, at most "
      "15"}},
    {"[port 0]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"0\", expected a letter, then letters, digits, - or _, at most "
      "15"}},
    {"[port l n]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"l n\", expected a letter, then letters, digits, - or _, at "
      "most 15"}},
    {"[port l\xc3\xa4n]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"l\\xc3\\xa4n\", expected a letter, then letters, digits, - or "
      "_, at most 15"}},
    {"[port abcdefghijklmnop]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"abcdefghijklmnop\", expected a letter, then letters, digits, - "
      "or "
      "_, at most 15"}},
    {"[port " HUNDRED "]\ndevice = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:1: port name \"" TEN TEN TEN "0123456...\", expected a letter, then letters, "
      "digits, - or _, at most 15"}},
    {"[port a]\ndevice=virtio:0\n[port b]\ndevice=virtio:1\n[port c]\ndevice=virtio:2\n"
     "[port d]\ndevice=virtio:3\n[port e]\ndevice=virtio:4\n[port f]\ndevice=virtio:5\n"
     "[port g]\ndevice=virtio:6\n[port h]\ndevice=virtio:7\n[port i]\ndevice=virtio:8\n" WIRE,
     NULL,
     {"barewire.conf:17: port \"i\" is one too many, expected at most 8 ports"}},

    // Keys.
    {LAN "devise = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: unknown key \"devise\", did you mean \"device\"?"}},
    {GOOD "mod = wire\n", NULL, {"barewire.conf:7: unknown key \"mod\", did you mean \"mode\"?"}},
    {GOOD "speed = 10\n",
     NULL,
     {"barewire.conf:7: unknown key \"speed\", expected mode or ports or max-frame or idle or "
      "burst or ageing-time or fdb-size"}},
    {GOOD "= 10\n",
     NULL,
     {"barewire.conf:7: unknown key \"\", expected mode or ports or max-frame or idle or "
      "burst or ageing-time or fdb-size"}},
    {LAN "device = virtio:0\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": device again, first at line 2"}},
    {GOOD "mode = wire\n", NULL, {"barewire.conf:7: mode again, first at line 6"}},
    {GOOD, "forward.mode=wire forward.mode=wire", {"command line: mode again, expected it once"}},
    {LAN WAN "[forward]\nmode = route\n",
     NULL,
     {"barewire.conf:6: mode \"route\", expected wire or bridge"}},
    {LAN WAN "[forward]\nmode = Wire\n",
     NULL,
     {"barewire.conf:6: mode \"Wire\", expected wire or bridge"}},
    {LAN WAN,
     NULL,
     {"barewire.conf: no mode, expected mode = wire or bridge in section [forward]"}},
    {NULL,
     "port.lan.device=virtio:0 port.wan.device=virtio:1",
     {"command line: no mode, expected mode = wire or bridge in section [forward]"}},
    {LAN "ring-size = 100\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": ring-size \"100\", expected a multiple of 8 from 64 to "
      "4096"}},
    {LAN "flow-control = yes\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": flow-control \"yes\", expected off or on"}},
    {LAN "bounce = 1\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": bounce \"1\", expected off or on"}},
    {LAN "isolation = maximum\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": isolation \"maximum\", expected none, iommu or domain"}},
    {LAN "queues = 17\n" WAN WIRE,
     NULL,
     {"barewire.conf:3: port \"lan\": queues \"17\", expected 1 to 16"}},
    {GOOD "max-frame = 1500\n",
     NULL,
     {"barewire.conf:7: max-frame \"1500\", expected bytes without FCS, 1518 to 9216"}},
    {GOOD "max-frame = 1518\nmax-frame = 1518\n",
     NULL,
     {"barewire.conf:8: max-frame again, first at line 7"}},
    {GOOD "ring-size = 64\n",
     NULL,
     {"barewire.conf:7: unknown key \"ring-size\", expected mode or ports or max-frame or idle or "
      "burst or ageing-time or fdb-size"}},
    {GOOD "[system]\non-error = reboot\n",
     NULL,
     {"barewire.conf:8: on-error \"reboot\", expected halt or wire"}},
    {GOOD, "system.on-panic=wait", {"command line: on-panic \"wait\", expected reboot or halt"}},

    // Which ports.
    {LAN WIRE, NULL, {"barewire.conf: 1 port configured, expected 2 for mode = wire"}},
    {WIRE, NULL, {"barewire.conf: 0 ports configured, expected 2 for mode = wire"}},
    {GOOD "[port c]\ndevice = virtio:2\n",
     NULL,
     {"barewire.conf: 3 ports configured and mode = wire joins pairs, expected ports = NAME NAME "
      "in section [forward]"}},
    {GOOD "ports = lan\n",
     NULL,
     {"barewire.conf:7: ports names 1, expected 2, 4, 6 or 8 for mode = wire"}},
    {GOOD "ports =\n",
     NULL,
     {"barewire.conf:7: ports names 0, expected 2, 4, 6 or 8 for mode = wire"}},
    {GOOD "ports = lan lan\n",
     NULL,
     {"barewire.conf:7: ports names \"lan\" twice, expected different ports"}},
    {GOOD "ports = lan wna\n",
     NULL,
     {"barewire.conf:7: ports names \"wna\", which is not configured, did you mean \"wan\"?"}},
    {GOOD "ports = lan dmz\n",
     NULL,
     {"barewire.conf:7: ports names \"dmz\", which is not configured, expected a section [port "
      "NAME]"}},

    // Lines.
    {GOOD "; \xff\n",
     NULL,
     {"barewire.conf:7: the line is not UTF-8, expected text in UTF-8 or ASCII"}},
    {GOOD "; \xc0\xaf\n",
     NULL,
     {"barewire.conf:7: the line is not UTF-8, expected text in UTF-8 or ASCII"}},
    {GOOD "; \xed\xa0\x80\n",
     NULL,
     {"barewire.conf:7: the line is not UTF-8, expected text in UTF-8 or ASCII"}},
    {GOOD "; \xe2\x82\n",
     NULL,
     {"barewire.conf:7: the line is not UTF-8, expected text in UTF-8 or ASCII"}},
    {GOOD "; \033[2J\n",
     NULL,
     {"barewire.conf:7: the line contains a control character, expected text"}},
    {"[port lan]\rdevice = virtio:0\r",
     NULL,
     {"barewire.conf:1: the line contains a control character, expected text",
      "barewire.conf: no mode, expected mode = wire or bridge in section [forward]"}},
    {GOOD ";" HUNDRED HUNDRED "\n",
     NULL,
     {"barewire.conf:7: the line is too long, expected at most 198 bytes"}},

    // Words.
    {GOOD,
     "quiet",
     {"command line: \"quiet\", expected a word like forward.mode=wire or "
      "port.lan.device=virtio:0"}},
    {GOOD,
     "mode=wire",
     {"command line: \"mode...\", expected a word like forward.mode=wire or "
      "port.lan.device=virtio:0"}},
    {GOOD,
     "forward.mode",
     {"command line: \"forward.mode\", expected a word like forward.mode=wire or "
      "port.lan.device=virtio:0"}},
    {GOOD,
     "=",
     {"command line: \"=\", expected a word like forward.mode=wire or port.lan.device=virtio:0"}},
    {GOOD, ".=", {"command line: unknown section \"\", " SECTIONS}},
    {GOOD,
     "forwad.mode=wire",
     {"command line: unknown section \"forwad\", did you mean \"forward\"?"}},
    {GOOD, "forward.moed=wire", {"command line: unknown key \"moed\", did you mean \"mode\"?"}},
    {GOOD,
     "port.device=virtio:0",
     {"command line: port name \"\", expected a letter, then letters, digits, - or _, at most 15"}},
    {GOOD,
     "port.a.b.device=virtio:2",
     {"command line: port name \"a.b\", expected a letter, then letters, digits, - or _, at most "
      "15"}},
    {GOOD, "\x01.\x80=x", {"command line: unknown section \"\\x01\", " SECTIONS}},
    {GOOD,
     "x." HUNDRED HUNDRED "=1",
     {"command line: \"x." TEN TEN TEN "01234...\" is too long, expected at most 198 bytes"}},

    // Several at once, in order.
    {"[port lan]\ndevice = virtio:x\n[port wan]\n[forward]\nmode = wier\n",
     "system.on-error=never",
     {"barewire.conf:2: port \"lan\": device \"virtio:x\", " DEVICES,
      "barewire.conf:5: mode \"wier\", expected wire or bridge",
      "command line: on-error \"never\", expected halt or wire",
      "barewire.conf:3: port \"wan\" has no device, expected device = any:N, virtio:N, ixgbe:N or "
      "pci:SSSS:BB:SS.F"}},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct config config;
        read_text(&config, wrong[i].text, wrong[i].words);
        unsigned count = 0;
        while (count < 4 && wrong[i].errors[count] != NULL)
            count++;
        for (unsigned k = 0; k < config.error_count && k < CONFIG_ERRORS_MAX; k++) {
            if (k >= count)
                fail_msg("case %zu: unexpected: %s", i, config.errors[k]);
            if (strcmp(config.errors[k], wrong[i].errors[k]) != 0)
                fail_msg("case %zu:\n  got      %s\n  expected %s", i, config.errors[k],
                         wrong[i].errors[k]);
        }
        if (config.error_count != count)
            fail_msg("case %zu: %u errors, expected %u", i, config.error_count, count);
    }
}

static void test_nul_byte(void **state)
{
    (void)state;
    static const char text[] = LAN WAN WIRE "; \0 x\n";
    struct config config;
    read_bytes(&config, text, sizeof text - 1, NULL);
    assert_int_equal(config.error_count, 1);
    assert_string_equal(config.errors[0],
                        "barewire.conf:7: the line contains a NUL byte, expected text");
}

// What the boot loader gave but the kernel had no room for must not be passed over.
static void test_cut_off(void **state)
{
    (void)state;
    static const char good[] =
        "port.lan.device=virtio:0 port.wan.device=virtio:1 forward.mode=wire";
    struct config config;
    config_read(&config, FILE_NAME, NULL, 65537, good);
    assert_int_equal(config.error_count, 1);
    assert_string_equal(config.errors[0], "barewire.conf: 65537 bytes could not be taken from the "
                                          "boot loader, expected at most 65536");
    char words[1024];
    sprintf(words, "%s%*s", good, (int)(1022 - strlen(good)), "");
    config_read(&config, FILE_NAME, NULL, 0, words);
    assert_two_ports(&config);
    strcat(words, " ");
    config_read(&config, FILE_NAME, NULL, 0, words);
    assert_int_equal(config.error_count, 1);
    assert_string_equal(config.errors[0], "command line: too long, expected fewer than 1023 bytes");
}

static void test_many_errors(void **state)
{
    (void)state;
    char text[4096] = GOOD;
    for (unsigned i = 0; i < 100; i++)
        sprintf(text + strlen(text), "x%u = y\n", i);
    struct config config;
    read_text(&config, text, NULL);
    assert_int_equal(config.error_count, 100);
    assert_string_equal(
        config.errors[CONFIG_ERRORS_MAX - 1],
        "barewire.conf:22: unknown key \"x15\", expected mode or ports or max-frame or idle or "
        "burst or ageing-time or fdb-size");
}

// A good file with one byte changed, or cut short anywhere, never breaks the reader.
static void test_mutations(void **state)
{
    (void)state;
    static const char text[] = GOOD "ports = lan, wan ; both\n[system]\non-error = wire\n";
    static const char bytes[] = "\0\n\r\t []=:;.#\"\x80\xc3\xff"
                                "0a";
    struct config config;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char copy[sizeof text];
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            memcpy(copy, text, sizeof text);
            copy[at] = bytes[k];
            read_bytes(&config, copy, sizeof text - 1, NULL);
            assert_true(config.port_count <= CONFIG_PORTS_MAX);
            assert_true(config.error_count != 0 || config.forward_count == 2);
        }
        read_bytes(&config, text, at, NULL);
        assert_true(config.error_count != 0 || config.forward_count == 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),     cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_cut_off),   cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
