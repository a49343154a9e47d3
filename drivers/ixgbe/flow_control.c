// SPDX-License-Identifier: BSD-2-Clause
// Link flow control (IEEE 802.3 clause 31, annex 31B). Intel 82599 datasheet (331520) 3.7.7,
// 8.2.3.3.
//
// It is as the configuration says, at both ends: PAUSE is not negotiated here.
#include "drivers/ixgbe/flow_control.h"

enum {
    THRESHOLD_STEP = 32, // FCRTH, FCRTL: bytes
    // Room above the high threshold for what is still under way when PAUSE is sent: the delays of
    // both ends and 100 m of cable, as 4.6.3.2 reserves, and a frame of full length each way.
    DELAYS = 0x6000,
    FRAMES_UNDER_WAY = 2,
    PAUSE_QUANTA = 0xFFFF, // of 512 bit times; ended early by a PAUSE of 0 (XON)
};

static void set_thresholds(struct ixgbe *card)
{
    const uint32_t room = DELAYS + FRAMES_UNDER_WAY * card->longest;
    const uint32_t high = (card->mac->rx_buffer_kb * 1024 - room) / THRESHOLD_STEP * THRESHOLD_STEP;
    const uint32_t low = high / 2 / THRESHOLD_STEP * THRESHOLD_STEP;
    const bool on = card->port->flow_control;
    ixgbe_write(card, IXGBE_FCRTL(0), on ? low | IXGBE_FCRTL_XONE : 0);
    // The high threshold must hold a sensible value all the same (4.6.3.2).
    ixgbe_write(card, IXGBE_FCRTH(0), high | (on ? IXGBE_FCRTH_FCEN : 0));
    for (unsigned i = 1; i < 8; i++) {
        ixgbe_write(card, IXGBE_FCRTL(i), 0);
        ixgbe_write(card, IXGBE_FCRTH(i), 0);
    }
}

void ixgbe_flow_control_start(struct ixgbe *card)
{
    const bool on = card->port->flow_control;
    const uint32_t quanta = on ? PAUSE_QUANTA : 0;
    for (unsigned i = 0; i < 4; i++)
        ixgbe_write(card, IXGBE_FCTTV(i), quanta << 16 | quanta);
    set_thresholds(card);
    ixgbe_write(card, IXGBE_FCRTV, quanta / 2); // PAUSE is repeated before it runs out
    ixgbe_write(card, IXGBE_FCCFG, on ? IXGBE_FCCFG_TFCE : 0);
    // PAUSE frames are for the card, never for the box.
    const uint32_t mflcn =
        ixgbe_read(card, IXGBE_MFLCN) & ~(IXGBE_MFLCN_PMCF | IXGBE_MFLCN_RPFCE | IXGBE_MFLCN_RFCE);
    ixgbe_write(card, IXGBE_MFLCN, mflcn | IXGBE_MFLCN_DPF | (on ? IXGBE_MFLCN_RFCE : 0));
}

bool ixgbe_flow_control_paused(struct ixgbe *card)
{
    return card->port->flow_control && ixgbe_read(card, IXGBE_LXOFFRXCNT) != 0;
}
