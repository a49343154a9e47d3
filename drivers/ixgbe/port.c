// SPDX-License-Identifier: BSD-2-Clause
// The life of a card: probe, start, stop, poll. Intel 82599 datasheet (331520) 4.6.3.
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/eeprom.h"
#include "drivers/ixgbe/interrupt.h"
#include "drivers/ixgbe/ixgbe.h"
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/reset.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/stats.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_INTX_DISABLE = 1 << 10,

    MAX_FRAME = 9216, // without FCS; the card could carry 15.5 KiB
    BUFFER_KB_MAX = 16, // SRRCTL.BSIZEPACKET
};

static bool supports(uint16_t vendor, uint16_t device)
{
    return ixgbe_model_find(vendor, device) != NULL;
}

static int identify(struct ixgbe *card)
{
    const uint16_t vendor = (uint16_t)env_config_read(card->env, PCI_VENDOR_ID, 2);
    const uint16_t device = (uint16_t)env_config_read(card->env, PCI_DEVICE_ID, 2);
    card->model = ixgbe_model_find(vendor, device);
    if (card->model == NULL) {
        env_log(card->env, "%04x:%04x is no card of the 82599 family that this driver knows", vendor,
                device);
        return -ENODEV;
    }
    card->mac = card->model->mac;
    if (!card->mac->supported) {
        env_log(card->env, "%04x:%04x (%s) %s", vendor, device, card->model->name,
                card->mac->refusal);
        return -ENODEV;
    }
    env_log(card->env, "%s%s", card->model->name,
            card->mac->tried ? "" : " (written from its documents; never tried on the card)");
    return 0;
}

static int map(struct ixgbe *card)
{
    uint64_t size;
    card->registers = env_map_bar(card->env, 0, &size);
    if (card->registers == NULL) {
        env_log(card->env, "BAR 0 is not there: the firmware gave it no address");
        return -ENODEV;
    }
    if (size < IXGBE_BAR_SIZE) {
        env_log(card->env, "BAR 0 has %u bytes, expected %u at least (82599 datasheet, section 8.1)",
                (unsigned)size, (unsigned)IXGBE_BAR_SIZE);
        return -ENODEV;
    }
    const uint32_t status = ixgbe_read(card, IXGBE_STATUS);
    if (status == UINT32_MAX) {
        env_log(card->env,
                "STATUS reads all ones: the card is powered down or gone (82599 datasheet, section "
                "8.2.3.1.2)");
        return -ENODEV;
    }
    card->lan = IXGBE_STATUS_LAN_ID(status) & 1;
    return 0;
}

// The reset has loaded the address from the EEPROM into the first receive address (8.2.3.7.9).
static int read_address(struct ixgbe *card)
{
    const uint32_t low = ixgbe_read(card, IXGBE_RAL(0)), high = ixgbe_read(card, IXGBE_RAH(0));
    for (unsigned i = 0; i < 4; i++)
        card->port->mac[i] = (uint8_t)(low >> 8 * i);
    card->port->mac[4] = (uint8_t)high;
    card->port->mac[5] = (uint8_t)(high >> 8);
    const bool is_group = low & 1, is_zero = low == 0 && (uint16_t)high == 0;
    if ((high & IXGBE_RAH_AV) && !is_group && !is_zero)
        return 0;
    env_log(card->env,
            "no usable MAC address: RAL %08xh, RAH %08xh (82599 datasheet, section 8.2.3.7.9)",
            (unsigned)low, (unsigned)high);
    return -EIO;
}

// The nearest ring length that the card can do: multiples of 8 keep rings 128-byte multiples.
static uint32_t ring_slots(const struct port *port)
{
    uint32_t slots = port->ring_slots == 0 ? IXGBE_SLOTS_DEFAULT : port->ring_slots;
    if (slots < IXGBE_SLOTS_MIN)
        slots = IXGBE_SLOTS_MIN;
    if (slots > IXGBE_SLOTS_MAX)
        slots = IXGBE_SLOTS_MAX;
    return slots & ~UINT32_C(7);
}

// One receive queue, and a transmit queue for each source that the box may have.
static int allocate(struct ixgbe *card)
{
    struct port *port = card->port;
    const uint32_t slots = ring_slots(port);
    struct env_dma heads;
    if (!env_dma_alloc(card->env, PORT_QUEUES_MAX * sizeof(struct ixgbe_head), &heads)) {
        env_log(card->env, "no memory for the transmit heads");
        return -ENOMEM;
    }
    int error = ixgbe_receive_allocate(card, 0, slots);
    for (unsigned i = 0; i < PORT_QUEUES_MAX && error == 0; i++) {
        struct ixgbe_head *head = (struct ixgbe_head *)heads.memory + i;
        error = ixgbe_transmit_allocate(card, i, slots, head, heads.address + i * sizeof *head);
    }
    if (error)
        return error;
    port->rx_queues = 1;
    port->rx[0] = &card->rx[0]->queue;
    port->tx_queues = PORT_QUEUES_MAX;
    for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
        port->tx[i] = &card->tx[i]->queue;
    return 0;
}

