// SPDX-License-Identifier: BSD-2-Clause
// Finding out what the card is. Intel 82599 datasheet (331520) 4.6.3, 8.1, 8.2.3.7.9.
#include "drivers/ixgbe/probe.h"
#include "drivers/ixgbe/eeprom.h"
#include "drivers/ixgbe/interrupt.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/reset.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
};

bool ixgbe_supports(uint16_t vendor, uint16_t device)
{
    return ixgbe_model_find(vendor, device) != NULL;
}

static int identify(struct ixgbe *card)
{
    const uint16_t vendor = (uint16_t)env_config_read(card->env, PCI_VENDOR_ID, 2);
    const uint16_t device = (uint16_t)env_config_read(card->env, PCI_DEVICE_ID, 2);
    card->model = ixgbe_model_find(vendor, device);
    if (card->model == NULL) {
        env_log(card->env, "%04x:%04x is no card of the 82599 family that this driver knows",
                vendor, device);
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
        env_log(card->env,
                "BAR 0 has %u bytes, expected %u at least (82599 datasheet, section 8.1)",
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

// The receive queues that the box wants, and a transmit queue for each source that it may have.
static int allocate(struct ixgbe *card)
{
    struct port *port = card->port;
    const uint32_t slots = ring_slots(port);
    struct env_dma heads;
    if (!env_dma_alloc(card->env, PORT_QUEUES_MAX * sizeof(struct ixgbe_head), &heads)) {
        env_log(card->env, "no memory for the transmit heads");
        return -ENOMEM;
    }
    const unsigned receive = port->rx_wanted == 0                ? 1
                             : port->rx_wanted < PORT_QUEUES_MAX ? port->rx_wanted
                                                                 : PORT_QUEUES_MAX;
    int error = 0;
    for (unsigned i = 0; i < receive && error == 0; i++)
        error = ixgbe_receive_allocate(card, i, slots);
    for (unsigned i = 0; i < PORT_QUEUES_MAX && error == 0; i++) {
        struct ixgbe_head *head = (struct ixgbe_head *)heads.memory + i;
        error = ixgbe_transmit_allocate(card, i, slots, head, heads.address + i * sizeof *head);
    }
    if (error)
        return error;
    port->rx_queues = (uint16_t)receive;
    for (unsigned i = 0; i < receive; i++)
        port->rx[i] = &card->rx[i]->queue;
    port->tx_queues = PORT_QUEUES_MAX;
    for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
        port->tx[i] = &card->tx[i]->queue;
    return 0;
}

// Nothing is forwarded yet: this may wait for the module. When the wires cannot be had, which has
// been logged, the cage counts as empty until the link asks again.
static void identify_module(struct ixgbe *card)
{
    if (card->model->media != IXGBE_SFP)
        return;
    ixgbe_sfp_identify(card);
    while (ixgbe_sfp_step(card) == -EINPROGRESS)
        ;
}

int ixgbe_probe(struct port *port)
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
    do // nothing is forwarded yet
        error = ixgbe_reset_step(card);
    while (error == -EINPROGRESS);
    if (error == 0)
        error = ixgbe_eeprom_check(card);
    if (error == 0)
        error = ixgbe_sfp_read_settings(card);
    if (error == 0)
        error = read_address(card);
    if (error == 0)
        error = allocate(card);
    if (error)
        return error;
    identify_module(card);
    ixgbe_interrupt_probe(card);
    port->max_frame = IXGBE_MAX_FRAME;
    port->link_up = false;
    port->state = PORT_STOPPED;
    return 0;
}
