// SPDX-License-Identifier: BSD-2-Clause
// The card, its EEPROM, its module and the driver's own view, on the console. Registers: Intel
// 82599 datasheet (331520) chapter 8; here are only those that may be read without consequences:
// not EICR and the statistics, which reading clears, and not SWSM, which reading takes.
#include "drivers/ixgbe/describe.h"
#include "drivers/ixgbe/ring.h"

enum {
    COLUMNS = 4,     // registers a line
    WORDS_A_ROW = 8, // EEPROM words a line
};

struct named {
    const char *name;
    uint32_t offset;
};

static const struct named common[] = {
    {"CTRL", IXGBE_CTRL},
    {"STATUS", IXGBE_STATUS},
    {"CTRL_EXT", IXGBE_CTRL_EXT},
    {"ESDP", IXGBE_ESDP},
    {"LEDCTL", IXGBE_LEDCTL},
    {"EIMS", IXGBE_EIMS},
    {"GPIE", IXGBE_GPIE},
    {"IVAR_MISC", IXGBE_IVAR_MISC},
    {"LINKS", IXGBE_LINKS},
    {"HLREG0", IXGBE_HLREG0},
    {"MAXFRS", IXGBE_MAXFRS},
    {"MFLCN", IXGBE_MFLCN},
    {"FCCFG", IXGBE_FCCFG},
    {"FCRTH0", IXGBE_FCRTH(0)},
    {"FCTRL", IXGBE_FCTRL},
    {"VLNCTRL", IXGBE_VLNCTRL},
    {"MRQC", IXGBE_MRQC},
    {"RXCTRL", IXGBE_RXCTRL},
    {"RDRXCTL", IXGBE_RDRXCTL},
    {"SECRXCTRL", IXGBE_SECRXCTRL},
    {"SECRXSTAT", IXGBE_SECRXSTAT},
    {"RXPBSIZE0", IXGBE_RXPBSIZE(0)},
    {"TXPBSIZE0", IXGBE_TXPBSIZE(0)},
    {"DMATXCTL", IXGBE_DMATXCTL},
    {"RTTDCS", IXGBE_RTTDCS},
    {"MTQC", IXGBE_MTQC},
    {"DTXMXSZRQ", IXGBE_DTXMXSZRQ},
    {"GCR_EXT", IXGBE_GCR_EXT},
    {"RAL0", IXGBE_RAL(0)},
    {"RAH0", IXGBE_RAH(0)},
};

// Where the MAC itself runs the link.
static const struct named serial[] = {
    {"AUTOC", IXGBE_AUTOC},
    {"AUTOC2", IXGBE_AUTOC2},
    {"ANLP1", IXGBE_ANLP1},
};

