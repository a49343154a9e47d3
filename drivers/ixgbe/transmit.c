// SPDX-License-Identifier: BSD-2-Clause
// Transmit initialisation. Intel 82599 datasheet (331520) 4.6.8, 4.6.11.3.4 (neither DCB nor
// virtualisation), 7.2.3.4, 7.2.3.5.2.
#include "drivers/ixgbe/transmit.h"
#include "drivers/ixgbe/flow_control.h"
#include "drivers/ixgbe/steps.h"
#include <errno.h>

enum {
    QUEUE_US = 2000,  // for all queues; of stop(): see stop.c
    DRAIN_US = 2000,  // for all queues
    REQUEUE_US = 350, // for each of two waits
    SILENT_US = 2000000,
    SCHEDULER_QUEUES = 128,

    // The card keeps 40 descriptors of a queue. It fetches more when it has fewer than PTHRESH and
    // there are HTHRESH, a cache line, to be had; of all pairs, this one was thoroughly
    // tested, in DCB mode (7.2.3.4.1). WTHRESH must be 0 with head write-back.
    PTHRESH = 32,
    HTHRESH = 4,
};
_Static_assert(2 * REQUEUE_US + IXGBE_FORGET_US <= REQUEUE_WAIT_US, "as domain_verbs promises");

int ixgbe_transmit_allocate(struct ixgbe *card, unsigned number, uint32_t slots,
                            struct ixgbe_head *head, uint64_t head_address)
{
    struct env_dma dma;
    // The truth about the slots lies behind the ring's private half.
    struct ixgbe_tx *tx = env_alloc(card->env, sizeof *tx + slots * sizeof(uint32_t));
    if (tx == NULL || !env_dma_alloc(card->env, slots * sizeof *tx->descriptors, &dma)) {
        env_log(card->env, "no memory for a transmit ring of %u descriptors", (unsigned)slots);
        return -ENOMEM;
    }
    const uint32_t quarter = slots / 4;
    *tx = (struct ixgbe_tx){
        .queue = {.port = card->port, .buffer_of = (uint32_t *)(tx + 1), .slots = slots},
        .descriptors = dma.memory,
        .address = dma.address,
        .number = number,
        .tail_register = card->registers + IXGBE_TDT(number),
        .report_every = quarter < IXGBE_REPORT_EVERY ? quarter : IXGBE_REPORT_EVERY,
        .head = &head->value,
        .head_address = head_address,
    };
    card->tx[number] = tx;
    return 0;
}

int ixgbe_transmit_set(struct ixgbe *card)
{
    const uint32_t longest_kb = (card->longest + 1023) / 1024;
    ixgbe_set(card, IXGBE_HLREG0, IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_TXPADEN);

    // These may change only while the scheduler stands still.
    ixgbe_set(card, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS);
    ixgbe_write(card, IXGBE_DTXMXSZRQ, IXGBE_DTXMXSZRQ_MAX);
    ixgbe_write(card, IXGBE_TXPBSIZE(0), IXGBE_PB_KB(card->mac->tx_buffer_kb));
    ixgbe_write(card, IXGBE_TXPBTHRESH(0), card->mac->tx_buffer_kb - longest_kb);
    for (unsigned i = 1; i < 8; i++) {
        ixgbe_write(card, IXGBE_TXPBSIZE(i), 0);
        ixgbe_write(card, IXGBE_TXPBTHRESH(i), 0);
    }
    ixgbe_write(card, IXGBE_MTQC, 0);
    for (unsigned i = 0; i < SCHEDULER_QUEUES; i++) {
        ixgbe_write(card, IXGBE_RTTDQSEL, i);
        ixgbe_write(card, IXGBE_RTTDT1C, 0);
    }
    ixgbe_clear(card, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS);
    return 0;
}

static void describe_queue(struct ixgbe *card, struct ixgbe_tx *tx)
{
    const struct packet_area *area = card->port->area;
    const unsigned q = tx->number;
    tx->buffers = packet_dma(area, 0, 0);
    tx->stride = area->stride;
    tx->area = area;
    tx->at = 0;
    tx->clean = 0;
    tx->queue.free = 0; // until it is known to run
    *(volatile uint32_t *)tx->head = 0;
    tx->watched_head = 0;
    tx->watched_since = env_time_us();

    ixgbe_write(card, IXGBE_TDBAL(q), (uint32_t)tx->address);
    ixgbe_write(card, IXGBE_TDBAH(q), (uint32_t)(tx->address >> 32));
    ixgbe_write(card, IXGBE_TDLEN(q), tx->queue.slots * (uint32_t)sizeof *tx->descriptors);
    // With relaxed ordering an older head could overtake a newer one.
    ixgbe_clear(card, IXGBE_DCA_TXCTRL(q), IXGBE_DCA_TXCTRL_WB_RO);
    ixgbe_write(card, IXGBE_TDWBAH(q), (uint32_t)(tx->head_address >> 32));
    ixgbe_write(card, IXGBE_TDWBAL(q), (uint32_t)tx->head_address | IXGBE_TDWBAL_ENABLE);
    ixgbe_write(card, IXGBE_TXDCTL(q),
                IXGBE_TXDCTL_PTHRESH(PTHRESH) | IXGBE_TXDCTL_HTHRESH(HTHRESH));
}

// No descriptor is looked at before it is queued: there is nothing to write into them.
int ixgbe_transmit_describe(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->tx_queues; i++)
        describe_queue(card, card->tx[i]);
    return 0;
}

static uint32_t txdctl(unsigned queue)
{
    return IXGBE_TXDCTL(queue);
}

