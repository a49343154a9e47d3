// SPDX-License-Identifier: BSD-2-Clause
// What frames are called, and that no byte behind those that are there is read.
// links: net/decode.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/decode.h"

#define MACS "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
#define SAID "02:00:00:00:00:01 > 02:00:00:00:00:02, "

// 20 bytes of IPv4 header, protocol p, fragment field f: 192.0.2.1 > 192.0.2.2.
#define IPV4(p, f) \
    "\x08\x00\x45\x00\x00\x54\x00\x00" f "\x40" p "\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02"
// 40 bytes of IPv6 header, next header n: fe80::1 > 2001:db8:0:1::
#define IPV6(n)                                                                             \
    "\x86\xdd\x60\x00\x00\x00\x00\x20" n "\xff\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00" \
    "\x00\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"

// A frame and its length: the literal's own NUL does not count.
#define FRAME(bytes) (const uint8_t *)(bytes), sizeof(bytes) - 1

static const struct {
    const uint8_t *bytes;
    size_t length;
    const char *text;
} cases[] = {
    {FRAME(MACS "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x01"
                "\x00\x00\x00\x00\x00\x00\xc0\x00\x02\x02"),
     SAID "ARP who has 192.0.2.2? tell 192.0.2.1"},
    {FRAME(MACS "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x01"
                "\x00\x00\x00\x00\x00\x00\xc0\x00\x02\x02"),
     SAID "ARP 192.0.2.1 is at 02:00:00:00:00:01"},
    {FRAME(MACS "\x08\x06\x00\x06\x08\x00\x06\x04\x00\x01"),
     SAID "ARP of other networks, operation 1"},
    {FRAME(MACS IPV4("\x01", "\x40\x00") "\x08\x00\x00\x00\x12\x34\x00\x07"),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 ICMP echo id 4660 seq 7"},
    {FRAME(MACS IPV4("\x01", "\x00\x00") "\x03\x01\x00\x00\x00\x00\x00\x00"),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 ICMP unreachable code 1"},
    {FRAME(MACS IPV4("\x01", "\x00\x00") "\x2a\x01\x00\x00\x00\x00\x00\x00"),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 ICMP type 42 code 1"},
    {FRAME(MACS IPV4("\x11", "\x00\x00") "\x00\x35\x10\x00\x00\x1c\x00\x00"),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 UDP 53 > 4096 length 28"},
    {FRAME(MACS IPV4("\x06", "\x00\x00") "\x00\x50\xc0\x00\x00\x00\x00\x01\x00\x00\x00\x02\x50"
                                         "\x12\x20\x00\x00\x00\x00\x00"),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 TCP 80 > 49152 [SA] seq 1 ack 2 win 8192"},
    {FRAME(MACS IPV4("\x06", "\x20\xb9")),
     SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 protocol 6 fragment at 1480"},
    {FRAME(MACS IPV4("\x59", "\x00\x00")), SAID "IPv4 192.0.2.1 > 192.0.2.2 ttl 64 protocol 89"},
    {FRAME(MACS "\x08\x00\x65\x00\x00\x54\x00\x00\x00\x00\x40\x01\x00\x00\xc0\x00\x02\x01\xc0\x00"
                "\x02\x02"),
     SAID "IPv4 with version 6 and 20 bytes of header"},
    {FRAME(MACS "\x08\x00\x44\x00\x00\x54\x00\x00\x00\x00\x40\x01\x00\x00\xc0\x00\x02\x01\xc0\x00"
                "\x02\x02"),
     SAID "IPv4 with version 4 and 16 bytes of header"},
    {FRAME(MACS IPV6("\x3a") "\x87\x00\x00\x00\x00\x00\x00\x00"),
     SAID "IPv6 fe80::1 > 2001:db8:0:1:: hops 255 ICMPv6 neighbor solicitation code 0"},
    {FRAME(MACS IPV6("\x00") "\x3a\x00\x05\x02\x00\x00\x01\x00\x80\x00\x00\x00\x00\x05\x00\x06"),
     SAID "IPv6 fe80::1 > 2001:db8:0:1:: hops 255 ICMPv6 echo id 5 seq 6"},
    {FRAME(MACS IPV6("\x2c") "\x11\x00\x05\xa9\x00\x00\x00\x01"),
     SAID "IPv6 fe80::1 > 2001:db8:0:1:: hops 255 protocol 17 fragment at 1448"},
    {FRAME(MACS IPV6("\x3b")), SAID "IPv6 fe80::1 > 2001:db8:0:1:: hops 255"},
    {FRAME(MACS IPV6("\x00") "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                             "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                             "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                             "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
     SAID "IPv6 fe80::1 > 2001:db8:0:1:: hops 255 and more than 8 extension headers"},
    {FRAME(MACS "\x81\x00\xe0\x05\x08\x06\x00\x01\x08\x00\x06\x04\x00\x03"),
     SAID "VLAN 5, ARP ..."},
    {FRAME(MACS "\x88\xa8\x00\x64\x81\x00\x00\x05\x88\xb5"), SAID "VLAN 100, VLAN 5, type 88b5"},
    {FRAME(MACS "\x81\x00\x00\x01\x81\x00\x00\x02\x81\x00\x00\x03\x08\x00"),
     SAID "VLAN 1, VLAN 2, type 8100"}, // a third tag is not looked behind
    {FRAME(MACS "\x00\x26\x42\x42\x03"), SAID "802.3, 38 bytes"},
    {FRAME(MACS "\x88\xcc"), SAID "type 88cc"},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void test_names(void **state)
{
    (void)state;
    char text[DECODE_TEXT];
    for (size_t i = 0; i < CASES; i++)
        assert_string_equal(decode_frame(cases[i].bytes, cases[i].length, text), cases[i].text);
}

// However short it is cut: the sanitizer sees a read behind the end, and what is said is the
// beginning of the whole, then "...".
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        for (size_t length = 0; length <= cases[i].length; length++) {
            uint8_t *copy = malloc(length == 0 ? 1 : length);
            assert_non_null(copy);
            memcpy(copy, cases[i].bytes, length);
            char text[DECODE_TEXT];
            decode_frame(copy, length, text);
            free(copy);
            size_t said = strlen(text);
            assert_in_range(said, 1, DECODE_TEXT - 1);
            if (said >= 4 && strcmp(text + said - 4, " ...") == 0)
                text[said -= 4] = '\0';
            assert_int_equal(strncmp(text, cases[i].text, said), 0);
        }
    }
}

// RFC 5952, 4: the longest run of zeros is shortened, the first of equal ones, and never a single
// one.
static void test_ipv6_addresses(void **state)
{
    (void)state;
    static const struct {
        uint8_t address[16];
        const char *text;
    } addresses[] = {
        {{0}, "::"},
        {{[15] = 1}, "::1"},
        {{0x20, 1, 0x0d, 0xb8, [15] = 1}, "2001:db8::1"},
        {{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, "2001:db8:0:1:1:1:1:1"},
        {{0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, "2001:0:0:1::1"},
        {{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, "2001:db8::1:0:0:1"},
        {{0xff, 2}, "ff02::"},
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        uint8_t frame[54];
        char text[DECODE_TEXT], expected[DECODE_TEXT] = SAID "IPv6 ";
        memcpy(frame, cases[15].bytes, sizeof frame);
        memcpy(frame + 22, addresses[i].address, 16);
        strcat(strcat(expected, addresses[i].text), " > 2001:db8:0:1:: hops 255");
        assert_string_equal(decode_frame(frame, sizeof frame, text), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_ipv6_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
