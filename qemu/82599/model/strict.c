// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rules of the 82599 datasheet (331520) on order and content of what a driver writes. A broken
// rule is logged by -d guest_errors with its section; with strict=on it also ends QEMU, with exit
// status 82.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "system/runstate.h"

void ixgbe_violation(Ixgbe *s, const char *section, const char *format, ...)
{
    const char *id = s->parent_obj.qdev.id ? s->parent_obj.qdev.id : s->parent_obj.name;
    g_autofree char *what = NULL;
    va_list list;

    va_start(list, format);
    what = g_strdup_vprintf(format, list);
    va_end(list);

    qemu_log_mask(LOG_GUEST_ERROR, "ixgbe %s: %s (82599 datasheet, section %s)\n", id, what,
                  section);
    if (!s->strict || s->stopped) {
        return;
    }
    s->stopped = true;
    error_report("ixgbe %s: strict: %s (82599 datasheet, section %s)", id, what, section);
    qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_SHUTDOWN, IXGBE_STRICT_EXIT);
}

void ixgbe_check_access(Ixgbe *s, uint32_t offset, unsigned int size)
{
    int64_t since = ixgbe_now() - s->reset_at;

    if (size != 4 || (offset & 3) != 0) {
        ixgbe_violation(s, "8.1", "access of %u bytes at %05x: registers are 32 bits wide", size,
                        offset);
    }
    if (ixgbe_rule(offset & ~3u) == NULL) {
        qemu_log_mask(LOG_UNIMP, "ixgbe: no register at %05x\n", offset);
    }
    if (since < RESET_QUIET_NS) {
        ixgbe_violation(s, "8.2.3.1.1", "register %05x touched %" PRId64 " ns after CTRL.RST",
                        offset, since);
    }
}

static bool rx_enabled(Ixgbe *s)
{
    return (*reg_at(s, RXCTRL) & RXCTRL_RXEN) != 0;
}

// Registers that decide how frames are filtered and stored may change only while reception is off.
static bool wants_rxen_clear(uint32_t offset)
{
    switch (offset) {
    case FCTRL:
    case RXCSUM:
    case RFCTL:
    case RDRXCTL:
    case MRQC:
        return true;
    }
    return offset >= RXPBSIZE && offset < RXPBSIZE + 32;
}

static void check_rx_queue(Ixgbe *s, uint32_t offset, uint32_t value)
{
    uint32_t base = offset & ~(QUEUE_STRIDE - 1), which = offset & (QUEUE_STRIDE - 1);
    bool enabled = (*reg_at(s, base + RXDCTL) & RXDCTL_ENABLE) != 0;
    unsigned int q = (base & 0xfff) / QUEUE_STRIDE + (base >= RX_QUEUES_HIGH ? 64 : 0);

    switch (which) {
    case RDBAL:
    case RDLEN:
        if (value & 0x7f) {
            ixgbe_violation(s, which == RDBAL ? "8.2.3.8.1" : "8.2.3.8.3",
                            "%s[%u] = %08x is not a multiple of 128",
                            which == RDBAL ? "RDBAL" : "RDLEN", q, value);
        }
        // fall through
    case RDBAH:
    case RDH:
    case SRRCTL:
        if (enabled && value != *reg_at(s, offset)) {
            ixgbe_violation(s, "4.6.7.1", "%s[%u] written while the queue is enabled",
                            ixgbe_rule(offset)->name, q);
        }
        break;
    case RDT:
        ixgbe_check_tail(s, true, q, value);
        break;
    }
}

static void check_tx_queue(Ixgbe *s, uint32_t offset, uint32_t value)
{
    unsigned int q = (offset - TX_QUEUES) / QUEUE_STRIDE;
    uint32_t which = offset & (QUEUE_STRIDE - 1);
    bool enabled = (tx_reg(s, q, TXDCTL) & TXDCTL_ENABLE) != 0;

    switch (which) {
    case TDBAL:
    case TDLEN:
        if (value & 0x7f) {
            ixgbe_violation(s, which == TDBAL ? "8.2.3.9.5" : "8.2.3.9.7",
                            "%s[%u] = %08x is not a multiple of 128",
                            which == TDBAL ? "TDBAL" : "TDLEN", q, value);
        }
        // fall through
    case TDBAH:
    case TDH:
    case TDWBAL:
    case TDWBAH:
        if (enabled && value != *reg_at(s, offset)) {
            ixgbe_violation(s, which == TDH ? "8.2.3.9.8" : "4.6.8.1",
                            "%s[%u] written while the queue is enabled", ixgbe_rule(offset)->name,
                            q);
        }
        // The card drops address bits 3:2 in practice, though 7.2.3.5.2 asks for four bytes only.
        if (which == TDWBAL && (value & TDWBAL_HEAD_WB_EN) && (value & 0xe)) {
            ixgbe_violation(s, "7.2.3.5.2", "TDWBAL[%u] = %08x is not 16-byte aligned", q, value);
        }
        break;
    case TDT:
        ixgbe_check_tail(s, false, q, value);
        break;
    }
}

