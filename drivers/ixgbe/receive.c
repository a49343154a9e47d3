// SPDX-License-Identifier: BSD-2-Clause
// Receive initialisation. Intel 82599 datasheet (331520) 4.6.7, 4.6.11.3.4 (neither DCB nor
// virtualisation), 7.1.1.1.
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/burst.h"
#include "drivers/ixgbe/flow_control.h"
#include "drivers/ixgbe/relay.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/rss.h"
#include "drivers/ixgbe/steps.h"
#include <errno.h>

enum {
    QUEUE_US = 3000, // for all queues; of stop(): see stop.c
    SECURITY_US = 1000,
    REQUEUE_US = 350, // for each of two waits
    FCS = 4,
    PLAIN_FRAME = 1518, // with FCS: beyond that it is a jumbo frame
};
_Static_assert(2 * REQUEUE_US + IXGBE_FORGET_US <= REQUEUE_WAIT_US, "as domain_verbs promises");

static void clear_table(struct ixgbe *card, uint32_t offset, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++)
        ixgbe_write(card, offset + 4 * i, 0);
}

// What an earlier driver may have left: these tables are memory, which reset does not clear.
// Filters change only while the unit is off.
int ixgbe_receive_clear(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    clear_table(card, IXGBE_PFUTA(0), 128);
    clear_table(card, IXGBE_VFTA(0), 128);
    clear_table(card, IXGBE_PFVLVF(0), 64);
    clear_table(card, IXGBE_PFVLVFB(0), 128);
    clear_table(card, IXGBE_MTA(0), 128);
    clear_table(card, IXGBE_FTQF(0), 128);
    return 0;
}

int ixgbe_receive_clear_addresses(struct ixgbe *card)
{
    for (unsigned i = 1; i < 128; i++) {
        ixgbe_write(card, IXGBE_RAL(i), 0);
        ixgbe_write(card, IXGBE_RAH(i), 0);
    }
    clear_table(card, IXGBE_MPSAR(0), 256);
    ixgbe_write(card, IXGBE_MPSAR(0), 1);
    return 0;
}

// A forwarder takes frames for everybody. Frames that the wire damaged stay outside.
static void set_filters(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_FCTRL, IXGBE_FCTRL_SBP);
    ixgbe_set(card, IXGBE_FCTRL, IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE | IXGBE_FCTRL_UPE);
    ixgbe_clear(card, IXGBE_VLNCTRL, IXGBE_VLNCTRL_VFE);
    ixgbe_write(card, IXGBE_MCSTCTRL, 0);
    ixgbe_rss_start(card);
}

static void set_sizes(struct ixgbe *card)
{
    ixgbe_write(card, IXGBE_RXPBSIZE(0), IXGBE_PB_KB(card->mac->rx_buffer_kb));
    for (unsigned i = 1; i < 8; i++)
        ixgbe_write(card, IXGBE_RXPBSIZE(i), 0);

    // CRC stripping must be set the same in both places, and the two RSC fields to what 8.2.3.8.8
    // asks for, although RSC is not used.
    ixgbe_set(card, IXGBE_HLREG0, IXGBE_HLREG0_RXCRCSTRP);
    ixgbe_write(card, IXGBE_RDRXCTL,
                (ixgbe_read(card, IXGBE_RDRXCTL) & ~IXGBE_RDRXCTL_RSCFRSTSIZE) |
                    IXGBE_RDRXCTL_CRC_STRIP | IXGBE_RDRXCTL_RSCACKC | IXGBE_RDRXCTL_FCOE_WRFIX);

    // A VLAN tag is not counted: a frame with one may be 4 bytes longer (8.2.3.22.13). What is then
    // longer than the box wants is dropped by the box, with a counter.
    const uint32_t longest = card->longest + FCS;
    ixgbe_write(card, IXGBE_MAXFRS, longest << 16);
    if (longest > PLAIN_FRAME)
        ixgbe_set(card, IXGBE_HLREG0, IXGBE_HLREG0_JUMBOEN);
    else
        ixgbe_clear(card, IXGBE_HLREG0, IXGBE_HLREG0_JUMBOEN);
}

