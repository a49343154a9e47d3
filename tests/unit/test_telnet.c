// SPDX-License-Identifier: BSD-2-Clause
// What is typed comes through telnet, and what telnet says to itself does not.
// links: net/stack/telnet.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/stack/telnet.h"

static void expect(const char *bytes, size_t length, const char *typed)
{
    struct telnet telnet = {0};
    char got[64];
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        const int key = telnet_take(&telnet, (uint8_t)bytes[i]);
        if (key >= 0)
            got[count++] = (char)key;
    }
    assert_int_equal(count, strlen(typed));
    assert_memory_equal(got, typed, count);
}

#define EXPECT(bytes, typed) expect(bytes, sizeof(bytes) - 1, typed)

static void test_telnet(void **state)
{
    (void)state;
    EXPECT("abc\r", "abc\r");
    EXPECT("\xff\xfd\x01"
           "a\xff\xfd\x03"
           "b",
           "ab");
    EXPECT("\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0x", "x"); // a window's size
    EXPECT("\xff\xfa\x18\xff\xff\xff\xf0x", "x");                     // 255 among parameters
    EXPECT("a\xff\xff"
           "b",
           "a\xff"
           "b");
    EXPECT("a\xff\xf1"
           "b\xff\xf6",
           "ab"); // NOP, are you there
    EXPECT("\xff\xfa never ends", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_telnet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
