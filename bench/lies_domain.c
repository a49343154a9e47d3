// SPDX-License-Identifier: BSD-2-Clause
// A figure of a driver in a domain counts only with the judge in: what lies there must be found out
// by the very objects that are measured.
#include "bench/rig.h"
#include "net/proxy.h"
#include <stdio.h>

enum { POLLS = 2 }; // within which it has to be found: the first may look for room

// What a driver hands over: its frames, or its empty buffers.
static void (*lie)(struct frame *frames);
static unsigned too_many;

static void name_no_buffer(struct frame *frames)
{
    frames[0].buffer = rig.buffers.area.count;
}

// The empty buffers of a receive ring, and the frames in it, are of another queue than what a
// transmit ring gives back.
static void name_a_foreign_buffer(struct frame *frames)
{
    const struct proxy *proxy = proxy_of(&rig.ports[1]);
    frames[0].buffer = proxy->rx[0].image->buffer_of[0];
}

static void name_one_twice(struct frame *frames)
{
    const struct proxy *proxy = proxy_of(&rig.ports[1]);
    frames[0].buffer = frames[1].buffer = proxy->tx[0].image->buffer_of[0];
}

static void say_more(struct frame *frames)
{
    (void)frames;
    too_many = 1;
}

static void name_an_impossible_frame(struct frame *frames)
{
    const struct proxy *proxy = proxy_of(&rig.ports[0]);
    frames[0] = (struct frame){proxy->rx[0].image->buffer_of[0], FRAME_HEADROOM + BUFFER_CAPACITY,
                               RIG_FRAME};
}

// In place of the driver's verbs. Nothing is done to a ring.
static unsigned lying_transmit(struct queue *tx, struct frame *frames, unsigned count)
{
    (void)tx;
    lie(frames);
    return count + too_many;
}

static unsigned lying_receive(struct queue *rx, struct frame *frames, unsigned max)
{
    (void)rx, (void)max;
    lie(frames);
    return 1;
}

// Two frames are on their way from port 0 to port 1, and one of the drivers lies.
static bool found(unsigned port, void (*how)(struct frame *frames), enum port_fault fault)
{
    struct proxy_queue *rx = &proxy_of(&rig.ports[0])->rx[0];
    struct proxy_queue *tx = &proxy_of(&rig.ports[1])->tx[0];
    struct domain_call *receiver = rx->call, *sender = tx->call;
    const struct domain_call receives = *receiver, sends = *sender;
    const uint32_t before = rig.ports[port].fault_count[fault];
    lie = how;
    too_many = 0;
    if (port == 0)
        receiver->receive = lying_receive;
    else
        sender->transmit = lying_transmit;
    for (unsigned i = 0; i < POLLS && rig.ports[port].fault_count[fault] == before; i++)
        (void)rig_poll();
    receiver->receive = receives.receive;
    sender->transmit = sends.transmit;
    if (port == 0)
        rx->fetched = 0;                  // what it said it had
    rig.ports[port].state = PORT_RUNNING; // if it was not taken over: it plays on
    rig.ports[port].fault = PORT_OK;
    return rig.ports[port].fault_count[fault] > before;
}

bool lies_of_a_domain_are_found(void)
{
    static const struct {
        unsigned port;
        void (*lie)(struct frame *frames);
        enum port_fault fault;
        const char *rule;
    } lies[] = {
        {0, name_no_buffer, PORT_FAULT_INDEX, "receives into a buffer that does not exist"},
        {0, name_a_foreign_buffer, PORT_FAULT_FOREIGN, "receives into a buffer of another queue"},
        {0, name_an_impossible_frame, PORT_FAULT_LENGTH, "receives beyond a buffer"},
        {1, name_no_buffer, PORT_FAULT_INDEX, "gives back a buffer that does not exist"},
        {1, name_a_foreign_buffer, PORT_FAULT_FOREIGN, "gives back a buffer of another queue"},
        {1, name_one_twice, PORT_FAULT_DUPLICATE, "gives back one buffer twice"},
        {1, say_more, PORT_FAULT_COUNT_LIE, "sends more than it was given"},
    };
    bool whole = true;
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        if (lies[i].port == 1)
            rig_offer(2);
        if (found(lies[i].port, lies[i].lie, lies[i].fault))
            continue;
        fprintf(stderr, "bench: %s: not there: the judge: a driver %s\n", rig.path->name,
                lies[i].rule);
        whole = false;
    }
    (void)rig_poll();
    (void)rig_poll();
    (void)rig_collect();
    rig.faults = 0;
    return whole;
}
