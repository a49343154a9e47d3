// SPDX-License-Identifier: BSD-2-Clause
// What the device and the driver agree on: features, and what follows from them. VIRTIO 1.2,
// sections 2.2, 3.1.1, 5.1.3, 5.1.4 and 6. README.md has a reason for each feature.
#include "drivers/virtio/legacy_ring.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/packed.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include "drivers/virtio/transport.h"
#include <errno.h>

// Accepted wherever they are offered.
#define WANTED                                                                              \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM |              \
     VIRTIO_F_RING_PACKED | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ | \
     VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_MAC)

// Those that nobody can do without a control queue (5.1.3.1).
#define NEED_CONTROL (VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_MAC | VIRTIO_NET_F_MQ)

// Those that decide about memory: what holds at probe() must hold at every start().
#define SHAPE (VIRTIO_F_RING_PACKED | VIRTIO_F_ANY_LAYOUT | VIRTIO_NET_F_MQ)

// Takes the MTU that the device names into max_frame, if it is one (5.1.4.1) and our buffers hold
// such a frame, as they must once MTU is negotiated (5.1.4.2).
static bool take_mtu(struct port *port, const struct virtio_pci *pci, uint32_t carry)
{
    if (pci->device.length < VIRTIO_NET_MTU_END)
        return false;
    uint32_t mtu = virtio_config_read16(pci, VIRTIO_NET_MTU);
    if (mtu < VIRTIO_NET_MTU_MIN || mtu + ETHERNET_OVERHEAD > carry) {
        env_log(port->env, "virtio: MTU %u not taken, expected %u to %u", mtu,
                (unsigned)VIRTIO_NET_MTU_MIN, carry - ETHERNET_OVERHEAD);
        return false;
    }
    port->max_frame = (uint16_t)(mtu + ETHERNET_OVERHEAD);
    return true;
}

// How many pairs of queues to use of a device with MQ (5.1.4): each port that sends through this
// one wants a transmit queue of its own.
static uint16_t choose_pairs(const struct port *port, const struct virtio_pci *pci, uint16_t *most)
{
    unsigned wanted = port->tx_wanted > port->rx_wanted ? port->tx_wanted : port->rx_wanted;
    if (wanted > PORT_QUEUES_MAX)
        wanted = PORT_QUEUES_MAX;
    if (pci->device.length < VIRTIO_NET_PAIRS_END || wanted < 2)
        return 1;
    *most = virtio_config_read16(pci, VIRTIO_NET_PAIRS);
    if (*most == 0 || *most > VIRTIO_NET_PAIRS_MAX) {
        env_log(port->env,
                "virtio: max_virtqueue_pairs is %u, expected 1 to %u (VIRTIO 1.2, 5.1.4)", *most,
                (unsigned)VIRTIO_NET_PAIRS_MAX);
        return 1;
    }
    // 5.1.2: the control queue follows all of them. (How many there are, the device says truly only
    // when MQ is negotiated: queues.c looks then.)
    if (VIRTIO_NET_QUEUES * (unsigned)*most > UINT16_MAX) {
        env_log(port->env,
                "virtio: max_virtqueue_pairs is %u, and no number is left for the control queue "
                "(VIRTIO 1.2, 5.1.2): one pair is used",
                *most);
        return 1;
    }
    return (uint16_t)(wanted < *most ? wanted : *most);
}

// The first time: what decides about memory. Returns the features to accept.
static uint64_t find_shape(struct port *port, uint64_t offered, uint64_t features)
{
    struct virtio_net *net = port->device;
    uint16_t most = 1;
    if (port->in_a_domain)
        features &= ~VIRTIO_F_RING_PACKED;
    net->pairs = 1;
    if ((offered & VIRTIO_NET_F_MQ) != 0 && (features & VIRTIO_NET_F_CTRL_VQ) != 0)
        net->pairs = choose_pairs(port, &net->pci, &most);
    if (net->pairs > 1)
        features |= VIRTIO_NET_F_MQ;
    // 5.1.2: behind the last pair that there is, or behind the first.
    net->control_number = (uint16_t)(VIRTIO_NET_QUEUES * (net->pairs > 1 ? most : 1));
    net->chained = net->pci.legacy && (features & VIRTIO_F_ANY_LAYOUT) == 0;
    net->format = &split_format;
    if (net->pci.legacy)
        net->format = &legacy_format;
    else if ((features & VIRTIO_F_RING_PACKED) != 0)
        net->format = &packed_format;
    return features;
}

// Later: the same again. What is new is left alone, what has gone is missed.
static int keep_shape(struct port *port, uint64_t offered, uint64_t *features)
{
    const struct virtio_net *net = port->device;
    uint64_t shape = net->features & SHAPE;
    if (net->control.queue == NULL)
        *features &= ~(VIRTIO_NET_F_CTRL_VQ | NEED_CONTROL);
    *features = (*features & ~SHAPE) | shape;
    if ((shape & ~offered) == 0 &&
        ((shape & VIRTIO_NET_F_MQ) == 0 || (*features & VIRTIO_NET_F_CTRL_VQ) != 0))
        return 0;
    env_log(port->env, "virtio: features are 0x%016llx, expected 0x%016llx among them, as before",
            (unsigned long long)offered, (unsigned long long)shape);
    return -ENOTSUP;
}

