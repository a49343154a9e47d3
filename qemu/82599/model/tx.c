// SPDX-License-Identifier: GPL-2.0-or-later
//
// Transmit: descriptors are read from head to tail, frames gathered, and completion reported by DD
// in the descriptor or by head write-back. 82599 datasheet 331520, sections 7.2.3 and 8.2.3.9.
// WTHRESH is accepted; every write-back happens at once.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "tx_desc.h"

#define MESSAGE_MAX     (256 * 1024) // PAYLEN has 18 bits
#define DESCRIPTORS_MAX 40           // 7.2.1.1: a packet takes at most 40 - WTHRESH - 2

static bool transmitting(Ixgbe *s, unsigned int q)
{
    return (tx_reg(s, q, TXDCTL) & TXDCTL_ENABLE) && (*reg_at(s, DMATXCTL) & DMATXCTL_TE) &&
           (*reg_at(s, SECTXCTRL) & SECTXCTRL_TX_DIS) == 0 &&
           (*reg_at(s, CTRL) & CTRL_GIO_DIS) == 0 && !ixgbe_flow_paused(s) &&
           s->fault != FAULT_TX_SILENT && s->fault != FAULT_ALL_ONES;
}

static void store_context(Ixgbe *s, unsigned int q, const uint32_t *d)
{
    TxContext *context = &s->tx[q].context[TX_IDX(d)];

    if (s->tx[q].gathering) {
        ixgbe_violation(s, "7.2.3.2.3", "context descriptor inside a frame on queue %u", q);
    }
    memcpy(context->word, d, sizeof(context->word));
    context->valid = true;
}

static void check_data(Ixgbe *s, unsigned int q, const uint32_t *d)
{
    TxQueue *queue = &s->tx[q];
    uint32_t kept = BITS(tx_reg(s, q, TXDCTL), TXDCTL_WTHRESH, 7) + 2;
    uint32_t limit = kept < DESCRIPTORS_MAX ? DESCRIPTORS_MAX - kept : 0;

    if (TX_LENGTH(d) == 0) {
        ixgbe_violation(s, "7.2.3.2.4", "transmit descriptor of length 0 on queue %u", q);
    }
    if (queue->descriptors > limit) {
        ixgbe_violation(s, "7.2.1.1", "frame of more than %u descriptors on queue %u", limit, q);
    }
    if ((d[2] & TX_EOP) && (d[2] & TX_IFCS) == 0) {
        ixgbe_violation(s, "7.2.3.2.4", "last descriptor without IFCS on queue %u", q);
    }
    if (queue->legacy != ((d[2] & TX_DEXT) == 0)) {
        ixgbe_violation(s, "7.2.3.2", "legacy and advanced descriptors in one frame on queue %u",
                        q);
    }
}

static void gather(Ixgbe *s, unsigned int q, const uint32_t *d)
{
    TxQueue *queue = &s->tx[q];
    uint32_t length = TX_LENGTH(d);

    if (!queue->gathering) {
        queue->gathering = true;
        queue->length = 0;
        queue->descriptors = 0;
        queue->legacy = (d[2] & TX_DEXT) == 0;
        memcpy(queue->first, d, sizeof(queue->first));
    }
    queue->descriptors++;
    check_data(s, q, d);
    if (queue->data == NULL) {
        queue->data = g_malloc(MESSAGE_MAX);
    }
    if (length > MESSAGE_MAX - queue->length) {
        ixgbe_violation(s, "7.2.4", "message of more than %u bytes on queue %u", MESSAGE_MAX, q);
        length = MESSAGE_MAX - queue->length;
    }
    uint64_t from = ixgbe_fault_take(s, FAULT_WRONG_SOURCE) ? s->fault_argument : TX_ADDRESS(d);
    if (ixgbe_dma_read(s, from, queue->data + queue->length, length)) {
        queue->length += length;
    }
}

