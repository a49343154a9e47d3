// SPDX-License-Identifier: BSD-2-Clause
// Registers of the simulated card: what reset leaves in them, and how they react. Intel 82599
// datasheet (331520) chapter 8.
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"
#include <stdio.h>
#include <string.h>

enum {
    RESET_TICKS = 100,
    EEPROM_SFP_LIST = 0x2B,
    EEPROM_CHECKSUM = 0x3F,
    EEPROM_SUM = 0xBABA,
    SECTION = 0x80,
    LIST = 0x100,
    SETTINGS = 0x120,
};

static uint32_t *reg(struct simcard *card, uint32_t offset)
{
    return &card->registers[offset / 4];
}

void simcard_violate(struct simcard *card, const char *rule, uint32_t offset, uint32_t value)
{
    if (card->violations++ == 0)
        snprintf(card->violation, sizeof card->violation, "%s (register %05x, value %08x)", rule,
                 (unsigned)offset, (unsigned)value);
}

void simcard_seal_eeprom(struct simcard *card)
{
    uint16_t sum = 0;
    for (unsigned i = 0; i < EEPROM_CHECKSUM; i++)
        sum = (uint16_t)(sum + card->eeprom[i]);
    for (unsigned i = 0x03; i <= 0x0E; i++) {
        const uint16_t section = card->eeprom[i];
        if (section == 0 || section == 0xFFFF || section >= SIMCARD_EEPROM_WORDS)
            continue;
        for (unsigned j = 1; j <= card->eeprom[section]; j++)
            sum = (uint16_t)(sum + card->eeprom[section + j]);
    }
    card->eeprom[EEPROM_CHECKSUM] = (uint16_t)(EEPROM_SUM - sum);
}

void simcard_seal_module(struct simcard *card)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 63; i++)
        sum += card->module[i];
    card->module[63] = (uint8_t)sum;
}

static void make_eeprom(struct simcard *card)
{
    memset(card->eeprom, 0xFF, sizeof card->eeprom);
    for (unsigned i = 0; i < 0x40; i++)
        card->eeprom[i] = (uint16_t)(i * 0x0101);
    for (unsigned i = 0x03; i <= 0x0E; i++)
        card->eeprom[i] = 0xFFFF;
    card->eeprom[0x04] = SECTION;
    card->eeprom[SECTION] = 3; // its length
    for (unsigned i = 1; i <= 3; i++)
        card->eeprom[SECTION + i] = (uint16_t)(0x1111 * i);

    card->eeprom[EEPROM_SFP_LIST] = LIST;
    card->eeprom[LIST] = 0; // a length, which nobody reads
    const uint16_t kinds[] = {3, 4, 5, 6};
    for (unsigned i = 0; i < 4; i++) {
        card->eeprom[LIST + 1 + 2 * i] = kinds[i];
        card->eeprom[LIST + 2 + 2 * i] = (uint16_t)(SETTINGS + 4 * i);
        card->eeprom[SETTINGS + 4 * i] = 0;
        card->eeprom[SETTINGS + 4 * i + 1] = (uint16_t)(0xC000 + kinds[i]);
        card->eeprom[SETTINGS + 4 * i + 2] = 0xFFFF;
    }
    simcard_seal_eeprom(card);
}

static void make_module(struct simcard *card)
{
    memset(card->module, 0, sizeof card->module);
    memset(card->diagnostics, 0, sizeof card->diagnostics);
    card->module[0] = 0x03;  // SFP
    card->module[3] = 0x10;  // 10GBASE-SR
    card->module[12] = 0x67; // 10.3 GBd
    memcpy(&card->module[20], "SIMULATED       ", 16);
    memcpy(&card->module[40], "SR-850-X        ", 16);
    memcpy(&card->module[68], "0001            ", 16);
    card->module[92] = 0x68; // diagnostics, calibrated
    simcard_seal_module(card);
    const uint8_t measured[10] = {31, 0x40, 0x80, 0xE8, 0x0F, 0xA0, 0x15, 0xE0, 0x12, 0xC0};
    memcpy(&card->diagnostics[96], measured, sizeof measured);
    card->module_present = true;
}

