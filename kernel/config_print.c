// SPDX-License-Identifier: BSD-2-Clause
// Shows the configuration that holds, in the file's own syntax.
#include <stdio.h>
#include <string.h>

#include "kernel/config.h"

enum { ORIGIN_MAX = 32, COMMENT_COLUMN = 32 };

typedef void print_function(const char *format, ...);

static const char *origin_text(char *text, struct config_source source, const char *unset)
{
    if (source.origin == CONFIG_COMMAND_LINE)
        return "command line";
    if (source.origin == CONFIG_UNSET)
        return unset;
    snprintf(text, ORIGIN_MAX, "line %u", source.line);
    return text;
}

static void print_key(print_function *print, const char *key, const char *value,
                      struct config_source source, const char *unset)
{
    char origin[ORIGIN_MAX];
    int padding = COMMENT_COLUMN - (int)(strlen(key) + strlen(" = ") + strlen(value));
    print("%s = %s%*s ; %s\n", key, value, padding > 0 ? padding : 0, "",
          origin_text(origin, source, unset));
}

// Without a value nothing is printed: its driver, or the box, decides.
static void print_number(print_function *print, const char *key, unsigned number,
                         struct config_source source)
{
    char value[16];
    if (source.origin == CONFIG_UNSET)
        return;
    snprintf(value, sizeof value, "%u", number);
    print_key(print, key, value, source, "");
}

static void print_forward_ports(const struct config *config, print_function *print)
{
    char names[CONFIG_PORTS_MAX * CONFIG_NAME_MAX + 1] = "";
    for (unsigned i = 0; i < config->forward_count; i++) {
        if (i > 0)
            strcat(names, " ");
        strcat(names, config->ports[config->forward_ports[i]].name);
    }
    print_key(print, "ports", names, config->forward_source, "default: all");
}

static void print_idle(const struct config *config, print_function *print)
{
    char value[16];
    snprintf(value, sizeof value, "%u", (unsigned)config->idle_us);
    print_key(print, "idle", config->idle_us == 0 ? "off" : value, config->idle_source, "default");
}

static void print_tcp_port(print_function *print, const char *key, uint16_t port,
                           struct config_source source, const char *unset)
{
    char value[8] = "off";
    if (port != 0)
        snprintf(value, sizeof value, "%u", port);
    print_key(print, key, value, source, unset);
}

static void print_manage(const struct config *config, print_function *print)
{
    const struct config_manage *m = &config->manage;
    char address[24] = "none", gateway[24];
    if (!m->on)
        return;
    if (m->how == CONFIG_ADDRESS_DHCP)
        strcpy(address, "dhcp");
    else if (m->how == CONFIG_ADDRESS_STATIC)
        snprintf(address, sizeof address, "%u.%u.%u.%u/%u", m->address[0], m->address[1],
                 m->address[2], m->address[3], m->prefix);
    snprintf(gateway, sizeof gateway, "%u.%u.%u.%u", m->gateway[0], m->gateway[1], m->gateway[2],
             m->gateway[3]);
    print("[manage]\n");
    print_key(print, "port", config->ports[m->port].name, m->port_source, "missing");
    print_key(print, "address", address, m->address_source, "missing");
    if (m->gateway_source.origin != CONFIG_UNSET)
        print_key(print, "gateway", gateway, m->gateway_source, "");
    print_key(print, "ipv6", m->ipv6 ? "on" : "off", m->ipv6_source, "default");
    print_key(print, "hostname", m->hostname, m->hostname_source, "default");
    print_tcp_port(print, "http", m->http, m->http_source, "default");
    print_tcp_port(print, "console", m->console, m->console_source, "default");
    if (m->password_source.origin != CONFIG_UNSET)
        print_key(print, "password", "(not shown)", m->password_source, "");
}

void config_print(const struct config *config, void (*print)(const char *format, ...))
{
    if (config->file_name[0] != '\0')
        print("; lines are those of %s\n", config->file_name);
    for (unsigned i = 0; i < config->port_count; i++) {
        const struct config_port *port = &config->ports[i];
        print("[port %s]\n", port->name);
        print_key(print, "device", port->device_text, port->device_source, "missing");
        print_number(print, "ring-size", port->ring_size, port->ring_size_source);
        print_key(print, "flow-control", port->flow_control ? "on" : "off",
                  port->flow_control_source, "default");
        if (port->isolation != CONFIG_ISOLATION_DEFAULT)
            print_key(print, "isolation", config_isolation_name(port->isolation),
                      port->isolation_source, "what the machine has");
        print_key(print, "bounce", port->bounce ? "on" : "off", port->bounce_source, "default");
        print_number(print, "queues", port->queues, port->queues_source);
    }
    print("[forward]\n");
    print_key(print, "mode", config_mode_name(config->mode), config->mode_source, "missing");
    print_forward_ports(config, print);
    print_number(print, "max-frame", config->max_frame, config->max_frame_source);
    print_idle(config, print);
    print_number(print, "burst", config->burst, config->burst_source);
    print_number(print, "ageing-time", config->ageing_time, config->ageing_time_source);
    print_number(print, "fdb-size", config->fdb_size, config->fdb_size_source);
    print_manage(config, print);
    print("[system]\n");
    print_key(print, "on-error", config->on_error == CONFIG_ON_ERROR_WIRE ? "wire" : "halt",
              config->on_error_source, "default");
    print_key(print, "on-panic", config->on_panic == CONFIG_ON_PANIC_HALT ? "halt" : "reboot",
              config->on_panic_source, "default");

    unsigned kept =
        config->error_count < CONFIG_ERRORS_MAX ? config->error_count : CONFIG_ERRORS_MAX;
    for (unsigned i = 0; i < kept; i++)
        print("; error: %s\n", config->errors[i]);
    if (config->error_count > kept)
        print("; and %u more errors\n", config->error_count - kept);
}
