// SPDX-License-Identifier: BSD-2-Clause
// All virtqueues of a network device together. VIRTIO 1.2, sections 3.1.1 (step 7) and 5.1.2.
#include "drivers/port_domain.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/regs.h"
#include "drivers/virtio/transport.h"
#include <errno.h>

enum { QUEUE_RESET_US = 500, DRAIN_US = 300 };
_Static_assert(QUEUE_RESET_US + DRAIN_US <= REQUEUE_WAIT_US, "as domain_verbs promises");

static uint16_t receive_number(unsigned pair)
{
    return (uint16_t)(VIRTIO_NET_QUEUES * pair + VIRTIO_NET_RECEIVEQ);
}

static uint16_t transmit_number(unsigned pair)
{
    return (uint16_t)(VIRTIO_NET_QUEUES * pair + VIRTIO_NET_TRANSMITQ);
}

// Looks how long queue `number` of the device is, and fills in a plan for a ring of up to `most`
// slots (a power of two). Returns whether there is such a queue.
static bool plan_ring(const struct virtio_net *net, uint16_t number, bool chained, uint32_t most,
                      struct ring_plan *plan)
{
    uint32_t entries = virtio_queue_size(&net->pci, number);
    if (entries == 0)
        return false;
    uint32_t slots = chained ? entries / 2 : entries;
    if (slots == 0) {
        env_log(net->pci.env, "virtio: queue %u has 1 entry, expected 2: header and frame", number);
        return false;
    }
    while (slots > most)
        slots /= 2;
    *plan = (struct ring_plan){
        .slots = slots,
        .entries = net->pci.legacy ? entries : slots,
        .number = number,
        .chained = chained,
    };
    return true;
}

// 2.7: a power of two, and no more than the device offers or the configuration allows.
static uint32_t most_slots(const struct port *port)
{
    uint32_t most = RING_SLOTS_MAX;
    while (port->ring_slots != 0 && most > port->ring_slots && most > 1)
        most /= 2;
    return most;
}

static int allocate_ring(struct port *port, uint16_t number, struct queue **queue)
{
    const struct virtio_net *net = port->device;
    struct ring_plan plan;
    if (!plan_ring(net, number, net->chained, most_slots(port), &plan))
        return -ENODEV;
    *queue = net->format->allocate(port, &plan);
    return *queue != NULL ? 0 : -ENOMEM;
}

// The control queue carries no frames: one descriptor for each part of a command, in every layout.
static int allocate_control(struct port *port)
{
    struct virtio_net *net = port->device;
    struct ring_plan plan;
    if (!plan_ring(net, net->control_number, false, CONTROL_SLOTS_MAX, &plan))
        return -ENODEV;
    if (plan.slots < CONTROL_SLOTS_MIN) {
        env_log(port->env, "virtio: the control queue has %u entries, expected %u", plan.slots,
                (unsigned)CONTROL_SLOTS_MIN);
        return -ENODEV;
    }
    return control_allocate(&net->control, port, net->format, &plan);
}

int virtio_queues_allocate(struct port *port)
{
    struct virtio_net *net = port->device;
    bool control = (net->features & VIRTIO_NET_F_CTRL_VQ) != 0;
    unsigned needed = control ? net->control_number + 1u : VIRTIO_NET_QUEUES * net->pairs;
    unsigned queues = virtio_queue_count(&net->pci);
    if (queues < needed) {
        env_log(port->env, "virtio: num_queues is %u, expected at least %u (VIRTIO 1.2, 5.1.2)",
                queues, needed);
        return -ENODEV;
    }
    int error = 0;
    for (unsigned i = 0; i < net->pairs && error == 0; i++) {
        error = allocate_ring(port, receive_number(i), &net->rx[i]);
        if (error == 0)
            error = allocate_ring(port, transmit_number(i), &net->tx[i]);
        port->rx[i] = net->rx[i];
        port->tx[i] = net->tx[i];
    }
    if (error == 0 && control)
        error = allocate_control(port);
    return error;
}

void virtio_queues_reset(struct virtio_net *net, unsigned pair)
{
    net->format->reset(net->rx[pair]);
    net->format->reset(net->tx[pair]);
    if (pair == 0)
        control_reset(&net->control);
}

static bool has_buffers(const struct port *port, const struct queue *queue, uint16_t number)
{
    for (uint32_t slot = 0; slot < queue->slots; slot++) {
        uint32_t buffer = queue->buffer_of[slot];
        if (buffer < port->area->count)
            continue;
        env_log(port->env, "virtio: slot %u of queue %u names buffer %u of %u", slot, number,
                buffer, port->area->count);
        return false;
    }
    return true;
}