// 4.6.3.2, 8.2.3.3: what must hold when the receiver is opened with PAUSE to be sent.
static void check_flow_control(Ixgbe *s)
{
    uint32_t high = *reg_at(s, FCRTH) & FLOW_THRESHOLD, low = *reg_at(s, FCRTL) & FLOW_THRESHOLD;
    uint32_t time = *reg_at(s, FCTTV) & 0xffff, left = *reg_at(s, FCRTV) & 0xffff;

    if ((*reg_at(s, FCCFG) & FCCFG_TFCE) == 0 || (*reg_at(s, FCRTH) & FCRTH_FCEN) == 0) {
        return;
    }
    if ((*reg_at(s, HLREG0) & HLREG0_TXCRCEN) == 0) {
        ixgbe_violation(s, "4.6.3.2", "FCCFG.TFCE without HLREG0.TXCRCEN");
    }
    if (high == 0 || high + 8 > *reg_at(s, RXPBSIZE)) {
        ixgbe_violation(s, "8.2.3.3.4", "FCRTH[0].RTH = %u in a packet buffer of %u", high,
                        *reg_at(s, RXPBSIZE));
    }
    if (low >= high) {
        ixgbe_violation(s, "8.2.3.3.3", "FCRTL[0].RTL = %u, FCRTH[0].RTH = %u", low, high);
    }
    if (left >= time) {
        ixgbe_violation(s, "8.2.3.3.5", "FCRTV = %u is not below FCTTV[0] = %u", left, time);
    }
}

static void check_order(Ixgbe *s, uint32_t offset, uint32_t value)
{
    uint32_t old = *reg_at(s, offset);

    if (wants_rxen_clear(offset) && rx_enabled(s) && value != old) {
        ixgbe_violation(s, ixgbe_rule(offset)->section,
                        "%s changed from %08x to %08x while RXCTRL.RXEN is set",
                        ixgbe_rule(offset)->name, old, value);
    }
    switch (offset) {
    case CTRL:
        if ((value & (CTRL_RST | CTRL_LRST)) && (old & CTRL_GIO_DIS) == 0) {
            ixgbe_violation(s, "4.2.1.6.1", "reset without master disable (CTRL bit 2) before it");
        }
        break;
    case RXCTRL:
        if ((value & ~old & RXCTRL_RXEN) == 0) {
            break;
        }
        // Only the first time: 8.2.3.7.1 lets RXEN be taken away and given back for new filters.
        if (s->rxen_at == 0 && (*reg_at(s, SECRXCTRL) & SECRXCTRL_RX_DIS) == 0) {
            ixgbe_violation(s, "4.6.7",
                            "first RXCTRL.RXEN while the receive data path is not halted "
                            "(SECRXCTRL.RX_DIS)");
        }
        s->rxen_at = ixgbe_now();
        if (!!(*reg_at(s, RDRXCTL) & RDRXCTL_CRCSTRIP) !=
            !!(*reg_at(s, HLREG0) & HLREG0_RXCRCSTRP)) {
            ixgbe_violation(s, "8.2.3.8.8", "RDRXCTL.CRCStrip and HLREG0.RXCRCSTRP differ");
        }
        check_flow_control(s);
        break;
    case RDRXCTL:
        if ((value & RDRXCTL_RSCFRSTSIZE) != 0 || (value & RDRXCTL_RSCACKC) == 0 ||
            (value & RDRXCTL_FCOE_WRFIX) == 0) {
            ixgbe_violation(s, "8.2.3.8.8",
                            "RDRXCTL = %08x: bits 21:17 must be written 0, 25 and "
                            "26 must be written 1",
                            value);
        }
        break;
    case MTQC:
        if ((*reg_at(s, RTTDCS) & RTTDCS_ARBDIS) == 0) {
            ixgbe_violation(s, "8.2.3.9.15", "MTQC written while RTTDCS.ARBDIS is clear");
        }
        break;
    case VLNCTRL:
        if ((value & 0xffff) != 0x8100) {
            ixgbe_violation(s, "8.2.3.7.2", "VLNCTRL.VET = %04x", value & 0xffff);
        }
        break;
    case DMATXCTL:
        if (value >> 16 != 0x8100) {
            ixgbe_violation(s, "8.2.3.9.2", "DMATXCTL.VT = %04x", value >> 16);
        }
        break;
    case SW_FW_SYNC:
        if (s->x540 ? (old & SW_FW_REGSMP) == 0 : (*reg_at(s, SWSM) & SWSM_SWESMBI) == 0) {
            ixgbe_violation(s, "10.5.4", "SW_FW_SYNC written without %s",
                            s->x540 ? "having read SW_FW_SYNC.REGSMP as 0" : "SWSM.SWESMBI");
        }
        break;
    case SWSM:
        if ((value & SWSM_SMBI) && (old & SWSM_SMBI) == 0) {
            ixgbe_violation(s, "8.2.3.4.9", "SWSM.SMBI is taken by reading it, not by writing it");
        }
        break;
    case AUTOC:
        if (value != old && (*reg_at(s, SW_FW_SYNC) & SW_FW_MAC_CSR) == 0) {
            ixgbe_violation(s, "8.2.3.22.19", "AUTOC written without SW_FW_SYNC bit 3");
        }
        break;
    case I2CCTL:
        if (((value ^ old) & (I2CCTL_CLK | I2CCTL_DATA)) &&
            (*reg_at(s, SW_FW_SYNC) & SW_FW_PHY) == 0) {
            ixgbe_violation(s, "10.5.4", "I2CCTL moved without a PHY bit of SW_FW_SYNC");
        }
        break;
    }
}

