// SPDX-License-Identifier: BSD-2-Clause
// What a frame is, layer by layer. IEEE 802.3 and 802.1Q; RFC 826 (ARP), 791 (IPv4), 8200 (IPv6),
// 5952 (how an IPv6 address is written), 9293 (TCP), 768 (UDP), 792 (ICMP), 4443 and 4861 (ICMPv6).
#include "net/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum {
    TAGS_MAX = 2,       // VLAN tags that are looked behind
    EXTENSIONS_MAX = 8, // IPv6 extension headers likewise

    TYPE_MIN = 0x600, // below: a length (802.3, 3.2.6)
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_SERVICE_VLAN = 0x88a8,

    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_NONE = 59,
    PROTOCOL_DESTINATION = 60,
};

// The bytes that are left, and the text so far.
struct decoder {
    const uint8_t *at;
    size_t left;
    char *text;
    size_t used;
};

static void say(struct decoder *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct decoder *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(d->text + d->used, DECODE_TEXT - d->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        d->used += (size_t)length;
    if (d->used >= DECODE_TEXT)
        d->used = DECODE_TEXT - 1;
}

// The next `bytes` bytes, or NULL, after saying that they are not there.
static const uint8_t *take(struct decoder *d, size_t bytes)
{
    if (d->left < bytes) {
        say(d, " ...");
        return NULL;
    }
    const uint8_t *taken = d->at;
    d->at += bytes;
    d->left -= bytes;
    return taken;
}

static unsigned get16(const uint8_t *bytes)
{
    return (unsigned)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void say_mac(struct decoder *d, const uint8_t *mac)
{
    say(d, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void say_ipv4(struct decoder *d, const uint8_t *address)
{
    say(d, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
}

// RFC 5952, 4: lower case, no leading zeros, "::" for the first of the longest runs of two or more
// zero groups.
static void say_ipv6(struct decoder *d, const uint8_t *address)
{
    unsigned run_at = 8, run = 1; // only a longer one counts
    for (unsigned i = 0; i < 8; i++) {
        unsigned length = 0;
        while (i + length < 8 && get16(address + 2 * (i + length)) == 0)
            length++;
        if (length > run) {
            run = length;
            run_at = i;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == run_at) {
            say(d, "::");
            i += run - 1;
            continue;
        }
        const bool after_run = run_at < 8 && i == run_at + run;
        say(d, "%s%x", i == 0 || after_run ? "" : ":", get16(address + 2 * i));
    }
}

// --- inside IP ---------------------------------------------------------------------------------

static void tcp(struct decoder *d)
{
    static const char names[] = "FSRPAUEC"; // 9293, 3.1: FIN SYN RST PSH ACK URG ECE CWR
    say(d, " TCP");
    const uint8_t *header = take(d, 20);
    if (header == NULL)
        return;
    char flags[9];
    unsigned count = 0;
    for (unsigned bit = 0; bit < 8; bit++)
        if (header[13] & 1u << bit)
            flags[count++] = names[bit];
    flags[count] = '\0';
    say(d, " %u > %u [%s] seq %" PRIu32 " ack %" PRIu32 " win %u", get16(header), get16(header + 2),
        flags, get32(header + 4), get32(header + 8), get16(header + 14));
}

static void udp(struct decoder *d)
{
    say(d, " UDP");
    const uint8_t *header = take(d, 8);
    if (header != NULL)
        say(d, " %u > %u length %u", get16(header), get16(header + 2), get16(header + 4));
}

struct icmp_name {
    uint8_t type;
    bool echo; // an identifier and a number follow
    const char *name;
};

static void icmp(struct decoder *d, const char *protocol, const struct icmp_name *names)
{
    say(d, " %s", protocol);
    const uint8_t *header = take(d, 8);
    if (header == NULL)
        return;
    while (names->name != NULL && names->type != header[0])
        names++;
    if (names->name == NULL)
        say(d, " type %u code %u", header[0], header[1]);
    else if (names->echo)
        say(d, " %s id %u seq %u", names->name, get16(header + 4), get16(header + 6));
    else
        say(d, " %s code %u", names->name, header[1]);
}

static void icmpv4(struct decoder *d)
{
    static const struct icmp_name names[] = {
        {0, true, "echo reply"}, {3, false, "unreachable"},    {5, false, "redirect"},
        {8, true, "echo"},       {11, false, "time exceeded"}, {0, false, NULL},
    };
    icmp(d, "ICMP", names);
}

static void icmpv6(struct decoder *d)
{
    static const struct icmp_name names[] = {
        {1, false, "unreachable"},
        {2, false, "packet too big"},
        {3, false, "time exceeded"},
        {128, true, "echo"},
        {129, true, "echo reply"},
        {133, false, "router solicitation"},
        {134, false, "router advertisement"},
        {135, false, "neighbor solicitation"},
        {136, false, "neighbor advertisement"},
        {0, false, NULL},
    };
    icmp(d, "ICMPv6", names);
}

static void transport(struct decoder *d, unsigned protocol)
{
    switch (protocol) {
    case PROTOCOL_ICMP:
        icmpv4(d);
        break;
    case PROTOCOL_TCP:
        tcp(d);
        break;
    case PROTOCOL_UDP:
        udp(d);
        break;
    case PROTOCOL_ICMPV6:
        icmpv6(d);
        break;
    case PROTOCOL_NONE:
        break;
    default:
        say(d, " protocol %u", protocol);
    }
}

static void ipv4(struct decoder *d)
{
    enum { HEADER = 20, OFFSET = 0x1fff };
    say(d, "IPv4");
    const uint8_t *header = take(d, HEADER);
    if (header == NULL)
        return;
    const unsigned version = header[0] >> 4, bytes = (header[0] & 15u) * 4;
    if (version != 4 || bytes < HEADER) {
        say(d, " with version %u and %u bytes of header", version, bytes);
        return;
    }
    say(d, " ");
    say_ipv4(d, header + 12);
    say(d, " > ");
    say_ipv4(d, header + 16);
    say(d, " ttl %u", header[8]);
    const unsigned offset = (get16(header + 6) & OFFSET) * 8;
    if (take(d, bytes - HEADER) == NULL)
        return;
    if (offset != 0)
        say(d, " protocol %u fragment at %u", header[9], offset);
    else
        transport(d, header[9]);
}

// Steps over what stands between an IPv6 header and what it carries. False when the text is done.
static bool extensions(struct decoder *d, unsigned *protocol)
{
    for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
        const bool fragment = *protocol == PROTOCOL_FRAGMENT;
        if (!fragment && *protocol != PROTOCOL_HOP_BY_HOP && *protocol != PROTOCOL_ROUTING &&
            *protocol != PROTOCOL_DESTINATION)
            return true;
        const uint8_t *header = take(d, 8);
        if (header == NULL)
            return false;
        *protocol = header[0];
        if (fragment && get16(header + 2) >> 3 != 0) {
            say(d, " protocol %u fragment at %u", *protocol, get16(header + 2) & ~7u);
            return false;
        }
        if (!fragment && take(d, header[1] * (size_t)8) == NULL)
            return false;
    }
    say(d, " and more than %d extension headers", EXTENSIONS_MAX);
    return false;
}

static void ipv6(struct decoder *d)
{
    say(d, "IPv6");
    const uint8_t *header = take(d, 40);
    if (header == NULL)
        return;
    if (header[0] >> 4 != 6) {
        say(d, " with version %u", header[0] >> 4);
        return;
    }
    say(d, " ");
    say_ipv6(d, header + 8);
    say(d, " > ");
    say_ipv6(d, header + 24);
    say(d, " hops %u", header[7]);
    unsigned protocol = header[6];
    if (extensions(d, &protocol))
        transport(d, protocol);
}

// --- inside Ethernet ---------------------------------------------------------------------------

static void arp(struct decoder *d)
{
    enum { REQUEST = 1, REPLY = 2 };
    say(d, "ARP");
    const uint8_t *header = take(d, 8);
    if (header == NULL)
        return;
    const unsigned operation = get16(header + 6);
    if (get16(header) != 1 || get16(header + 2) != TYPE_IPV4 || header[4] != 6 || header[5] != 4) {
        say(d, " of other networks, operation %u", operation);
        return;
    }
    const uint8_t *body = take(d, 20);
    if (body == NULL)
        return;
    if (operation == REQUEST) {
        say(d, " who has ");
        say_ipv4(d, body + 16);
        say(d, "? tell ");
        say_ipv4(d, body + 6);
    } else if (operation == REPLY) {
        say(d, " ");
        say_ipv4(d, body + 6);
        say(d, " is at ");
        say_mac(d, body);
    } else {
        say(d, " operation %u", operation);
    }
}

const char *decode_frame(const uint8_t *bytes, size_t there, char text[DECODE_TEXT])
{
    struct decoder decoder = {.at = bytes, .left = there, .text = text}, *d = &decoder;
    text[0] = '\0';
    const uint8_t *header = take(d, 14);
    if (header == NULL)
        return text;
    say_mac(d, header + 6);
    say(d, " > ");
    say_mac(d, header);
    say(d, ", ");
    unsigned type = get16(header + 12);
    for (unsigned i = 0; i < TAGS_MAX && (type == TYPE_VLAN || type == TYPE_SERVICE_VLAN); i++) {
        say(d, "VLAN");
        const uint8_t *tag = take(d, 4);
        if (tag == NULL)
            return text;
        say(d, " %u, ", get16(tag) & 0xfff);
        type = get16(tag + 2);
    }
    if (type == TYPE_IPV4)
        ipv4(d);
    else if (type == TYPE_IPV6)
        ipv6(d);
    else if (type == TYPE_ARP)
        arp(d);
    else if (type < TYPE_MIN)
        say(d, "802.3, %u bytes", type);
    else
        say(d, "type %04x", type);
    return text;
}