// What the registers hold after a global reset (the "Init val" columns of chapter 8). Tables that
// reset does not clear keep their contents, which are rubbish after power-on. So do the semaphores
// of software; firmware's are set anew (X550 datasheet, 11.8.4.1).
static void load_defaults(struct simcard *card)
{
    static const struct {
        uint32_t first, last;
    } kept[] = {
        {IXGBE_MTA(0), IXGBE_MTA(127)},      {IXGBE_VFTA(0), IXGBE_VFTA(127)},
        {IXGBE_MPSAR(0), IXGBE_MPSAR(255)},  {IXGBE_FTQF(0), IXGBE_FTQF(127)},
        {IXGBE_PFVLVF(0), IXGBE_PFVLVF(63)}, {IXGBE_PFVLVFB(0), IXGBE_PFVLVFB(127)},
        {IXGBE_PFUTA(0), IXGBE_PFUTA(127)},
    };
    const uint32_t held = *reg(card, IXGBE_SW_FW_SYNC) & IXGBE_SYNC_SOFTWARE;
    for (uint32_t offset = 0; offset < SIMCARD_BAR_SIZE; offset += 4) {
        bool keep = false;
        for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++)
            keep |= offset >= kept[i].first && offset <= kept[i].last;
        if (!keep)
            *reg(card, offset) = 0;
    }
    *reg(card, IXGBE_STATUS) = card->lan << 2 | IXGBE_STATUS_GIO_ENABLED;
    for (unsigned q = 0; q < 64; q++) {
        *reg(card, IXGBE_DCA_RXCTRL(q)) = IXGBE_DCA_RXCTRL_RESERVED;
        *reg(card, IXGBE_DCA_TXCTRL(q)) = IXGBE_DCA_TXCTRL_WB_RO;
        *reg(card, IXGBE_SRRCTL(q)) = 2;
    }
    *reg(card, IXGBE_RDRXCTL) =
        UINT32_C(8) << 17 | (card->no_dma_init ? 0 : IXGBE_RDRXCTL_DMAIDONE);
    *reg(card, IXGBE_HLREG0) = IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXPADEN;
    *reg(card, IXGBE_MAXFRS) = UINT32_C(1518) << 16;
    *reg(card, IXGBE_TXPBTHRESH(0)) = 0x96;
    for (unsigned i = 0; i < 8; i++) {
        *reg(card, IXGBE_RXPBSIZE(i)) = IXGBE_PB_KB(UINT32_C(512));
        *reg(card, IXGBE_TXPBSIZE(i)) = IXGBE_PB_KB(UINT32_C(160));
    }
    *reg(card, IXGBE_AUTOC) = IXGBE_AUTOC_LMS_10G | IXGBE_BIT(9);
    *reg(card, IXGBE_AUTOC2) = UINT32_C(2) << 16;
    *reg(card, IXGBE_ESDP) = IXGBE_ESDP_SDP3;
    *reg(card, IXGBE_I2CCTL) = 0xF;
    *reg(card, IXGBE_EEC) =
        (card->no_eeprom ? 0 : IXGBE_EEC_PRES) | (card->no_auto_read ? 0 : IXGBE_EEC_AUTO_RD);
    *reg(card, IXGBE_SW_FW_SYNC) = held | IXGBE_SYNC_FIRMWARE(card->firmware_holds);
    *reg(card, IXGBE_SWSM) = card->swsm_left_taken ? IXGBE_SWSM_SMBI : 0;
    if (!card->no_eeprom) {
        *reg(card, IXGBE_RAL(0)) =
            card->mac[0] | card->mac[1] << 8 | card->mac[2] << 16 | (uint32_t)card->mac[3] << 24;
        *reg(card, IXGBE_RAH(0)) = card->mac[4] | card->mac[5] << 8 | IXGBE_RAH_AV;
    }
    card->i2c = (struct simcard_i2c){.clock = true, .data = true, .drive = true};
    card->link_started = false;
    memset(card->aliases_seen, 0, sizeof card->aliases_seen);
    memset(card->tdt_seen, 0, sizeof card->tdt_seen);
    memset(card->rdt_seen, 0, sizeof card->rdt_seen);
}

