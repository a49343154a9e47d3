// SPDX-License-Identifier: GPL-2.0-or-later
//
// Receive: from the wire through filter, queue choice and packet buffer into descriptors.
// 82599 datasheet 331520, sections 7.1 (7.1.5 legacy, 7.1.6 advanced descriptors, 7.1.9 ring)
// and 8.2.3.8.

#include "qemu/osdep.h"

#include <zlib.h>

#include "ixgbe.h"
#include "net/eth.h"

// Write-back, second quadword: status, error, length, VLAN tag (7.1.6.2); legacy has the same bits
// in eight-bit fields (7.1.5).
#define RX_DD       (1u << 0)
#define RX_EOP      (1u << 1)
#define RX_VP       (1u << 3)
#define RX_UDPCS    (1u << 4)
#define RX_L4CS     (1u << 5)
#define RX_IPCS     (1u << 6)
#define RX_LB       (1u << 18)
#define RX_TCPE     (1u << 30)
#define RX_IPE      (1u << 31)
#define LEGACY_TCPE 0x40u
#define LEGACY_IPE  0x80u

typedef struct Frame {
    uint8_t *data;
    uint32_t size; // without FCS
    bool loopback;
} Frame;

// What a frame looks like to its queue, once known.
typedef struct Delivery {
    unsigned int queue;
    uint32_t rss, rss_type;
    bool strip;
    FrameInfo info;
} Delivery;

static bool receiving(Ixgbe *s)
{
    return (*reg_at(s, RXCTRL) & RXCTRL_RXEN) && (*reg_at(s, SECRXCTRL) & SECRXCTRL_RX_DIS) == 0 &&
           s->fault != FAULT_ALL_ONES;
}

static uint32_t slots(Ixgbe *s, unsigned int q)
{
    return rx_reg(s, q, RDLEN) / 16;
}

static uint32_t free_descriptors(Ixgbe *s, unsigned int q)
{
    uint32_t n = slots(s, q), head = rx_reg(s, q, RDH), tail = rx_reg(s, q, RDT);

    return n == 0 || head >= n || tail >= n ? 0 : (tail - head + n) % n;
}

static uint32_t buffer_size(Ixgbe *s, unsigned int q)
{
    uint32_t kilobytes = BITS(rx_reg(s, q, SRRCTL), SRRCTL_BSIZE, 5);

    return 1024 * (kilobytes == 0 ? 2 : kilobytes);
}

static bool legacy(Ixgbe *s, unsigned int q)
{
    return BITS(rx_reg(s, q, SRRCTL), SRRCTL_TYPE, 3) == 0;
}

static void choose_queue(Ixgbe *s, const Frame *frame, Delivery *d)
{
    uint32_t mode = BITS(*reg_at(s, MRQC), MRQC_MRQE, 4);

    d->queue = 0;
    d->rss = d->rss_type = 0;
    if (mode == 1) {
        d->rss = ixgbe_rss(s, frame->data, &d->info, &d->rss_type);
        d->queue = (*reg_at(s, RETA + 4 * ((d->rss & 0x7f) / 4)) >> (8 * (d->rss & 3))) & 0xf;
    } else if (mode != 0) {
        ixgbe_violation(s, "8.2.3.7.12", "MRQC.MRQE = %u is not modelled", mode);
    }
    d->strip = d->info.vlan && (rx_reg(s, d->queue, RXDCTL) & RXDCTL_VME);
}

static uint32_t packet_type(const FrameInfo *i)
{
    return (i->ipv4 ? 1u << 4 : 0) | (i->ipv4 && i->options ? 1u << 5 : 0) |
           (i->ipv6 ? 1u << 6 : 0) | (i->ipv6 && i->options ? 1u << 7 : 0) |
           (i->tcp ? 1u << 8 : 0) | (i->udp ? 1u << 9 : 0) | (i->sctp ? 1u << 10 : 0);
}

static uint32_t status_of(const Frame *frame, const Delivery *d)
{
    const FrameInfo *i = &d->info;
    uint32_t status = RX_DD | RX_EOP;

    if (d->strip) {
        status |= RX_VP;
    }
    if (i->ipv4) {
        status |= RX_IPCS | (i->ip_ok ? 0 : RX_IPE);
    }
    if (i->l4_checked) {
        status |= RX_L4CS | (i->udp ? RX_UDPCS : 0) | (i->l4_ok ? 0 : RX_TCPE);
    }
    if (frame->loopback) {
        status |= RX_LB;
    }
    return status;
}

