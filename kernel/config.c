// SPDX-License-Identifier: BSD-2-Clause
// The configuration as a whole: reads both places, then checks what only the whole can show.
#include "kernel/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/bootinfo.h"
#include "kernel/config_reader.h"
#include "kernel/config_words.h"

void config_error(struct config *config, struct config_source where, const char *format, ...)
{
    if (config->error_count++ >= CONFIG_ERRORS_MAX)
        return;
    char place[CONFIG_FILE_NAME_MAX + 16];
    if (where.origin == CONFIG_COMMAND_LINE)
        snprintf(place, sizeof place, "command line");
    else if (where.line == 0)
        snprintf(place, sizeof place, "%s", config->file_name);
    else
        snprintf(place, sizeof place, "%s:%u", config->file_name, where.line);

    char *error = config->errors[config->error_count - 1];
    int used = snprintf(error, CONFIG_ERROR_LENGTH, "%s: ", place);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error + used, CONFIG_ERROR_LENGTH - (size_t)used, format, arguments);
    va_end(arguments);
}

static void check_devices(struct config *config)
{
    for (unsigned i = 0; i < config->port_count; i++) {
        const struct config_port *port = &config->ports[i];
        if (port->device_source.origin == CONFIG_UNSET) {
            config_error(config,
                         (struct config_source){port->line != 0 ? CONFIG_FILE : CONFIG_COMMAND_LINE,
                                                port->line},
                         "port \"%s\" has no device, expected device = %s", port->name,
                         CONFIG_DEVICE_EXPECTED);
        }
        for (unsigned k = 0; k < i; k++) {
            if (config_device_equal(&config->ports[k].device, &port->device))
                config_error(config, port->device_source,
                             "port \"%s\": device %s is already port \"%s\", expected another",
                             port->name, port->device_text, config->ports[k].name);
        }
    }
}

// Adds the port of that name to those between which frames are forwarded. False after an error.
static bool add_forward_port(struct config *config, const char *name)
{
    char quoted[QUOTED_MAX];
    quote_word(quoted, name);
    for (unsigned i = 0; i < config->port_count; i++) {
        if (strcmp(config->ports[i].name, name) != 0)
            continue;
        for (unsigned k = 0; k < config->forward_count; k++) {
            if (config->forward_ports[k] == i) {
                config_error(config, config->forward_source,
                             "ports names %s twice, expected different ports", quoted);
                return false;
            }
        }
        config->forward_ports[config->forward_count++] = (uint8_t)i;
        return true;
    }
    const char *known[CONFIG_PORTS_MAX];
    for (unsigned i = 0; i < config->port_count; i++)
        known[i] = config->ports[i].name;
    const char *near = nearest_word(name, known, config->port_count);
    if (near != NULL)
        config_error(config, config->forward_source,
                     "ports names %s, which is not configured, did you mean \"%s\"?", quoted, near);
    else
        config_error(config, config->forward_source,
                     "ports names %s, which is not configured, expected a section [port NAME]",
                     quoted);
    return false;
}

// ports = NAME NAME, separated by blanks or commas. False after an error.
static bool read_forward_ports(struct config *config, const char *text)
{
    static const char separators[] = " \t,";
    bool good = true;
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        char name[CONFIG_LINE_MAX + 1];
        size_t length = strcspn(text, separators);
        snprintf(name, sizeof name, "%.*s", (int)length, text);
        good &= add_forward_port(config, name);
        text += length;
    }
    return good;
}

// Whether that mode can join so many ports: a wire two by two, a bridge all of them.
static bool can_join(enum config_mode mode, unsigned ports)
{
    return mode == CONFIG_MODE_NONE ||
           (ports >= 2 && (mode == CONFIG_MODE_BRIDGE || ports % 2 == 0));
}

static void check_forward(struct config_reader *reader, struct config_source whole)
{
    struct config *config = reader->config;
    if (config->mode_source.origin == CONFIG_UNSET)
        config_error(config, whole, "no mode, expected mode = wire or bridge in section [forward]");
    if (reader->ports_refused > 0)
        return; // what follows would only repeat that error in other words

    if (config->forward_source.origin != CONFIG_UNSET) {
        if (read_forward_ports(config, reader->forward_text) &&
            !can_join(config->mode, config->forward_count))
            config_error(config, config->forward_source,
                         "ports names %u, expected %s for mode = %s", config->forward_count,
                         config->mode == CONFIG_MODE_WIRE ? "2, 4, 6 or 8" : "2 to 8",
                         config_mode_name(config->mode));
        return;
    }
    for (unsigned i = 0; i < config->port_count; i++)
        config->forward_ports[config->forward_count++] = (uint8_t)i;
    if (can_join(config->mode, config->forward_count))
        return;
    if (config->forward_count < 2)
        config_error(config, whole, "%u port%s configured, expected %s for mode = %s",
                     config->port_count, config->port_count == 1 ? "" : "s",
                     config->mode == CONFIG_MODE_WIRE ? "2" : "2 to 8",
                     config_mode_name(config->mode));
    else
        config_error(config, whole,
                     "%u ports configured and mode = wire joins pairs, expected ports = NAME NAME "
                     "in section [forward]",
                     config->port_count);
}

void config_read(struct config *config, const char *file_name, const char *text, size_t length,
                 const char *command_line)
{
    struct config_reader reader = {.config = config};
    memset(config, 0, sizeof *config);
    config->idle_us = CONFIG_IDLE_DEFAULT;
    config->burst = CONFIG_BURST_DEFAULT;
    config->ageing_time = CONFIG_AGEING_DEFAULT;
    config->fdb_size = CONFIG_FDB_DEFAULT;
    if (text != NULL || length > 0)
        snprintf(config->file_name, sizeof config->file_name, "%s",
                 file_name != NULL ? file_name : "barewire.conf");
    if (text != NULL) {
        config_read_file(&reader, text, length);
    } else if (length > 0) {
        config_error(config, (struct config_source){CONFIG_FILE, 0},
                     "%zu bytes could not be taken from the boot loader, expected at most %d",
                     length, BOOT_CONFIG_MAX);
        return; // whatever the command line says: the file may have said something else
    }
    if (command_line != NULL)
        config_read_command_line(&reader, command_line);

    struct config_source whole = {text != NULL ? CONFIG_FILE : CONFIG_COMMAND_LINE, 0};
    if (reader.anything) {
        check_devices(config);
        check_forward(&reader, whole);
        config_manage_check(&reader);
    } else if (text != NULL) {
        config_error(config, whole, "nothing in it, expected sections [port NAME] and [forward]");
    } else {
        config_error(config, whole,
                     "no configuration, expected the file barewire.conf (GRUB: module2, QEMU: "
                     "-initrd) or words like forward.mode=wire");
    }
}