void simcard_open(struct simcard *card, uint32_t *registers)
{
    *card = (struct simcard){
        .registers = registers,
        .mac = {0x00, 0x1B, 0x21, 0x12, 0x34, 0x56},
        .partner_10g = true,
    };
    memset(registers, 0x5A, SIMCARD_BAR_SIZE); // what power-on leaves in tables
    *reg(card, IXGBE_SW_FW_SYNC) = 0;
    make_eeprom(card);
    make_module(card);
    load_defaults(card);
}

static void look_at_reset(struct simcard *card)
{
    uint32_t *control = reg(card, IXGBE_CTRL);
    if (*control & IXGBE_CTRL_GIO_DIS && !card->master_hangs)
        *reg(card, IXGBE_STATUS) &= ~IXGBE_STATUS_GIO_ENABLED;
    if (!card->in_reset && *control & (IXGBE_CTRL_RST | IXGBE_CTRL_LRST)) {
        card->in_reset = true;
        card->reset_at = card->ticks;
    }
    if (card->in_reset && !card->reset_hangs && card->ticks - card->reset_at >= RESET_TICKS) {
        load_defaults(card);
        card->in_reset = false;
        card->resets++;
    }
}

static void look_at_eeprom(struct simcard *card)
{
    uint32_t *eerd = reg(card, IXGBE_EERD);
    if (!(*eerd & 1) || card->eerd_hangs)
        return;
    const uint32_t word = *eerd >> 2 & 0x3FFF;
    const uint16_t data = word < SIMCARD_EEPROM_WORDS ? card->eeprom[word] : 0xFFFF;
    *eerd = IXGBE_EERD_DONE | word << 2 | (uint32_t)data << 16;
}

// 7.3.1: a cause that is raised, or unmasked, sends its message. With Multiple_MSIX the 16 low bits
// are table entries; the others are IVAR_MISC's second.
static void send_messages(struct simcard *card, uint32_t causes)
{
    uint32_t *eicr = reg(card, IXGBE_EICR);
    const uint32_t sent = causes & *eicr & *reg(card, IXGBE_EIMS);
    const uint32_t other = *reg(card, IXGBE_IVAR_MISC) >> 8;
    for (unsigned entry = 0; entry < 16; entry++)
        card->messages[entry] += sent >> entry & 1;
    if (sent >> 16 != 0 && other & 0x80)
        card->messages[other & 0x3F]++;
    *eicr &= ~(sent & *reg(card, IXGBE_EIAC));
}

void simcard_cause(struct simcard *card, uint32_t causes)
{
    *reg(card, IXGBE_EICR) |= causes;
    send_messages(card, causes);
}

static void unmask(struct simcard *card, uint32_t causes)
{
    const uint32_t fresh = causes & ~*reg(card, IXGBE_EIMS);
    *reg(card, IXGBE_EIMS) |= causes;
    send_messages(card, fresh);
}

// The link is up when both ends run at the same rate and light comes out of the module.
static void look_at_link(struct simcard *card)
{
    uint32_t *autoc = reg(card, IXGBE_AUTOC), *links = reg(card, IXGBE_LINKS);
    if (*autoc & IXGBE_AUTOC_RESTART) {
        *autoc &= ~IXGBE_AUTOC_RESTART;
        *reg(card, IXGBE_ANLP1) = UINT32_C(1) << 16;
        card->link_started = true;
    }
    const uint32_t mode = *autoc & IXGBE_AUTOC_LMS;
    const bool light = card->module_present && !(*reg(card, IXGBE_ESDP) & IXGBE_ESDP_SDP3);
    const bool at_10g = mode == IXGBE_AUTOC_LMS_10G && card->partner_10g;
    const bool at_1g = mode == IXGBE_AUTOC_LMS_1G_AN && card->partner_1g;
    const uint32_t state = !card->link_started || !light ? 0
                           : at_10g                      ? IXGBE_LINKS_UP | UINT32_C(3) << 28
                           : at_1g                       ? IXGBE_LINKS_UP | UINT32_C(2) << 28
                                                         : 0;
    if (state != *links)
        simcard_cause(card, IXGBE_EICR_LSC);
    *links = state;
}