static void write_back(Ixgbe *s, const Delivery *d, uint64_t at, uint32_t status, uint32_t length)
{
    uint64_t vlan = d->strip ? d->info.vlan_tag : 0;
    uint64_t first;

    if (legacy(s, d->queue)) {
        // The buffer address stays where it is.
        uint32_t errors = (status & RX_TCPE ? LEGACY_TCPE : 0) | (status & RX_IPE ? LEGACY_IPE : 0);
        ixgbe_dma_write64(s, at + 8,
                          length | (uint64_t)(status & 0xff) << 32 | (uint64_t)errors << 40 |
                              vlan << 48);
        return;
    }
    // RXCSUM.PCSD chooses between the hash and the IP identification (7.1.6.2).
    first = d->rss_type | packet_type(&d->info);
    if (*reg_at(s, RXCSUM) & RXCSUM_PCSD) {
        first |= (uint64_t)d->rss << 32;
    } else {
        first |= (uint64_t)d->info.ip_id << 32;
    }
    if (ixgbe_dma_write64(s, at, first)) {
        ixgbe_dma_write64(s, at + 8, status | (uint64_t)length << 32 | vlan << 48);
    }
}

static uint32_t lie_about(Ixgbe *s, uint32_t length, uint64_t *address)
{
    if (ixgbe_fault_take(s, FAULT_WRONG_ADDRESS)) {
        *address = s->fault_argument;
    }
    if (ixgbe_fault_take(s, FAULT_LENGTH_ZERO)) {
        return 0;
    }
    if (ixgbe_fault_take(s, FAULT_LENGTH_16K)) {
        return 16384;
    }
    if (ixgbe_fault_take(s, FAULT_LENGTH_WRONG)) {
        return length + 64;
    }
    return length;
}

// Writes data into as many descriptors as it takes; the caller has seen that they are there.
static void fill(Ixgbe *s, const Delivery *d, const uint8_t *data, uint32_t size, uint32_t status)
{
    unsigned int q = d->queue;
    uint64_t ring = ((uint64_t)rx_reg(s, q, RDBAH) << 32) | rx_reg(s, q, RDBAL);
    uint32_t *head = reg_at(s, rx_base(q) + RDH);
    uint32_t done = 0, room = buffer_size(s, q);

    while (done < size) {
        uint32_t part = MIN(size - done, room), length = part;
        uint64_t at = ring + 16ull * *head, address;
        uint8_t raw[8];

        if (!ixgbe_dma_read(s, at, raw, sizeof(raw))) {
            return;
        }
        address = ldq_le_p(raw);
        if (s->fault != FAULT_NONE) {
            length = lie_about(s, part, &address);
        }
        ixgbe_dma_write(s, address, data + done, part);
        ixgbe_fault_handed_over(s, address);
        done += part;
        *head = (*head + 1) % slots(s, q);
        write_back(s, d, at, done < size ? RX_DD : status, length);
    }
    if (ixgbe_fault_take(s, FAULT_DD_BEYOND)) {
        write_back(s, d, ring + 16ull * rx_reg(s, q, RDT), status, 60);
    }
}

// FCS is part of the frame in memory unless both strip bits are set (8.2.3.8.8).
static uint32_t append_fcs(Ixgbe *s, uint8_t *data, uint32_t size)
{
    if (*reg_at(s, HLREG0) & HLREG0_RXCRCSTRP) {
        return size;
    }
    stl_le_p(data + size, crc32(0, data, size));
    return size + 4;
}

typedef enum { TAKEN, NO_ROOM } Outcome;

static Outcome deliver(Ixgbe *s, const Frame *frame)
{
    uint8_t copy[FRAME_MAX + 8];
    uint32_t size = frame->size, needed;
    Delivery d;

    ixgbe_parse(frame->data, frame->size, &d.info);
    if (!ixgbe_filter(s, frame->data, &d.info)) {
        return TAKEN;
    }
    choose_queue(s, frame, &d);
    if ((rx_reg(s, d.queue, RXDCTL) & RXDCTL_ENABLE) == 0) {
        ixgbe_stats_rx_drop(s, d.queue);
        return TAKEN;
    }
    if (d.strip) {
        memcpy(copy, frame->data, 12);
        memcpy(copy + 12, frame->data + 16, size - 16);
        size -= 4;
    } else {
        memcpy(copy, frame->data, size);
    }
    size = append_fcs(s, copy, size);
    needed = DIV_ROUND_UP(size, buffer_size(s, d.queue));
    if (free_descriptors(s, d.queue) < needed || s->fault == FAULT_RX_SILENT) {
        if ((rx_reg(s, d.queue, SRRCTL) & SRRCTL_DROP_EN) == 0) {
            return NO_ROOM;
        }
        ixgbe_stats_rx_drop(s, d.queue);
        return TAKEN;
    }
    if (d.info.ipv4 && (!d.info.ip_ok || (d.info.l4_checked && !d.info.l4_ok))) {
        ixgbe_count(s, XEC);
    }
    ixgbe_check_delivery(s, d.queue);
    fill(s, &d, copy, size, status_of(frame, &d));
    ixgbe_stats_rx_queue(s, d.queue, frame->size);
    ixgbe_intr_queue(s, true, d.queue);
    return TAKEN;
}

