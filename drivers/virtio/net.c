// SPDX-License-Identifier: BSD-2-Clause
// The life of a virtio network card: probe, start, stop, poll. VIRTIO 1.2, sections 3.1.1 and 5.1.
//
// To try it: qemu-system-x86_64 ... -netdev user,id=n -device virtio-net-pci,netdev=n
#include "drivers/mmio.h"
#include "drivers/virtio/describe.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include "drivers/virtio/transport.h"
#include "drivers/virtio/virtio_net.h"
#include <errno.h>

enum {
    ETHERNET_OVERHEAD = 14 + 2 * 4,       // Ethernet header and two VLAN tags
    MAX_FRAME = 1500 + ETHERNET_OVERHEAD, // when the device names no MTU; 5.1.6.3.1: 1514

    // How long start() and stop() wait for a reset, each of at most two, before the other ports
    // have their turn.
    RESET_SHARE_US = 200,

    CONFIG_ENTRY = 0, // of the MSI-X table; virtio_config_interrupt() knows it too
    RECEIVE_ENTRY = 1,
};

struct virtio_net {
    struct virtio_pci pci;
    struct split rx, tx;
    uint64_t features; // accepted
    bool interrupt;    // MSI-X table entry 0 is routed to us
    bool frame_entry;  // entry 1 is routed to the box's sleep,
    bool can_arm;      // and the device has taken it for its receive queue

    bool resetting; // a reset has begun, and its end was not seen yet
    uint64_t reset_began;
};

static bool supports(uint16_t vendor, uint16_t device)
{
    return vendor == VIRTIO_PCI_VENDOR &&
           (device == VIRTIO_PCI_NET_TRANSITIONAL || device == VIRTIO_PCI_NET_MODERN);
}

// Takes the MTU that the device names into max_frame, if it is one (5.1.4.1) and our buffers hold
// such a frame, as they must once MTU is negotiated (5.1.4.2).
// `carry` is the longest frame that we can.
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