int ixgbe_receive_allocate(struct ixgbe *card, unsigned number, uint32_t slots)
{
    struct env_dma dma;
    // The truth about the slots lies behind the ring's private half.
    struct ixgbe_rx *rx = env_alloc(card->env, sizeof *rx + slots * sizeof(uint32_t));
    if (rx == NULL ||
        !env_dma_alloc(card->env, (slots + IXGBE_FEW) * sizeof *rx->descriptors, &dma)) {
        env_log(card->env, "no memory for a receive ring of %u descriptors", (unsigned)slots);
        return -ENOMEM;
    }
    *rx = (struct ixgbe_rx){
        .queue = {.port = card->port, .buffer_of = (uint32_t *)(rx + 1), .slots = slots},
        .descriptors = dma.memory,
        .address = dma.address,
        .number = number,
        .tail = card->registers + IXGBE_RDT(number),
        .wide = ixgbe_has_avx2(),
    };
    card->rx[number] = rx;
    return 0;
}

int ixgbe_receive_set(struct ixgbe *card)
{
    set_filters(card);
    ixgbe_flow_control_start(card);
    set_sizes(card);
    return 0;
}

// Steps of 4.6.7.1.
static void describe_queue(struct ixgbe *card, struct ixgbe_rx *rx)
{
    const struct packet_area *area = card->port->area;
    const unsigned q = rx->number;
    rx->buffers = packet_dma(area, 0, FRAME_HEADROOM);
    rx->stride = area->stride;
    rx->whole_lengths = card->buffer_kb * 1024 - FRAME_MIN + 1;
    rx->queue.lengths = 0; // until it is known to run
    rx->inside = false;
    rx->at = 0;
    rx->given = 0;
    rx->until = ixgbe_tail_every(rx->queue.slots);
    rx->owed = 0;
    for (unsigned i = 0; i < IXGBE_FEW; i++)
        rx->descriptors[rx->queue.slots + i].written = 0;
    rx->descriptors[rx->queue.slots].status = IXGBE_RX_DD;

    ixgbe_write(card, IXGBE_RDBAL(q), (uint32_t)rx->address);
    ixgbe_write(card, IXGBE_RDBAH(q), (uint32_t)(rx->address >> 32));
    ixgbe_write(card, IXGBE_RDLEN(q), rx->queue.slots * (uint32_t)sizeof *rx->descriptors);
    ixgbe_clear(card, IXGBE_DCA_RXCTRL(q), IXGBE_DCA_RXCTRL_RESERVED);
    // Without a free descriptor a frame is dropped; with flow control it stays in the packet
    // buffer, which fills up and makes the card send PAUSE.
    ixgbe_write(card, IXGBE_SRRCTL(q),
                IXGBE_SRRCTL_BSIZE_KB(card->buffer_kb) |
                    (card->port->flow_control ? 0 : IXGBE_SRRCTL_DROP_EN));
    ixgbe_clear(card, IXGBE_RXDCTL(q), IXGBE_RXDCTL_VME);
}

// Every slot holds an empty buffer; all but one will belong to the card.
static void fill_slots(const struct ixgbe *card, struct ixgbe_rx *rx, uint32_t from, uint32_t to)
{
    const struct packet_area *area = card->port->area;
    for (uint32_t i = from; i < to; i++) {
        rx->descriptors[i].address = packet_dma(area, rx->queue.buffer_of[i], FRAME_HEADROOM);
        rx->descriptors[i].written = 0;
    }
}

static int describe_piece(struct ixgbe *card, unsigned q, uint32_t from, uint32_t to)
{
    if (from == 0)
        describe_queue(card, card->rx[q]);
    fill_slots(card, card->rx[q], from, to);
    return 0;
}

int ixgbe_receive_describe(struct ixgbe *card)
{
    return ixgbe_by_pieces(card, &card->start, false, describe_piece);
}

static uint32_t rxdctl(unsigned queue)
{
    return IXGBE_RXDCTL(queue);
}

static struct ixgbe_wait enabled(uint32_t offset, uint32_t limit_us)
{
    return (struct ixgbe_wait){
        .offset = offset,
        .mask = IXGBE_RXDCTL_ENABLE,
        .value = IXGBE_RXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "RXDCTL.ENABLE to be set",
        .section = "4.6.7.1",
    };
}

int ixgbe_receive_enable(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->rx_queues; i++)
        ixgbe_set(card, IXGBE_RXDCTL(i), IXGBE_RXDCTL_ENABLE);
    return 0;
}

int ixgbe_receive_enabled(struct ixgbe *card)
{
    const int error = ixgbe_check_queues(card, enabled(0, QUEUE_US), card->port->rx_queues, rxdctl,
                                         card->start.since);
    for (unsigned i = 0; error == 0 && i < card->port->rx_queues; i++)
        ixgbe_write(card, IXGBE_RDT(i), card->rx[i]->queue.slots - 1);
    return error;
}

