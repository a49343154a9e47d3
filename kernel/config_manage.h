// SPDX-License-Identifier: BSD-2-Clause
// The section [manage]: where and how the box itself can be reached. It is off unless the section
// is there.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kernel/config_source.h"

enum {
    CONFIG_HOSTNAME_MAX = 32, // with the terminating NUL
    CONFIG_PASSWORD_MAX = 64, // likewise
    CONFIG_PASSWORD_MIN = 8,  // characters
    CONFIG_HTTP_PORT = 80,    // the defaults
    CONFIG_CONSOLE_PORT = 23,
};

enum config_address { CONFIG_ADDRESS_NONE, CONFIG_ADDRESS_STATIC, CONFIG_ADDRESS_DHCP };

struct config_manage {
    bool on;
    uint8_t port; // index into config.ports[]
    struct config_source port_source;

    enum config_address how; // IPv4
    uint8_t address[4];      // of CONFIG_ADDRESS_STATIC, and:
    uint8_t prefix;          // 1..31
    struct config_source address_source;
    uint8_t gateway[4]; // all 0: none
    struct config_source gateway_source;

    bool ipv6; // a link-local address, and others by SLAAC
    struct config_source ipv6_source;

    uint16_t http; // TCP port, 0: off
    struct config_source http_source;
    char hostname[CONFIG_HOSTNAME_MAX];
    struct config_source hostname_source;

    char password[CONFIG_PASSWORD_MAX]; // "": no console over TCP
    struct config_source password_source;
    uint16_t console; // TCP port of the console; 0: off
    struct config_source console_source;
};

struct config;
struct config_reader;

// The values of the keys, for kernel/config_keys.c: false for a bad value.
bool config_manage_port(struct config_reader *reader, const char *value);
bool config_manage_address(struct config_reader *reader, const char *value);
bool config_manage_gateway(struct config_reader *reader, const char *value);
bool config_manage_ipv6(struct config_reader *reader, const char *value);
bool config_manage_http(struct config_reader *reader, const char *value);
bool config_manage_hostname(struct config_reader *reader, const char *value);
bool config_manage_password(struct config_reader *reader, const char *value);
bool config_manage_console(struct config_reader *reader, const char *value);

// Fills in the defaults and checks what only the whole can show, once everything was read.
void config_manage_check(struct config_reader *reader);