// Steps 2 to 6 of 3.1.1, after a reset: the device and we agree on what we are. `carry` is the
// longest frame that we can.
static int handshake(struct port *port, uint32_t carry)
{
    struct virtio_net *net = port->device;
    const struct virtio_pci *pci = &net->pci;
    // 2., 3. We noticed it; we know how to drive it.
    virtio_status_add(pci, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_status_add(pci, VIRTIO_STATUS_DRIVER);
    // 4. Of what it offers, take what README.md lists.
    uint64_t offered = virtio_features_offered(pci);
    if ((offered & VIRTIO_F_VERSION_1) == 0) {
        env_log(port->env, "virtio: features are 0x%016llx, expected VERSION_1 (VIRTIO 1.2, 6.1)",
                (unsigned long long)offered);
        return -ENOTSUP;
    }
    // Without this feature its DMA goes past the IOMMU (6.1).
    if ((offered & VIRTIO_F_ACCESS_PLATFORM) == 0 && !env_unconfined(port->env))
        return -EPERM;
    net->features = offered & (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM |
                               VIRTIO_F_ORDER_PLATFORM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS);
    port->max_frame = MAX_FRAME;
    if ((offered & VIRTIO_NET_F_MTU) != 0 && take_mtu(port, pci, carry))
        net->features |= VIRTIO_NET_F_MTU;
    if (port->frame_wanted != 0 && port->max_frame > port->frame_wanted)
        port->max_frame = port->frame_wanted;
    // 5., 6. Tell it, and see whether it agrees.
    return virtio_features_accept(pci, net->features);
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

static int read_mac(struct port *port, const struct virtio_net *net)
{
    derive_mac(port);
    if ((net->features & VIRTIO_NET_F_MAC) == 0)
        return 0;
    uint8_t mac[6];
    int error = virtio_config_read(&net->pci, VIRTIO_NET_MAC, sizeof mac, mac);
    if (error != 0)
        return error;
    bool zero = (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
    if (zero || (mac[0] & 1) != 0)
        env_log(port->env, "virtio: MAC %02x:%02x:%02x:%02x:%02x:%02x is no station's, not taken",
                mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    else
        __builtin_memcpy(port->mac, mac, sizeof mac);
    return 0;
}

static int allocate_queue(struct port *port, struct split *split, uint16_t number)
{
    struct virtio_net *net = port->device;
    uint32_t slots = virtio_queue_size(&net->pci, number);
    if (slots == 0)
        return -ENODEV;
    if (slots > SPLIT_SLOTS_MAX)
        slots = SPLIT_SLOTS_MAX;
    while (port->ring_slots != 0 && slots > port->ring_slots)
        slots /= 2; // 2.7: a power of two, and no more than the device offers
    split->queue.port = port;
    return split_allocate(split, port->env, slots, number);
}

// Resets the device, or goes on with it; waits for wait_us at most. Returns what virtio_reset_end()
// does: -EINPROGRESS means that the device needs further calls.
static int reset(struct virtio_net *net, uint64_t wait_us)
{
    if (!net->resetting) {
        net->reset_began = env_time_us();
        virtio_reset_begin(&net->pci);
    }
    int error = virtio_reset_end(&net->pci, net->reset_began, wait_us);
    net->resetting = error == -EINPROGRESS;
    return error;
}

// The end of every life: no DMA any more, whatever the device thinks of it, and however long its
// reset takes.
static int shut_down(struct port *port, uint64_t wait_us)
{
    struct virtio_net *net = port->device;
    int error = reset(net, wait_us);
    env_bus_master(port->env, false);
    return error;
}

static int probe(struct port *port)
{
    struct env *env = port->env;
    port->state = PORT_ABSENT;
    struct virtio_net *net = env_alloc(env, sizeof *net);
    if (net == NULL)
        return -ENOMEM;
    port->device = net;
    env_bus_master(env, false);
    int error = virtio_pci_find(env, &net->pci);
    if (error != 0)
        return error;

    // 1. Reset the device. Nothing is forwarded yet: it may take its time.
    error = reset(net, VIRTIO_RESET_LIMIT_US);
    if (error != 0)
        return error;
    error = handshake(port, UINT16_MAX);
    if (error != 0)
        goto fail;
    uint16_t queues = mmio_read16(net->pci.common.base, VIRTIO_NUM_QUEUES);
    if (queues < VIRTIO_NET_QUEUES) {
        env_log(env, "virtio: num_queues is %u, expected at least 2 (VIRTIO 1.2, 5.1.2)", queues);
        error = -ENODEV;
        goto fail;
    }
    error = read_mac(port, net);
    if (error != 0)
        goto fail;
    error = allocate_queue(port, &net->rx, VIRTIO_NET_RECEIVEQ);
    if (error != 0)
        goto fail;
    error = allocate_queue(port, &net->tx, VIRTIO_NET_TRANSMITQ);
    if (error != 0)
        goto fail;
    error = shut_down(port, VIRTIO_RESET_LIMIT_US);
    if (error != 0)
        return error;

    port->rx_queues = port->tx_queues = 1;
    port->rx[0] = &net->rx.queue;
    port->tx[0] = &net->tx.queue;
    net->interrupt = env_interrupt(env, CONFIG_ENTRY) == 0;
    net->frame_entry = env_interrupt_frames(env, RECEIVE_ENTRY) == 0;
    port->state = PORT_STOPPED;
    return 0;
fail:
    shut_down(port, VIRTIO_RESET_LIMIT_US);
    return error;
}

static bool area_fits(struct port *port)
{
    const struct packet_area *area = port->area;
    if (area->capacity >= MAX_FRAME && area->capacity <= UINT16_MAX - FRAME_HEADROOM)
        return true;
    env_log(port->env, "virtio: buffers hold %u bytes of frame, expected %u to %u", area->capacity,
            (unsigned)MAX_FRAME, (unsigned)(UINT16_MAX - FRAME_HEADROOM));
    return false;
}

static bool buffers_exist(struct port *port, const struct split *split)
{
    for (uint32_t slot = 0; slot < split->queue.slots; slot++) {
        uint32_t buffer = split->queue.buffer_of[slot];
        if (buffer < port->area->count)
            continue;
        env_log(port->env, "virtio: slot %u of queue %u names buffer %u of %u", slot, split->number,
                buffer, port->area->count);
        return false;
    }
    return true;
}

static int enable_queue(struct virtio_net *net, struct split *split, uint16_t *vector)
{
    struct virtio_ring_addresses addresses = split_addresses(split);
    split->doorbell =
        virtio_queue_enable(&net->pci, split->number, split->queue.slots, &addresses, vector);
    return split->doorbell != NULL ? 0 : -EIO;
}

// What is sent never interrupts; what arrives may, when arm() says so.
static int enable_queues(struct virtio_net *net)
{
    uint16_t receive = net->frame_entry ? RECEIVE_ENTRY : VIRTIO_NO_VECTOR;
    uint16_t transmit = VIRTIO_NO_VECTOR;
    int error = enable_queue(net, &net->rx, &receive);
    if (error == 0)
        error = enable_queue(net, &net->tx, &transmit);
    net->can_arm = error == 0 && receive != VIRTIO_NO_VECTOR;
    return error;
}

static void read_link(struct port *port)
{
    struct virtio_net *net = port->device;
    // 5.1.4.2: without STATUS the link is taken to be up. The speed means nothing here.
    port->link_up =
        (net->features & VIRTIO_NET_F_STATUS) == 0 ||
        (virtio_config_read16(&net->pci, VIRTIO_NET_STATUS) & VIRTIO_NET_STATUS_LINK_UP) != 0;
}

// Counts a death, once.
static void died(struct port *port, enum port_fault fault)
{
    struct virtio_net *net = port->device;
    if (port->fault != fault)
        port_fail(port, fault, virtio_status(&net->pci));
    port->state = PORT_STOPPED;
}

static int start(struct port *port)
{
    struct virtio_net *net = port->device;
    if (!area_fits(port) || !buffers_exist(port, &net->rx) || !buffers_exist(port, &net->tx))
        return -EINVAL;
    // 1. Reset the device.
    int error = reset(net, RESET_SHARE_US);
    if (error == -ETIMEDOUT)
        died(port, PORT_FAULT_SILENT);
    if (error != 0)
        return error;
    error = handshake(port, port->area->capacity);
    if (error != 0)
        goto fail;
    // It holds no address yet; QEMU wants to reach the rings when they are enabled.
    env_bus_master(port->env, true);
    // 7. Set up the queues. The device may only look at them after step 8.
    split_reset(&net->rx);
    split_reset(&net->tx);
    split_fill(&net->rx);
    error = enable_queues(net);
    if (error != 0)
        goto fail;
    if (net->interrupt && !virtio_config_interrupt(&net->pci))
        env_log(port->env, "virtio: no vector for configuration changes; link changes are polled");
    // 8. It is alive. Only now may it be notified.
    virtio_status_add(&net->pci, VIRTIO_STATUS_DRIVER_OK);
    split_notify(&net->rx);
    read_link(port);
    port->fault = PORT_OK;
    port->fault_value = 0;
    port->state = PORT_RUNNING;
    return 0;
fail:
    virtio_status_add(&net->pci, VIRTIO_STATUS_FAILED);
    shut_down(port, RESET_SHARE_US);
    split_reset(&net->rx);
    split_reset(&net->tx);
    port->state = PORT_STOPPED;
    return error;
}

static void stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return;
    struct virtio_net *net = port->device;
    int error = shut_down(port, RESET_SHARE_US);
    if (port->state != PORT_STOPPED) {
        port->lost_in_restart += split_unsent(&net->tx);
        split_mark_empty(&net->rx);
    }
    split_reset(&net->rx);
    split_reset(&net->tx);
    port->link_up = false;
    port->state = PORT_STOPPED;
    // A reset that goes on is the next start()'s affair.
    if (error == -ENODEV)
        died(port, PORT_FAULT_GONE);
    else if (error == -ETIMEDOUT)
        died(port, PORT_FAULT_SILENT);
}

static void poll(struct port *port)
{
    if (port->state != PORT_RUNNING)
        return;
    struct virtio_net *net = port->device;
    uint8_t status = virtio_status(&net->pci);
    if (status == VIRTIO_STATUS_GONE) {
        port_fail(port, PORT_FAULT_GONE, status);
    } else if ((status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET)) !=
               VIRTIO_STATUS_DRIVER_OK) {
        // It asks for a reset (2.1.2), or has already forgotten us.
        port_fail(port, PORT_FAULT_NEEDS_RESET, status);
    } else {
        read_link(port);
        return;
    }
    port->link_up = false;
}

static bool arm(struct port *port, bool on)
{
    struct virtio_net *net = port->device;
    if (port->state != PORT_RUNNING || !net->can_arm)
        return false;
    split_interrupt(&net->rx, on);
    return on;
}

static void describe(struct port *port)
{
    struct virtio_net *net = port->device;
    if (net == NULL)
        return;
    virtio_describe(port, &net->pci, net->features,
                    (const struct split *const[]){&net->rx, &net->tx});
}

const struct port_driver virtio_net_driver = {
    .name = "virtio-net",
    .supports = supports,
    .probe = probe,
    .start = start,
    .stop = stop,
    .poll = poll,
    .arm = arm,
    .receive = split_receive,
    .room = split_room,
    .transmit = split_transmit,
    .refill = split_refill,
    .send_copy = split_send_copy,
    .describe = describe,
};
