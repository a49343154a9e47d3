// SPDX-License-Identifier: BSD-2-Clause
// The configuration: one INI file, overridden by section.key=value words on the kernel command
// line. docs/configuration.md is its reference.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/config_device.h"
#include "kernel/config_manage.h"
#include "kernel/config_source.h"

enum {
    CONFIG_PORTS_MAX = 8,
    CONFIG_NAME_MAX = 16,      // with the terminating NUL
    CONFIG_ERRORS_MAX = 16,    // kept; more are counted
    CONFIG_ERROR_LENGTH = 184, // as a line of the log
    CONFIG_FILE_NAME_MAX = 32,

    CONFIG_RING_MIN = 64, // descriptors
    CONFIG_RING_MAX = 4096,
    CONFIG_RING_STEP = 8,
    CONFIG_QUEUES_MAX = 16,  // as PORT_QUEUES_MAX in drivers/port.h
    CONFIG_FRAME_MIN = 1518, // bytes without FCS: 1,500 of payload, and one VLAN tag
    CONFIG_FRAME_MAX = 9216,
    CONFIG_IDLE_MIN = 50, // microseconds
    CONFIG_IDLE_MAX = 1000000,
    CONFIG_BURST_DEFAULT = 32,
    CONFIG_BURST_MAX = 256,
    CONFIG_IDLE_DEFAULT = 1000,
    CONFIG_AGEING_DEFAULT = 300, // seconds: 802.1D-2004, table 7-5
    CONFIG_AGEING_MAX = 1000000,
    CONFIG_FDB_DEFAULT = 16384, // entries
    CONFIG_FDB_MIN = 256,
    CONFIG_FDB_MAX = 131072,
};

// What keeps the port's card and driver from harming the box. docs/isolation.md.
enum config_isolation {
    CONFIG_ISOLATION_DEFAULT, // what the machine has
    CONFIG_ISOLATION_NONE,
    CONFIG_ISOLATION_IOMMU,
    CONFIG_ISOLATION_DOMAIN,
};

struct config_port {
    char name[CONFIG_NAME_MAX];
    struct config_device device;
    char device_text[CONFIG_DEVICE_TEXT_MAX]; // as written, for messages
    struct config_source device_source;
    uint32_t ring_size; // descriptors in each ring; 0: the driver decides
    struct config_source ring_size_source;
    bool flow_control;
    struct config_source flow_control_source;
    enum config_isolation isolation;
    struct config_source isolation_source;
    bool bounce; // frames are copied before they are looked at
    struct config_source bounce_source;
    uint32_t queues; // receive queues over which flows are spread; 0: one
    struct config_source queues_source;
    unsigned line; // where the section began; 0: command line
};

enum config_mode { CONFIG_MODE_NONE, CONFIG_MODE_WIRE, CONFIG_MODE_BRIDGE };
enum config_on_error { CONFIG_ON_ERROR_HALT, CONFIG_ON_ERROR_WIRE };
enum config_on_panic { CONFIG_ON_PANIC_REBOOT, CONFIG_ON_PANIC_HALT };

struct config {
    char file_name[CONFIG_FILE_NAME_MAX]; // "" without a file
    struct config_port ports[CONFIG_PORTS_MAX];
    unsigned port_count;
    enum config_mode mode;
    struct config_source mode_source;
    uint8_t forward_ports[CONFIG_PORTS_MAX]; // indices into ports[], in order
    unsigned forward_count;                  // CONFIG_MODE_WIRE: even, not 0; ..._BRIDGE: 2 or more
    struct config_source forward_source;     // CONFIG_UNSET: all configured ports
    uint16_t max_frame;                      // bytes without FCS; 0: what ordinary buffers hold
    struct config_source max_frame_source;
    uint32_t idle_us; // without a frame, then the processor sleeps; 0: never
    struct config_source idle_source;
    uint32_t burst; // frames that are moved at a time, at most
    struct config_source burst_source;
    uint32_t ageing_time; // of a bridge, seconds
    struct config_source ageing_time_source;
    uint32_t fdb_size; // stations that a bridge remembers at most
    struct config_source fdb_size_source;
    struct config_manage manage;
    // What to do when there are errors. CONFIG_ON_ERROR_WIRE only if that key itself is right
    // wherever it is written.
    enum config_on_error on_error;
    struct config_source on_error_source;
    enum config_on_panic on_panic; // what to do after a panic
    struct config_source on_panic_source;
    char errors[CONFIG_ERRORS_MAX][CONFIG_ERROR_LENGTH]; // "FILE:LINE: found X, expected Y"
    unsigned error_count;                                // all, also those not kept
};

// Reads text (length bytes; NULL: no file, or, with length > 0, one that could not be loaded, which
// is an error) and then the command line's words (NULL: none). Every error is kept, none stops the
// reading; with error_count > 0 nothing else in config may be used to forward, except on_error.
// file_name is how messages name the file. Pure: touches nothing but *config, keeps none of the
// pointers.
void config_read(struct config *config, const char *file_name, const char *text, size_t length,
                 const char *command_line);

// Adds an error, with its place in front: also for what only the machine can show.
void config_error(struct config *config, struct config_source where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// "iommu", as the configuration writes it; "default" for CONFIG_ISOLATION_DEFAULT.
const char *config_isolation_name(enum config_isolation isolation);

// Prints the configuration that holds, in the file's own syntax, with the origin of each value and
// with the errors, line by line. print takes printf's arguments; no line is longer than 255.
void config_print(const struct config *config, void (*print)(const char *format, ...));

// "wire" or "bridge"; "" for CONFIG_MODE_NONE.
const char *config_mode_name(enum config_mode mode);
