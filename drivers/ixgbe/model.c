// SPDX-License-Identifier: BSD-2-Clause
// The table of cards.
//
// Device ids: 82599 datasheet (331520) 9.3.3.2, X540 (515496), X550 (333369) and the PCI ID
// repository. What differs in X540, X550 and X552/X553: their datasheets, chapter 8, and the
// register offsets that Linux and FreeBSD agree on.
#include "drivers/ixgbe/model.h"
#include "drivers/ixgbe/regs.h"
#include <stddef.h>

static const struct ixgbe_mac mac_82599 = {
    .name = "82599",
    .tried = true,
    .supported = true,
    .eec = IXGBE_EEC,
    .eerd = true,
    .swsm = IXGBE_SWSM,
    .sw_fw_sync = IXGBE_SW_FW_SYNC,
    .i2cctl = IXGBE_I2CCTL,
    .i2c_clock_in = IXGBE_BIT(0),
    .i2c_clock_out = IXGBE_BIT(1),
    .i2c_data_in = IXGBE_BIT(2),
    .i2c_data_out = IXGBE_BIT(3),
    .has_autoc = true,
    .rx_buffer_kb = 512,
    .tx_buffer_kb = 160,
};

static const struct ixgbe_mac mac_x540 = {
    .name = "X540",
    .tried = true,
    .supported = true,
    .eec = IXGBE_EEC,
    .eerd = true,
    .checksum_skips = 1 << 4 | 1 << 5, // the PHY image and the option ROM carry their own
    .swsm = IXGBE_SWSM,
    .sw_fw_sync = IXGBE_SW_FW_SYNC,
    .regsmp = true,
    .rx_buffer_kb = 384,
    .tx_buffer_kb = 160,
};

// X550 and X552 keep the EEPROM behind firmware, which checks it by itself.
static const struct ixgbe_mac mac_x550 = {
    .name = "X550",
    .supported = true,
    .eec = IXGBE_EEC,
    .swsm = IXGBE_SWSM,
    .sw_fw_sync = IXGBE_SW_FW_SYNC,
    .regsmp = true,
    .i2cctl = 0x15F5C,
    .i2c_bit_bang = IXGBE_BIT(8),
    .i2c_clock_out = IXGBE_BIT(9),
    .i2c_data_out = IXGBE_BIT(10),
    .i2c_data_float = IXGBE_BIT(11),
    .i2c_data_in = IXGBE_BIT(12),
    .i2c_clock_float = IXGBE_BIT(13),
    .i2c_clock_in = IXGBE_BIT(14),
    .rates_beyond_10 = true,
    .rx_buffer_kb = 384,
    .tx_buffer_kb = 160,
};

// X553 (Atom C3000) moved the EEPROM and semaphore registers.
static const struct ixgbe_mac mac_x553 = {
    .name = "X553",
    .supported = true,
    .eec = 0x15FF8,
    .swsm = 0x15F70,
    .sw_fw_sync = 0x15F78,
    .regsmp = true,
    .i2cctl = 0x15F5C,
    .i2c_bit_bang = IXGBE_BIT(8),
    .i2c_clock_out = IXGBE_BIT(9),
    .i2c_data_out = IXGBE_BIT(10),
    .i2c_data_float = IXGBE_BIT(11),
    .i2c_data_in = IXGBE_BIT(12),
    .i2c_clock_float = IXGBE_BIT(13),
    .i2c_clock_in = IXGBE_BIT(14),
    .rates_beyond_10 = true,
    .rx_buffer_kb = 384,
    .tx_buffer_kb = 160,
};

static const struct ixgbe_mac virtual_function = {
    .name = "virtual function",
    .refusal = "is a virtual function: give the box the physical function, with SR-IOV off",
};

static const struct ixgbe_mac mac_82598 = {
    .name = "82598",
    .refusal = "is an 82598, whose registers differ: use an 82599 (X520) or later",
};

