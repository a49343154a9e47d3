// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the card does to a frame on its way out: checksums, TCP segmentation, VLAN tag, padding.
// 82599 datasheet 331520, sections 7.2.4 (segmentation), 7.2.5 (checksums), 7.4.2 (VLAN).
//
// The driver loads the pseudo-header's sum into the checksum field; here only the sum over the L4
// part is added, as the card does, so that a wrong seed leaves the frame wrong.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "tx_desc.h"

enum { TCP_CHECKSUM = 16, UDP_CHECKSUM = 6, SCTP_CHECKSUM = 8 };

static bool complain(Ixgbe *s, const char *section, unsigned int q, const char *what)
{
    ixgbe_violation(s, section, "%s on queue %u", what, q);
    return false;
}

// The context that a frame's first data descriptor names. NULL: it was never written.
static const uint32_t *context_of(Ixgbe *s, unsigned int q)
{
    TxContext *context = &s->tx[q].context[TX_IDX(s->tx[q].first)];

    return context->valid ? context->word : NULL;
}

static void ipv4_checksum(uint8_t *ip, uint32_t length)
{
    stw_be_p(ip + 10, 0);
    stw_be_p(ip + 10, ~ixgbe_fold(ixgbe_sum(ip, length, 0)));
}

static void l4_checksum(uint8_t *l4, uint32_t length, uint32_t type)
{
    uint32_t at = type == L4T_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
    uint16_t sum;

    if (type == L4T_SCTP) {
        stl_le_p(l4 + SCTP_CHECKSUM, 0);
        stl_le_p(l4 + SCTP_CHECKSUM, crc32c(0xffffffff, l4, length));
        return;
    }
    sum = ~ixgbe_fold(ixgbe_sum(l4, length, 0)); // the seed lies in the field itself
    stw_be_p(l4 + at, type == L4T_UDP && sum == 0 ? 0xffff : sum);
}

static uint32_t l4_minimum(uint32_t type)
{
    return type == L4T_TCP ? 20 : type == L4T_SCTP ? 12 : 8;
}

// Puts one frame on the wire, with its tag and padding. data has FRAME_MAX + 64 bytes.
static void finish(Ixgbe *s, unsigned int q, uint8_t *data, uint32_t size, bool tag, uint16_t vlan)
{
    if (tag && size >= 12) {
        memmove(data + 16, data + 12, size - 12);
        stw_be_p(data + 12, 0x8100);
        stw_be_p(data + 14, vlan);
        size += 4;
    }
    if (size < 60 && (*reg_at(s, HLREG0) & HLREG0_TXPADEN)) {
        memset(data + size, 0, 60 - size);
        size = 60;
    }
    ixgbe_wire_send(s, q, data, size);
}

static bool check_single(Ixgbe *s, unsigned int q)
{
    const TxQueue *queue = &s->tx[q];

    if (queue->length > FRAME_MAX) {
        return complain(s, "7.2.1", q, "frame of more than 15.5 KB");
    }
    if (queue->length < 14) {
        return complain(s, "7.2.1", q, "frame shorter than an Ethernet header");
    }
    if (!queue->legacy && TX_PAYLEN(queue->first) != queue->length) {
        complain(s, "7.2.3.2.4", q, "PAYLEN is not the sum of the buffers' lengths");
    }
    return true;
}

static void send_legacy(Ixgbe *s, unsigned int q)
{
    TxQueue *queue = &s->tx[q];
    const uint32_t *d = queue->first;
    uint32_t start = TX_CSS(d), at = TX_CSO(d);

    memcpy(s->segment, queue->data, queue->length);
    if (d[2] & TX_IC) {
        if (start >= queue->length || at + 2 > queue->length) {
            complain(s, "7.2.3.2.2", q, "CSS or CSO outside the frame");
        } else {
            uint32_t sum = ixgbe_sum(s->segment + start, queue->length - start, 0);
            stw_be_p(s->segment + at, ~ixgbe_fold(sum));
        }
    }
    finish(s, q, s->segment, queue->length, (d[2] & TX_VLE) != 0, TX_VLAN(d));
}

static void checksums(Ixgbe *s, unsigned int q, uint8_t *data, uint32_t size, const uint32_t *c)
{
    const uint32_t *d = s->tx[q].first;
    uint32_t l3 = CONTEXT_MACLEN(c), l4 = l3 + CONTEXT_IPLEN(c);

    if (d[3] & TX_IXSM) {
        if (CONTEXT_IPLEN(c) < 20 || l4 > size || (c[2] & CONTEXT_IPV4) == 0) {
            complain(s, "7.2.5.1", q, "IXSM, but the context has no IPv4 header in the frame");
        } else {
            ipv4_checksum(data + l3, CONTEXT_IPLEN(c));
        }
    }
    if (d[3] & TX_TXSM) {
        if (l4 > size || size - l4 < l4_minimum(CONTEXT_L4T(c))) {
            complain(s, "7.2.5.2", q, "TXSM, but the L4 header is not in the frame");
        } else {
            l4_checksum(data + l4, size - l4, CONTEXT_L4T(c));
        }
    }
}