static void free_frame(Frame *frame)
{
    g_free(frame->data);
    g_free(frame);
}

static uint32_t packet_buffer_size(Ixgbe *s)
{
    return *reg_at(s, RXPBSIZE);
}

void ixgbe_rx_drain(Ixgbe *s)
{
    bool freed = false;

    if (s->draining || !receiving(s)) {
        return;
    }
    s->draining = true;
    while (!g_queue_is_empty(s->fifo)) {
        Frame *frame = g_queue_peek_head(s->fifo);

        if (deliver(s, frame) == NO_ROOM) {
            break;
        }
        g_queue_pop_head(s->fifo);
        s->fifo_bytes -= frame->size;
        free_frame(frame);
        freed = true;
    }
    s->draining = false;
    ixgbe_flow_level(s);
    if ((freed || s->refused) && s->nic != NULL) {
        s->refused = false;
        qemu_flush_queued_packets(qemu_get_queue(s->nic));
    }
}

static bool too_long(Ixgbe *s, uint32_t size, bool vlan)
{
    uint32_t limit = 1518;

    if (*reg_at(s, HLREG0) & HLREG0_JUMBOEN) {
        limit = *reg_at(s, MAXFRS) >> 16;
    }
    return size + 4 > limit + (vlan ? 4 : 0);
}

// One good frame at the MAC. False: neither a descriptor nor the packet buffer has room.
static bool arrive(Ixgbe *s, const uint8_t *data, uint32_t size, bool loopback)
{
    Frame frame = {.data = (uint8_t *)data, .size = size, .loopback = loopback};
    Frame *held;

    if (g_queue_is_empty(s->fifo) && !s->draining && deliver(s, &frame) == TAKEN) {
        ixgbe_stats_rx(s, data, size);
        return true;
    }
    if (size > packet_buffer_size(s) || s->fifo_bytes > packet_buffer_size(s) - size) {
        return false;
    }
    held = g_new(Frame, 1);
    *held = frame;
    held->data = g_memdup2(data, size);
    g_queue_push_tail(s->fifo, held);
    s->fifo_bytes += size;
    ixgbe_flow_level(s);
    ixgbe_stats_rx(s, data, size);
    return true;
}

static bool missed(Ixgbe *s)
{
    ixgbe_count(s, RXMPC);
    ixgbe_intr_other(s, EICR_RX_MISS);
    return true;
}

static bool from_wire(Ixgbe *s, const uint8_t *data, uint32_t size, bool loopback, bool may_wait)
{
    uint8_t padded[60];
    bool vlan;

    if (!receiving(s)) {
        return true;
    }
    if (size < sizeof(padded)) {
        memset(padded, 0, sizeof(padded));
        memcpy(padded, data, size);
        data = padded;
        size = sizeof(padded);
    }
    vlan = lduw_be_p(data + 12) == 0x8100;
    if (size > FRAME_MAX || too_long(s, size, vlan)) {
        ixgbe_count(s, ROC);
        return true;
    }
    if (ixgbe_flow_receive(s, data)) {
        return true;
    }
    if (arrive(s, data, size, loopback)) {
        return true;
    }
    return may_wait ? false : missed(s);
}

ssize_t ixgbe_receive(NetClientState *nc, const uint8_t *data, size_t size)
{
    Ixgbe *s = qemu_get_nic_opaque(nc);

    if (!ixgbe_link_up(s) || size > FRAME_MAX || (*reg_at(s, HLREG0) & HLREG0_LPBK)) {
        return size;
    }
    if (from_wire(s, data, size, false, s->backpressure)) {
        return size;
    }
    s->refused = true;
    return 0;
}

bool ixgbe_rx_wire(Ixgbe *s, const uint8_t *data, uint32_t size)
{
    return ixgbe_link_up(s) ? from_wire(s, data, size, false, false) : true;
}

void ixgbe_rx_loopback(Ixgbe *s, const uint8_t *data, uint32_t size)
{
    from_wire(s, data, size, true, false);
}

bool ixgbe_rx_room(Ixgbe *s)
{
    return ixgbe_link_up(s) && receiving(s) && g_queue_is_empty(s->fifo) &&
           (rx_reg(s, 0, RXDCTL) & RXDCTL_ENABLE) && free_descriptors(s, 0) >= 8;
}

void ixgbe_rx_init(Ixgbe *s)
{
    s->fifo = g_queue_new();
}

void ixgbe_rx_reset(Ixgbe *s)
{
    Frame *frame;

    while ((frame = g_queue_pop_head(s->fifo)) != NULL) {
        free_frame(frame);
    }
    s->fifo_bytes = 0;
    s->rxen_at = 0;
    memset(s->rx_changed, 0, sizeof(s->rx_changed));
}

void ixgbe_rx_finalize(Ixgbe *s)
{
    ixgbe_rx_reset(s);
    g_queue_free(s->fifo);
}