void ixgbe_check_write(Ixgbe *s, uint32_t offset, uint32_t value)
{
    const RegisterRule *info = ixgbe_rule(offset);

    if (info == NULL) {
        ixgbe_violation(s, "8.2.2", "write of %08x to %05x, where no register is", value, offset);
        return;
    }
    if (info->kind == RO || info->kind == RC) {
        ixgbe_violation(s, info->section, "write of %08x to %s, which is read-only", value,
                        info->name);
        return;
    }
    if (s->x540 && offset == SW_FW_SYNC) {
        value &= ~SW_FW_REGSMP;
    }
    if (s->x540 && (offset == AUTOC || offset == AUTOC2 || offset == I2CCTL || offset == CORECTL)) {
        ixgbe_violation(s, "8.2.2", "write of %08x to %s, which an X540 does not have", value,
                        info->name);
    }
    if ((value ^ info->reset) & ~(info->writable | info->ignored)) {
        ixgbe_violation(s, info->section, "%s (%05x) = %08x: reserved bits %08x", info->name,
                        offset, value, (value ^ info->reset) & ~(info->writable | info->ignored));
    }
    if ((offset & ~0xfffu) == RX_QUEUES_LOW || (offset & ~0xfffu) == RX_QUEUES_HIGH) {
        check_rx_queue(s, offset, value);
    } else if (offset >= TX_QUEUES && offset < TX_QUEUES + IXGBE_QUEUES * QUEUE_STRIDE) {
        check_tx_queue(s, offset, value);
    } else {
        check_order(s, offset, value);
    }
}

static void check_enable(Ixgbe *s, const char *what, unsigned int q, uint32_t length)
{
    if (length == 0 || length > 128 * 1024) {
        ixgbe_violation(s, "8.2.3.8.3", "%s queue %u enabled with a ring of %u bytes", what, q,
                        length);
    }
    if (ixgbe_now() - s->reset_at < RESET_READY_NS) {
        ixgbe_violation(s, "4.6.3", "%s queue %u enabled before EEC.AUTO_RD and RDRXCTL.DMAIDONE",
                        what, q);
    }
    if ((pci_get_word(s->parent_obj.config + PCI_COMMAND) & PCI_COMMAND_MASTER) == 0) {
        ixgbe_violation(s, "9.3.3.3", "%s queue %u enabled while bus mastering is off", what, q);
    }
    if (*reg_at(s, CTRL) & CTRL_GIO_DIS) {
        ixgbe_violation(s, "5.2.5.3.2", "%s queue %u enabled while CTRL bit 2 disables the master",
                        what, q);
    }
}

