// SPDX-License-Identifier: BSD-2-Clause
// The life of a virtio network card: probe, start, stop, poll. VIRTIO 1.2, sections 3.1.1 and 5.1.
//
// To try it: qemu-system-x86_64 ... -netdev user,id=n -device virtio-net-pci,netdev=n
#include "drivers/virtio/net.h"
#include "drivers/virtio/describe.h"
#include "drivers/virtio/legacy_ring.h"
#include "drivers/virtio/packed.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/split.h"
#include "drivers/virtio/transport.h"
#include "drivers/virtio/virtio_net.h"
#include <errno.h>

enum {
    // How long start() and stop() wait for a reset, each of at most two, and start() for the
    // answers of the control queue, before the other ports have their turn.
    RESET_SHARE_US = 200,
    CONTROL_SHARE_US = 2000,

    CONFIG_ENTRY = 0, // of the MSI-X table; virtio_config_interrupt() knows it too
    RECEIVE_ENTRY = 1,
};

static bool supports(uint16_t vendor, uint16_t device)
{
    return vendor == VIRTIO_PCI_VENDOR &&
           (device == VIRTIO_PCI_NET_TRANSITIONAL || device == VIRTIO_PCI_NET_MODERN);
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

// The verbs that suit the rings.
static const struct port_driver *driver_for(const struct ring_format *format)
{
    if (format == &legacy_format)
        return &virtio_legacy_driver;
    return format == &packed_format ? &virtio_packed_driver : &virtio_net_driver;
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
    error = virtio_negotiate(port, UINT16_MAX);
    if (error == 0)
        error = virtio_read_mac(port);
    if (error == 0)
        error = virtio_queues_allocate(port);
    if (error != 0) {
        shut_down(port, VIRTIO_RESET_LIMIT_US);
        return error;
    }
    error = shut_down(port, VIRTIO_RESET_LIMIT_US);
    if (error != 0)
        return error;

    port->driver = driver_for(net->format);
    port->rx_queues = port->tx_queues = net->pairs;
    net->interrupt = env_interrupt(env, CONFIG_ENTRY) == 0;
    net->frame_entry = env_interrupt_frames(env, RECEIVE_ENTRY) == 0;
    port->state = PORT_STOPPED;
    return 0;
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

static void read_link(struct port *port)
{
    struct virtio_net *net = port->device;
    // 5.1.4.2: without STATUS the link is taken to be up. The speed means nothing here.
    port->link_up =
        (net->features & VIRTIO_NET_F_STATUS) == 0 ||
        (virtio_config_read16(&net->pci, VIRTIO_NET_STATUS) & VIRTIO_NET_STATUS_LINK_UP) != 0;
    if (!port->link_up)
        port_close(port);
}

// Counts a death, once.
static void died(struct port *port, enum port_fault fault)
{
    struct virtio_net *net = port->device;
    if (port->fault != fault)
        port_fail(port, fault, virtio_status(&net->pci));
    port->state = PORT_STOPPED;
}

// Waits a little for the answers to what we asked. Those that are not there yet are poll()'s
// affair: until then the device receives as it did after its reset, through the first queue.
static bool settle(struct port *port, uint64_t wait_us)
{
    struct virtio_net *net = port->device;
    uint64_t entered = env_time_us();
    while (!control_settled(&net->control)) {
        if (!control_settle(&net->control))
            return false;
        if (env_time_us() - entered >= wait_us)
            break;
    }
    return true;
}

static int start(struct port *port)
{
    struct virtio_net *net = port->device;
    if (!area_fits(port) || !virtio_queues_have_buffers(port))
        return -EINVAL;
    // 1. Reset the device.
    int error = reset(net, RESET_SHARE_US);
    if (error == -ETIMEDOUT)
        died(port, PORT_FAULT_SILENT);
    if (error != 0)
        return error;
    error = virtio_negotiate(port, port->area->capacity);
    if (error != 0)
        goto fail;
    // It holds no address yet; QEMU wants to reach the rings when they are enabled.
    env_bus_master(port->env, true);
    // 7. Set up the queues. The device may only look at them after step 8.
    virtio_queues_reset(net);
    error = virtio_queues_enable(port, net->frame_entry ? RECEIVE_ENTRY : VIRTIO_NO_VECTOR);
    if (error != 0)
        goto fail;
    virtio_ask(port);
    if (net->interrupt && !virtio_config_interrupt(&net->pci))
        env_log(port->env, "virtio: no vector for configuration changes; link changes are polled");
    // 8. It is alive. Only now may it be notified.
    virtio_status_add(&net->pci, VIRTIO_STATUS_DRIVER_OK);
    virtio_queues_notify(net);
    control_send(&net->control);
    if (!settle(port, CONTROL_SHARE_US)) {
        error = -EIO;
        goto fail;
    }
    read_link(port);
    port->fault = PORT_OK;
    port->fault_value = 0;
    port->state = PORT_RUNNING;
    return 0;
fail:
    virtio_status_add(&net->pci, VIRTIO_STATUS_FAILED);
    shut_down(port, RESET_SHARE_US);
    virtio_queues_reset(net);
    port->state = PORT_STOPPED;
    return error;
}

static int requeue(struct queue *queue, bool transmit)
{
    struct port *port = queue->port;
    const struct virtio_net *net = port->device;
    return virtio_queue_renew(port, queue, transmit,
                              net->can_arm ? RECEIVE_ENTRY : VIRTIO_NO_VECTOR);
}

static void stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return;
    struct virtio_net *net = port->device;
    int error = shut_down(port, RESET_SHARE_US);
    if (port->state != PORT_STOPPED)
        virtio_queues_account(port);
    virtio_queues_reset(net);
    port->link_up = false;
    port->state = PORT_STOPPED;
    port_close(port);
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
    } else if (!settle(port, 0)) {
        port_fail(port, PORT_FAULT_SILENT, status);
    } else {
        read_link(port);
        if (port->link_up)
            virtio_queues_wake(net);
        return;
    }
    port->link_up = false;
}

