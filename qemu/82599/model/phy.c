// SPDX-License-Identifier: GPL-2.0-or-later
//
// The 10GBASE-T PHY inside an X540, behind MSCA and MSRWD: IEEE 802.3 clause 45 registers, of which
// those that identify it, name its abilities and tell of its link are made here; all others are
// storage. X540 datasheet (515496), chapter 3; register offsets as Linux's
// include/uapi/linux/mdio.h has them.

#include "qemu/osdep.h"

#include "ixgbe.h"

enum { PORT_ADDRESS = 0 };
enum { PMA = 1, PCS = 3, XS = 4, AN = 7, VENDOR = 30 };
enum {
    STATUS1 = 1,
    ID_HIGH = 2,
    ID_LOW = 3,
    ABILITY = 4,
    DEVICES_LOW = 5,
    DEVICES_HIGH = 6,
    STATUS2 = 8,
    AN_PARTNER = 19,
    AN_10G_STATUS = 33,
};
enum {
    PHY_ID_HIGH = 0x0154,
    PHY_ID_LOW = 0x0200,
    SPEEDS = 1 << 0 | 1 << 4 | 1 << 5, // 10G, 1G, 100M
    DEVICE_PRESENT = 0x8000,
    LINK = 1 << 2,
    AN_COMPLETE = 1 << 5,
    PARTNER_ABILITY = 0x0de1, // 802.3 selector, 10 to 100 Mb/s, symmetric and asymmetric PAUSE
    PARTNER_10G = 1 << 11,
};

static gpointer key_of(unsigned int device, uint32_t reg)
{
    return GUINT_TO_POINTER(device << 16 | reg);
}

static bool present(unsigned int device)
{
    return device == PMA || device == PCS || device == XS || device == AN || device == VENDOR;
}

static uint16_t phy_read(Ixgbe *s, unsigned int device, uint32_t reg)
{
    bool up = ixgbe_link_up(s);

    if (!present(device)) {
        return 0xffff;
    }
    switch (reg) {
    case STATUS1:
        return (up ? LINK : 0) | (up && device == AN ? AN_COMPLETE : 0);
    case ID_HIGH:
        return PHY_ID_HIGH;
    case ID_LOW:
        return PHY_ID_LOW;
    case DEVICES_LOW:
        return 1 << PMA | 1 << PCS | 1 << XS | 1 << AN;
    case DEVICES_HIGH:
        return 1 << (VENDOR - 16);
    case STATUS2:
        return DEVICE_PRESENT;
    }
    if (device == PMA && reg == ABILITY) {
        return SPEEDS;
    }
    if (device == AN && up && reg == AN_PARTNER) {
        return PARTNER_ABILITY;
    }
    if (device == AN && up && reg == AN_10G_STATUS) {
        return ixgbe_link_1g(s) ? 0 : PARTNER_10G;
    }
    return GPOINTER_TO_UINT(g_hash_table_lookup(s->phy, key_of(device, reg)));
}

// A command of MSCA: first the register's address, then what is to be done. Returns MSCA as it
// reads when the command is over.
uint32_t ixgbe_mdio(Ixgbe *s, uint32_t command)
{
    unsigned int device = BITS(command, MSCA_DEVICE, 5);
    uint32_t *data = reg_at(s, MSRWD);
    bool ours = s->phy != NULL && BITS(command, MSCA_PORT, 5) == PORT_ADDRESS;

    if ((command & MSCA_COMMAND) == 0) {
        return command;
    }
    switch (BITS(command, MSCA_OPERATION, 2)) {
    case MSCA_ADDRESS:
        s->phy_register = command & 0xffff;
        break;
    case MSCA_WRITE:
        if (ours && present(device)) {
            g_hash_table_insert(s->phy, key_of(device, s->phy_register),
                                GUINT_TO_POINTER(*data & 0xffff));
        }
        break;
    default:
        *data = (*data & 0xffff) | (uint32_t)(ours ? phy_read(s, device, s->phy_register) : 0xffff)
                                       << 16;
    }
    return command & ~MSCA_COMMAND;
}

void ixgbe_phy_init(Ixgbe *s)
{
    s->phy = s->x540 ? g_hash_table_new(NULL, NULL) : NULL;
}

void ixgbe_phy_finalize(Ixgbe *s)
{
    if (s->phy != NULL) {
        g_hash_table_destroy(s->phy);
    }
}
