// SPDX-License-Identifier: BSD-2-Clause
// What a driver may write, and when. Each rule names the section of the Intel 82599 datasheet
// (331520) that it comes from. The register still has its old value when a write is checked.
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"

enum {
    SETTLE_TICKS = 10000, // 4.6.3.2, microseconds
    ALIGN = 128,
    WTHRESH = 0x7F << 16,
};

static uint32_t now(const struct simcard *card, uint32_t offset)
{
    return card->registers[offset / 4];
}

// Whether offset is register `base` of a queue; the queue's number then is in *q.
static bool is_queue(uint32_t offset, uint32_t base, unsigned *q)
{
    if (offset < base || offset >= base + 0x40 * 64 || (offset - base) % 0x40 != 0)
        return false;
    *q = (offset - base) / 0x40;
    return true;
}

static bool within(uint32_t offset, uint32_t first, uint32_t last)
{
    return offset >= first && offset <= last;
}

// A tail may only give descriptors to the card, never take any back.
static const char *check_tail(uint32_t head, uint32_t old, uint32_t bytes, uint32_t value)
{
    const uint32_t slots = bytes / 16;
    if (slots == 0 || value >= slots)
        return "7.1.9, 7.2.3.3: tail outside the ring";
    if ((value + slots - head) % slots < (old + slots - head) % slots)
        return "7.1.9, 7.2.3.3: tail passed the head, or went back";
    return NULL;
}

