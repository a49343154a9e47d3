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
    // How long stop() looks for the end of its reset, and start() for the answers of the control
    // queue; what takes longer is the next start()'s affair, or poll()'s.
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

// Looks for the answers to what we asked. Until they are there the device receives as it did after
// its reset, through the first queue. False: the device refuses what it must not.
static bool look_for_answers(struct virtio_net *net)
{
    return control_settled(&net->control) || control_settle(&net->control);
}

// --- start(): its parts. Each returns 0 when the next one may begin, -EINPROGRESS when it has to
// be called again, or another negative errno.

// Goes on with what is done for each pair of queues, a pair at a call.
static int next_pair(struct virtio_net *net)
{
    return ++net->pair < net->pairs ? -EINPROGRESS : 0;
}

static bool area_fits(const struct port *port)
{
    const struct packet_area *area = port->area;
    if (area->capacity >= MAX_FRAME && area->capacity <= UINT16_MAX - FRAME_HEADROOM)
        return true;
    env_log(port->env, "virtio: buffers hold %u bytes of frame, expected %u to %u", area->capacity,
            (unsigned)MAX_FRAME, (unsigned)(UINT16_MAX - FRAME_HEADROOM));
    return false;
}

static int check_buffers(struct port *port)
{
    struct virtio_net *net = port->device;
    if (!area_fits(port) || !virtio_queues_have_buffers(port, net->pair))
        return -EINVAL;
    return next_pair(net);
}

// 1. Reset the device.
static int begin(struct port *port)
{
    port->poll_soon_us = 0; // it may take its time
    const int error = reset(port->device, 0);
    if (error == -ETIMEDOUT)
        died(port, PORT_FAULT_SILENT);
    return error;
}

static int negotiate(struct port *port)
{
    const int error = virtio_negotiate(port, port->area->capacity);
    // It holds no address yet; QEMU wants to reach the rings when they are enabled.
    if (error == 0)
        env_bus_master(port->env, true);
    return error;
}

static int empty_rings(struct port *port)
{
    struct virtio_net *net = port->device;
    virtio_queues_reset(net, net->pair);
    return next_pair(net);
}

// 7. Set up the queues. The device may only look at them after step 8.
static int enable_queues(struct port *port)
{
    struct virtio_net *net = port->device;
    const int error =
        virtio_queues_enable(port, net->pair, net->frame_entry ? RECEIVE_ENTRY : VIRTIO_NO_VECTOR);
    return error != 0 ? error : next_pair(net);
}

// 8. It is alive. Only now may it be notified.
static int go(struct port *port)
{
    struct virtio_net *net = port->device;
    const int error = virtio_control_enable(net);
    if (error != 0)
        return error;
    virtio_ask(port);
    if (net->interrupt && !virtio_config_interrupt(&net->pci))
        env_log(port->env, "virtio: no vector for configuration changes; link changes are polled");
    virtio_status_add(&net->pci, VIRTIO_STATUS_DRIVER_OK);
    virtio_queues_notify(net);
    control_send(&net->control);
    return 0;
}

// Those answers that do not come soon are poll()'s affair.
static int settle(struct port *port)
{
    struct virtio_net *net = port->device;
    if (!look_for_answers(net))
        return -EIO;
    if (!control_settled(&net->control) && env_time_us() - net->control.sent_at < CONTROL_SHARE_US)
        return -EINPROGRESS;
    return 0;
}

static int (*const steps[])(struct port *port) = {
    check_buffers, begin, negotiate, empty_rings, enable_queues, go, settle,
};
enum { STEPS = sizeof steps / sizeof steps[0] };

// The attempt failed: the device holds nothing any more.
static int give_up(struct port *port, int error)
{
    struct virtio_net *net = port->device;
    if (steps[net->step] != check_buffers && steps[net->step] != begin) {
        virtio_status_add(&net->pci, VIRTIO_STATUS_FAILED);
        shut_down(port, 0);
    }
    net->step = net->pair = 0;
    port->poll_soon_us = 0;
    port->state = PORT_STOPPED;
    return error;
}

