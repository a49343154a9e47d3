// SPDX-License-Identifier: BSD-2-Clause
// The sections and keys of the configuration, and what each value may be.
// docs/configuration.md says what they mean.
#include <stdio.h>
#include <string.h>

#include "kernel/config_reader.h"
#include "kernel/config_words.h"
#include "kernel/number.h"

static const char *const section_words[] = {"port", "forward", "manage", "system"};

// Letters, digits, '-' and '_', starting with a letter; fewer than size characters.
static bool name_valid(const char *name, size_t size)
{
    size_t length = strlen(name);
    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '_')))
            return false;
    }
    return true;
}

// --- values ------------------------------------------------------------------------------------

static bool set_device(struct config_reader *reader, const char *value)
{
    struct config_port *port = reader->port;
    snprintf(port->device_text, sizeof port->device_text, "%s", value);
    return config_device_parse(value, &port->device) && strlen(value) < sizeof port->device_text;
}

static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    uint64_t wide;
    const bool good = number_parse(text, min, max, &wide);
    if (good)
        *number = (uint32_t)wide;
    return good;
}

static bool set_ring_size(struct config_reader *reader, const char *value)
{
    uint32_t *size = &reader->port->ring_size;
    return parse_number(value, CONFIG_RING_MIN, CONFIG_RING_MAX, size) &&
           *size % CONFIG_RING_STEP == 0;
}

static bool parse_switch(const char *value, bool *on)
{
    *on = strcmp(value, "on") == 0;
    return *on || strcmp(value, "off") == 0;
}

static bool set_flow_control(struct config_reader *reader, const char *value)
{
    return parse_switch(value, &reader->port->flow_control);
}

static bool set_bounce(struct config_reader *reader, const char *value)
{
    return parse_switch(value, &reader->port->bounce);
}

const char *config_isolation_name(enum config_isolation isolation)
{
    static const char *const names[] = {
        [CONFIG_ISOLATION_DEFAULT] = "default",
        [CONFIG_ISOLATION_NONE] = "none",
        [CONFIG_ISOLATION_IOMMU] = "iommu",
        [CONFIG_ISOLATION_DOMAIN] = "domain",
    };
    return names[isolation];
}

static bool set_isolation(struct config_reader *reader, const char *value)
{
    enum config_isolation *isolation = &reader->port->isolation;
    for (*isolation = CONFIG_ISOLATION_NONE; *isolation <= CONFIG_ISOLATION_DOMAIN; ++*isolation)
        if (strcmp(value, config_isolation_name(*isolation)) == 0)
            return true;
    *isolation = CONFIG_ISOLATION_DEFAULT;
    return false;
}

static bool set_queues(struct config_reader *reader, const char *value)
{
    return parse_number(value, 1, CONFIG_QUEUES_MAX, &reader->port->queues);
}

static bool set_idle(struct config_reader *reader, const char *value)
{
    uint32_t *us = &reader->config->idle_us;
    *us = 0;
    if (strcmp(value, "off") == 0)
        return true;
    if (strcmp(value, "on") != 0)
        return parse_number(value, CONFIG_IDLE_MIN, CONFIG_IDLE_MAX, us);
    *us = CONFIG_IDLE_DEFAULT;
    return true;
}

static bool set_max_frame(struct config_reader *reader, const char *value)
{
    uint32_t length = 0;
    bool good = parse_number(value, CONFIG_FRAME_MIN, CONFIG_FRAME_MAX, &length);
    reader->config->max_frame = (uint16_t)length;
    return good;
}

const char *config_mode_name(enum config_mode mode)
{
    static const char *const names[] = {
        [CONFIG_MODE_NONE] = "",
        [CONFIG_MODE_WIRE] = "wire",
        [CONFIG_MODE_BRIDGE] = "bridge",
    };
    return names[mode];
}

static bool set_mode(struct config_reader *reader, const char *value)
{
    enum config_mode *mode = &reader->config->mode;
    for (*mode = CONFIG_MODE_BRIDGE; *mode != CONFIG_MODE_NONE; --*mode)
        if (strcmp(value, config_mode_name(*mode)) == 0)
            return true;
    return false;
}

