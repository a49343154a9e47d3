// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ends of the cable: frames to QEMU's network, to the card's own receiver (MAC loopback) or
// to the checker of generated frames.

#include "qemu/osdep.h"

#include "ixgbe.h"

bool ixgbe_wire_ready(Ixgbe *s)
{
    return s->wire_pending == 0;
}

static void wire_free(NetClientState *nc, ssize_t result)
{
    Ixgbe *s = qemu_get_nic_opaque(nc);

    // Only after the last one: a frame sent from here would overtake those that still wait.
    if (--s->wire_pending == 0) {
        ixgbe_tx_resume(s);
    }
}

static void put_on_cable(Ixgbe *s, const uint8_t *frame, uint32_t size)
{
    if (qemu_send_packet_async(qemu_get_queue(s->nic), frame, size, wire_free) == 0) {
        s->wire_pending++;
    }
}

void ixgbe_wire_control(Ixgbe *s, const uint8_t *frame, uint32_t size)
{
    ixgbe_stats_tx(s, frame, size);
    put_on_cable(s, frame, size);
}

void ixgbe_wire_send(Ixgbe *s, unsigned int q, const uint8_t *frame, uint32_t size)
{
    ixgbe_stats_tx(s, frame, size);
    ixgbe_stats_tx_queue(s, q, size);
    if (*reg_at(s, HLREG0) & HLREG0_LPBK) {
        ixgbe_rx_loopback(s, frame, size);
        return;
    }
    if (!ixgbe_link_up(s) || ixgbe_generator_check(frame, size)) {
        return;
    }
    put_on_cable(s, frame, size);
}
