// SPDX-License-Identifier: BSD-2-Clause
// The section [manage]: its values, its defaults, and what must hold between them.
// docs/configuration.md says what they mean.
#include "kernel/config_manage.h"

#include <stdio.h>
#include <string.h>

#include "kernel/config_reader.h"
#include "kernel/config_words.h"

static struct config_manage *manage_of(struct config_reader *reader)
{
    return &reader->config->manage;
}

// --- values ------------------------------------------------------------------------------------

// A decimal number from 0 to max without leading zeros, up to the character `end`. Returns what
// follows that, or NULL.
static const char *decimal(const char *text, char end, unsigned max, unsigned *number)
{
    const char *first = text;
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        *number = 10 * *number + (unsigned)(*text - '0');
        if (*number > max || (*first == '0' && text > first))
            return NULL;
    }
    return text > first && *text == end ? text + 1 : NULL;
}

// A.B.C.D up to the character `end`. Returns what follows that, or NULL.
static const char *dotted(const char *text, char end, uint8_t address[4])
{
    for (unsigned i = 0; i < 4 && text != NULL; i++) {
        unsigned byte;
        text = decimal(text, i < 3 ? '.' : end, 255, &byte);
        address[i] = (uint8_t)byte;
    }
    return text;
}

// The names of ports may come further down: looked up at the end.
bool config_manage_port(struct config_reader *reader, const char *value)
{
    snprintf(reader->manage_port, sizeof reader->manage_port, "%s", value);
    return true;
}

bool config_manage_address(struct config_reader *reader, const char *value)
{
    struct config_manage *manage = manage_of(reader);
    unsigned prefix = 0;
    manage->how = CONFIG_ADDRESS_NONE;
    if (strcmp(value, "none") == 0)
        return true;
    if (strcmp(value, "dhcp") == 0) {
        manage->how = CONFIG_ADDRESS_DHCP;
        return true;
    }
    const char *rest = dotted(value, '/', manage->address);
    if (rest == NULL || decimal(rest, '\0', 31, &prefix) == NULL || prefix == 0)
        return false;
    manage->how = CONFIG_ADDRESS_STATIC;
    manage->prefix = (uint8_t)prefix;
    return true;
}

bool config_manage_gateway(struct config_reader *reader, const char *value)
{
    return dotted(value, '\0', manage_of(reader)->gateway) != NULL;
}

bool config_manage_ipv6(struct config_reader *reader, const char *value)
{
    manage_of(reader)->ipv6 = strcmp(value, "on") == 0;
    return manage_of(reader)->ipv6 || strcmp(value, "off") == 0;
}

static bool tcp_port_or_off(const char *value, uint16_t *port)
{
    unsigned number = 0;
    *port = 0;
    if (strcmp(value, "off") == 0)
        return true;
    const bool good = decimal(value, '\0', UINT16_MAX, &number) != NULL && number > 0;
    *port = good ? (uint16_t)number : 0;
    return good;
}

bool config_manage_http(struct config_reader *reader, const char *value)
{
    return tcp_port_or_off(value, &manage_of(reader)->http);
}

bool config_manage_console(struct config_reader *reader, const char *value)
{
    return tcp_port_or_off(value, &manage_of(reader)->console);
}

// One label of a host name: RFC 1123, section 2.1.
bool config_manage_hostname(struct config_reader *reader, const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const size_t length = strlen(value);
    if (length == 0 || length >= CONFIG_HOSTNAME_MAX || strspn(value, allowed) != length ||
        value[0] == '-' || value[length - 1] == '-')
        return false;
    strcpy(manage_of(reader)->hostname, value);
    return true;
}