static bool set_burst(struct config_reader *reader, const char *value)
{
    return parse_number(value, 1, CONFIG_BURST_MAX, &reader->config->burst);
}

static bool set_ageing_time(struct config_reader *reader, const char *value)
{
    return parse_number(value, 1, CONFIG_AGEING_MAX, &reader->config->ageing_time);
}

static bool set_fdb_size(struct config_reader *reader, const char *value)
{
    return parse_number(value, CONFIG_FDB_MIN, CONFIG_FDB_MAX, &reader->config->fdb_size);
}

// The names may belong to ports that are configured further down: looked up at the end.
static bool set_forward_ports(struct config_reader *reader, const char *value)
{
    snprintf(reader->forward_text, sizeof reader->forward_text, "%s", value);
    return true;
}

static bool set_on_error(struct config_reader *reader, const char *value)
{
    bool wire = strcmp(value, "wire") == 0;
    reader->config->on_error = wire ? CONFIG_ON_ERROR_WIRE : CONFIG_ON_ERROR_HALT;
    return wire || strcmp(value, "halt") == 0;
}

static bool set_on_panic(struct config_reader *reader, const char *value)
{
    bool halt = strcmp(value, "halt") == 0;
    reader->config->on_panic = halt ? CONFIG_ON_PANIC_HALT : CONFIG_ON_PANIC_REBOOT;
    return halt || strcmp(value, "reboot") == 0;
}

