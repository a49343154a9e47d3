// SPDX-License-Identifier: BSD-2-Clause
// The configuration as the console shows it: what is printed can be read again.
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/number.c tests/unit/config_rig.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
#include "tests/unit/config_rig.h"
#include <stdio.h>
#include <string.h>

static char printed[8192];

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t used = strlen(printed);
    int length = vsnprintf(printed + used, sizeof printed - used, format, arguments);
    va_end(arguments);
    assert_in_range(length, 1, 255);
}

static void test_print(void **state)
{
    (void)state;
    struct config config;
    read_text(&config, GOOD,
              "port.wan.device=ixgbe:1 system.on-panic=halt forward.max-frame=9018 "
              "port.wan.ring-size=1024 port.wan.flow-control=on port.wan.isolation=none "
              "port.wan.bounce=on port.wan.queues=16 forward.idle=off "
              "forward.burst=256 forward.fdb-size=1000");
    printed[0] = '\0';
    config_print(&config, print);
    assert_string_equal(printed, "; lines are those of barewire.conf\n"
                                 "[port lan]\n"
                                 "device = virtio:0                ; line 2\n"
                                 "flow-control = off               ; default\n"
                                 "bounce = off                     ; default\n"
                                 "[port wan]\n"
                                 "device = ixgbe:1                 ; command line\n"
                                 "ring-size = 1024                 ; command line\n"
                                 "flow-control = on                ; command line\n"
                                 "isolation = none                 ; command line\n"
                                 "bounce = on                      ; command line\n"
                                 "queues = 16                      ; command line\n"
                                 "[forward]\n"
                                 "mode = wire                      ; line 6\n"
                                 "ports = lan wan                  ; default: all\n"
                                 "max-frame = 9018                 ; command line\n"
                                 "idle = off                       ; command line\n"
                                 "burst = 256                      ; command line\n"
                                 "fdb-size = 1000                  ; command line\n"
                                 "[system]\n"
                                 "on-error = halt                  ; default\n"
                                 "on-panic = halt                  ; command line\n");
    // What is printed is a configuration that means the same.
    struct config again;
    read_text(&again, printed, NULL);
    assert_int_equal(again.error_count, 0);
    assert_int_equal(again.ports[1].device.kind, CONFIG_DEVICE_IXGBE);
    assert_int_equal(again.on_panic, CONFIG_ON_PANIC_HALT);
    assert_int_equal(again.ports[1].ring_size, 1024);
    assert_true(again.ports[1].flow_control);
    assert_true(again.ports[1].bounce);
    assert_int_equal(again.ports[1].queues, 16);
    assert_int_equal(again.max_frame, 9018);
    assert_int_equal(again.idle_us, 0);
    assert_int_equal(again.burst, 256);
}

static void test_print_errors(void **state)
{
    (void)state;
    struct config config;
    read_text(&config, "[port lan]\n", NULL);
    printed[0] = '\0';
    config_print(&config, print);
    assert_non_null(strstr(printed, "; missing\n"));
    assert_non_null(strstr(printed, "\n; error: barewire.conf:1: port \"lan\" has no device, "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