static const char *check_receive_queue(const struct simcard *card, uint32_t offset, uint32_t value)
{
    unsigned q;
    if (is_queue(offset, IXGBE_RDT(0), &q)) {
        // The tail of a queue that is off may be set to its head.
        if (!(now(card, IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE))
            return value == now(card, IXGBE_RDH(q))
                       ? NULL
                       : "4.6.7.1: RDT written before RXDCTL.ENABLE was read as 1";
        return check_tail(now(card, IXGBE_RDH(q)), now(card, IXGBE_RDT(q)),
                          now(card, IXGBE_RDLEN(q)), value);
    }
    if (is_queue(offset, IXGBE_RDH(0), &q) && now(card, IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE)
        return "8.2.3.8.4: RDH written while its queue is enabled";
    const bool base = is_queue(offset, IXGBE_RDBAL(0), &q),
               length = is_queue(offset, IXGBE_RDLEN(0), &q);
    if ((base || length) && value % ALIGN != 0)
        return "8.2.3.8.1, 8.2.3.8.3: receive ring not a multiple of 128";
    if ((base || length || is_queue(offset, IXGBE_SRRCTL(0), &q)) &&
        now(card, IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE)
        return "4.6.7.1: ring changed while its queue is enabled";
    if (is_queue(offset, IXGBE_SRRCTL(0), &q) && ((value & 0x1F) == 0 || (value & 0x1F) > 16))
        return "8.2.3.8.7: BSIZEPACKET is 1 to 16 KB";
    if (is_queue(offset, IXGBE_RXDCTL(0), &q) && value & IXGBE_RXDCTL_ENABLE &&
        now(card, IXGBE_RDLEN(q)) == 0)
        return "4.6.7.1: receive queue enabled without a ring";
    return NULL;
}

static const char *check_transmit_queue(const struct simcard *card, uint32_t offset, uint32_t value)
{
    unsigned q;
    if (is_queue(offset, IXGBE_TDT(0), &q)) {
        if (!(now(card, IXGBE_TXDCTL(q)) & IXGBE_TXDCTL_ENABLE))
            return value == now(card, IXGBE_TDH(q))
                       ? NULL
                       : "4.6.8.1: TDT written before TXDCTL.ENABLE was read as 1";
        return check_tail(now(card, IXGBE_TDH(q)), now(card, IXGBE_TDT(q)),
                          now(card, IXGBE_TDLEN(q)), value);
    }
    const bool base = is_queue(offset, IXGBE_TDBAL(0), &q),
               length = is_queue(offset, IXGBE_TDLEN(0), &q);
    const bool head = is_queue(offset, IXGBE_TDWBAL(0), &q);
    if (is_queue(offset, IXGBE_TDH(0), &q) && now(card, IXGBE_TXDCTL(q)) & IXGBE_TXDCTL_ENABLE)
        return "8.2.3.9.8: TDH written while its queue is enabled";
    if ((base || length) && value % ALIGN != 0)
        return "8.2.3.9.5, 8.2.3.9.7: transmit ring not a multiple of 128";
    if (head && (value & ~IXGBE_TDWBAL_ENABLE) % 16 != 0)
        return "8.2.3.9.11: head write-back address not a multiple of 16";
    if ((base || length || head) && now(card, IXGBE_TXDCTL(q)) & IXGBE_TXDCTL_ENABLE)
        return "4.6.8.1: ring changed while its queue is enabled";
    if (is_queue(offset, IXGBE_TXDCTL(0), &q)) {
        if (value & IXGBE_TXDCTL_ENABLE && !(now(card, IXGBE_DMATXCTL) & IXGBE_DMATXCTL_TE))
            return "4.6.8: transmit queue enabled before DMATXCTL.TE";
        if (value & WTHRESH && now(card, IXGBE_TDWBAL(q)) & IXGBE_TDWBAL_ENABLE)
            return "7.2.3.5.2: WTHRESH must be 0 with head write-back";
        if (value & IXGBE_TXDCTL_ENABLE && now(card, IXGBE_TDWBAL(q)) & IXGBE_TDWBAL_ENABLE &&
            now(card, IXGBE_DCA_TXCTRL(q)) & IXGBE_DCA_TXCTRL_WB_RO)
            return "8.2.3.11.2: head write-back with relaxed ordering can go back";
    }
    return NULL;
}

// What software must set RDRXCTL to, whenever it writes it.
static bool is_right(uint32_t rdrxctl)
{
    const uint32_t ones = IXGBE_RDRXCTL_RSCACKC | IXGBE_RDRXCTL_FCOE_WRFIX;
    return (rdrxctl & ones) == ones && !(rdrxctl & IXGBE_RDRXCTL_RSCFRSTSIZE);
}

// What must be so when the receive unit is opened.
static const char *check_opening(const struct simcard *card)
{
    const uint32_t rdrxctl = now(card, IXGBE_RDRXCTL);
    if (!(now(card, IXGBE_SECRXSTAT) & IXGBE_SECRXSTAT_RDY))
        return "4.6.7: RXEN set while the path in front of it is not halted";
    if (!is_right(rdrxctl))
        return "8.2.3.8.8: RDRXCTL is not what software must set it to";
    if (!(now(card, IXGBE_HLREG0) & IXGBE_HLREG0_RXCRCSTRP) || !(rdrxctl & IXGBE_RDRXCTL_CRC_STRIP))
        return "8.2.3.8.8: CRC stripping differs between RDRXCTL and HLREG0";
    for (unsigned q = 0; q < SIMCARD_QUEUES; q++) {
        if (now(card, IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE &&
            now(card, IXGBE_DCA_RXCTRL(q)) & IXGBE_DCA_RXCTRL_RESERVED)
            return "8.2.3.11.1: DCA_RXCTRL bit 12 must be 0";
    }
    for (uint32_t offset = IXGBE_MTA(0); offset <= IXGBE_MTA(127); offset += 4) {
        if (now(card, offset) != 0)
            return "4.6.7: the multicast table was not cleared";
    }
    for (uint32_t offset = IXGBE_PFUTA(0); offset <= IXGBE_PFUTA(127); offset += 4) {
        if (now(card, offset) != 0)
            return "8.2.3.27.12: the unicast table was not cleared";
    }
    return NULL;
}

static const char *check_units(const struct simcard *card, uint32_t offset, uint32_t value)
{
    const bool receiving = now(card, IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN;
    if (offset == IXGBE_EIMC && value & IXGBE_BIT(31))
        return "8.2.3.5.4: EIMC bit 31 is reserved";
    if (receiving && (offset == IXGBE_FCTRL || offset == IXGBE_VLNCTRL || offset == IXGBE_MCSTCTRL))
        return "8.2.3.7.1: filters changed while RXCTRL.RXEN is set";
    if (!receiving && offset == IXGBE_RXCTRL && value & IXGBE_RXCTRL_RXEN)
        return check_opening(card);
    if (offset == IXGBE_RDRXCTL && !is_right(value))
        return "8.2.3.8.8: RDRXCTL bits 21:17 must be written 0, 25 and 26 must be written 1";
    const uint32_t room = now(card, IXGBE_RXPBSIZE(0));
    if (offset == IXGBE_FCRTH(0) && value & IXGBE_FCRTH_FCEN &&
        ((value & 0x7FFE0) > room - 0x6000 ||
         (value & 0x7FFE0) <= (now(card, IXGBE_FCRTL(0)) & 0x7FFE0)))
        return "4.6.3.2: high threshold not between the low one and the packet buffer less 24 KB";
    if (offset == IXGBE_DTXMXSZRQ && value > IXGBE_DTXMXSZRQ_MAX)
        return "8.2.3.9.1: DTXMXSZRQ has 12 bits";
    const bool scheduled = offset == IXGBE_MTQC || offset == IXGBE_DTXMXSZRQ ||
                           within(offset, IXGBE_TXPBSIZE(0), IXGBE_TXPBSIZE(7)) ||
                           within(offset, IXGBE_TXPBTHRESH(0), IXGBE_TXPBTHRESH(7));
    if (scheduled && !(now(card, IXGBE_RTTDCS) & IXGBE_RTTDCS_ARBDIS))
        return "4.6.8: transmit sizes changed while RTTDCS.ARBDIS is clear";
    return NULL;
}

// Shared with firmware and the other port: only for whoever holds it (10.5.4).
static const char *check_semaphores(const struct simcard *card, uint32_t offset)
{
    const uint32_t held = now(card, IXGBE_SW_FW_SYNC);
    if (offset == IXGBE_EERD && !(held & IXGBE_SYNC_EEPROM))
        return "10.5.4: EEPROM read without its semaphore";
    if (offset == IXGBE_I2CCTL && !(held & IXGBE_SYNC_PHY(card->lan)))
        return "10.5.4: I2C used without its semaphore";
    if ((offset == IXGBE_CORECTL || offset == IXGBE_AUTOC) && !(held & IXGBE_SYNC_MAC_CSR))
        return "10.5.4: CORECTL or AUTOC written without its semaphore";
    return NULL;
}

void simcard_check_write(struct simcard *card, uint32_t offset, uint32_t value)
{
    const uint64_t since_reset = card->ticks - card->reset_at;
    const char *rule = NULL;
    if (card->in_reset)
        rule = "8.2.3.1.1: written during a reset";
    else if (card->resets > 0 && since_reset < SETTLE_TICKS && offset != IXGBE_CTRL)
        rule = "4.6.3.2: written less than 10 ms after a reset";
    else if (offset < 0x2000)
        rule = check_receive_queue(card, offset, value);
    else if (within(offset, 0x6000, 0x6FFF))
        rule = check_transmit_queue(card, offset, value);
    if (rule == NULL)
        rule = check_units(card, offset, value);
    if (rule == NULL)
        rule = check_semaphores(card, offset);
    if (rule != NULL)
        simcard_violate(card, rule, offset, value);
}
