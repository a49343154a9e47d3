// SPDX-License-Identifier: BSD-2-Clause
// Receive initialisation. Intel 82599 datasheet (331520) 4.6.7, 4.6.11.3.4 (neither DCB nor
// virtualisation), 7.1.1.1.
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/flow_control.h"
#include "drivers/ixgbe/relay.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/rss.h"
#include <errno.h>

enum {
    // Others wait meanwhile: together with transmit.c and port.c less than PORT_WAIT_US.
    QUEUE_US = 3000, // for all queues
    SECURITY_US = 1000,
    REQUEUE_US = 350, // for each of two waits
    FORGET_US = 100,  // 4.6.7.1.2
    FCS = 4,
    PLAIN_FRAME = 1518, // with FCS: beyond that it is a jumbo frame
};

static void clear_table(struct ixgbe *card, uint32_t offset, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++)
        ixgbe_write(card, offset + 4 * i, 0);
}

// What an earlier driver may have left: these tables are memory, which reset does not clear.
static void clear_filters(struct ixgbe *card)
{
    clear_table(card, IXGBE_PFUTA(0), 128);
    clear_table(card, IXGBE_VFTA(0), 128);
    clear_table(card, IXGBE_PFVLVF(0), 64);
    clear_table(card, IXGBE_PFVLVFB(0), 128);
    clear_table(card, IXGBE_MTA(0), 128);
    clear_table(card, IXGBE_FTQF(0), 128);
    for (unsigned i = 1; i < 128; i++) {
        ixgbe_write(card, IXGBE_RAL(i), 0);
        ixgbe_write(card, IXGBE_RAH(i), 0);
    }
    clear_table(card, IXGBE_MPSAR(0), 256);
    ixgbe_write(card, IXGBE_MPSAR(0), 1);
}

