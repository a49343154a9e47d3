// SPDX-License-Identifier: GPL-2.0-or-later
//
// Link flow control (IEEE 802.3, annex 31B): PAUSE frames that come in hold the transmitter back,
// and a receive packet buffer that fills up sends them. 82599 datasheet 331520, sections 3.7.7 and
// 8.2.3.3. Priority flow control is not modelled.
//
// In this model the packet buffer holds only frames that found no descriptor, and the time that a
// PAUSE frame names is virtual time.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "net/eth.h"

#define MAC_CONTROL   0x8808
#define OPCODE_PAUSE  1
#define CONTROL_FRAME 60

static const uint8_t pause_address[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};

// PAUSE counts in 512 bit times.
static int64_t quanta_ns(Ixgbe *s, uint32_t quanta)
{
    return (int64_t)quanta * 512 / (ixgbe_link_1g(s) ? 1 : 10);
}

// ---- Receiving

// 3.7.7.1: to the address of MAC control frames or to the station's own, type 8808h, opcode 1.
static bool is_pause(Ixgbe *s, const uint8_t *frame)
{
    uint8_t station[6];

    stl_le_p(station, *reg_at(s, RAL));
    stw_le_p(station + 4, *reg_at(s, RAH));
    return (memcmp(frame, pause_address, 6) == 0 || memcmp(frame, station, 6) == 0) &&
           lduw_be_p(frame + 12) == MAC_CONTROL && lduw_be_p(frame + 14) == OPCODE_PAUSE;
}

bool ixgbe_flow_paused(Ixgbe *s)
{
    return s->flow.paused;
}

static void resume(void *opaque)
{
    Ixgbe *s = opaque;

    s->flow.paused = false;
    ixgbe_tx_resume(s);
}

static void obey(Ixgbe *s, uint32_t quanta)
{
    ixgbe_count(s, quanta == 0 ? LXONRXC : LXOFFRXC);
    if (quanta == 0) {
        timer_del(s->flow.pause_timer);
        resume(s);
        return;
    }
    s->flow.paused = true;
    timer_mod(s->flow.pause_timer, ixgbe_now() + quanta_ns(s, quanta));
}

// A PAUSE frame is obeyed when MFLCN.RFCE is set. It ends in the MAC when MFLCN.DPF is set, obeyed
// or not.
bool ixgbe_flow_receive(Ixgbe *s, const uint8_t *frame)
{
    uint32_t mflcn = *reg_at(s, MFLCN);

    if (!is_pause(s, frame)) {
        return false;
    }
    if (mflcn & MFLCN_RFCE) {
        obey(s, lduw_be_p(frame + 16));
    }
    return (mflcn & MFLCN_DPF) != 0;
}

// ---- Sending

static void send_pause(Ixgbe *s, uint32_t quanta)
{
    uint8_t frame[CONTROL_FRAME] = {0};

    if (!ixgbe_link_up(s) || (*reg_at(s, HLREG0) & HLREG0_LPBK)) {
        return;
    }
    memcpy(frame, pause_address, 6);
    stl_le_p(frame + 6, *reg_at(s, RAL));
    stw_le_p(frame + 10, *reg_at(s, RAH));
    stw_be_p(frame + 12, MAC_CONTROL);
    stw_be_p(frame + 14, OPCODE_PAUSE);
    stw_be_p(frame + 16, quanta);
    ixgbe_count(s, quanta == 0 ? LXONTXC : LXOFFTXC);
    ixgbe_wire_control(s, frame, sizeof(frame));
}

// FCTTV says for how long; FCRTV how much of that may be left when it is said again (8.2.3.3.5).
static void send_xoff(Ixgbe *s)
{
    uint32_t time = *reg_at(s, FCTTV) & 0xffff, left = *reg_at(s, FCRTV) & 0xffff;

    send_pause(s, time);
    if (left != 0 && left < time) {
        timer_mod(s->flow.refresh_timer, ixgbe_now() + quanta_ns(s, time - left));
    }
}

static void refresh(void *opaque)
{
    Ixgbe *s = opaque;

    if (s->flow.full) {
        send_xoff(s);
    }
}

// XOFF when the buffer rises above the high threshold, XON when it has fallen to the low one
// (8.2.3.3.3, 8.2.3.3.4).
void ixgbe_flow_level(Ixgbe *s)
{
    uint32_t high = *reg_at(s, FCRTH), low = *reg_at(s, FCRTL);
    bool wanted = (*reg_at(s, FCCFG) & FCCFG_TFCE) && (high & FCRTH_FCEN);

    if (!s->flow.full && wanted && s->fifo_bytes > (high & FLOW_THRESHOLD)) {
        s->flow.full = true;
        send_xoff(s);
    } else if (s->flow.full && s->fifo_bytes <= (low & FLOW_THRESHOLD)) {
        s->flow.full = false;
        timer_del(s->flow.refresh_timer);
        if (low & FCRTL_XONE) {
            send_pause(s, 0);
        }
    }
}

// ---- The rest

// What the partner asked for, and what it was told, is void without a link and after a reset.
void ixgbe_flow_reset(Ixgbe *s)
{
    s->flow.paused = s->flow.full = false;
    timer_del(s->flow.pause_timer);
    timer_del(s->flow.refresh_timer);
}

void ixgbe_flow_init(Ixgbe *s)
{
    s->flow.pause_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, resume, s);
    s->flow.refresh_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, refresh, s);
}

void ixgbe_flow_finalize(Ixgbe *s)
{
    timer_free(s->flow.pause_timer);
    timer_free(s->flow.refresh_timer);
}