static void to_hex(char text[9], uint32_t value)
{
    for (unsigned i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[8] = '\0';
}

// Each env_print() may let others work, and the box may begin a reset meanwhile: asked before each
// group of registers, which is read at once.
static bool may_read(const struct ixgbe *card)
{
    return card->reset.step == 0;
}

static void describe_registers(struct ixgbe *card, const struct named *table, unsigned count)
{
    for (unsigned i = 0; i < count && may_read(card); i += COLUMNS) {
        const char *name[COLUMNS] = {"", "", "", ""};
        char value[COLUMNS][9] = {"", "", "", ""};
        for (unsigned k = 0; k < COLUMNS && i + k < count; k++) {
            name[k] = table[i + k].name;
            to_hex(value[k], ixgbe_read(card, table[i + k].offset));
        }
        env_print(card->env, "  %-9s %8s %-9s %8s %-9s %8s %-9s %8s", name[0], value[0], name[1],
                  value[1], name[2], value[2], name[3], value[3]);
    }
}

// What lies where depends on the MAC.
static void describe_moved_registers(struct ixgbe *card)
{
    const struct ixgbe_mac *mac = card->mac;
    struct named moved[3] = {{"EEC", mac->eec}};
    unsigned count = 1;
    if (!mac->regsmp) // else reading takes the semaphore
        moved[count++] = (struct named){"SW_FW_SYNC", mac->sw_fw_sync};
    if (mac->i2cctl != 0)
        moved[count++] = (struct named){"I2CCTL", mac->i2cctl};
    describe_registers(card, moved, count);
    if (mac->has_autoc)
        describe_registers(card, serial, sizeof serial / sizeof serial[0]);
}

static void describe_receive_queue(struct ixgbe *card, const struct ixgbe_rx *rx)
{
    const uint32_t q = rx->number;
    const unsigned head = ixgbe_read(card, IXGBE_RDH(q)), tail = ixgbe_read(card, IXGBE_RDT(q));
    env_print(
        card->env, "  rx %-2u RXDCTL %08x SRRCTL %08x RDBA %08x%08x RDLEN %x", (unsigned)q,
        (unsigned)ixgbe_read(card, IXGBE_RXDCTL(q)), (unsigned)ixgbe_read(card, IXGBE_SRRCTL(q)),
        (unsigned)ixgbe_read(card, IXGBE_RDBAH(q)), (unsigned)ixgbe_read(card, IXGBE_RDBAL(q)),
        (unsigned)ixgbe_read(card, IXGBE_RDLEN(q)));
    env_print(card->env, "        RDH %u RDT %u; driver: next %u, withheld %u, of %u", head, tail,
              (unsigned)ixgbe_next(rx), (unsigned)ixgbe_withheld(rx), (unsigned)rx->queue.slots);
}

static void describe_transmit_queue(struct ixgbe *card, const struct ixgbe_tx *tx)
{
    const uint32_t q = tx->number;
    const unsigned head = ixgbe_read(card, IXGBE_TDH(q)), tail = ixgbe_read(card, IXGBE_TDT(q));
    env_print(
        card->env, "  tx %-2u TXDCTL %08x TDWBAL %08x TDBA %08x%08x TDLEN %x", (unsigned)q,
        (unsigned)ixgbe_read(card, IXGBE_TXDCTL(q)), (unsigned)ixgbe_read(card, IXGBE_TDWBAL(q)),
        (unsigned)ixgbe_read(card, IXGBE_TDBAH(q)), (unsigned)ixgbe_read(card, IXGBE_TDBAL(q)),
        (unsigned)ixgbe_read(card, IXGBE_TDLEN(q)));
    env_print(card->env, "        TDH %u TDT %u; driver: head %u, clean %u, tail %u, free %u", head,
              tail, (unsigned)*tx->head, (unsigned)tx->clean, (unsigned)ixgbe_tail(tx),
              (unsigned)ixgbe_free(tx));
}

// probe() fills in the queues last: when it failed there are none.
static void describe_queues(struct ixgbe *card)
{
    for (unsigned i = 0; i < card->port->rx_queues && may_read(card); i++)
        describe_receive_queue(card, card->rx[i]);
    unsigned without_ring = 0;
    for (unsigned i = 0; i < card->port->tx_queues && may_read(card); i++) {
        if (ixgbe_read(card, IXGBE_TDLEN(card->tx[i]->number)) == 0)
            without_ring++;
        else
            describe_transmit_queue(card, card->tx[i]);
    }
    if (without_ring != 0)
        env_print(card->env, "  %u transmit queues have no ring (TDLEN is 0)", without_ring);
}

static void describe_eeprom(struct ixgbe *card)
{
    const struct ixgbe_eeprom_start *eeprom = &card->eeprom;
    if (!card->mac->eerd) {
        env_print(card->env, "  EEPROM: behind firmware, not read");
        return;
    }
    for (unsigned i = 0; i < eeprom->read; i += WORDS_A_ROW) {
        const uint16_t *row = &eeprom->words[i]; // those not read are 0
        env_print(card->env, "  EEPROM %02x: %04x %04x %04x %04x  %04x %04x %04x %04x", i, row[0],
                  row[1], row[2], row[3], row[4], row[5], row[6], row[7]);
    }
    if (eeprom->read < IXGBE_EEPROM_START)
        env_print(card->env, "  EEPROM: %u words of %u could be read: see the log", eeprom->read,
                  (unsigned)IXGBE_EEPROM_START);
    else if (eeprom->words[IXGBE_EEPROM_START - 1] == eeprom->checksum)
        env_print(card->env, "  EEPROM: checksum %04x: right", eeprom->checksum);
    else
        env_print(card->env, "  EEPROM: checksum %04x: WRONG, the contents want %04x",
                  eeprom->words[IXGBE_EEPROM_START - 1], eeprom->checksum);
}

static void describe_module(struct ixgbe *card)
{
    const struct ixgbe_sfp *sfp = &card->sfp;
    if (card->model->media != IXGBE_SFP)
        return;
    if (sfp->type == NULL || card->link.step == LINK_MODULE) {
        env_print(card->env, "  module: not known yet");
        return;
    }
    if (sfp->module == MODULE_NONE) {
        env_print(card->env, "  module: none, the cage was empty when last asked");
        return;
    }
    env_print(card->env, "  module: %s; 10G %s, 1G %s", sfp->type, sfp->does_10g ? "yes" : "no",
              sfp->does_1g ? "yes" : "no");
    env_print(card->env, "  module: vendor \"%s\" part \"%s\" serial \"%s\"", sfp->vendor,
              sfp->part, sfp->serial);
}

static void describe_link(struct ixgbe *card)
{
    const struct ixgbe_link *link = &card->link;
    if (card->port->state == PORT_RUNNING && card->port->link_up)
        env_print(card->env, "  link: up, %u Mb/s", (unsigned)card->port->link_mbps);
    else if (card->port->state == PORT_RUNNING)
        env_print(card->env, "  link: down for %u s%s%s",
                  (unsigned)((env_time_us() - link->down_since) / 1000000),
                  link->step != LINK_SETTLED ? ", being started" : "",
                  link->at_1g ? ", trying 1 Gb/s" : "");
    else
        env_print(card->env, "  link: not followed, the port is not running");
}

static bool has_registers(struct ixgbe *card)
{
    uint64_t size;
    if (card->registers == NULL || env_map_bar(card->env, 0, &size) == NULL ||
        size < IXGBE_BAR_SIZE) {
        env_print(card->env, "  no registers: BAR 0 was not taken into use, see the log");
        return false;
    }
    if (!may_read(card)) {
        env_print(card->env, "  registers: not to be touched, a reset is under way");
        return false;
    }
    if (ixgbe_read(card, IXGBE_STATUS) == UINT32_MAX) {
        env_print(card->env, "  registers read all ones: the card is powered down or gone");
        return false;
    }
    return true;
}

void ixgbe_describe(struct port *port)
{
    struct ixgbe *card = port->device;
    if (card == NULL || card->model == NULL) {
        env_print(port->env, "  the driver did not get as far as the card: see the log");
        return;
    }
    env_print(card->env, "  %s, port %u of the card%s", card->model->name, card->lan,
              card->mac->tried ? "" : "; never tried");
    if (has_registers(card)) {
        describe_registers(card, common, sizeof common / sizeof common[0]);
        describe_moved_registers(card);
        describe_queues(card);
        if (!may_read(card))
            env_print(card->env, "  registers: a reset has begun, the rest was not read");
        describe_link(card);
    }
    if (card->registers != NULL) {
        describe_module(card);
        describe_eeprom(card);
    }
}
