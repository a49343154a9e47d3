// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/config_rig.h"
#include <stdlib.h>
#include <string.h>

void read_bytes(struct config *config, const char *text, size_t length, const char *words)
{
    char *copy = NULL;
    if (text != NULL) {
        copy = malloc(length != 0 ? length : 1);
        assert_non_null(copy);
        memcpy(copy, text, length);
    }
    memset(config, 0xa5, sizeof *config);
    config_read(config, FILE_NAME, copy, length, words);
    free(copy);
}

void read_text(struct config *config, const char *text, const char *words)
{
    read_bytes(config, text, text != NULL ? strlen(text) : 0, words);
}

void assert_two_ports(const struct config *config)
{
    if (config->error_count != 0)
        fail_msg("%s", config->errors[0]);
    assert_int_equal(config->port_count, 2);
    assert_string_equal(config->ports[0].name, "lan");
    assert_string_equal(config->ports[1].name, "wan");
    assert_int_equal(config->ports[0].device.kind, CONFIG_DEVICE_VIRTIO);
    assert_int_equal(config->ports[0].device.ordinal, 0);
    assert_int_equal(config->ports[1].device.ordinal, 1);
    assert_int_equal(config->mode, CONFIG_MODE_WIRE);
    assert_int_equal(config->forward_count, 2);
    assert_int_equal(config->forward_ports[0], 0);
    assert_int_equal(config->forward_ports[1], 1);
    assert_int_equal(config->on_error, CONFIG_ON_ERROR_HALT);
    assert_int_equal(config->on_panic, CONFIG_ON_PANIC_REBOOT);
    assert_int_equal(config->ports[0].ring_size, 0);
    assert_false(config->ports[0].flow_control);
    assert_false(config->ports[0].bounce);
    assert_int_equal(config->ports[0].queues, 0);
    assert_int_equal(config->max_frame, 0);
    assert_int_equal(config->burst, 32);
    assert_int_equal(config->ageing_time, 300);
    assert_int_equal(config->fdb_size, 16384);
}