static int start(struct port *port)
{
    struct virtio_net *net = port->device;
    port->poll_soon_us = PORT_PAUSE_US;
    const int error = steps[net->step](port);
    if (error == -EINPROGRESS)
        return error;
    if (error != 0)
        return give_up(port, error);
    net->pair = 0;
    if (++net->step < STEPS)
        return -EINPROGRESS;
    net->step = 0;
    read_link(port);
    port->poll_soon_us = 0;
    port->fault = PORT_OK;
    port->fault_value = 0;
    port->state = PORT_RUNNING;
    return 0;
}

static int requeue(struct queue *queue, bool transmit)
{
    struct port *port = queue->port;
    const struct virtio_net *net = port->device;
    return virtio_queue_renew(port, queue, transmit,
                              net->can_arm ? RECEIVE_ENTRY : VIRTIO_NO_VECTOR);
}

// The device is reset, or is looked at again. True: it reaches no memory any more, and
// net->stop_error says what became of the reset.
static bool quieten(struct port *port)
{
    struct virtio_net *net = port->device;
    const int error = reset(net, 0);
    if (error == -EINPROGRESS && env_time_us() - net->reset_began < RESET_SHARE_US)
        return false;
    env_bus_master(port->env, false);
    net->stop_error = error;
    net->pair = 0;
    return true;
}

static int stop(struct port *port)
{
    if (port->state == PORT_ABSENT)
        return 0;
    struct virtio_net *net = port->device;
    port->poll_soon_us = PORT_PAUSE_US;
    if (port->state != PORT_STOPPING) {
        net->ran = port->state != PORT_STOPPED;
        net->quiet = false;
        net->step = 0;
        port->state = PORT_STOPPING;
        port_close(port);
    }
    if (!net->quiet) {
        net->quiet = quieten(port);
        return -EINPROGRESS;
    }
    if (net->ran)
        virtio_queues_account(port, net->pair);
    virtio_queues_reset(net, net->pair);
    if (next_pair(net) == -EINPROGRESS)
        return -EINPROGRESS;
    net->pair = 0;
    port->poll_soon_us = 0;
    port->link_up = false;
    port->state = PORT_STOPPED;
    // A reset that goes on is the next start()'s affair.
    if (net->stop_error == -ENODEV)
        died(port, PORT_FAULT_GONE);
    else if (net->stop_error == -ETIMEDOUT)
        died(port, PORT_FAULT_SILENT);
    return 0;
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
    } else if (!look_for_answers(net)) {
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
#define DRIVER(format, in_a_domain, ...) \
    {.name = "virtio-net",               \
     .supports = supports,               \
     .probe = probe,                     \
     .start = start,                     \
     .stop = stop,                       \
     .poll = poll,                       \
     .arm = arm,                         \
     .receive = format##_receive,        \
     .room = format##_room,              \
     .transmit = format##_transmit,      \
     .refill = format##_refill,          \
     .send_copy = format##_send_copy,    \
     .domain = (in_a_domain),            \
     .describe = describe,               \
     __VA_ARGS__}

static volatile void *control(const struct port *port)
{
    const struct virtio_net *net = port->device;
    return (volatile char *)net->pci.common.base + VIRTIO_DEVICE_STATUS;
}

static const struct domain_verbs domain_verbs = {
    .front = VIRTIO_NET_HEADER,
    .parts = split_parts,
    .sync = split_sync,
    .adopt = split_adopt,
    .requeue = requeue,
    .next_empty = split_next_empty,
    .ready = split_ready,
    .control = control,
    .misdeed = split_misdeed,
};

const struct port_driver virtio_net_driver = DRIVER(
    split, &domain_verbs, .enqueue = split_enqueue, .ring = split_ring, .exchange = split_exchange,
    .put = split_put, .relay = split_relay, .steer = split_steer);
const struct port_driver virtio_packed_driver = DRIVER(packed, NULL, );
const struct port_driver virtio_legacy_driver = DRIVER(legacy, NULL, );