// What a terminal can send: printable ASCII.
bool config_manage_password(struct config_reader *reader, const char *value)
{
    const size_t length = strlen(value);
    if (length < CONFIG_PASSWORD_MIN || length >= CONFIG_PASSWORD_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    strcpy(manage_of(reader)->password, value);
    return true;
}

// --- the whole ---------------------------------------------------------------------------------

static bool set(struct config_source source)
{
    return source.origin != CONFIG_UNSET;
}

// Where to say that a key is missing.
static struct config_source section_source(const struct config_reader *reader)
{
    const unsigned line = reader->began[CONFIG_SECTION_MANAGE];
    return (struct config_source){line != 0 ? CONFIG_FILE : CONFIG_COMMAND_LINE, line};
}

static void find_port(struct config_reader *reader)
{
    struct config *config = reader->config;
    struct config_manage *manage = &config->manage;
    if (!set(manage->port_source)) {
        config_error(config, section_source(reader),
                     "no port in section [manage], expected port = NAME");
        return;
    }
    const char *known[CONFIG_PORTS_MAX];
    for (unsigned i = 0; i < config->port_count; i++) {
        known[i] = config->ports[i].name;
        if (strcmp(known[i], reader->manage_port) == 0) {
            manage->port = (uint8_t)i;
            return;
        }
    }
    if (reader->ports_refused > 0)
        return;
    char quoted[QUOTED_MAX];
    quote_word(quoted, reader->manage_port);
    const char *near = nearest_word(reader->manage_port, known, config->port_count);
    if (near != NULL)
        config_error(config, manage->port_source,
                     "manage: port %s is not configured, did you mean \"%s\"?", quoted, near);
    else
        config_error(config, manage->port_source,
                     "manage: port %s is not configured, expected the name of a port", quoted);
}

static uint32_t number_of(const uint8_t address[4])
{
    return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 |
           address[3];
}

// Whether a host may have the address: not in 0/8, 127/8 or from 224 on (RFC 1122, 3.2.1.3; RFC
// 5735), nor, with more than two addresses in its network, the first or last of them.
static bool host_address(uint32_t address, unsigned prefix)
{
    const uint32_t first = address >> 24, hosts = UINT32_MAX >> prefix;
    if (first == 0 || first == 127 || first >= 224)
        return false;
    return prefix == 31 || ((address & hosts) != 0 && (address & hosts) != hosts);
}

static void check_ipv4(struct config_reader *reader)
{
    struct config *config = reader->config;
    const struct config_manage *manage = &config->manage;
    if (!set(manage->address_source)) {
        config_error(config, section_source(reader),
                     "no address in section [manage], expected address = A.B.C.D/N, dhcp or none");
        return;
    }
    if (manage->how != CONFIG_ADDRESS_STATIC) {
        if (set(manage->gateway_source))
            config_error(config, manage->gateway_source,
                         "manage: a gateway without an address of its network, expected address = "
                         "A.B.C.D/N");
        return;
    }
    const uint8_t *a = manage->address, *g = manage->gateway;
    const uint32_t address = number_of(a), gateway = number_of(g);
    const uint32_t mask = ~(UINT32_MAX >> manage->prefix);
    if (!host_address(address, manage->prefix))
        config_error(
            config, manage->address_source,
            "manage: address %u.%u.%u.%u/%u is no host's, expected one that a host can have", a[0],
            a[1], a[2], a[3], manage->prefix);
    else if (set(manage->gateway_source) &&
             (((address ^ gateway) & mask) != 0 || address == gateway ||
              !host_address(gateway, manage->prefix)))
        config_error(config, manage->gateway_source,
                     "manage: gateway %u.%u.%u.%u, expected another host in %u.%u.%u.%u/%u", g[0],
                     g[1], g[2], g[3], a[0], a[1], a[2], a[3], manage->prefix);
}

static void check_services(struct config *config)
{
    struct config_manage *manage = &config->manage;
    const bool password = set(manage->password_source);
    if (!set(manage->http_source))
        manage->http = CONFIG_HTTP_PORT;
    if (!set(manage->console_source))
        manage->console = password ? CONFIG_CONSOLE_PORT : 0;
    else if (manage->console != 0 && !password)
        config_error(config, manage->console_source,
                     "manage: console = %u without a password, expected password = ...",
                     manage->console);
    if (manage->http != 0 && manage->http == manage->console)
        config_error(
            config, set(manage->console_source) ? manage->console_source : manage->http_source,
            "manage: http and console both have port %u, expected different ports", manage->http);
}

void config_manage_check(struct config_reader *reader)
{
    struct config *config = reader->config;
    struct config_manage *manage = &config->manage;
    if (!reader->manage_opened)
        return;
    manage->on = true;
    if (!set(manage->ipv6_source))
        manage->ipv6 = true;
    if (!set(manage->hostname_source))
        strcpy(manage->hostname, "barewire");
    find_port(reader);
    check_ipv4(reader);
    if (set(manage->address_source) && manage->how == CONFIG_ADDRESS_NONE && !manage->ipv6)
        config_error(config, manage->address_source,
                     "manage: address = none and ipv6 = off, expected at least one of the two");
    check_services(config);
}
