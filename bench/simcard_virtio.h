// SPDX-License-Identifier: BSD-2-Clause
// The plainest virtio-net device that there can be, in the same process: registers are memory that
// nobody reacts to, one split ring each way, used in order, without delay. For counting
// instructions; tests/driver/simvirtio.h has the device for tests.
//
// The doorbells are memory too: the device sees that one was rung by what it finds there. Like QEMU
// and vhost it asks not to be told of receive buffers, since it looks for them by itself.
#pragma once
#include "drivers/virtio/split.h"

enum {
    SIMVIRTIO_SLOTS = 256,         // of each ring, as QEMU has, where nobody wants more
    SIMVIRTIO_REGISTERS = 0x1a000, // in BAR 0, clear of the card that hosted.c puts there
};

struct simvirtio {
    struct split *rx, *tx; // of the driver: a device in the same process need not be told
    uint16_t rx_used, tx_used;
    uint64_t doorbells;
    uint16_t bell[2]; // of the two rings
};

// Capabilities and registers, before probe(). config is 4096 bytes of configuration space; slots a
// multiple of 256.
void simvirtio_open(struct simvirtio *device, uint8_t *config, uint8_t *bar, unsigned slots);

// The driver has laid out its rings.
void simvirtio_started(struct simvirtio *device, struct queue *rx, struct queue *tx);

// A frame arrives. False when there is no buffer for it.
bool simvirtio_receive(struct simvirtio *device, const uint8_t *frame, unsigned length);

// Takes the oldest frame that the driver offers to send. NULL when there is none; what is shown
// stays as it is until the next call. *length is 0 when the descriptor or the header is not what
// it should be.
const uint8_t *simvirtio_send(struct simvirtio *device, unsigned *length);

// Notes which doorbells were rung since the last call.
void simvirtio_tick(struct simvirtio *device);

// Lies: the next used element of a ring, and how far the used index runs ahead with it.
void simvirtio_forge(struct split *split, uint16_t used, uint32_t id, uint32_t length,
                     unsigned ahead);
