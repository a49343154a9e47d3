// SPDX-License-Identifier: GPL-2.0-or-later
//
// Register accesses: the mask of table.c is applied, then what the register does. 82599 datasheet
// 331520, chapter 8.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/log.h"

// Addresses kept for drivers of older cards (8.2.2), mapped to the register's own.
static uint32_t canonical(uint32_t offset)
{
    static const struct {
        uint32_t alias, count, stride, target, target_stride;
    } aliases[] = {
        {CTRL_ALIAS, 1, 4, CTRL, 4},
        {SRRCTL_ALIAS, 16, 4, RX_QUEUES_LOW + SRRCTL, QUEUE_STRIDE},
        {DCA_RX_ALIAS, 16, 4, RX_QUEUES_LOW + DCA_RXCTRL, QUEUE_STRIDE},
        {RAL_ALIAS, 32, 4, RAL, 4},
        {PSRTYPE_ALIAS, 16, 4, PSRTYPE, 4},
        {MRQC_ALIAS, 1, 4, MRQC, 4},
        {RETA_ALIAS, 32, 4, RETA, 4},
        {RSSRK_ALIAS, 10, 4, RSSRK, 4},
        {QPTC_ALIAS, 16, 4, QPTC, QUEUE_STRIDE},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(aliases); i++) {
        uint32_t n = (offset - aliases[i].alias) / aliases[i].stride;
        if (offset >= aliases[i].alias && n < aliases[i].count) {
            return aliases[i].target + n * aliases[i].target_stride;
        }
    }
    return offset;
}

// The queue that an offset belongs to, and which of its registers; false outside the queue pages.
static bool rx_queue_of(uint32_t offset, unsigned int *q, uint32_t *which)
{
    uint32_t base = offset >= RX_QUEUES_HIGH ? RX_QUEUES_HIGH : RX_QUEUES_LOW;

    if (offset < base || offset - base >= 64 * QUEUE_STRIDE) {
        return false;
    }
    *q = (offset - base) / QUEUE_STRIDE + (base == RX_QUEUES_HIGH ? 64 : 0);
    *which = (offset - base) % QUEUE_STRIDE;
    return true;
}

static bool tx_queue_of(uint32_t offset, unsigned int *q, uint32_t *which)
{
    if (offset < TX_QUEUES || offset - TX_QUEUES >= IXGBE_QUEUES * QUEUE_STRIDE) {
        return false;
    }
    *q = (offset - TX_QUEUES) / QUEUE_STRIDE;
    *which = (offset - TX_QUEUES) % QUEUE_STRIDE;
    return true;
}

// ENABLE reads back its new value only when the queue has followed (4.6.7.1, 4.6.8.1).
static uint32_t queue_control_read(Ixgbe *s, uint32_t value, int64_t changed, uint32_t enable)
{
    bool still_old = changed != 0 && ixgbe_now() - changed < QUEUE_CHANGE_NS;

    if (still_old || (s->fault == FAULT_ENABLE_STUCK && (value & enable) != 0)) {
        value ^= enable;
    }
    return value;
}

static uint32_t status_read(Ixgbe *s)
{
    uint32_t value = PCI_FUNC(s->parent_obj.devfn) << STATUS_LANID;

    if (ixgbe_link_up(s)) {
        value |= STATUS_LINKUP;
    }
    // Frames that PAUSE holds back keep the master busy (82599 specification update, specification
    // clarification "Master Disable Flow").
    if ((*reg_at(s, CTRL) & CTRL_GIO_DIS) == 0 || ixgbe_tx_held(s)) {
        value |= STATUS_GIO;
    }
    return value;
}

static uint32_t swsm_read(Ixgbe *s)
{
    uint32_t *swsm = reg_at(s, SWSM);
    uint32_t value = *swsm;

    if (s->fault == FAULT_SEMAPHORE_STUCK) {
        return value | SWSM_SMBI;
    }
    *swsm |= SWSM_SMBI; // whoever read 0 has it (8.2.3.4.9)
    return value;
}

// The X540's second gate: as SMBI, it is taken by the read that returned 0.
static uint32_t sync_read(Ixgbe *s)
{
    uint32_t *sync = reg_at(s, SW_FW_SYNC);
    uint32_t value = *sync;

    if (s->x540) {
        *sync |= SW_FW_REGSMP;
    }
    return value;
}