static bool arm(struct port *port, bool on)
{
    struct virtio_net *net = port->device;
    if (port->state != PORT_RUNNING || !net->can_arm)
        return false;
    for (unsigned i = 0; i < net->pairs; i++)
        net->format->interrupt(net->rx[i], on);
    // Orders those wishes before the caller's next look into the rings; the device does the
    // opposite: says what it used, then reads the wish (2.7.8.2, 2.7.7.2; packed: 2.8.10). Without
    // it the device could miss the wish and the caller the frame, and the box would sleep beside
    // it.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return on;
}

static void describe(struct port *port)
{
    if (port->device != NULL)
        virtio_describe(port, port->device);
}

// A driver for each format of rings: they differ in the verbs of the packet path only, and in
// whether these can run in a domain.
#define DRIVER(format, in_a_domain)   \
    {.name = "virtio-net",            \
     .supports = supports,            \
     .probe = probe,                  \
     .start = start,                  \
     .stop = stop,                    \
     .poll = poll,                    \
     .arm = arm,                      \
     .receive = format##_receive,     \
     .room = format##_room,           \
     .transmit = format##_transmit,   \
     .refill = format##_refill,       \
     .send_copy = format##_send_copy, \
     .domain = (in_a_domain),         \
     .describe = describe}

static const struct domain_verbs domain_verbs = {
    .front = VIRTIO_NET_HEADER,
    .parts = split_parts,
    .sync = split_sync,
    .adopt = split_adopt,
    .requeue = requeue,
    .next_empty = split_next_empty,
    .ready = split_ready,
    .misdeed = split_misdeed,
};

const struct port_driver virtio_net_driver = DRIVER(split, &domain_verbs);
const struct port_driver virtio_packed_driver = DRIVER(packed, NULL);
const struct port_driver virtio_legacy_driver = DRIVER(legacy, NULL);
