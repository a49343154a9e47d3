// SPDX-License-Identifier: GPL-2.0-or-later
//
// The link: it comes up some time after a reset or a restart of auto-negotiation, when module,
// partner and the mode chosen in AUTOC agree, and follows the monitor's set_link. 82599 datasheet
// 331520, sections 3.7.4, 8.2.3.22.19, 8.2.3.22.20.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qapi/error.h"

#define BREAK_LINK_NS (75 * SCALE_MS) // break_link_timer: 60 to 75 ms

bool ixgbe_link_1g(Ixgbe *s)
{
    return s->link_property != NULL && strcmp(s->link_property, "1g") == 0;
}

// Whether AUTOC's link mode can speak with the partner.
static bool modes_agree(Ixgbe *s)
{
    uint32_t mode = BITS(*reg_at(s, AUTOC), AUTOC_LMS, 3);

    if (s->x540) {
        return true; // the PHY finds out by itself
    }
    if (ixgbe_link_1g(s)) {
        return mode == LMS_1G_NO_AN || mode == LMS_1G_AN || mode >= 4;
    }
    return mode == LMS_10G_SERIAL || mode == LMS_10G_PARALLEL || mode >= 4;
}

bool ixgbe_link_up(Ixgbe *s)
{
    return s->link_was_up;
}

void ixgbe_link_update(Ixgbe *s)
{
    bool forced = (*reg_at(s, AUTOC) & AUTOC_FLU) != 0;
    bool plugged = s->x540 || ixgbe_sfp_does(s, ixgbe_link_1g(s));
    bool cable = s->nic != NULL && !qemu_get_queue(s->nic)->link_down && plugged;
    bool heard = cable && !s->flapped && s->fault != FAULT_LINK_STUCK;
    bool up = forced || (s->carrier && heard && modes_agree(s));

    if (up == s->link_was_up) {
        return;
    }
    s->link_was_up = up;
    ixgbe_intr_other(s, EICR_LSC);
    ixgbe_flow_reset(s);
    if (up) {
        ixgbe_flow_level(s);
        ixgbe_tx_resume(s);
        ixgbe_generator_kick(s);
    }
}

static void link_timer(void *opaque)
{
    Ixgbe *s = opaque;

    s->carrier = true;
    ixgbe_link_update(s);
}

void ixgbe_link_restart(Ixgbe *s)
{
    s->carrier = false;
    ixgbe_link_update(s);
    timer_mod(s->link_timer, ixgbe_now() + (int64_t)s->link_delay_ms * SCALE_MS);
}

// Boards have the laser's off switch at SDP3 (8.2.3.1.4). With the fault link-stuck the partner is
// one that has lost its way and comes to when it has seen no light for as long as it takes to break
// a link (IEEE 802.3, 73.10.2).
void ixgbe_link_laser(Ixgbe *s)
{
    bool dark = (*reg_at(s, ESDP) & ESDP_SDP3) != 0;

    if (dark && !s->dark) {
        s->dark_at = ixgbe_now();
    }
    if (!dark && s->dark && s->fault == FAULT_LINK_STUCK &&
        ixgbe_now() - s->dark_at >= BREAK_LINK_NS) {
        s->faults_done++;
        s->fault = FAULT_NONE;
        ixgbe_link_update(s);
    }
    s->dark = dark;
}

void ixgbe_link_set(NetClientState *nc)
{
    ixgbe_link_update(qemu_get_nic_opaque(nc));
}

uint32_t ixgbe_links(Ixgbe *s)
{
    if (!ixgbe_link_up(s)) {
        return 0;
    }
    return LINKS_UP | LINKS_STATUS | (ixgbe_link_1g(s) ? LINKS_SPEED_1G : LINKS_SPEED_10G);
}

bool ixgbe_link_init(Ixgbe *s, Error **errp)
{
    const char *link = s->link_property ? s->link_property : "10g";

    if (strcmp(link, "10g") != 0 && strcmp(link, "1g") != 0) {
        error_setg(errp, "link=%s: 10g or 1g", link);
        return false;
    }
    s->link_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, link_timer, s);
    return true;
}