// Registers whose value is made when they are read. False: plain storage.
static bool computed_read(Ixgbe *s, uint32_t offset, uint32_t *value)
{
    bool ready = ixgbe_now() - s->reset_at >= RESET_READY_NS;
    unsigned int q;
    uint32_t which;

    switch (offset) {
    case CTRL:
        *value = *reg_at(s, CTRL);
        if (ixgbe_now() - s->reset_at < RESET_CLEARS_NS || s->fault == FAULT_RESET_STUCK) {
            *value |= CTRL_RST;
        }
        return true;
    case STATUS:
        *value = status_read(s);
        return true;
    case RDRXCTL:
        *value = *reg_at(s, RDRXCTL) | (ready ? RDRXCTL_DMAIDONE : 0);
        return true;
    case EEC:
        *value = *reg_at(s, EEC) & ~(ready ? 0 : EEC_AUTO_RD);
        return true;
    case TFCS:
        *value = ixgbe_flow_paused(s) ? TFCS_TXOFF : 0;
        return true;
    case SECRXSTAT:
        *value = (*reg_at(s, SECRXCTRL) & SECRXCTRL_RX_DIS) ? SEC_READY : 0;
        return true;
    case ESDP: // SDP2 tells whether a module sits in the cage
        *value = (*reg_at(s, ESDP) & ~ESDP_SDP2) | (ixgbe_sfp_present(s) ? ESDP_SDP2 : 0);
        return true;
    case LINKS:
        *value = ixgbe_links(s);
        return true;
    case SWSM:
        *value = swsm_read(s);
        return true;
    case SW_FW_SYNC:
        *value = sync_read(s);
        return true;
    }
    if (rx_queue_of(offset, &q, &which) && which == RXDCTL) {
        *value = queue_control_read(s, *reg_at(s, offset), s->rx_changed[q], RXDCTL_ENABLE);
        return true;
    }
    if (tx_queue_of(offset, &q, &which) && which == TXDCTL) {
        *value = queue_control_read(s, *reg_at(s, offset), s->tx_changed[q], TXDCTL_ENABLE);
        return true;
    }
    return ixgbe_intr_read(s, offset, value);
}

static uint32_t card_read(Ixgbe *s, uint32_t offset)
{
    const RegisterRule *info;
    uint32_t value;

    offset = canonical(offset);
    if (computed_read(s, offset, &value)) {
        return value;
    }
    info = ixgbe_rule(offset);
    value = *reg_at(s, offset);
    if (info == NULL) {
        return value;
    }
    if (info->kind == WO) {
        return 0;
    }
    if (info->kind == RC) {
        *reg_at(s, offset) = 0;
    }
    return value;
}

static void ctrl_write(Ixgbe *s, uint32_t value)
{
    *reg_at(s, CTRL) = value & CTRL_GIO_DIS;
    if (value & (CTRL_RST | CTRL_LRST)) {
        ixgbe_software_reset(s, (value & CTRL_LRST) != 0);
    }
}

static void rx_queue_write(Ixgbe *s, unsigned int q, uint32_t which, uint32_t old)
{
    uint32_t *value = reg_at(s, rx_base(q) + which);

    if (which == RXDCTL) {
        *value &= ~RXDCTL_SWFLSH;
        if ((*value ^ old) & RXDCTL_ENABLE) {
            s->rx_changed[q] = ixgbe_now();
            if (*value & RXDCTL_ENABLE) {
                ixgbe_check_rx_enable(s, q);
            }
        }
    }
    if (which == RDT || which == RXDCTL) {
        ixgbe_rx_drain(s);
        ixgbe_generator_kick(s);
    }
}

static void tx_queue_write(Ixgbe *s, unsigned int q, uint32_t which, uint32_t old)
{
    uint32_t *value = reg_at(s, tx_base(q) + which);

    if (which == TXDCTL) {
        *value &= ~TXDCTL_SWFLSH;
        if ((*value ^ old) & TXDCTL_ENABLE) {
            s->tx_changed[q] = ixgbe_now();
            s->tx[q].gathering = s->tx[q].waiting = false;
            if (*value & TXDCTL_ENABLE) {
                ixgbe_check_tx_enable(s, q);
            }
        }
    }
    if (which == TDT || which == TXDCTL) {
        ixgbe_tx_run(s, q);
    }
}