// The receive unit is opened while the valve in front of it is shut, so that no half frame gets in,
// and then the valve (last steps of 4.6.7).
int ixgbe_receive_shut_valve(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS);
    return 0;
}

int ixgbe_receive_open(struct ixgbe *card)
{
    static const struct ixgbe_wait ready = {
        .offset = IXGBE_SECRXSTAT,
        .mask = IXGBE_SECRXSTAT_RDY,
        .value = IXGBE_SECRXSTAT_RDY,
        .limit_us = SECURITY_US,
        .what = "SECRXSTAT.SECRX_RDY to be set",
        .section = "4.6.7",
    };
    const int error = ixgbe_check(card, &ready, card->start.since);
    if (error)
        return error;
    ixgbe_set(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    ixgbe_set(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_NS_DIS); // ahead of the first frame
    ixgbe_clear(card, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS);
    return 0;
}

static struct ixgbe_wait disabled(uint32_t offset, uint32_t limit_us)
{
    return (struct ixgbe_wait){
        .offset = offset,
        .mask = IXGBE_RXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "RXDCTL.ENABLE to clear",
        .section = "4.6.7.1.2",
    };
}

void ixgbe_receive_disable(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->rx_queues; i++)
        ixgbe_clear(card, IXGBE_RXDCTL(i), IXGBE_RXDCTL_ENABLE);
}

int ixgbe_receive_disabled(struct ixgbe *card, uint64_t since)
{
    return ixgbe_check_queues(card, disabled(0, QUEUE_US), card->port->rx_queues, rxdctl, since);
}

void ixgbe_receive_close(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
}

int ixgbe_receive_requeue(struct ixgbe *card, struct ixgbe_rx *rx)
{
    const unsigned q = rx->number;
    const uint32_t slots = rx->queue.slots;
    ixgbe_clear(card, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE);
    const struct ixgbe_wait off = disabled(IXGBE_RXDCTL(q), REQUEUE_US),
                            on = enabled(IXGBE_RXDCTL(q), REQUEUE_US);
    int error = ixgbe_wait(card, &off, env_time_us());
    if (error)
        return error;
    ixgbe_delay(IXGBE_FORGET_US);
    // What lies between the slot that is looked at next and the one that the card fills next. A
    // head outside the ring says nothing.
    const uint32_t head = ixgbe_read(card, IXGBE_RDH(q)),
                   next = (ixgbe_next(rx) + rx->owed) % slots;
    if (head < slots)
        card->port->card_missed += (head + slots - next) % slots;
    ixgbe_write(card, IXGBE_RDH(q), 0);
    ixgbe_write(card, IXGBE_RDT(q), 0); // the ring is empty until it has been filled
    describe_queue(card, rx);
    fill_slots(card, rx, 0, slots);
    ixgbe_set(card, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE);
    error = ixgbe_wait(card, &on, env_time_us());
    if (error == 0)
        ixgbe_write(card, IXGBE_RDT(q), slots - 1);
    return error;
}

// Frames that the card has put into the ring and nobody took: what it finished lies in one piece,
// behind what was taken. Of a frame in several pieces the last one counts. from and to: of the
// slots counted from there.
static uint32_t waiting(const struct ixgbe_rx *rx, uint32_t from, uint32_t to)
{
    const uint32_t slots = rx->queue.slots, end = least(to, slots - rx->owed);
    uint32_t frames = 0, slot = (ixgbe_next(rx) + rx->owed + from) % slots;
    for (; from < end; from++) {
        const uint8_t status = *(const volatile uint8_t *)&rx->descriptors[slot].status;
        if (!(status & IXGBE_RX_DD))
            break;
        frames += (status & IXGBE_RX_EOP) != 0;
        slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return frames;
}

static int settle_piece(struct ixgbe *card, unsigned q, uint32_t from, uint32_t to)
{
    struct ixgbe_rx *rx = card->rx[q];
    if (card->stops_running) // else they were counted
        card->port->card_missed += waiting(rx, from, to);
    if (to != rx->queue.slots)
        return 0;
    for (uint32_t slot = ixgbe_next(rx); rx->owed > 0; rx->owed--) {
        rx->queue.buffer_of[slot] = NO_BUFFER;
        slot = slot + 1 == rx->queue.slots ? 0 : slot + 1;
    }
    return 0;
}

int ixgbe_receive_settle(struct ixgbe *card)
{
    return ixgbe_by_pieces(card, &card->stop, false, settle_piece);
}
