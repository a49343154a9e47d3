// SPDX-License-Identifier: BSD-2-Clause
// The life of a card: start, stop, poll. What comes before is in probe.c, what start and stop
// consist of in start.c and stop.c. Intel 82599 datasheet (331520) 4.6.3.
#include "drivers/ixgbe/describe.h"
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/interrupt.h"
#include "drivers/ixgbe/ixgbe.h"
#include "drivers/ixgbe/led.h"
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/probe.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/start.h"
#include "drivers/ixgbe/stats.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

static int start(struct port *port)
{
    struct ixgbe *card = port->device;
    const int error = ixgbe_start_step(card);
    if (error)
        return error;
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

static int stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return 0;
    struct ixgbe *card = port->device;
    if (port->state != PORT_STOPPING) {
        ixgbe_stop_begin(card);
        port->state = PORT_STOPPING;
        port_close(port);
    }
    if (ixgbe_stop_step(card) != 0)
        return -EINPROGRESS;
    const int error = card->stop_error;
    const enum port_fault fault = error == -ENODEV ? PORT_FAULT_GONE : PORT_FAULT_SILENT;
    if (error != 0 && port->fault != fault) // once for each death
        port_fail(port, fault, ixgbe_read(card, IXGBE_STATUS));
    port->link_up = false;
    port->link_mbps = 0;
    port->poll_soon_us = 0;
    port->state = PORT_STOPPED;
    return 0;
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

static volatile void *control(const struct port *port)
{
    return ((const struct ixgbe *)port->device)->registers + IXGBE_CTRL;
}

static const struct domain_verbs domain_verbs = {
    .parts = ixgbe_parts,
    .sync = ixgbe_sync,
    .adopt = ixgbe_adopt,
    .requeue = requeue,
    .next_empty = ixgbe_next_empty,
    .ready = ixgbe_ready,
    .control = control,
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
    .steer = ixgbe_steer,
    .send_copy = ixgbe_send_copy,
    .domain = &domain_verbs,
    .relink = relink,
    .blink = ixgbe_blink,
    .describe = ixgbe_describe,
};
