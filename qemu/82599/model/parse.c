// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a received frame is: the packet type and the checksum results of the write-back (82599
// datasheet 331520, sections 7.1.6.2 and 7.1.11). Every length comes from the wire and is checked
// against the frame before it is used.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/bswap.h"

enum { ETHERTYPE_VLAN = 0x8100, ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_SCTP = 132 };
enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_DESTINATION = 60 };

uint32_t ixgbe_sum(const uint8_t *data, uint32_t length, uint32_t seed)
{
    uint64_t sum = seed;
    uint32_t i;

    for (i = 0; i + 1 < length; i += 2) {
        sum += lduw_be_p(data + i);
    }
    if (length & 1) {
        sum += (uint32_t)data[length - 1] << 8;
    }
    while (sum >> 32) {
        sum = (sum & 0xffffffff) + (sum >> 32);
    }
    return sum;
}

uint16_t ixgbe_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void classify(FrameInfo *info, uint8_t protocol)
{
    info->tcp = protocol == PROTOCOL_TCP;
    info->udp = protocol == PROTOCOL_UDP;
    info->sctp = protocol == PROTOCOL_SCTP;
}

static bool parse_ipv4(const uint8_t *frame, uint32_t size, FrameInfo *info, uint32_t *pseudo)
{
    const uint8_t *ip = frame + info->l3;
    uint32_t room = size - info->l3, header, total;

    if (room < 20) {
        return false;
    }
    header = 4 * (ip[0] & 0xf);
    total = lduw_be_p(ip + 2);
    if (ip[0] >> 4 != 4 || header < 20 || header > room || total < header || total > room) {
        return false;
    }
    info->ipv4 = true;
    info->options = header > 20;
    info->ip_id = lduw_be_p(ip + 4);
    info->ip_ok = ixgbe_fold(ixgbe_sum(ip, header, 0)) == 0xffff;
    info->fragment = (lduw_be_p(ip + 6) & 0x3fff) != 0;
    info->l4 = info->l3 + header;
    info->l4_end = info->l3 + total;
    if (!info->fragment) {
        classify(info, ip[9]);
    }
    *pseudo = ixgbe_sum(ip + 12, 8, ip[9] + (total - header));
    return true;
}

static bool parse_ipv6(const uint8_t *frame, uint32_t size, FrameInfo *info, uint32_t *pseudo)
{
    const uint8_t *ip = frame + info->l3;
    uint32_t room = size - info->l3, at = 40, end;
    uint8_t next;

    if (room < 40 || ip[0] >> 4 != 6) {
        return false;
    }
    end = 40 + lduw_be_p(ip + 4);
    if (end > room) {
        return false;
    }
    next = ip[6];
    while (next == NEXT_HOP || next == NEXT_ROUTING || next == NEXT_DESTINATION ||
           next == NEXT_FRAGMENT) {
        bool fragment = next == NEXT_FRAGMENT;

        if (end - at < 8) {
            return false;
        }
        info->options = true;
        info->fragment |= fragment;
        next = ip[at];
        at += fragment ? 8 : 8 * (ip[at + 1] + 1u);
        if (at > end) {
            return false;
        }
    }
    info->ipv6 = true;
    info->ip_ok = true;
    info->l4 = info->l3 + at;
    info->l4_end = info->l3 + end;
    if (!info->fragment) {
        classify(info, next);
    }
    *pseudo = ixgbe_sum(ip + 8, 32, next + (end - at));
    return true;
}

static void check_l4(const uint8_t *frame, FrameInfo *info, uint32_t pseudo)
{
    uint32_t length = info->l4_end - info->l4;

    if ((info->tcp && length < 20) || (info->udp && length < 8) || (info->sctp && length < 12)) {
        info->tcp = info->udp = info->sctp = false;
        return;
    }
    if (info->udp && lduw_be_p(frame + info->l4 + 6) == 0) {
        return; // no checksum was sent
    }
    if (info->tcp || info->udp) {
        info->l4_checked = true;
        info->l4_ok = ixgbe_fold(ixgbe_sum(frame + info->l4, length, pseudo)) == 0xffff;
    }
}

void ixgbe_parse(const uint8_t *frame, uint32_t size, FrameInfo *info)
{
    uint32_t pseudo = 0;
    uint16_t type;
    bool known;

    memset(info, 0, sizeof(*info));
    if (size < 14) {
        return;
    }
    type = lduw_be_p(frame + 12);
    info->l3 = 14;
    if (type == ETHERTYPE_VLAN && size >= 18) {
        info->vlan = true;
        info->vlan_tag = lduw_be_p(frame + 14);
        type = lduw_be_p(frame + 16);
        info->l3 = 18;
    }
    if (type == ETHERTYPE_IPV4) {
        known = parse_ipv4(frame, size, info, &pseudo);
    } else if (type == ETHERTYPE_IPV6) {
        known = parse_ipv6(frame, size, info, &pseudo);
    } else {
        return;
    }
    if (known) {
        check_l4(frame, info, pseudo);
    } else {
        info->ipv4 = info->ipv6 = info->tcp = info->udp = info->sctp = false;
    }
}