static int probe(struct port *port)
{
    struct env *env = port->env;
    port->state = PORT_ABSENT;
    struct ixgbe *card = env_alloc(env, sizeof *card);
    if (card == NULL) {
        env_log(env, "no memory for the driver's state");
        return -ENOMEM;
    }
    port->device = card;
    card->port = port;
    card->env = env;
    env_bus_master(env, false);

    int error = identify(card);
    if (error == 0)
        error = map(card);
    if (error)
        return error;
    // A level interrupt is never served; one left standing would be for ever.
    env_config_write(env, PCI_COMMAND, 2,
                     env_config_read(env, PCI_COMMAND, 2) | PCI_COMMAND_INTX_DISABLE);
    error = ixgbe_reset(card);
    if (error == 0)
        error = ixgbe_eeprom_check(card);
    if (error == 0)
        error = read_address(card);
    if (error == 0)
        error = allocate(card);
    if (error)
        return error;
    ixgbe_interrupt_probe(card);
    port->max_frame = MAX_FRAME;
    port->link_up = false;
    port->state = PORT_STOPPED;
    return 0;
}

// What the packet area allows, and whether every slot names a buffer of it: a card that is given a
// wrong address writes there.
static int fit_area(struct ixgbe *card)
{
    const struct port *port = card->port;
    const struct packet_area *area = port->area;
    card->buffer_kb = area->capacity / 1024 < BUFFER_KB_MAX ? area->capacity / 1024 : BUFFER_KB_MAX;
    if (card->buffer_kb == 0) {
        env_log(card->env, "buffers hold %u bytes of frame, expected 1024 at least",
                (unsigned)area->capacity);
        return -EINVAL;
    }
    card->longest = card->buffer_kb * 1024 < MAX_FRAME ? card->buffer_kb * 1024 : MAX_FRAME;

    if (port->rx_queues != 1 || port->tx_queues > PORT_QUEUES_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < port->rx_queues + port->tx_queues; i++) {
        const struct queue *queue = i < port->rx_queues ? port->rx[i] : port->tx[i - port->rx_queues];
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

// Afterwards the card reaches no memory, whatever it thinks of it. Returns 0 or the first error.
static int shut_down(struct ixgbe *card)
{
    int error = 0;
    if (ixgbe_gone(card)) {
        error = -ENODEV;
    } else {
        ixgbe_mask_interrupts(card);
        error = ixgbe_receive_stop(card);
        if (error != -ENODEV) {
            const int other = ixgbe_transmit_stop(card);
            error = error ? error : other;
        }
        if (error == 0)
            error = ixgbe_master_disable(card);
        if (error == 0)
            ixgbe_clear(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
        else if (error != -ENODEV)
            error = ixgbe_reset(card); // what will not go quietly
    }
    env_bus_master(card->env, false);
    return error;
}

static int start(struct port *port)
{
    struct ixgbe *card = port->device;
    int error = fit_area(card);
    if (error)
        return error;
    error = ixgbe_reset(card);
    if (error)
        goto fail;
    env_bus_master(port->env, true);
    error = ixgbe_link_start(card);
    if (error)
        goto fail;
    ixgbe_stats_clear(card);
    error = ixgbe_receive_start(card);
    if (error)
        goto fail;
    error = ixgbe_transmit_start(card);
    if (error)
        goto fail;
    ixgbe_set(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
    ixgbe_interrupt_start(card);
    port->fault = PORT_OK;
    port->fault_value = 0;
    port->state = PORT_RUNNING;
    return 0;
fail:
    shut_down(card);
    port->state = PORT_STOPPED;
    return error;
}

static void stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return;
    struct ixgbe *card = port->device;
    const int error = shut_down(card);
    const enum port_fault fault = error == -ENODEV ? PORT_FAULT_GONE : PORT_FAULT_SILENT;
    if (error == 0)
        ixgbe_link_stop(card);
    else if (port->fault != fault) // once for each death
        port_fail(port, fault, ixgbe_read(card, IXGBE_STATUS));
    port->link_up = false;
    port->link_mbps = 0;
    port->state = PORT_STOPPED;
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
}

const struct port_driver ixgbe_driver = {
    .name = "ixgbe",
    .supports = supports,
    .probe = probe,
    .start = start,
    .stop = stop,
    .poll = poll,
    .receive = ixgbe_receive,
    .transmit = ixgbe_transmit,
    .refill = ixgbe_refill,
    .send_copy = ixgbe_send_copy,
};
