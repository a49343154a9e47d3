// SPDX-License-Identifier: BSD-2-Clause
// Matches configured ports with cards, and cards with drivers.
#include "kernel/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/env.h"
#include "kernel/hotplug.h"
#include "kernel/isolation.h"
#include "kernel/log.h"
#include "kernel/pci.h"
#include "kernel/violations.h"

_Static_assert(CONFIG_QUEUES_MAX == (int)PORT_QUEUES_MAX, "what a port has can be configured");

enum { BRIDGE_RING_SLOTS = 256 }; // of more than four ports

static struct port ports_memory[CONFIG_PORTS_MAX];
static struct env env_memory[CONFIG_PORTS_MAX];
static unsigned opened;

static const struct port_driver *driver_for(const struct port_driver *const drivers[],
                                            const struct pci_device *card)
{
    for (; *drivers != NULL; drivers++)
        if ((*drivers)->supports(card->vendor, card->device))
            return *drivers;
    return NULL;
}

// "virtio:1" is the second card, by PCI address, that the driver of that family supports; with ""
// for the family any driver's counts.
static struct pci_device *card_by_ordinal(const struct port_driver *const drivers[],
                                          const char *family, unsigned ordinal)
{
    for (size_t i = 0; i < pci_count(); i++) {
        const struct port_driver *driver = driver_for(drivers, pci_at(i));
        if (driver == NULL || strncmp(driver->name, family, strlen(family)) != 0)
            continue;
        if (ordinal-- == 0)
            return pci_at(i);
    }
    return NULL;
}

static struct pci_device *find_card(const struct port_driver *const drivers[],
                                    const struct config_device *device)
{
    switch (device->kind) {
    case CONFIG_DEVICE_ANY:
        return card_by_ordinal(drivers, "", device->ordinal);
    case CONFIG_DEVICE_VIRTIO:
        return card_by_ordinal(drivers, "virtio", device->ordinal);
    case CONFIG_DEVICE_IXGBE:
        return card_by_ordinal(drivers, "ixgbe", device->ordinal);
    case CONFIG_DEVICE_PCI:
        return pci_find(device->segment, device->bus, device->slot, device->function);
    case CONFIG_DEVICE_NONE:
        break;
    }
    return NULL;
}

static bool already_open(const struct pci_device *card)
{
    for (unsigned i = 0; i < opened; i++)
        if (env_memory[i].pci == card)
            return true;
    return false;
}

static void open_port(struct port *port, struct env *env, const struct config_port *wanted,
                      uint16_t max_frame, const struct port_driver *const drivers[])
{
    struct pci_device *card = find_card(drivers, &wanted->device);
    if (card == NULL) {
        log_line("%s: device \"%s\" is not there; the `pci` command lists what is", wanted->name,
                 wanted->device_text);
        return;
    }
    if (already_open(card)) {
        log_line("%s: device \"%s\" is already another port's", wanted->name, wanted->device_text);
        return;
    }
    port->driver = driver_for(drivers, card);
    if (port->driver == NULL) {
        log_line("%s: device \"%s\" is %04x:%04x, which no driver knows", wanted->name,
                 wanted->device_text, card->vendor, card->device);
        return;
    }
    if (wanted->flow_control && !port->driver->flow_control) {
        log_line("%s: flow-control = on: a card driven by %s has no flow control, expected off",
                 wanted->name, port->driver->name);
        return;
    }
    if (wanted->ring_size != 0)
        port->ring_slots = wanted->ring_size;
    port->flow_control = wanted->flow_control;
    port->rx_wanted = (uint16_t)wanted->queues;
    port->frame_wanted = max_frame;
    port->in_a_domain = wanted->isolation == CONFIG_ISOLATION_DOMAIN;
    if (env_open(env, card, wanted->name) != 0)
        return;
    port->env = env;
    if (!env_isolate(env, isolation_confines(wanted->isolation),
                     wanted->isolation == CONFIG_ISOLATION_IOMMU &&
                         wanted->isolation_source.origin != CONFIG_UNSET))
        return;
    if (port->driver->probe(port) != 0) {
        env_close(env);
        port->state = PORT_ABSENT;
        return;
    }
    hotplug_add(port, card);
    if (port->rx_queues < wanted->queues)
        log_line("%s: queues = %u, but this card receives on %u at most: using %u", wanted->name,
                 (unsigned)wanted->queues, port->rx_queues, port->rx_queues);
}