static struct ixgbe_wait enabled(uint32_t offset, uint32_t limit_us)
{
    return (struct ixgbe_wait){
        .offset = offset,
        .mask = IXGBE_TXDCTL_ENABLE,
        .value = IXGBE_TXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "TXDCTL.ENABLE to be set",
        .section = "4.6.8.1",
    };
}

int ixgbe_transmit_enable(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE);
    for (unsigned i = 0; i < card->port->tx_queues; i++)
        ixgbe_set(card, IXGBE_TXDCTL(i), IXGBE_TXDCTL_ENABLE);
    return 0;
}

int ixgbe_transmit_enabled(struct ixgbe *card)
{
    return ixgbe_check_queues(card, enabled(0, QUEUE_US), card->port->tx_queues, txdctl,
                              card->start.since);
}

static bool is_drained(const struct ixgbe *card, unsigned q)
{
    return ixgbe_read(card, IXGBE_TDH(q)) == ixgbe_read(card, IXGBE_TDT(q));
}

static struct ixgbe_wait disabled(uint32_t offset, uint32_t limit_us)
{
    return (struct ixgbe_wait){
        .offset = offset,
        .mask = IXGBE_TXDCTL_ENABLE,
        .limit_us = limit_us,
        .what = "TXDCTL.ENABLE to clear",
        .section = "4.6.8.1.2",
    };
}

bool ixgbe_transmit_drained(const struct ixgbe *card, uint64_t since)
{
    if (!card->port->link_up || env_time_us() - since >= DRAIN_US)
        return true;
    for (unsigned i = 0; i < card->port->tx_queues; i++)
        if (!is_drained(card, i))
            return false;
    return true;
}

void ixgbe_transmit_disable(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->tx_queues; i++)
        ixgbe_clear(card, IXGBE_TXDCTL(i), IXGBE_TXDCTL_ENABLE);
}

int ixgbe_transmit_disabled(struct ixgbe *card, uint64_t since)
{
    return ixgbe_check_queues(card, disabled(0, QUEUE_US), card->port->tx_queues, txdctl, since);
}

void ixgbe_transmit_close(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE);
}

// The ring is not drained first: what is in it may be what has to be got rid of.
int ixgbe_transmit_requeue(struct ixgbe *card, struct ixgbe_tx *tx)
{
    const unsigned q = tx->number;
    const uint32_t slots = tx->queue.slots;
    ixgbe_clear(card, IXGBE_TXDCTL(q), IXGBE_TXDCTL_ENABLE);
    const struct ixgbe_wait off = disabled(IXGBE_TXDCTL(q), REQUEUE_US),
                            on = enabled(IXGBE_TXDCTL(q), REQUEUE_US);
    const int error = ixgbe_wait(card, &off, env_time_us());
    if (error)
        return error;
    ixgbe_delay(IXGBE_FORGET_US);
    // The card's own head knows more than the last write-back. Frames behind tx->at were never
    // taken over by transmit(): whoever died while it gave them to the card has them still.
    const uint32_t head = ixgbe_read(card, IXGBE_TDH(q)), tail = ixgbe_read(card, IXGBE_TDT(q));
    if (head < slots && tail < slots) {
        const uint32_t unsent = (tail + slots - head) % slots;
        const uint32_t behind = (tail + slots - ixgbe_tail(tx)) % slots;
        card->port->lost_in_restart += unsent > behind ? unsent - behind : 0;
    }
    ixgbe_write(card, IXGBE_TDH(q), 0);
    ixgbe_write(card, IXGBE_TDT(q), 0);
    describe_queue(card, tx);
    ixgbe_set(card, IXGBE_TXDCTL(q), IXGBE_TXDCTL_ENABLE);
    return ixgbe_wait(card, &on, env_time_us());
}

void ixgbe_transmit_settle(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->tx_queues; i++) {
        struct ixgbe_tx *tx = card->tx[i];
        card->port->lost_in_restart += ixgbe_unsent(tx);
        tx->clean = ixgbe_tail(tx);
    }
}

void ixgbe_transmit_watch(struct ixgbe *card)
{
    const uint64_t now = env_time_us();
    for (unsigned i = 0; i < card->port->tx_queues; i++) {
        struct ixgbe_tx *tx = card->tx[i];
        const uint32_t head = *tx->head;
        // The data path looks at the head only when it needs slots: here a lie is seen that nobody
        // has stumbled over.
        if (ixgbe_sent(tx, head) > ixgbe_queued(tx)) {
            port_fail(card->port, PORT_FAULT_TX_HEAD, head);
            return;
        }
        if (head == ixgbe_tail(tx) || head != tx->watched_head || !card->port->link_up) {
            tx->watched_head = head;
            tx->watched_since = now;
        } else if (now - tx->watched_since > SILENT_US) {
            tx->watched_since = now;
            if (ixgbe_flow_control_paused(card))
                continue;
            env_log(card->env,
                    "transmit queue %u has sent nothing for 2 s: head %u, tail %u, TDH %u", i,
                    (unsigned)head, (unsigned)ixgbe_tail(tx),
                    (unsigned)ixgbe_read(card, IXGBE_TDH(i)));
            port_fail(card->port, PORT_FAULT_SILENT, head);
            return;
        }
    }
}

bool ixgbe_send_copy(struct queue *queue, const void *data, unsigned length)
{
    if (queue->free == 0 && ixgbe_room(queue, 1) == 0)
        return false;
    // The buffer that the exchange hands out is exchanged for itself.
    const uint32_t buffer = *ixgbe_buffer(queue, ((const struct ixgbe_tx *)queue)->at);
    __builtin_memcpy(packet_data(queue->port->area, buffer, FRAME_HEADROOM), data, length);
    return ixgbe_exchange(queue, buffer, length) == buffer;
}
