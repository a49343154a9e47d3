// SPDX-License-Identifier: BSD-2-Clause
// The life of a card: start, stop, poll. What comes before is in probe.c. Intel 82599 datasheet
// (331520) 4.6.3.
#include "drivers/ixgbe/describe.h"
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/interrupt.h"
#include "drivers/ixgbe/ixgbe.h"
#include "drivers/ixgbe/led.h"
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/probe.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/reset.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/stats.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

enum {
    BUFFER_KB_MAX = 16, // SRRCTL.BSIZEPACKET
    // Others wait meanwhile: together with receive.c and transmit.c less than PORT_WAIT_US.
    MASTER_DISABLE_US = 2000,
};

// What the packet area allows, and whether every slot names a buffer of it: a card that is given a
// wrong address writes there.
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
    for (unsigned i = 0; i < port->rx_queues + port->tx_queues; i++) {
        const struct queue *queue =
            i < port->rx_queues ? port->rx[i] : port->tx[i - port->rx_queues];
        for (uint32_t slot = 0; slot < queue->slots; slot++) {
            if (queue->buffer_of[slot] < area->count)
                continue;
            env_log(card->env, "slot %u of queue %u names buffer %u of %u", (unsigned)slot, i,
                    (unsigned)queue->buffer_of[slot], (unsigned)area->count);
            return -EINVAL;
        }
    }
    return 0;
}

// Afterwards the card reaches no memory, whatever it thinks of it. Returns 0 or the first error,
// -ENODEV when it does not answer any more. Nothing but a reset helps a card that will not be
// quiet: that is start()'s.
static int shut_down(struct ixgbe *card)
{
    if (card->reset.step != 0)
        return 0; // no bus master; start() goes on with the reset
    ixgbe_mask_interrupts(card);
    int error = ixgbe_receive_stop(card);
    if (error != -ENODEV) {
        const int other = ixgbe_transmit_stop(card);
        error = error ? error : other;
    }
    if (error == 0)
        error = ixgbe_master_disable(card, MASTER_DISABLE_US);
    if (error == 0)
        ixgbe_clear(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
    if (error != -ENODEV)
        ixgbe_link_stop(card);
    env_bus_master(card->env, false);
    return error;
}

// The card has been reset: everything else.
static int bring_up(struct ixgbe *card)
{
    env_bus_master(card->env, true);
    ixgbe_link_start(card);
    ixgbe_stats_clear(card);
    int error = ixgbe_receive_start(card);
    if (error == 0)
        error = ixgbe_transmit_start(card);
    if (error)
        return error;
    ixgbe_set(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
    ixgbe_interrupt_start(card);
    return 0;
}

static int start(struct port *port)
{
    struct ixgbe *card = port->device;
    int error = card->reset.step == 0 ? fit_area(card) : 0;
    if (error)
        return error;
    card->led_blinks = false; // a reset ends it
    error = ixgbe_reset_step(card);
    if (error)
        return error;
    error = bring_up(card);
    if (error) {
        ixgbe_mask_interrupts(card);
        env_bus_master(port->env, false);
        return error;
    }
    card->told_gone = false;
    port->fault = PORT_OK;
    port->fault_value = 0;
    port->state = PORT_RUNNING;
    return 0;
}

static int requeue(struct queue *queue, bool transmit)
{
    struct ixgbe *card = queue->port->device;
    return transmit ? ixgbe_transmit_requeue(card, (struct ixgbe_tx *)queue)
                    : ixgbe_receive_requeue(card, (struct ixgbe_rx *)queue);
}

static int relink(struct port *port)
{
    return ixgbe_link_drop(port->device);
}

static void stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return;
    struct ixgbe *card = port->device;
    const int error = shut_down(card);
    const enum port_fault fault = error == -ENODEV ? PORT_FAULT_GONE : PORT_FAULT_SILENT;
    if (error != 0 && port->fault != fault) // once for each death
        port_fail(port, fault, ixgbe_read(card, IXGBE_STATUS));
    ixgbe_receive_settle(card);
    ixgbe_transmit_settle(card);
    port->link_up = false;
    port->link_mbps = 0;
    port->state = PORT_STOPPED;
    port_close(port);
}

static void poll(struct port *port)
{
    if (port->state != PORT_RUNNING)
        return;
    struct ixgbe *card = port->device;
    if (ixgbe_gone(card)) {
        port_fail(port, PORT_FAULT_GONE, UINT32_MAX);
        port->link_up = false;
        port->link_mbps = 0;
        return;
    }
    ixgbe_interrupt_acknowledge(card);
    ixgbe_link_poll(card);
    ixgbe_stats_poll(card);
    ixgbe_transmit_watch(card);
}

static const struct domain_verbs domain_verbs = {
    .parts = ixgbe_parts,
    .sync = ixgbe_sync,
    .adopt = ixgbe_adopt,
    .requeue = requeue,
    .next_empty = ixgbe_next_empty,
    .ready = ixgbe_ready,
    .misdeed = ixgbe_misdeed,
};

const struct port_driver ixgbe_driver = {
    .name = "ixgbe",
    .flow_control = true,
    .supports = ixgbe_supports,
    .probe = ixgbe_probe,
    .start = start,
    .stop = stop,
    .poll = poll,
    .arm = ixgbe_interrupt_arm,
    .receive = ixgbe_receive,
    .room = ixgbe_room,
    .transmit = ixgbe_transmit,
    .enqueue = ixgbe_enqueue,
    .ring = ixgbe_ring,
    .refill = ixgbe_refill,
    .exchange = ixgbe_exchange,
    .put = ixgbe_put,
    .relay = ixgbe_relay,
    .send_copy = ixgbe_send_copy,
    .domain = &domain_verbs,
    .relink = relink,
    .blink = ixgbe_blink,
    .describe = ixgbe_describe,
};