// Descriptors in each ring, unless the configuration says; 0: the driver decides. In a bridge each
// port has a transmit ring for each other one, and a buffer in each of their slots: shorter rings
// keep eight ports within the memory that four need.
static uint32_t ring_slots(const struct config *config)
{
    const bool many = config->mode == CONFIG_MODE_BRIDGE && config->forward_count > 4;
    return many ? BRIDGE_RING_SLOTS : 0;
}

void ports_open(struct ports *ports, const struct config *config,
                const struct port_driver *const drivers[])
{
    ports->count = config->port_count;
    for (unsigned i = 0; i < config->port_count; i++) {
        struct port *port = &ports_memory[i];
        snprintf(port->name, sizeof port->name, "%s", config->ports[i].name);
        port->state = PORT_ABSENT;
        port->ring_slots = ring_slots(config);
        // The ends of a wire have one source each; else every other port may be one.
        port->tx_wanted = config->mode == CONFIG_MODE_WIRE ? 1 : config->port_count - 1;
        ports->at[i] = port;
        ports->device[i] = config->ports[i].device_text;
        opened = i;
        open_port(port, &env_memory[i], &config->ports[i], config->max_frame, drivers);
        ports->isolation[i] = config->ports[i].isolation;
        if (ports->isolation[i] == CONFIG_ISOLATION_IOMMU && !env_confined(&env_memory[i]))
            ports->isolation[i] = CONFIG_ISOLATION_NONE;
    }
    opened = config->port_count;
}

bool ports_confined(const struct ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++)
        if (env_confined(&env_memory[i]))
            return true;
    return false;
}

int ports_grant(const struct ports *ports, unsigned port, uint64_t address, uint64_t bytes,
                bool write)
{
    return port < ports->count ? env_grant(&env_memory[port], address, bytes, write) : -EINVAL;
}

void ports_police(void)
{
    violations_poll(ports_memory, env_memory, opened);
}

bool ports_first_two(struct config *config, const struct port_driver *const drivers[])
{
    unsigned found = 0;
    for (size_t i = 0; i < pci_count() && found < 2; i++) {
        const struct pci_device *card = pci_at(i);
        if (driver_for(drivers, card) == NULL)
            continue;
        struct config_port *port = &config->ports[found];
        memset(port, 0, sizeof *port);
        snprintf(port->name, sizeof port->name, "port%u", found);
        port->device = (struct config_device){.kind = CONFIG_DEVICE_PCI,
                                              .segment = card->segment,
                                              .bus = card->bus,
                                              .slot = card->slot,
                                              .function = card->function};
        snprintf(port->device_text, sizeof port->device_text, "pci:%04x:%02x:%02x.%u",
                 card->segment, card->bus, card->slot, card->function);
        found++;
    }
    config->port_count = found;
    config->manage = (struct config_manage){0}; // whichever port it meant
    config->mode = CONFIG_MODE_WIRE;
    config->max_frame = 0;
    config->forward_ports[0] = 0;
    config->forward_ports[1] = 1;
    config->forward_count = found;
    return found == 2;
}

static const struct port *unarmed;

static bool arm(unsigned i)
{
    struct port *port = &ports_memory[i];
    if (port->state != PORT_RUNNING)
        return true; // no frame can come
    if (port->driver->arm == NULL)
        return false;
    env_let_frames_interrupt(port->env);
    return port->driver->arm(port, true);
}

bool ports_arm(bool on)
{
    unsigned armed = 0;
    if (on) {
        while (armed < opened && arm(armed))
            armed++;
        unarmed = armed < opened ? &ports_memory[armed] : NULL;
        if (unarmed == NULL)
            return true;
    } else {
        armed = opened;
    }
    for (unsigned i = 0; i < armed; i++)
        if (ports_memory[i].state == PORT_RUNNING && ports_memory[i].driver->arm != NULL)
            ports_memory[i].driver->arm(&ports_memory[i], false);
    return false;
}

const struct port *ports_unarmed(void)
{
    return unarmed;
}

uint64_t ports_frame_interrupts(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < opened; i++)
        sum += env_memory[i].frame_interrupts;
    return sum;
}

bool ports_attention(void)
{
    bool any = false;
    for (unsigned i = 0; i < opened; i++)
        if (env_attention(&env_memory[i]))
            any = true;
    return any;
}