static void send_advanced(Ixgbe *s, unsigned int q)
{
    TxQueue *queue = &s->tx[q];
    const uint32_t *d = queue->first, *c = context_of(s, q);
    bool tag = (d[2] & TX_VLE) != 0;

    memcpy(s->segment, queue->data, queue->length);
    if ((d[3] & (TX_IXSM | TX_TXSM)) || tag) {
        if (c == NULL) {
            complain(s, "7.2.3.2.3", q, "offload without a context descriptor");
            tag = false;
        } else {
            checksums(s, q, s->segment, queue->length, c);
        }
    }
    finish(s, q, s->segment, queue->length, tag, tag ? CONTEXT_VLAN(c) : 0);
}

// Headers of segment number n: lengths, identification, sequence number, flags (7.2.4.7).
static void patch_headers(Ixgbe *s, uint8_t *data, const uint32_t *c, uint32_t n, uint32_t offset,
                          uint32_t part, bool last)
{
    uint8_t *ip = data + CONTEXT_MACLEN(c), *tcp = ip + CONTEXT_IPLEN(c);
    uint32_t l4 = CONTEXT_L4LEN(c) + part, low = *reg_at(s, DTXTCPFLGL);
    uint32_t flags = n == 0 ? low & 0xfff : (low >> 16) & 0xfff;

    if (last) { // a message of one segment keeps all its flags
        flags = n == 0 ? 0xfff : *reg_at(s, DTXTCPFLGH) & 0xfff;
    }
    if (c[2] & CONTEXT_IPV4) {
        stw_be_p(ip + 2, CONTEXT_IPLEN(c) + l4);
        stw_be_p(ip + 4, lduw_be_p(ip + 4) + n);
        ipv4_checksum(ip, CONTEXT_IPLEN(c));
    } else {
        stw_be_p(ip + 4, CONTEXT_IPLEN(c) - 40 + l4);
    }
    stl_be_p(tcp + 4, ldl_be_p(tcp + 4) + offset);
    stw_be_p(tcp + 12, lduw_be_p(tcp + 12) & (0xf000 | flags));
    // The seed lacks the length (7.2.5.2.2).
    stw_be_p(tcp + TCP_CHECKSUM, ixgbe_fold(lduw_be_p(tcp + TCP_CHECKSUM) + l4));
    l4_checksum(tcp, l4, L4T_TCP);
}

static bool check_message(Ixgbe *s, unsigned int q, const uint32_t *c)
{
    uint32_t headers;

    if (c == NULL) {
        return complain(s, "7.2.3.2.3", q, "TSE without a context descriptor");
    }
    headers = CONTEXT_MACLEN(c) + CONTEXT_IPLEN(c) + CONTEXT_L4LEN(c);
    if (CONTEXT_L4T(c) != L4T_TCP || CONTEXT_MSS(c) == 0 || CONTEXT_L4LEN(c) < 20 ||
        CONTEXT_IPLEN(c) < ((c[2] & CONTEXT_IPV4) ? 20 : 40) || CONTEXT_MACLEN(c) < 14) {
        return complain(s, "7.2.4", q, "context descriptor does not describe TCP segmentation");
    }
    if (s->tx[q].length < headers || headers + CONTEXT_MSS(c) > FRAME_MAX) {
        return complain(s, "7.2.4", q, "segment does not fit a frame, or the message its headers");
    }
    if (TX_PAYLEN(s->tx[q].first) != s->tx[q].length - headers) {
        complain(s, "7.2.3.2.4", q, "PAYLEN is not the TCP payload's length");
    }
    return true;
}

static void send_segments(Ixgbe *s, unsigned int q)
{
    TxQueue *queue = &s->tx[q];
    const uint32_t *c = context_of(s, q);
    uint32_t headers, payload, offset = 0, n = 0;

    if (!check_message(s, q, c)) {
        return;
    }
    headers = CONTEXT_MACLEN(c) + CONTEXT_IPLEN(c) + CONTEXT_L4LEN(c);
    payload = queue->length - headers;
    do {
        uint32_t part = MIN(payload - offset, CONTEXT_MSS(c));

        memcpy(s->segment, queue->data, headers);
        memcpy(s->segment + headers, queue->data + headers + offset, part);
        patch_headers(s, s->segment, c, n, offset, part, offset + part == payload);
        finish(s, q, s->segment, headers + part, (queue->first[2] & TX_VLE) != 0, CONTEXT_VLAN(c));
        offset += part;
        n++;
    } while (offset < payload);
}

bool ixgbe_offload_send(Ixgbe *s, unsigned int q)
{
    TxQueue *queue = &s->tx[q];

    if (!ixgbe_wire_ready(s)) {
        return false;
    }
    if (!queue->legacy && (queue->first[2] & TX_TSE)) {
        send_segments(s, q);
    } else if (check_single(s, q)) {
        if (queue->legacy) {
            send_legacy(s, q);
        } else {
            send_advanced(s, q);
        }
    }
    return true;
}