void ixgbe_check_rx_enable(Ixgbe *s, unsigned int q)
{
    uint32_t srrctl = rx_reg(s, q, SRRCTL);
    uint32_t type = BITS(srrctl, SRRCTL_TYPE, 3);

    check_enable(s, "receive", q, rx_reg(s, q, RDLEN));
    if (type > 1) {
        ixgbe_violation(s, "7.1.10", "SRRCTL[%u].DESCTYPE = %u: header splitting is not to be used",
                        q, type);
    }
    if (BITS(srrctl, SRRCTL_BSIZE, 5) == 0 || BITS(srrctl, SRRCTL_BSIZE, 5) > 16) {
        ixgbe_violation(s, "8.2.3.8.7", "SRRCTL[%u].BSIZEPACKET = %u KB", q,
                        BITS(srrctl, SRRCTL_BSIZE, 5));
    }
}

// Two steps come after RXEN in 4.6.7; a frame that arrives a millisecond later must find them done.
void ixgbe_check_delivery(Ixgbe *s, unsigned int q)
{
    if (ixgbe_now() - s->rxen_at < SCALE_MS) {
        return;
    }
    if ((*reg_at(s, CTRL_EXT) & CTRL_EXT_NSDIS) == 0) {
        ixgbe_violation(s, "4.6.7", "reception without CTRL_EXT bit 16");
    }
    if (rx_reg(s, q, DCA_RXCTRL) & DCA_RXCTRL_BIT12) {
        ixgbe_violation(s, "4.6.7", "reception on queue %u with bit 12 of DCA_RXCTRL set", q);
    }
}

void ixgbe_check_tx_enable(Ixgbe *s, unsigned int q)
{
    uint32_t control = tx_reg(s, q, TXDCTL);

    check_enable(s, "transmit", q, tx_reg(s, q, TDLEN));
    if ((*reg_at(s, DMATXCTL) & DMATXCTL_TE) == 0) {
        ixgbe_violation(s, "4.6.8", "TXDCTL[%u].ENABLE before DMATXCTL.TE", q);
    }
    if (BITS(control, TXDCTL_PTHRESH, 7) != 0 && BITS(control, TXDCTL_HTHRESH, 7) == 0) {
        ixgbe_violation(s, "8.2.3.9.10", "TXDCTL[%u] has PTHRESH without HTHRESH", q);
    }
    if ((tx_reg(s, q, TDWBAL) & TDWBAL_HEAD_WB_EN) && BITS(control, TXDCTL_WTHRESH, 7) != 0) {
        ixgbe_violation(s, "7.2.3.5.2", "TXDCTL[%u].WTHRESH with head write-back", q);
    }
}

// 7.1.9, 7.2.3.3: the tail stays inside the ring and never moves onto or past the head; a queue
// takes a tail only when its ENABLE has been seen set.
void ixgbe_check_tail(Ixgbe *s, bool rx, unsigned int q, uint32_t tail)
{
    uint32_t control = rx ? rx_reg(s, q, RXDCTL) : tx_reg(s, q, TXDCTL);
    uint32_t slots = (rx ? rx_reg(s, q, RDLEN) : tx_reg(s, q, TDLEN)) / 16;
    uint32_t head = rx ? rx_reg(s, q, RDH) : tx_reg(s, q, TDH);
    uint32_t old = rx ? rx_reg(s, q, RDT) : tx_reg(s, q, TDT);
    int64_t changed = rx ? s->rx_changed[q] : s->tx_changed[q];
    const char *name = rx ? "RDT" : "TDT";

    if ((control & RXDCTL_ENABLE) == 0) {
        // Setting the tail back to the head prepares a queue that is off.
        if (tail != head) {
            ixgbe_violation(s, rx ? "4.6.7" : "4.6.8", "%s[%u] = %u while the queue is disabled",
                            name, q, tail);
        }
        return;
    }
    if (changed != 0 && ixgbe_now() - changed < QUEUE_CHANGE_NS) {
        ixgbe_violation(s, rx ? "4.6.7" : "4.6.8", "%s[%u] written before ENABLE reads 1", name, q);
    }
    if (tail >= slots) {
        ixgbe_violation(s, rx ? "8.2.3.8.5" : "8.2.3.9.9", "%s[%u] = %u in a ring of %u", name, q,
                        tail, slots);
        return;
    }
    if (head < slots && old < slots) {
        uint32_t owned = (old - head + slots) % slots, more = (tail - old + slots) % slots;
        if (owned + more >= slots) {
            ixgbe_violation(s, rx ? "7.1.9" : "7.2.3.3", "%s[%u] from %u to %u passes the head %u",
                            name, q, old, tail, head);
        }
    }
}