static const struct key {
    enum config_section section;
    const char *name;
    size_t source; // of its struct config_source, in struct config_port or struct config
    bool (*set)(struct config_reader *reader, const char *value); // false: bad value
    const char *expected;
} keys[] = {
    {CONFIG_SECTION_PORT, "device", offsetof(struct config_port, device_source), set_device,
     CONFIG_DEVICE_EXPECTED},
    {CONFIG_SECTION_PORT, "ring-size", offsetof(struct config_port, ring_size_source),
     set_ring_size, "a multiple of 8 from 64 to 4096"},
    {CONFIG_SECTION_PORT, "flow-control", offsetof(struct config_port, flow_control_source),
     set_flow_control, "off or on"},
    {CONFIG_SECTION_PORT, "isolation", offsetof(struct config_port, isolation_source),
     set_isolation, "none, iommu or domain"},
    {CONFIG_SECTION_PORT, "bounce", offsetof(struct config_port, bounce_source), set_bounce,
     "off or on"},
    {CONFIG_SECTION_PORT, "queues", offsetof(struct config_port, queues_source), set_queues,
     "1 to 16"},
    {CONFIG_SECTION_FORWARD, "mode", offsetof(struct config, mode_source), set_mode,
     "wire or bridge"},
    {CONFIG_SECTION_FORWARD, "ports", offsetof(struct config, forward_source), set_forward_ports,
     "the names of ports"},
    {CONFIG_SECTION_FORWARD, "max-frame", offsetof(struct config, max_frame_source), set_max_frame,
     "bytes without FCS, 1518 to 9216"},
    {CONFIG_SECTION_FORWARD, "idle", offsetof(struct config, idle_source), set_idle,
     "on, off or microseconds, 50 to 1000000"},
    {CONFIG_SECTION_FORWARD, "burst", offsetof(struct config, burst_source), set_burst,
     "frames, 1 to 256"},
    {CONFIG_SECTION_FORWARD, "ageing-time", offsetof(struct config, ageing_time_source),
     set_ageing_time, "seconds, 1 to 1000000"},
    {CONFIG_SECTION_FORWARD, "fdb-size", offsetof(struct config, fdb_size_source), set_fdb_size,
     "entries, 256 to 131072"},
    {CONFIG_SECTION_MANAGE, "port", offsetof(struct config, manage.port_source), config_manage_port,
     "the name of a port"},
    {CONFIG_SECTION_MANAGE, "address", offsetof(struct config, manage.address_source),
     config_manage_address, "A.B.C.D/N with N from 1 to 31, dhcp or none"},
    {CONFIG_SECTION_MANAGE, "gateway", offsetof(struct config, manage.gateway_source),
     config_manage_gateway, "A.B.C.D"},
    {CONFIG_SECTION_MANAGE, "ipv6", offsetof(struct config, manage.ipv6_source), config_manage_ipv6,
     "on or off"},
    {CONFIG_SECTION_MANAGE, "http", offsetof(struct config, manage.http_source), config_manage_http,
     "a TCP port from 1 to 65535, or off"},
    {CONFIG_SECTION_MANAGE, "hostname", offsetof(struct config, manage.hostname_source),
     config_manage_hostname, "letters, digits and -, at most 31"},
    {CONFIG_SECTION_MANAGE, "password", offsetof(struct config, manage.password_source),
     config_manage_password, "8 to 63 printable ASCII characters"},
    {CONFIG_SECTION_MANAGE, "console", offsetof(struct config, manage.console_source),
     config_manage_console, "a TCP port from 1 to 65535, or off"},
    {CONFIG_SECTION_SYSTEM, "on-error", offsetof(struct config, on_error_source), set_on_error,
     "halt or wire"},
    {CONFIG_SECTION_SYSTEM, "on-panic", offsetof(struct config, on_panic_source), set_on_panic,
     "reboot or halt"},
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

// --- sections ----------------------------------------------------------------------------------

static struct config_port *find_port(struct config *config, const char *name)
{
    for (unsigned i = 0; i < config->port_count; i++) {
        if (strcmp(config->ports[i].name, name) == 0)
            return &config->ports[i];
    }
    return NULL;
}

static void refuse_port(struct config_reader *reader)
{
    reader->section = CONFIG_SECTION_REFUSED;
    reader->ports_refused++;
}

static void open_port(struct config_reader *reader, const char *name)
{
    struct config *config = reader->config;
    char quoted[QUOTED_MAX];
    quote_word(quoted, name);
    if (!name_valid(name, CONFIG_NAME_MAX)) {
        config_error(config, reader->here,
                     "port name %s, expected a letter, then letters, digits, - or _, at most %d",
                     quoted, CONFIG_NAME_MAX - 1);
        refuse_port(reader);
        return;
    }
    reader->section = CONFIG_SECTION_PORT;
    reader->port = find_port(config, name);
    if (reader->port != NULL) {
        if (reader->here.origin == CONFIG_FILE) {
            config_error(config, reader->here, "port %s again, first at line %u", quoted,
                         reader->port->line);
            reader->section = CONFIG_SECTION_REFUSED;
        }
        return;
    }
    if (config->port_count == CONFIG_PORTS_MAX) {
        config_error(config, reader->here, "port %s is one too many, expected at most %d ports",
                     quoted, CONFIG_PORTS_MAX);
        refuse_port(reader);
        return;
    }
    reader->port = &config->ports[config->port_count++];
    strcpy(reader->port->name, name);
    reader->port->line = reader->here.line;
}

static void open_single(struct config_reader *reader, enum config_section section, const char *name,
                        const char *rest)
{
    char quoted[QUOTED_MAX];
    reader->section = CONFIG_SECTION_REFUSED;
    reader->manage_opened |= section == CONFIG_SECTION_MANAGE;
    if (*rest != '\0') {
        config_error(reader->config, reader->here, "%s after the section %s, expected [%s]",
                     quote_word(quoted, rest), name, name);
    } else if (reader->here.origin == CONFIG_FILE && reader->began[section] != 0) {
        config_error(reader->config, reader->here, "section [%s] again, first at line %u", name,
                     reader->began[section]);
    } else {
        reader->section = section;
        reader->began[section] = reader->here.line;
    }
}

static void unknown_section(struct config_reader *reader, const char *word)
{
    char quoted[QUOTED_MAX];
    const char *near =
        nearest_word(word, section_words, sizeof section_words / sizeof section_words[0]);
    reader->section = CONFIG_SECTION_REFUSED;
    quote_word(quoted, word);
    if (near != NULL)
        config_error(reader->config, reader->here, "unknown section %s, did you mean \"%s\"?",
                     quoted, near);
    else
        config_error(reader->config, reader->here,
                     "unknown section %s, expected port NAME, forward, manage or system", quoted);
    // It may have been meant for a port: what is said about their number would mislead.
    if (near == NULL || strcmp(near, "port") == 0)
        reader->ports_refused++;
}

void config_open_section(struct config_reader *reader, const char *text)
{
    static const char blanks[] = " \t";
    char word[CONFIG_LINE_MAX + 1], rest[CONFIG_LINE_MAX + 1];
    reader->anything = true;
    text += strspn(text, blanks);
    size_t length = strcspn(text, blanks);
    snprintf(word, sizeof word, "%.*s", (int)length, text);
    text += length;
    snprintf(rest, sizeof rest, "%s", text + strspn(text, blanks));
    length = strlen(rest);
    while (length > 0 && strchr(blanks, rest[length - 1]) != NULL)
        rest[--length] = '\0';

    if (strcmp(word, "port") == 0)
        open_port(reader, rest);
    else if (strcmp(word, "forward") == 0)
        open_single(reader, CONFIG_SECTION_FORWARD, word, rest);
    else if (strcmp(word, "manage") == 0)
        open_single(reader, CONFIG_SECTION_MANAGE, word, rest);
    else if (strcmp(word, "system") == 0)
        open_single(reader, CONFIG_SECTION_SYSTEM, word, rest);
    else
        unknown_section(reader, word);
}

// --- keys --------------------------------------------------------------------------------------

static void unknown_key(struct config_reader *reader, const char *name)
{
    const char *known[KEY_COUNT];
    size_t count = 0;
    char quoted[QUOTED_MAX], list[128] = "";
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (keys[i].section != reader->section)
            continue;
        if (count > 0)
            strncat(list, " or ", sizeof list - strlen(list) - 1);
        strncat(list, keys[i].name, sizeof list - strlen(list) - 1);
        known[count++] = keys[i].name;
    }
    const char *near = nearest_word(name, known, count);
    quote_word(quoted, name);
    if (near != NULL)
        config_error(reader->config, reader->here, "unknown key %s, did you mean \"%s\"?", quoted,
                     near);
    else
        config_error(reader->config, reader->here, "unknown key %s, expected %s", quoted, list);
}