bool virtio_queues_have_buffers(const struct port *port, unsigned pair)
{
    const struct virtio_net *net = port->device;
    return has_buffers(port, net->rx[pair], receive_number(pair)) &&
           has_buffers(port, net->tx[pair], transmit_number(pair));
}

// *vector: as in struct virtio_queue.
static int enable(struct virtio_net *net, struct queue *ring, uint16_t number, uint16_t *vector)
{
    struct virtio_queue queue = {
        .index = number,
        .vector = *vector,
        .entries = net->format->entries(ring),
        .addresses = net->format->addresses(ring),
    };
    int error = virtio_queue_enable(&net->pci, &queue);
    if (error != 0)
        return error;
    *vector = queue.vector;
    net->format->enabled(ring, queue.doorbell);
    return 0;
}

// What is sent never interrupts; what arrives may, when arm() says so.
int virtio_queues_enable(struct port *port, unsigned pair, uint16_t vector)
{
    struct virtio_net *net = port->device;
    uint16_t none = VIRTIO_NO_VECTOR;
    net->format->fill(net->rx[pair]);
    int error = enable(net, net->rx[pair], receive_number(pair), &vector);
    net->can_arm = (pair == 0 || net->can_arm) && vector != VIRTIO_NO_VECTOR;
    return error != 0 ? error : enable(net, net->tx[pair], transmit_number(pair), &none);
}

int virtio_control_enable(struct virtio_net *net)
{
    uint16_t none = VIRTIO_NO_VECTOR;
    if ((net->features & VIRTIO_NET_F_CTRL_VQ) == 0)
        return 0;
    return enable(net, net->control.queue, net->control_number, &none);
}

static unsigned pair_of(const struct virtio_net *net, const struct queue *ring)
{
    unsigned pair = 0;
    while (pair + 1u < net->pairs && net->tx[pair] != ring && net->rx[pair] != ring)
        pair++;
    return pair;
}

// Whether the device has used all that it was offered to send, soon. QEMU, up to 10.0, ends itself
// when a queue of a pair is reset while it waits for room to send a frame of that pair.
static bool drained(const struct virtio_net *net, unsigned pair)
{
    const uint64_t began = env_time_us();
    for (;;) {
        const bool late = env_time_us() - began >= DRAIN_US;
        const struct ring_ends ends = net->format->ends(net->tx[pair]);
        if (ends.device == ends.offered || late)
            return ends.device == ends.offered;
    }
}

// Frames that the device has put into a receive ring and nobody took: between 0 and slots, whatever
// it says.
static uint32_t waiting(const struct virtio_net *net, const struct queue *rx)
{
    const struct ring_ends ends = net->format->ends(rx);
    return ends.made_available - ends.used_seen - net->format->unused(rx);
}

int virtio_queue_renew(struct port *port, struct queue *ring, bool transmit, uint16_t vector)
{
    struct virtio_net *net = port->device;
    uint16_t none = VIRTIO_NO_VECTOR;
    const unsigned pair = pair_of(net, ring);
    const uint16_t number = transmit ? transmit_number(pair) : receive_number(pair);
    if ((net->features & VIRTIO_F_RING_RESET) == 0)
        return -ENOTSUP;
    if (!drained(net, pair))
        return -EBUSY;
    int error = virtio_queue_reset(&net->pci, number, QUEUE_RESET_US);
    if (error != 0)
        return error;
    if (transmit) {
        port->lost_in_restart += net->format->unused(ring);
    } else {
        port->card_missed += waiting(net, ring);
    }
    net->format->reset(ring);
    if (!transmit)
        net->format->fill(ring);
    error = enable(net, ring, number, transmit ? &none : &vector);
    if (error == 0 && !transmit)
        net->format->notify(ring);
    return error;
}

void virtio_queues_notify(struct virtio_net *net)
{
    for (unsigned i = 0; i < net->pairs; i++)
        net->format->notify(net->rx[i]);
}

// A device that asked not to be disturbed looks into its ring by itself, or takes the wish back.
// One that forgets to do either would sleep for ever beside what it has to send: QEMU (up to 10.0)
// with packed rings does, when its link was down.
void virtio_queues_wake(struct virtio_net *net)
{
    for (unsigned i = 0; i < net->pairs; i++) {
        const uint32_t unsent = net->format->unused(net->tx[i]);
        const uint32_t sent_up_to = net->format->ends(net->tx[i]).made_available - unsent;
        if (unsent != 0 && sent_up_to == net->sent_up_to[i])
            net->format->kick(net->tx[i]);
        net->sent_up_to[i] = sent_up_to;
    }
}

void virtio_queues_account(struct port *port, unsigned pair)
{
    const struct virtio_net *net = port->device;
    port->lost_in_restart += net->format->unused(net->tx[pair]);
    port->card_missed += waiting(net, net->rx[pair]);
    net->format->mark_empty(net->rx[pair]);
}