// What a write sets off, after the register holds its new value.
static void write_effect(Ixgbe *s, uint32_t offset, uint32_t old)
{
    uint32_t *value = reg_at(s, offset);
    unsigned int q;
    uint32_t which;

    switch (offset) {
    case EERD:
        *value = ixgbe_eerd(s, *value);
        return;
    case EEC:
        *value = ixgbe_eec_write(s, *value);
        return;
    case MSCA:
        *value = ixgbe_mdio(s, *value);
        return;
    case I2CCTL:
        *value = ixgbe_i2c_write(s, *value);
        return;
    case AUTOC:
        if (*value & AUTOC_RESTART_AN) {
            *value &= ~AUTOC_RESTART_AN;
            ixgbe_link_restart(s);
        } else if ((*value ^ old) & AUTOC_FLU) {
            ixgbe_link_update(s);
        }
        return;
    case ESDP:
        ixgbe_link_laser(s);
        return;
    case RXCTRL:
    case SECRXCTRL:
        ixgbe_rx_drain(s);
        ixgbe_generator_kick(s);
        return;
    case DMATXCTL:
    case RTTDCS:
    case SECTXCTRL:
        ixgbe_tx_resume(s);
        return;
    }
    if (rx_queue_of(offset, &q, &which)) {
        rx_queue_write(s, q, which, old);
    } else if (tx_queue_of(offset, &q, &which)) {
        tx_queue_write(s, q, which, old);
    }
}

static void card_write(Ixgbe *s, uint32_t offset, uint32_t value)
{
    const RegisterRule *info;
    uint32_t *reg, old;

    offset = canonical(offset);
    ixgbe_check_write(s, offset, value);
    if (offset == CTRL) {
        ctrl_write(s, value);
        return;
    }
    if (ixgbe_intr_write(s, offset, value)) {
        return;
    }
    reg = reg_at(s, offset);
    old = *reg;
    info = ixgbe_rule(offset);
    *reg = info == NULL ? value : (old & ~info->writable) | (value & info->writable);
    if (s->x540 && offset == SW_FW_SYNC) {
        *reg = (*reg & ~SW_FW_REGSMP) | (value & SW_FW_REGSMP);
    }
    write_effect(s, offset, old);
}

static uint64_t mmio_read(void *opaque, hwaddr address, unsigned int size)
{
    Ixgbe *s = opaque;
    uint32_t shift = 8 * (address & 3);
    uint64_t value;

    if (s->fault == FAULT_ALL_ONES) {
        return UINT64_MAX;
    }
    ixgbe_check_access(s, address, size);
    value = card_read(s, address & ~3u);
    if (size == 8 && address + 4 < REGISTER_SPACE) {
        value |= (uint64_t)card_read(s, address + 4) << 32;
    }
    return value >> shift;
}

static void mmio_write(void *opaque, hwaddr address, uint64_t value, unsigned int size)
{
    Ixgbe *s = opaque;

    if (s->fault == FAULT_ALL_ONES) {
        return;
    }
    ixgbe_check_access(s, address, size);
    if (size < 4) {
        return; // 8.1: only whole registers can be written
    }
    card_write(s, address & ~3u, value);
    if (size == 8 && address + 4 < REGISTER_SPACE) {
        card_write(s, address + 4, value >> 32);
    }
}

const MemoryRegionOps ixgbe_mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

// 8.1.1: IOADDR at 0 selects a register, IODATA at 4 reads or writes it.
static uint64_t io_read(void *opaque, hwaddr address, unsigned int size)
{
    Ixgbe *s = opaque;

    if (address == 0) {
        return s->io_address;
    }
    if (address == 4 && s->io_address < REGISTER_SPACE) {
        return mmio_read(s, s->io_address & ~3u, 4);
    }
    return UINT64_MAX;
}

static void io_write(void *opaque, hwaddr address, uint64_t value, unsigned int size)
{
    Ixgbe *s = opaque;

    if (address == 0) {
        s->io_address = value;
    } else if (address == 4 && s->io_address < REGISTER_SPACE) {
        mmio_write(s, s->io_address & ~3u, value, 4);
    }
}

const MemoryRegionOps ixgbe_io_ops = {
    .read = io_read,
    .write = io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = {.min_access_size = 4, .max_access_size = 4},
};