// With head write-back the descriptors stay as they are (7.2.3.5.2); else an advanced one is
// replaced by its write-back form.
static void report_done(Ixgbe *s, unsigned int q, uint64_t at, const uint32_t *d, uint32_t head)
{
    uint32_t low = tx_reg(s, q, TDWBAL);

    if (low & TDWBAL_HEAD_WB_EN) {
        uint64_t to = ((uint64_t)tx_reg(s, q, TDWBAH) << 32) | (low & ~0xfu);
        if (ixgbe_fault_take(s, FAULT_WRONG_HEAD)) {
            to = s->fault_argument;
        }
        uint32_t value = ixgbe_fault_take(s, FAULT_HEAD_WRONG) ? head + 0x8000 : head;
        ixgbe_dma_write32(s, to, value);
        return;
    }
    if (d[2] & TX_DEXT) {
        if (ixgbe_dma_write64(s, at, 0)) {
            ixgbe_dma_write64(s, at + 8, (uint64_t)TX_DD << 32);
        }
    } else {
        ixgbe_dma_write64(s, at + 8, d[2] | (uint64_t)(d[3] | TX_DD) << 32);
    }
}

// False: the wire is busy, the descriptor is done later.
static bool one_descriptor(Ixgbe *s, unsigned int q, const uint32_t *d)
{
    TxQueue *queue = &s->tx[q];
    uint32_t type = TX_TYPE(d);

    if ((d[2] & TX_DEXT) && type == TX_TYPE_CONTEXT) {
        store_context(s, q, d);
        return true;
    }
    if ((d[2] & TX_DEXT) && type != TX_TYPE_DATA) {
        ixgbe_violation(s, "7.2.3.2.4", "descriptor type %u on queue %u", type, q);
        return true;
    }
    if (!queue->waiting) {
        gather(s, q, d);
    }
    if (d[2] & TX_EOP) {
        queue->waiting = !ixgbe_offload_send(s, q);
        if (queue->waiting) {
            return false;
        }
        queue->gathering = false;
    }
    return true;
}

void ixgbe_tx_run(Ixgbe *s, unsigned int q)
{
    uint64_t ring = ((uint64_t)tx_reg(s, q, TDBAH) << 32) | tx_reg(s, q, TDBAL);
    uint32_t slots = tx_reg(s, q, TDLEN) / 16;
    uint32_t *head = reg_at(s, tx_base(q) + TDH);
    bool reported = false;

    while (transmitting(s, q) && *head < slots && tx_reg(s, q, TDT) < slots &&
           *head != tx_reg(s, q, TDT)) {
        uint64_t at = ring + 16ull * *head;
        uint32_t d[4];

        if (!ixgbe_dma_read(s, at, d, sizeof(d))) {
            break;
        }
        for (unsigned int i = 0; i < 4; i++) {
            d[i] = le32_to_cpu(d[i]);
        }
        if (!one_descriptor(s, q, d)) {
            break;
        }
        *head = (*head + 1) % slots;
        if (d[2] & TX_RS) {
            report_done(s, q, at, d, *head);
            reported = true;
        }
    }
    if (reported) {
        ixgbe_intr_queue(s, false, q);
    }
}

bool ixgbe_tx_held(Ixgbe *s)
{
    for (unsigned int q = 0; ixgbe_flow_paused(s) && q < IXGBE_QUEUES; q++) {
        if ((tx_reg(s, q, TXDCTL) & TXDCTL_ENABLE) && tx_reg(s, q, TDH) != tx_reg(s, q, TDT)) {
            return true;
        }
    }
    return false;
}

void ixgbe_tx_resume(Ixgbe *s)
{
    for (unsigned int q = 0; q < IXGBE_QUEUES; q++) {
        if (tx_reg(s, q, TXDCTL) & TXDCTL_ENABLE) {
            ixgbe_tx_run(s, q);
        }
    }
}

void ixgbe_tx_reset(Ixgbe *s)
{
    for (unsigned int q = 0; q < IXGBE_QUEUES; q++) {
        s->tx[q].gathering = s->tx[q].waiting = false;
        memset(s->tx[q].context, 0, sizeof(s->tx[q].context));
    }
    memset(s->tx_changed, 0, sizeof(s->tx_changed));
}

void ixgbe_tx_init(Ixgbe *s)
{
    s->segment = g_malloc(FRAME_MAX + 64);
}

void ixgbe_tx_finalize(Ixgbe *s)
{
    for (unsigned int q = 0; q < IXGBE_QUEUES; q++) {
        g_free(s->tx[q].data);
    }
    g_free(s->segment);
}
