// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which frames the card takes: unicast and multicast tables, broadcast, promiscuous modes, VLAN
// table. 82599 datasheet 331520, section 7.1.1.

#include "qemu/osdep.h"

#include "ixgbe.h"

static bool exact_match(Ixgbe *s, const uint8_t *mac)
{
    uint32_t low = ldl_le_p(mac), high = lduw_le_p(mac + 4);

    for (unsigned int n = 0; n < 128; n++) {
        uint32_t rah = *reg_at(s, RAH + 8 * n);
        if ((rah & RAH_AV) && *reg_at(s, RAL + 8 * n) == low && (rah & 0xffff) == high) {
            return true;
        }
    }
    return false;
}

// 7.1.1.1.3: twelve bits of the last two bytes, at one of four places, select a bit of a 4,096-bit
// table.
static bool hash_match(Ixgbe *s, uint32_t table, const uint8_t *mac)
{
    static const unsigned int shift[] = {4, 3, 2, 0};
    uint32_t bits = (lduw_le_p(mac + 4) >> shift[*reg_at(s, MCSTCTRL) & 3]) & 0xfff;

    return (*reg_at(s, table + 4 * (bits / 32)) >> (bits % 32)) & 1;
}

static bool address_match(Ixgbe *s, const uint8_t *mac)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t fctrl = *reg_at(s, FCTRL);
    bool hashed = (*reg_at(s, MCSTCTRL) & MCSTCTRL_MFE) != 0;

    if (memcmp(mac, broadcast, 6) == 0) {
        return (fctrl & FCTRL_BAM) != 0;
    }
    if (mac[0] & 1) {
        return (fctrl & FCTRL_MPE) || exact_match(s, mac) || (hashed && hash_match(s, MTA, mac));
    }
    return (fctrl & FCTRL_UPE) || exact_match(s, mac) || hash_match(s, PFUTA, mac);
}

bool ixgbe_filter(Ixgbe *s, const uint8_t *frame, const FrameInfo *info)
{
    if (!address_match(s, frame)) {
        return false;
    }
    if (info->vlan && (*reg_at(s, VLNCTRL) & VLNCTRL_VFE)) {
        uint32_t id = info->vlan_tag & 0xfff;
        return (*reg_at(s, VFTA + 4 * (id / 32)) >> (id % 32)) & 1;
    }
    return true;
}
