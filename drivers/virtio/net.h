// SPDX-License-Identifier: BSD-2-Clause
// What the driver keeps about a network device: between net.c, negotiate.c and queues.c.
#pragma once
#include "drivers/port.h"
#include "drivers/virtio/control.h"
#include "drivers/virtio/pci.h"
#include "drivers/virtio/ring.h"

enum {
    ETHERNET_OVERHEAD = 14 + 2 * 4,       // Ethernet header and two VLAN tags
    MAX_FRAME = 1500 + ETHERNET_OVERHEAD, // when the device names no MTU; 5.1.6.3.1: 1514
};

struct virtio_net {
    struct virtio_pci pci;
    uint64_t features; // accepted last
    bool interrupt;    // MSI-X table entry 0 is routed to us
    bool frame_entry;  // entry 1 is routed to the box's sleep,
    bool can_arm;      // and the device has taken it for each receive queue
    bool mac_is_ours;  // derived, since the device names none

    // The shape of the device: probe() finds it, and it must be the same in every later life, since
    // memory is handed out once.
    const struct ring_format *format; // NULL: not known yet
    uint16_t pairs;                   // of receive and transmit queues
    uint16_t control_number;          // of the control queue
    bool chained;                     // legacy: header and frame in two descriptors
    struct queue *rx[PORT_QUEUES_MAX], *tx[PORT_QUEUES_MAX]; // [pairs]
    struct control control;

    uint32_t sent_up_to[PORT_QUEUES_MAX]; // of each transmit queue, when poll() last looked

    bool resetting; // a reset has begun, and its end was not seen yet
    uint64_t reset_began;

    // Where a start() or a stop() stands, each of whose calls does a part; see net.c.
    unsigned step; // of start(); 0: at the beginning
    unsigned pair; // how far it is with the queues
    bool ran;      // of stop(): the port ran until then,
    bool quiet;    // and the device reaches no memory any more
    int stop_error;
};

// --- negotiate.c ---

// Steps 2 to 6 of 3.1.1, after a reset: the device and we agree on what we are. carry is the
// longest frame that we can, bytes. The first time, net->format is NULL: finds out the shape of the
// device. Sets net->features and port->max_frame. Returns 0 or a negative errno after logging.
int virtio_negotiate(struct port *port, uint32_t carry);

// Fills in port->mac: the device's, or one derived from the port's name. Returns 0, or -EAGAIN when
// the device's configuration does not stand still.
int virtio_read_mac(struct port *port);

// Puts into the control queue, if the device has one, what we want of it.
void virtio_ask(struct port *port);

// --- queues.c ---

// Allocates every ring that net's shape has, and fills in the port's queues. Returns 0, -ENODEV
// after logging that the device lacks a queue, or -ENOMEM.
int virtio_queues_allocate(struct port *port);

// Empties the rings of a pair, 0..net->pairs - 1, and with the first one that of the control queue.
// Only while the device is reset.
void virtio_queues_reset(struct virtio_net *net, unsigned pair);

// Whether every slot of a pair names a buffer that exists; if not, says which does not.
bool virtio_queues_have_buffers(const struct port *port, unsigned pair);

// Step 7 of 3.1.1: puts the receive buffers of a pair on offer, and gives the device its rings; the
// pairs come in order. vector: the MSI-X table entry for what arrives, or VIRTIO_NO_VECTOR; sets
// net->can_arm. Returns 0, or -EIO after logging what the device does not take.
int virtio_queues_enable(struct port *port, unsigned pair, uint16_t vector);

// The same for the control queue, if there is one.
int virtio_control_enable(struct virtio_net *net);

// domain_verbs.requeue. Needs RING_RESET. vector: as above, of receive queues.
int virtio_queue_renew(struct port *port, struct queue *ring, bool transmit, uint16_t vector);

// Rings the doorbells of the receive queues, after DRIVER_OK.
void virtio_queues_notify(struct virtio_net *net);

// Rings the doorbell of every transmit queue that has frames and has not moved since the last call.
void virtio_queues_wake(struct virtio_net *net);

// What stop() must know of a pair of a port that ran: counts lost_in_restart, marks slots without
// buffers.
void virtio_queues_account(struct port *port, unsigned pair);
