// SPDX-License-Identifier: GPL-2.0-or-later
//
// Receive-side scaling: the Toeplitz hash over addresses and ports with the key of RSSRK. 82599
// datasheet 331520, section 7.1.2.8.

#include "qemu/osdep.h"

#include "ixgbe.h"

enum { RSS_NONE, RSS_TCPIPV4, RSS_IPV4, RSS_TCPIPV6, RSS_IPV6 = 5, RSS_UDPIPV4 = 7, RSS_UDPIPV6 };

static uint32_t toeplitz(Ixgbe *s, const uint8_t *input, unsigned int length)
{
    uint8_t key[40];
    uint32_t hash = 0, window;

    for (unsigned int i = 0; i < 10; i++) {
        stl_le_p(key + 4 * i, *reg_at(s, RSSRK + 4 * i));
    }
    window = ldl_be_p(key);
    for (unsigned int i = 0; i < length; i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            if (input[i] & (0x80 >> bit)) {
                hash ^= window;
            }
            window = (window << 1) | ((key[i + 4] >> (7 - bit)) & 1);
        }
    }
    return hash;
}

// Returns the hash and its RSS type for the write-back; type 0 and hash 0 where no enabled field
// fits the frame.
uint32_t ixgbe_rss(Ixgbe *s, const uint8_t *frame, const FrameInfo *info, unsigned int *type)
{
    uint32_t mrqc = *reg_at(s, MRQC);
    unsigned int addresses = info->ipv4 ? 8 : 32;
    uint8_t input[36];
    bool ports;

    *type = RSS_NONE;
    if (info->ipv4) {
        *type = info->tcp && (mrqc & MRQC_TCPIPV4)   ? RSS_TCPIPV4
                : info->udp && (mrqc & MRQC_UDPIPV4) ? RSS_UDPIPV4
                : (mrqc & MRQC_IPV4)                 ? RSS_IPV4
                                                     : RSS_NONE;
    } else if (info->ipv6) {
        *type = info->tcp && (mrqc & MRQC_TCPIPV6)   ? RSS_TCPIPV6
                : info->udp && (mrqc & MRQC_UDPIPV6) ? RSS_UDPIPV6
                : (mrqc & MRQC_IPV6)                 ? RSS_IPV6
                                                     : RSS_NONE;
    }
    if (*type == RSS_NONE) {
        return 0;
    }
    memcpy(input, frame + info->l3 + (info->ipv4 ? 12 : 8), addresses);
    ports = *type != RSS_IPV4 && *type != RSS_IPV6;
    if (ports) {
        memcpy(input + addresses, frame + info->l4, 4);
    }
    return toeplitz(s, input, addresses + (ports ? 4 : 0));
}
