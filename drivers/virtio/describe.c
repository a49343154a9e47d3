// SPDX-License-Identifier: BSD-2-Clause
// The device and the driver's own view of it, on the console. VIRTIO 1.2,
// sections 2.1, 2.2, 4.1.4.3 and 5.1.4.
#include "drivers/virtio/describe.h"
#include "drivers/mmio.h"
#include "drivers/virtio/regs.h"

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

// The names of the features that the driver knows.
static void describe_features(struct port *port, const char *who, uint64_t features)
{
    env_print(port->env, "  features %s %016llx:%s%s%s%s%s%s", who, (unsigned long long)features,
              features & VIRTIO_NET_F_MTU ? " MTU" : "", features & VIRTIO_NET_F_MAC ? " MAC" : "",
              features & VIRTIO_NET_F_STATUS ? " STATUS" : "",
              features & VIRTIO_F_VERSION_1 ? " VERSION_1" : "",
              features & VIRTIO_F_ACCESS_PLATFORM ? " PLATFORM" : "",
              features & VIRTIO_F_ORDER_PLATFORM ? " ORDER" : "");
}

static void describe_queue(struct port *port, const struct virtio_pci *pci, uint16_t number,
                           const struct split *split)
{
    volatile void *common = pci->common.base;
    mmio_write16(common, VIRTIO_QUEUE_SELECT, number);
    env_print(port->env, "  queue %u: size %u, enabled %u, vector %04x, notify_off %u", number,
              mmio_read16(common, VIRTIO_QUEUE_SIZE), mmio_read16(common, VIRTIO_QUEUE_ENABLE),
              mmio_read16(common, VIRTIO_QUEUE_MSIX_VECTOR),
              mmio_read16(common, VIRTIO_QUEUE_NOTIFY_OFF));
    if (split->queue.slots == 0)
        return;
    env_print(port->env, "    driver: %u slots, made available %u, used seen %u; device: used %u",
              (unsigned)split->queue.slots, (unsigned)split->made_available,
              (unsigned)split->used_seen, *(const volatile uint16_t *)&split->used->index);
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
    env_print(port->env, "  config_generation %02x, config_msix_vector %04x, num_queues %u",
              mmio_read8(pci->common.base, VIRTIO_CONFIG_GENERATION),
              mmio_read16(pci->common.base, VIRTIO_CONFIG_MSIX_VECTOR),
              mmio_read16(pci->common.base, VIRTIO_NUM_QUEUES));
}

void virtio_describe(struct port *port, const struct virtio_pci *pci, uint64_t features,
                     const struct split *const queues[VIRTIO_NET_QUEUES])
{
    if (pci->common.base == NULL || pci->notify.base == NULL || pci->device.base == NULL) {
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
    describe_features(port, "accepted", features);
    describe_config(port, pci, offered);
    for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++)
        describe_queue(port, pci, (uint16_t)i, queues[i]);
}