static const struct ixgbe_model models[] = {
    {0x10F7, "82599 KX4", &mac_82599, IXGBE_BACKPLANE},
    {0x10F8, "82599 combined backplane", &mac_82599, IXGBE_BACKPLANE},
    {0x10F9, "82599 CX4", &mac_82599, IXGBE_BACKPLANE},
    {0x10FB, "82599 SFP+ (X520)", &mac_82599, IXGBE_SFP},
    {0x10FC, "82599 XAUI", &mac_82599, IXGBE_BACKPLANE},
    {0x1507, "82599 SFP+ EM", &mac_82599, IXGBE_SFP},
    {0x1514, "82599 KX4 mezzanine", &mac_82599, IXGBE_BACKPLANE},
    {0x1517, "82599 KR", &mac_82599, IXGBE_BACKPLANE},
    {0x151C, "82599 10GBASE-T (T3)", &mac_82599, IXGBE_COPPER},
    {0x1529, "82599 SFP+ FCoE", &mac_82599, IXGBE_SFP},
    {0x152A, "82599 backplane FCoE", &mac_82599, IXGBE_BACKPLANE},
    {0x154A, "82599 SFP+ quad", &mac_82599, IXGBE_SFP},
    {0x154D, "82599 SFP+ SF2 (X520)", &mac_82599, IXGBE_SFP},
    {0x154F, "82599 LS", &mac_82599, IXGBE_SFP},
    {0x1557, "82599EN SFP+", &mac_82599, IXGBE_SFP},
    {0x1558, "82599 QSFP+", &mac_82599, IXGBE_QSFP},

    {0x1528, "X540-T2", &mac_x540, IXGBE_COPPER},
    {0x1560, "X540-T1", &mac_x540, IXGBE_COPPER},

    {0x1563, "X550-T2", &mac_x550, IXGBE_COPPER},
    {0x15D1, "X550-T1", &mac_x550, IXGBE_COPPER},

    {0x15AA, "X552 KX4", &mac_x550, IXGBE_BACKPLANE},
    {0x15AB, "X552 KR", &mac_x550, IXGBE_BACKPLANE},
    {0x15AC, "X552 SFP+", &mac_x550, IXGBE_SFP},
    {0x15AD, "X552 10GBASE-T", &mac_x550, IXGBE_COPPER},
    {0x15AE, "X552 1000BASE-T", &mac_x550, IXGBE_COPPER},
    {0x15B0, "X552 XFI", &mac_x550, IXGBE_BACKPLANE},

    {0x15C2, "X553 KR", &mac_x553, IXGBE_BACKPLANE},
    {0x15C3, "X553 KR", &mac_x553, IXGBE_BACKPLANE},
    {0x15C4, "X553 SFP+", &mac_x553, IXGBE_SFP},
    {0x15C6, "X553 SGMII", &mac_x553, IXGBE_BACKPLANE},
    {0x15C7, "X553 SGMII", &mac_x553, IXGBE_BACKPLANE},
    {0x15C8, "X553 10GBASE-T", &mac_x553, IXGBE_COPPER},
    {0x15CE, "X553 SFP+", &mac_x553, IXGBE_SFP},
    {0x15E4, "X553 1000BASE-T", &mac_x553, IXGBE_COPPER},
    {0x15E5, "X553 1000BASE-T", &mac_x553, IXGBE_COPPER},

    {0x10B6, "82598", &mac_82598, IXGBE_BACKPLANE},
    {0x10C6, "82598AF", &mac_82598, IXGBE_SFP},
    {0x10C7, "82598AF", &mac_82598, IXGBE_SFP},
    {0x10C8, "82598AT", &mac_82598, IXGBE_COPPER},
    {0x10DB, "82598EB SFP+", &mac_82598, IXGBE_SFP},
    {0x10DD, "82598EB CX4", &mac_82598, IXGBE_BACKPLANE},
    {0x10E1, "82598EB SR", &mac_82598, IXGBE_SFP},
    {0x10EC, "82598EB CX4", &mac_82598, IXGBE_BACKPLANE},
    {0x10F1, "82598EB DA", &mac_82598, IXGBE_SFP},
    {0x10F4, "82598EB LR", &mac_82598, IXGBE_SFP},
    {0x1508, "82598EB BX", &mac_82598, IXGBE_BACKPLANE},
    {0x150B, "82598AT2", &mac_82598, IXGBE_COPPER},
    {0x10ED, "82599 virtual function", &virtual_function, IXGBE_SFP},
    {0x152E, "82599 virtual function (Hyper-V)", &virtual_function, IXGBE_SFP},
    {0x1515, "X540 virtual function", &virtual_function, IXGBE_COPPER},
    {0x1530, "X540 virtual function (Hyper-V)", &virtual_function, IXGBE_COPPER},
    {0x1564, "X550 virtual function (Hyper-V)", &virtual_function, IXGBE_COPPER},
    {0x1565, "X550 virtual function", &virtual_function, IXGBE_COPPER},
    {0x15A8, "X552 virtual function", &virtual_function, IXGBE_COPPER},
    {0x15A9, "X552 virtual function (Hyper-V)", &virtual_function, IXGBE_COPPER},
    {0x15B4, "X553 virtual function (Hyper-V)", &virtual_function, IXGBE_COPPER},
    {0x15C5, "X553 virtual function", &virtual_function, IXGBE_COPPER},
};

const struct ixgbe_model *ixgbe_model_find(uint16_t vendor, uint16_t device)
{
    if (vendor != IXGBE_VENDOR)
        return NULL;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (models[i].device == device)
            return &models[i];
    }
    return NULL;
}
