// SPDX-License-Identifier: BSD-2-Clause
// The device and the driver's own view of it, on the console. VIRTIO 1.2,
// sections 2.1, 2.2, 4.1.4.3 and 5.1.4.
#include "drivers/virtio/describe.h"
#include "drivers/mmio.h"
#include "drivers/virtio/legacy.h"
#include "drivers/virtio/packed.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/transport.h"

static void describe_status(struct port *port, uint8_t status)
{
    env_print(port->env, "  device_status %02x:%s%s%s%s%s%s%s", status, status == 0 ? " reset" : "",
              status & VIRTIO_STATUS_ACKNOWLEDGE ? " ACKNOWLEDGE" : "",
              status & VIRTIO_STATUS_DRIVER ? " DRIVER" : "",
              status & VIRTIO_STATUS_FEATURES_OK ? " FEATURES_OK" : "",
              status & VIRTIO_STATUS_DRIVER_OK ? " DRIVER_OK" : "",
              status & VIRTIO_STATUS_NEEDS_RESET ? " NEEDS_RESET" : "",
              status & VIRTIO_STATUS_FAILED ? " FAILED" : "");
}

// The names of the features that the driver knows, on a line of their own: there may be many.
static void describe_features(struct port *port, const char *who, uint64_t features)
{
    env_print(port->env, "  features %s %016llx:", who, (unsigned long long)features);
    env_print(
        port->env, "   %s%s%s%s%s%s%s%s%s%s%s%s%s", features & VIRTIO_NET_F_MTU ? " MTU" : "",
        features & VIRTIO_NET_F_MAC ? " MAC" : "", features & VIRTIO_NET_F_STATUS ? " STATUS" : "",
        features & VIRTIO_NET_F_CTRL_VQ ? " CTRL_VQ" : "",
        features & VIRTIO_NET_F_CTRL_RX ? " CTRL_RX" : "", features & VIRTIO_NET_F_MQ ? " MQ" : "",
        features & VIRTIO_NET_F_CTRL_MAC ? " CTRL_MAC" : "",
        features & VIRTIO_F_ANY_LAYOUT ? " LAYOUT" : "",
        features & VIRTIO_F_VERSION_1 ? " VERSION_1" : "",
        features & VIRTIO_F_ACCESS_PLATFORM ? " PLATFORM" : "",
        features & VIRTIO_F_RING_PACKED ? " PACKED" : "",
        features & VIRTIO_F_ORDER_PLATFORM ? " ORDER" : "",
        features & VIRTIO_F_RING_RESET ? " RING_RESET" : "");
}

// What the device says about a queue, and what the driver knows.
static void describe_queue(struct port *port, const struct virtio_net *net, uint16_t number,
                           const struct queue *queue)
{
    volatile void *common = net->pci.common.base;
    if (net->pci.legacy) {
        env_print(port->env, "  queue %u: size %u", number, legacy_queue_size(&net->pci, number));
    } else {
        mmio_write16(common, VIRTIO_QUEUE_SELECT, number);
        env_print(port->env, "  queue %u: size %u, enabled %u, vector %04x, notify_off %u", number,
                  mmio_read16(common, VIRTIO_QUEUE_SIZE), mmio_read16(common, VIRTIO_QUEUE_ENABLE),
                  mmio_read16(common, VIRTIO_QUEUE_MSIX_VECTOR),
                  mmio_read16(common, VIRTIO_QUEUE_NOTIFY_OFF));
    }
    if (queue == NULL)
        return;
    const struct ring_ends ends = net->format->ends(queue);
    env_print(port->env, "    %s, %u slots, made available %u, used seen %u; device: %s %u",
              net->format->name, (unsigned)queue->slots, (unsigned)ends.made_available,
              (unsigned)ends.used_seen, net->format == &packed_format ? "flags" : "used",
              ends.device);
}

static void describe_config(struct port *port, const struct virtio_pci *pci, uint64_t offered)
{
    uint8_t mac[6] = {0};
    if (offered & VIRTIO_NET_F_MAC)
        (void)virtio_config_read(pci, VIRTIO_NET_MAC, sizeof mac, mac); // logs what goes wrong
    const bool has_mtu = offered & VIRTIO_NET_F_MTU && pci->device.length >= VIRTIO_NET_MTU_END;
    env_print(port->env, "  config: MAC %02x:%02x:%02x:%02x:%02x:%02x, status %04x, MTU %u (%s)",
              mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
              offered & VIRTIO_NET_F_STATUS ? virtio_config_read16(pci, VIRTIO_NET_STATUS) : 0,
              has_mtu ? virtio_config_read16(pci, VIRTIO_NET_MTU) : 0,
              has_mtu ? "offered" : "not offered");
    if (pci->legacy)
        env_print(port->env, "  a legacy device: registers in I/O BAR 0%s",
                  pci->msix != 0 ? "" : ", no MSI-X");
    else
        env_print(port->env, "  config_generation %02x, config_msix_vector %04x, num_queues %u",
                  mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION),
                  mmio_read16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR),
                  mmio_read16(pci->common.base, VIRTIO_NUM_QUEUES));
}

static void describe_queues(struct port *port, const struct virtio_net *net)
{
    if (net->format == NULL)
        return;
    for (unsigned i = 0; i < net->pairs; i++) {
        const uint16_t number = (uint16_t)(VIRTIO_NET_QUEUES * i);
        describe_queue(port, net, number + VIRTIO_NET_RECEIVEQ, net->rx[i]);
        describe_queue(port, net, number + VIRTIO_NET_TRANSMITQ, net->tx[i]);
    }
    const struct control *control = &net->control;
    if (control->queue == NULL)
        return;
    describe_queue(port, net, net->control_number, control->queue);
    env_print(port->env, "    %u commands, %u answered", control->count, control->answered);
}

void virtio_describe(struct port *port, const struct virtio_net *net)
{
    const struct virtio_pci *pci = &net->pci;
    if (!pci->legacy &&
        (pci->common.base == NULL || pci->notify.base == NULL || pci->device.base == NULL)) {
        env_print(port->env, "  a register structure was not found: see the log");
        return;
    }
    const uint8_t status = virtio_status(pci);
    if (status == VIRTIO_STATUS_GONE) {
        env_print(port->env, "  device_status reads ff: the device is gone");
        return;
    }
    describe_status(port, status);
    const uint64_t offered = virtio_features_offered(pci);
    describe_features(port, "offered ", offered);
    describe_features(port, "accepted", net->features);
    describe_config(port, pci, offered);
    describe_queues(port, net);
}
