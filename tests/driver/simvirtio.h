// SPDX-License-Identifier: BSD-2-Clause
// A virtio network device in the same process: VIRTIO 1.2, written from the device's side. It is a
// modern one with split rings unless sim_make_packed() or sim_make_legacy() changes that.
//
// By default it is honest, and strict: whatever the driver does against the specification is
// written down as a violation. The fields below "How it lies" make it break rules itself, and
// sim_push_used() puts anything into a used ring.
#pragma once
#include "drivers/frame.h"
#include "tests/driver/env_host.h"

enum {
    SIM_QUEUES = 5, // two pairs and the control queue
    SIM_QUEUE_MAX = 32768,
    SIM_CHAIN_MAX = 3,
    SIM_BAR = 4,
    SIM_BAR_SIZE = 0x4000,
    SIM_COMMON = 0x0000, // where the structures lie in the BAR
    SIM_COMMON_SIZE = 0x3c,
    SIM_ISR = 0x1000,
    SIM_DEVICE = 0x2000,
    SIM_NOTIFY = 0x3000,
    SIM_CONFIG_SIZE = 20, // network device configuration, with speed and duplex

    SIM_CAP_COMMON = 0x50, // where the capabilities lie
    SIM_CAP_NOTIFY = 0x60,
    SIM_CAP_DEVICE = 0x78,
    SIM_CAP_ISR = 0x88,
    SIM_CAP_PCI = 0x98,
};

// 2.8.13, and the same bytes of 2.7.5.
struct sim_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t id_or_flags, flags_or_next;
};

struct sim_queue {
    uint16_t offered_size; // what queue_size reads after a reset
    uint16_t size, vector, enable, notify_off;
    uint64_t desc, driver, device;

    // Free-running. Split: the low halves are what the rings' indices say. Packed: positions.
    uint32_t available_seen; // entries taken from the available ring
    uint32_t used_index;     // elements put into the used ring
    uint32_t *length_of;     // [SIM_QUEUE_MAX]: packed: descriptors in the chain of each id
    // [SIM_QUEUE_MAX][SIM_CHAIN_MAX]: packed: what they say. The ring forgets: a position is used
    // again as soon as any chain has been used.
    struct sim_descriptor *chain_of;
    uint16_t *ids; // [SIM_QUEUE_MAX]: taken and not yet used, oldest first
    uint32_t id_count;
    uint32_t sent; // transmit: how many of the oldest went out on the wire
    bool *taken;   // [SIM_QUEUE_MAX]: is in ids
    unsigned doorbells;
    unsigned interrupts;       // messages of its vector
    unsigned reset_reads_left; // of queue_reset
};

struct simvirtio {
    struct env env;
    uint8_t pci[256];                // configuration space
    uint8_t config[SIM_CONFIG_SIZE]; // device configuration
    uint64_t offered, accepted;      // features
    uint32_t offered_select, accepted_select;
    uint16_t config_vector, queue_select, num_queues;
    uint8_t status, generation;
    struct sim_queue queues[SIM_QUEUES];
    unsigned control; // which of them is the control queue; 0: none
    bool legacy;

    // What was asked for through the control queue.
    bool promiscuous, all_multicast;
    uint8_t mac_set[6];
    uint16_t pairs;

    bool shuffle;         // completes buffers in random order
    uint32_t random;      // state of the generator
    bool no_notify;       // asks not to be notified
    unsigned reset_reads; // how often device_status is read before a reset has ended

    unsigned violations; // rules that the driver broke
    char violation[128]; // the first one

    // How it lies.
    bool stuck_reset;       // device_status keeps its value
    bool stuck_queue_reset; // queue_reset stays 1
    bool refuse_features;   // FEATURES_OK does not stay
    bool refuse_vector;     // config_msix_vector and queue_msix_vector read NO_VECTOR
    bool refuse_size;       // queue_size does not take what is written
    bool restless;          // config_generation changes at each read
    bool gone;              // everything reads all ones
    bool mute;              // commands are not answered
    uint8_t refused_class;  // commands of this class are refused; 0xff: none are
    unsigned reset_reads_left;
};

// An honest device: 256 descriptors a queue, MAC, STATUS and VERSION_1 among many features that a
// driver should refuse. The fields may be changed before the driver's probe().
void sim_open(struct simvirtio *sim);
void sim_close(struct simvirtio *sim);

// The same device with packed rings, or from before VIRTIO 1.0, with or without ANY_LAYOUT.
void sim_make_packed(struct simvirtio *sim);
void sim_make_legacy(struct simvirtio *sim, bool any_layout);

// Offers so many pairs of queues, 2 at most.
void sim_offer_pairs(struct simvirtio *sim, uint16_t pairs);

// A frame arrives from the wire. False when the driver has given no buffer for it.
bool sim_receive(struct simvirtio *sim, const void *frame, uint32_t length);

// Takes the oldest frame that the driver wants sent, without the header, and keeps its descriptor.
// Returns its length, 0 when there is none.
uint32_t sim_send(struct simvirtio *sim, void *frame, uint32_t room);

// Returns up to count of the descriptors kept by sim_send() to the driver. Returns how many.
uint32_t sim_complete(struct simvirtio *sim, uint32_t count);

// The same on a queue of another pair: 2, 4... receive, 3, 5... transmit.
bool sim_receive_on(struct simvirtio *sim, unsigned queue, const void *frame, uint32_t length);
uint32_t sim_send_from(struct simvirtio *sim, unsigned queue, void *frame, uint32_t room);
uint32_t sim_complete_on(struct simvirtio *sim, unsigned queue, uint32_t count);

// Uses the oldest receive buffer without writing a frame into it, and says that `length` bytes were
// written.
void sim_use(struct simvirtio *sim, uint32_t length);

// Writes one used element, or descriptor of a packed ring, and goes on behind it, whether that is
// true or not.
void sim_push_used(struct simvirtio *sim, unsigned queue, uint32_t id, uint32_t length);

// Writes used->index, and nothing else. Not for packed rings.
void sim_set_used_index(struct simvirtio *sim, unsigned queue, uint16_t index);

// Packed rings: writes the flags of the descriptor at `position`, and nothing else.
void sim_set_flags(struct simvirtio *sim, unsigned queue, uint32_t position, uint16_t flags);

// Takes everything new from the available ring, as a device does after a doorbell.
void sim_fetch(struct simvirtio *sim, unsigned queue);

uint32_t sim_random(struct simvirtio *sim);