// A forwarder takes frames for everybody. Frames that the wire damaged stay outside.
static void set_filters(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN); // filters change only while it is off
    clear_filters(card);
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
    if (rx == NULL || !env_dma_alloc(card->env, (slots + 1) * sizeof *rx->descriptors, &dma)) {
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

// Every slot holds an empty buffer; all but one will belong to the card. Steps of 4.6.7.1.
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
    rx->until = IXGBE_TAIL_EVERY;
    rx->owed = 0;
    rx->descriptors[rx->queue.slots].written = 0;
    for (uint32_t i = 0; i < rx->queue.slots; i++) {
        rx->descriptors[i].address = packet_dma(area, rx->queue.buffer_of[i], FRAME_HEADROOM);
        rx->descriptors[i].written = 0;
    }

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

// Turns a queue on that has been described, and hands over its slots.
static int enable_queue(struct ixgbe *card, struct ixgbe_rx *rx, uint64_t since, uint32_t limit_us)
{
    const unsigned q = rx->number;
    ixgbe_set(card, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE);
    const struct ixgbe_wait enabled = {
        .offset = IXGBE_RXDCTL(q),
        .mask = IXGBE_RXDCTL_ENABLE,
        .value = IXGBE_RXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "RXDCTL.ENABLE to be set",
        .section = "4.6.7.1",
    };
    const int error = ixgbe_wait(card, &enabled, since);
    if (error == 0)
        ixgbe_write(card, IXGBE_RDT(q), rx->queue.slots - 1);
    return error;
}

// Opens the receive unit while the valve in front of it is shut, so that no half frame gets in, and
// then the valve (last steps of 4.6.7).
static int open_unit(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS);
    static const struct ixgbe_wait ready = {
        .offset = IXGBE_SECRXSTAT,
        .mask = IXGBE_SECRXSTAT_RDY,
        .value = IXGBE_SECRXSTAT_RDY,
        .limit_us = SECURITY_US,
        .what = "SECRXSTAT.SECRX_RDY to be set",
        .section = "4.6.7",
    };
    const int error = ixgbe_wait(card, &ready, env_time_us());
    if (error)
        return error;
    ixgbe_set(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    ixgbe_set(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_NS_DIS); // ahead of the first frame
    ixgbe_clear(card, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS);
    return 0;
}

int ixgbe_receive_start(struct ixgbe *card)
{
    set_filters(card);
    ixgbe_flow_control_start(card);
    set_sizes(card);
    for (unsigned i = 0; i < card->port->rx_queues; i++)
        describe_queue(card, card->rx[i]);
    const uint64_t since = env_time_us();
    for (unsigned i = 0; i < card->port->rx_queues; i++) {
        const int error = enable_queue(card, card->rx[i], since, QUEUE_US);
        if (error)
            return error;
    }
    return open_unit(card);
}

static int wait_disabled(struct ixgbe *card, unsigned q, uint64_t since, uint32_t limit_us)
{
    const struct ixgbe_wait disabled = {
        .offset = IXGBE_RXDCTL(q),
        .mask = IXGBE_RXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "RXDCTL.ENABLE to clear",
        .section = "4.6.7.1.2",
    };
    return ixgbe_wait(card, &disabled, since);
}

int ixgbe_receive_stop(struct ixgbe *card)
{
    int result = 0;
    for (unsigned i = 0; i < card->port->rx_queues; i++)
        ixgbe_clear(card, IXGBE_RXDCTL(i), IXGBE_RXDCTL_ENABLE);
    const uint64_t since = env_time_us();
    for (unsigned i = 0; i < card->port->rx_queues; i++) {
        const int error = wait_disabled(card, i, since, QUEUE_US);
        if (error)
            result = error;
    }
    ixgbe_delay(FORGET_US);
    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    return result;
}

int ixgbe_receive_requeue(struct ixgbe *card, struct ixgbe_rx *rx)
{
    const unsigned q = rx->number;
    const uint32_t slots = rx->queue.slots;
    ixgbe_clear(card, IXGBE_RXDCTL(q), IXGBE_RXDCTL_ENABLE);
    int error = wait_disabled(card, q, env_time_us(), REQUEUE_US);
    if (error)
        return error;
    ixgbe_delay(FORGET_US);
    // What lies between the slot that is looked at next and the one that the card fills next. A
    // head outside the ring says nothing.
    const uint32_t head = ixgbe_read(card, IXGBE_RDH(q)),
                   next = (ixgbe_next(rx) + rx->owed) % slots;
    if (head < slots)
        card->port->card_missed += (head + slots - next) % slots;
    ixgbe_write(card, IXGBE_RDH(q), 0);
    ixgbe_write(card, IXGBE_RDT(q), 0); // the ring is empty until it has been filled
    describe_queue(card, rx);
    return enable_queue(card, rx, env_time_us(), REQUEUE_US);
}

// Frames that the card has put into the ring and nobody took: what it finished lies in one piece,
// behind what was taken. Of a frame in several pieces the last one counts.
static uint32_t waiting(const struct ixgbe_rx *rx)
{
    const uint32_t slots = rx->queue.slots;
    uint32_t frames = 0, slot = (ixgbe_next(rx) + rx->owed) % slots;
    for (uint32_t left = slots - rx->owed; left > 0; left--) {
        const uint8_t status = *(const volatile uint8_t *)&rx->descriptors[slot].status;
        if (!(status & IXGBE_RX_DD))
            break;
        frames += (status & IXGBE_RX_EOP) != 0;
        slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return frames;
}

void ixgbe_receive_settle(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->rx_queues; i++) {
        struct ixgbe_rx *rx = card->rx[i];
        if (card->port->state != PORT_STOPPED) // else they were counted
            card->port->card_missed += waiting(rx);
        for (uint32_t slot = ixgbe_next(rx); rx->owed > 0; rx->owed--) {
            rx->queue.buffer_of[slot] = NO_BUFFER;
            slot = slot + 1 == rx->queue.slots ? 0 : slot + 1;
        }
    }
}
