// SPDX-License-Identifier: BSD-2-Clause
// A card comes to life, step by step. Intel 82599 datasheet (331520) 4.6.3.
#include "drivers/ixgbe/start.h"
#include "drivers/ixgbe/interrupt.h"
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/probe.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/reset.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/stats.h"
#include "drivers/ixgbe/steps.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

enum { BUFFER_KB_MAX = 16 }; // SRRCTL.BSIZEPACKET

// ---- The steps, as steps.h says.

// What the packet area allows.
static int fit_area(struct ixgbe *card)
{
    struct port *port = card->port;
    const struct packet_area *area = port->area;
    card->buffer_kb = area->capacity / 1024 < BUFFER_KB_MAX ? area->capacity / 1024 : BUFFER_KB_MAX;
    if (card->buffer_kb == 0) {
        env_log(card->env, "buffers hold %u bytes of frame, expected 1024 at least",
                (unsigned)area->capacity);
        return -EINVAL;
    }
    card->longest = IXGBE_MAX_FRAME;
    if (port->frame_wanted != 0 && port->frame_wanted < card->longest)
        card->longest = port->frame_wanted;
    if (card->longest > card->buffer_kb * 1024)
        card->longest = card->buffer_kb * 1024;
    port->max_frame = (uint16_t)card->longest;

    if (port->rx_queues == 0 || port->rx_queues > PORT_QUEUES_MAX ||
        port->tx_queues > PORT_QUEUES_MAX) {
        env_log(card->env, "%u receive and %u transmit queues, expected 1 to %u and 0 to %u",
                port->rx_queues, port->tx_queues, (unsigned)PORT_QUEUES_MAX,
                (unsigned)PORT_QUEUES_MAX);
        return -EINVAL;
    }
    return 0;
}

// Whether slots name buffers of the area: a card that is given a wrong address writes there. The
// message numbers the transmit queues behind the others.
static int check_slots(const struct ixgbe *card, const struct queue *queue, unsigned number,
                       uint32_t from, uint32_t to)
{
    const uint32_t count = card->port->area->count;
    for (uint32_t slot = from; slot < to; slot++) {
        if (queue->buffer_of[slot] < count)
            continue;
        env_log(card->env, "slot %u of queue %u names buffer %u of %u", (unsigned)slot, number,
                (unsigned)queue->buffer_of[slot], (unsigned)count);
        return -EINVAL;
    }
    return 0;
}

static int check_receive_slots(struct ixgbe *card, unsigned q, uint32_t from, uint32_t to)
{
    return check_slots(card, &card->rx[q]->queue, q, from, to);
}

static int check_transmit_slots(struct ixgbe *card, unsigned q, uint32_t from, uint32_t to)
{
    return check_slots(card, &card->tx[q]->queue, card->port->rx_queues + q, from, to);
}

static int check_receive(struct ixgbe *card)
{
    return ixgbe_by_pieces(card, &card->start, false, check_receive_slots);
}

static int check_transmit(struct ixgbe *card)
{
    return ixgbe_by_pieces(card, &card->start, true, check_transmit_slots);
}

static int reset(struct ixgbe *card)
{
    card->led_blinks = false; // a reset ends it
    card->port->poll_soon_us = 0;
    return ixgbe_reset_step(card);
}

static int open_door(struct ixgbe *card)
{
    env_bus_master(card->env, true);
    ixgbe_stats_clear(card);
    return 0;
}

static int finish(struct ixgbe *card)
{
    ixgbe_link_start(card);
    ixgbe_set(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
    ixgbe_interrupt_start(card);
    return 0;
}

static ixgbe_step *const steps[] = {
    fit_area,
    check_receive,
    check_transmit,
    reset,
    open_door,
    ixgbe_receive_clear,
    ixgbe_receive_clear_addresses,
    ixgbe_receive_set,
    ixgbe_receive_describe,
    ixgbe_receive_enable,
    ixgbe_receive_enabled,
    ixgbe_transmit_set,
    ixgbe_transmit_describe,
    ixgbe_transmit_enable,
    ixgbe_transmit_enabled,
    ixgbe_receive_shut_valve,
    ixgbe_receive_open,
    finish,
};

int ixgbe_start_step(struct ixgbe *card)
{
    const int error = ixgbe_step_on(card, &card->start, steps, sizeof steps / sizeof steps[0]);
    if (error != 0 && error != -EINPROGRESS) {
        if (card->reset.step == 0)
            ixgbe_mask_interrupts(card);
        env_bus_master(card->env, false);
        card->port->poll_soon_us = 0;
    }
    return error;
}