static void look_at_security(struct simcard *card)
{
    const bool shut = *reg(card, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS;
    *reg(card, IXGBE_SECRXSTAT) = shut && !card->security_hangs ? IXGBE_SECRXSTAT_RDY : 0;
}

static void look_at_tails(struct simcard *card)
{
    for (unsigned q = 0; q < SIMCARD_QUEUES; q++) {
        const uint32_t tdt = *reg(card, IXGBE_TDT(q)), rdt = *reg(card, IXGBE_RDT(q));
        card->writes += (tdt != card->tdt_seen[q]) + (rdt != card->rdt_seen[q]);
        card->tdt_seen[q] = tdt;
        card->rdt_seen[q] = rdt;
    }
}

static void react(struct simcard *card)
{
    look_at_reset(card);
    if (card->in_reset)
        return;
    look_at_eeprom(card);
    look_at_link(card);
    look_at_security(card);
    simcard_i2c_look(card);
}

void simcard_tick(struct simcard *card)
{
    card->ticks++;
    if (card->plain)
        simcard_follow_aliases(card);
    react(card);
    if (card->plain) {
        simcard_follow_aliases(card); // after a reset
        look_at_tails(card);
    }
}

static bool clears_on_read(uint32_t offset)
{
    return offset == IXGBE_EICR || (offset >= IXGBE_MPC(0) && offset <= IXGBE_MPC(7)) ||
           (offset >= 0x4000 && offset < 0x4100) || offset == IXGBE_QPRDC(0);
}

uint32_t simcard_read(struct simcard *card, uint32_t offset)
{
    card->reads++;
    if (card->gone || card->registers_gone)
        return UINT32_MAX;
    if (card->in_reset && card->ticks - card->reset_at < 1000)
        simcard_violate(card, "8.2.3.1.1: read less than 1 ms after CTRL.RST", offset, 0);
    offset = simcard_alias(offset);
    const uint32_t value = *reg(card, offset);
    if (clears_on_read(offset))
        *reg(card, offset) = 0;
    if (offset == IXGBE_SWSM)
        *reg(card, offset) |= IXGBE_SWSM_SMBI;
    return value;
}

void simcard_write(struct simcard *card, uint32_t offset, uint32_t value)
{
    card->writes++;
    if (card->gone || card->registers_gone)
        return;
    offset = simcard_alias(offset);
    simcard_check_write(card, offset, value);
    const uint32_t old = *reg(card, offset);
    const bool is_rxdctl = offset >= IXGBE_RXDCTL(0) && offset <= IXGBE_RXDCTL(63) &&
                           (offset - IXGBE_RXDCTL(0)) % 0x40 == 0;
    const bool is_txdctl = offset >= IXGBE_TXDCTL(0) && offset <= IXGBE_TXDCTL(63) &&
                           (offset - IXGBE_TXDCTL(0)) % 0x40 == 0;
    const uint32_t enable = IXGBE_RXDCTL_ENABLE; // the same bit in both
    if ((is_rxdctl && card->rx_queue_hangs) || (is_txdctl && card->tx_queue_hangs))
        value = (value & ~enable) | (old & enable);
    if (offset == IXGBE_EICR)
        value = old & ~value;
    // The 16 low bits of the first extended mask are those of the plain one (8.2.3.5.8).
    if (offset == IXGBE_EIMC || offset == IXGBE_EIMC_EX(0))
        *reg(card, IXGBE_EIMS) &= ~(offset == IXGBE_EIMC ? value : value & 0xFFFF);
    if (offset == IXGBE_EIMS || offset == IXGBE_EIMS_EX(0))
        unmask(card, offset == IXGBE_EIMS ? value : value & 0xFFFF);
    else
        *reg(card, offset) = value;
    react(card);
}
