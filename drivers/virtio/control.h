// SPDX-License-Identifier: BSD-2-Clause
// The control queue: what a driver asks of a network device while it runs. VIRTIO 1.2, section
// 5.1.6.5.
//
// All commands of a life are put into the queue at once, when the device starts; the answers are
// looked for until all are there. An answer is one byte, written by the device into memory that it
// was given for that: whatever it says, it is one of three things.
#pragma once
#include "drivers/virtio/ring.h"

enum {
    CONTROL_COMMANDS_MAX = 4,
    CONTROL_DATA_MAX = 6, // bytes behind class and command
    CONTROL_PARTS = 3,    // descriptors of a command: class and command, data, answer
    CONTROL_SLOTS_MIN = 16,
    CONTROL_SLOTS_MAX = 64,
    CONTROL_LIMIT_US = 1000000, // for an answer
};

// As the device sees it.
struct control_command {
    uint8_t class, command;
    uint8_t data[CONTROL_DATA_MAX];
    uint8_t answer;
};

struct control {
    const struct ring_format *format;
    struct queue *queue; // NULL: there is none
    struct env_dma memory;
    const char *name[CONTROL_COMMANDS_MAX]; // of the command, for the log
    bool required[CONTROL_COMMANDS_MAX];
    unsigned count;    // commands of this life
    unsigned answered; // the first of them, in order
    uint64_t sent_at;  // us
};

// Allocates the queue; the plan's slots lie between CONTROL_SLOTS_MIN and CONTROL_SLOTS_MAX.
// Returns 0 or -ENOMEM.
int control_allocate(struct control *control, struct port *port, const struct ring_format *format,
                     const struct ring_plan *plan);

// Forgets all commands. Only while the device is reset.
void control_reset(struct control *control);

// Puts a command into the queue; the device does not hear of it yet. bytes: 1..CONTROL_DATA_MAX.
// At most CONTROL_COMMANDS_MAX after a reset. required: without it the port cannot work.
void control_add(struct control *control, const char *name, bool required, uint8_t class,
                 uint8_t command, const void *data, unsigned bytes);

// Tells the device, which has been started.
void control_send(struct control *control);

// Looks for answers, and logs what the device refuses, or has not answered in CONTROL_LIMIT_US.
// Returns false when that is something required.
bool control_settle(struct control *control);

static inline bool control_settled(const struct control *control)
{
    return control->answered == control->count;
}
