// SPDX-License-Identifier: BSD-2-Clause
// What ring 0 and the data path of a driver say to each other when the latter runs in ring 3: two
// pieces of memory, and nothing else. docs/isolation.md tells the story.
#pragma once
#include "drivers/port.h"

// From ring 0. Ring 3 can read it, and not write it.
struct domain_call {
    // The driver's data verbs, as ring 3 sees them.
    unsigned (*receive)(struct queue *rx, struct frame *frames, unsigned max);
    unsigned (*room)(struct queue *tx, unsigned wanted);
    unsigned (*transmit)(struct queue *tx, struct frame *frames, unsigned count);
    void (*refill)(struct queue *rx, const struct frame *frames, unsigned count);

    struct domain_answer *answer;
    struct queue *queue;
    uint64_t generation; // of this crossing: the answer repeats it
    uint32_t count;      // frames that may be received, or that are to be sent; or room wanted
    uint32_t given;      // empty buffers for the receive ring, 0..BURST_MAX
    struct frame buffers[BURST_MAX];
};

// From ring 3, which can write all of it at any time. For transmit(), ring 0 puts the frames here.
struct domain_answer {
    uint64_t generation;
    struct frame frames[BURST_MAX];
};

// What ring 0 calls through the gate. Each returns what the verb returned.
uint64_t domain_receive(const struct domain_call *call); // first gives the empty buffers back
uint64_t domain_room(const struct domain_call *call);
uint64_t domain_transmit(const struct domain_call *call);
uint64_t domain_nothing(const struct domain_call *call); // 0: to see what a crossing costs

// Where each of them returns to: the SYSCALL that leads out. The only one in ring 3's text.
void domain_exit(void);