int virtio_negotiate(struct port *port, uint32_t carry)
{
    struct virtio_net *net = port->device;
    const struct virtio_pci *pci = &net->pci;
    // 2., 3. We noticed it; we know how to drive it.
    virtio_status_add(pci, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_status_add(pci, VIRTIO_STATUS_DRIVER);
    // 4. Of what it offers, take what README.md lists.
    uint64_t offered = virtio_features_offered(pci);
    if (!pci->legacy && (offered & VIRTIO_F_VERSION_1) == 0) {
        env_log(port->env, "virtio: features are 0x%016llx, expected VERSION_1 (VIRTIO 1.2, 6.1)",
                (unsigned long long)offered);
        return -ENOTSUP;
    }
    // Without this feature its DMA goes past the IOMMU (6.1).
    if ((offered & VIRTIO_F_ACCESS_PLATFORM) == 0 && !env_unconfined(port->env))
        return -EPERM;
    uint64_t features = offered & (pci->legacy ? WANTED | VIRTIO_F_ANY_LAYOUT : WANTED);
    if ((features & VIRTIO_NET_F_CTRL_VQ) == 0)
        features &= ~NEED_CONTROL;
    if (port->in_a_domain && pci->common.length >= VIRTIO_QUEUE_RESET_END)
        features |= offered & VIRTIO_F_RING_RESET;
    if (net->format == NULL) {
        features = find_shape(port, offered, features);
    } else {
        int error = keep_shape(port, offered, &features);
        if (error != 0)
            return error;
    }
    port->max_frame = MAX_FRAME;
    if ((offered & VIRTIO_NET_F_MTU) != 0 && take_mtu(port, pci, carry))
        features |= VIRTIO_NET_F_MTU;
    if (port->frame_wanted != 0 && port->max_frame > port->frame_wanted)
        port->max_frame = port->frame_wanted;
    net->features = features;
    // 5., 6. Tell it, and see whether it agrees.
    return virtio_features_accept(pci, features);
}

// A locally administered address from the port's name, for a device without one: the same at every
// boot, different for each port of the box. FNV-1a.
static void derive_mac(struct port *port)
{
    uint32_t hash = 2166136261u;
    for (unsigned i = 0; i < PORT_NAME_MAX && port->name[i] != '\0'; i++)
        hash = (hash ^ (uint8_t)port->name[i]) * 16777619u;
    const uint8_t mac[6] = {0x02,       0x42, hash >> 24, hash >> 16 & 0xff, hash >> 8 & 0xff,
                            hash & 0xff};
    __builtin_memcpy(port->mac, mac, sizeof port->mac);
}

int virtio_read_mac(struct port *port)
{
    struct virtio_net *net = port->device;
    derive_mac(port);
    net->mac_is_ours = true;
    if ((net->features & VIRTIO_NET_F_MAC) == 0)
        return 0;
    uint8_t mac[6];
    int error = virtio_config_read(&net->pci, VIRTIO_NET_MAC, sizeof mac, mac);
    if (error != 0)
        return error;
    bool zero = (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
    if (zero || (mac[0] & 1) != 0) {
        env_log(port->env, "virtio: MAC %02x:%02x:%02x:%02x:%02x:%02x is no station's, not taken",
                mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        return 0;
    }
    __builtin_memcpy(port->mac, mac, sizeof mac);
    net->mac_is_ours = false;
    return 0;
}

void virtio_ask(struct port *port)
{
    struct virtio_net *net = port->device;
    struct control *control = &net->control;
    const uint8_t on = 1;
    // 5.1.6.5.1: every frame, whomever it is for.
    if ((net->features & VIRTIO_NET_F_CTRL_RX) != 0) {
        control_add(control, "promiscuous mode", false, VIRTIO_NET_CTRL_RX,
                    VIRTIO_NET_CTRL_RX_PROMISC, &on, sizeof on);
        control_add(control, "all multicast", false, VIRTIO_NET_CTRL_RX,
                    VIRTIO_NET_CTRL_RX_ALLMULTI, &on, sizeof on);
    }
    // 5.1.6.5.2: the address that we made up.
    if ((net->features & VIRTIO_NET_F_CTRL_MAC) != 0 && net->mac_is_ours)
        control_add(control, "the MAC address", false, VIRTIO_NET_CTRL_MAC,
                    VIRTIO_NET_CTRL_MAC_ADDR_SET, port->mac, sizeof port->mac);
    // 5.1.6.5.5: until it knows, the device uses the first pair only.
    if ((net->features & VIRTIO_NET_F_MQ) != 0)
        control_add(control, "the number of queue pairs", true, VIRTIO_NET_CTRL_MQ,
                    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &net->pairs, sizeof net->pairs);
}