static struct config_source *source_of(struct config_reader *reader, const struct key *key)
{
    char *base =
        key->section == CONFIG_SECTION_PORT ? (char *)reader->port : (char *)reader->config;
    return (struct config_source *)(base + key->source);
}

static void set(struct config_reader *reader, const struct key *key, const char *value)
{
    struct config *config = reader->config;
    struct config_source *source = source_of(reader, key);
    char port[CONFIG_NAME_MAX + 16] = "", quoted[QUOTED_MAX];
    if (key->section == CONFIG_SECTION_PORT)
        snprintf(port, sizeof port, "port \"%s\": ", reader->port->name);

    if (source->origin == reader->here.origin) {
        if (source->line != 0)
            config_error(config, reader->here, "%s%s again, first at line %u", port, key->name,
                         source->line);
        else
            config_error(config, reader->here, "%s%s again, expected it once", port, key->name);
        if (key->set == set_on_error)
            config->on_error = CONFIG_ON_ERROR_HALT; // which of the two was meant?
        return;
    }
    *source = reader->here;
    const bool good = key->set(reader, value);
    if (!good && key->set == config_manage_password) // the log is no place for it
        config_error(config, reader->here, "%s of %zu bytes, expected %s", key->name, strlen(value),
                     key->expected);
    else if (!good)
        config_error(config, reader->here, "%s%s %s, expected %s", port, key->name,
                     quote_word(quoted, value), key->expected);
}

void config_set_key(struct config_reader *reader, const char *name, const char *value)
{
    char quoted[QUOTED_MAX];
    reader->anything = true;
    if (value == NULL) {
        config_error(reader->config, reader->here, "%s has no \"=\", expected KEY = VALUE",
                     quote_key(quoted, name));
        return;
    }
    if (reader->section == CONFIG_SECTION_REFUSED)
        return;
    if (reader->section == CONFIG_SECTION_NONE) {
        config_error(
            reader->config, reader->here,
            "key %s before any section, expected [port NAME], [forward], [manage] or [system]",
            quote_word(quoted, name));
        return;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (keys[i].section == reader->section && strcmp(keys[i].name, name) == 0) {
            set(reader, &keys[i], value);
            return;
        }
    }
    unknown_key(reader, name);
}
