// SPDX-License-Identifier: BSD-2-Clause
// The driver of a port that copies. Contract of each verb: drivers/port.h.
#include "net/bounce.h"
#include <stddef.h>

#include "drivers/hints.h"

struct bounce {
    struct port_driver driver; // what port->driver points to
    const struct port_driver *real;
    const struct port *port;
    struct queue stock;
    uint32_t buffer_of[BURST_MAX]; // the stock's
    uint32_t left;                 // buffers that are in it: the first ones
    struct bounced bounced;
};

static struct bounce bounces[NET_PORTS_MAX];
static unsigned count;

static struct bounce *bounce_of(const struct port *port)
{
    for (unsigned i = 0; i < count; i++)
        if (bounces[i].port == port)
            return &bounces[i];
    return NULL;
}

// Copies the cache lines that a valid frame lies in from one buffer to another. Each byte is read
// once: the card may go on writing them. Buffers consist of whole lines.
static inline void copy_lines(const struct packet_area *area, struct frame from, uint32_t to)
{
    typedef uint64_t __attribute__((vector_size(16), may_alias)) part;
    enum { PARTS = CACHE_LINE / sizeof(part) };
    const uint32_t first = from.offset / CACHE_LINE * CACHE_LINE;
    const uint32_t end = (uint32_t)from.offset + from.length;
    const volatile part *source = (const part *)packet_data(area, from.buffer, first);
    part *target = (part *)packet_data(area, to, first);
    for (uint32_t line = first; line < end; line += CACHE_LINE, source += PARTS, target += PARTS)
#pragma GCC unroll 4
        for (unsigned i = 0; i < PARTS; i++)
            target[i] = source[i];
}

// The card has just written the frames. Prefetching cannot fault, whatever a number says.
static inline void prefetch_frames(const struct packet_area *area, const struct frame *frames,
                                   unsigned received)
{
    const uintptr_t first = (uintptr_t)area->base + FRAME_HEADROOM;
    for (unsigned i = 0; i < received; i++)
        __builtin_prefetch((const void *)(first + (uintptr_t)frames[i].buffer * area->stride));
}

// The driver named a buffer that does not exist, so one of the port's is lost. The forwarder counts
// that frame; no copy is made, and nothing goes back to the ring for it.
static COLD void lost_buffer(struct port *port, uint32_t buffer)
{
    if (port->state == PORT_RUNNING)
        port_fail(port, PORT_FAULT_BAD_BUFFER, buffer);
}

static unsigned receive(struct queue *rx, struct frame *frames, unsigned max)
{
    struct frame emptied[BURST_MAX];
    struct bounce *bounce = bounce_of(rx->port);
    const unsigned most = max < bounce->left ? max : bounce->left;
    const unsigned received = most == 0 ? 0 : bounce->real->receive(rx, frames, most);
    if (received == 0)
        return 0;
    // In registers: for all the compiler knows, a store to a buffer could change the original.
    const struct packet_area area = *rx->port->area;
    const uint32_t *stock = bounce->buffer_of + bounce->left;
    unsigned copies = 0, refused = 0;
    prefetch_frames(&area, frames, received);
    for (unsigned i = 0; i < received; i++) {
        const struct frame frame = frames[i];
        if (UNLIKELY(frame.buffer >= area.count)) {
            lost_buffer(rx->port, frame.buffer);
            refused++;
            continue;
        }
        const uint32_t copy = *--stock;
        emptied[copies++].buffer = frame.buffer;
        frames[i].buffer = copy;
        // What cannot be is not copied: the forwarder drops it.
        if (frame_valid(&area, &frame))
            copy_lines(&area, frame, copy);
        else
            refused++;
    }
    bounce->left -= copies;
    bounce->bounced.copied += received - refused;
    bounce->bounced.refused += refused;
    bounce->real->refill(rx, emptied, copies);
    return received;
}

// As many as were taken out.
static void refill(struct queue *rx, const struct frame *frames, unsigned given)
{
    struct bounce *bounce = bounce_of(rx->port);
    const uint32_t out = bounce->stock.slots - bounce->left;
    const unsigned taken = given < out ? given : out;
    uint32_t *stock = bounce->buffer_of + bounce->left;
    for (unsigned i = 0; i < taken; i++)
        stock[i] = frames[i].buffer;
    bounce->left += taken;
}

void bounce_plan(struct buffers *buffers, unsigned number, unsigned burst)
{
    struct port *port = buffers->ports[number];
    struct bounce *bounce = bounce_of(port);
    if (bounce == NULL)
        bounce = &bounces[count++];
    bounce->port = port;
    bounce->stock = (struct queue){.port = port, .buffer_of = bounce->buffer_of, .slots = burst};
    bounce->left = burst;
    bounce->bounced = (struct bounced){0};
    buffers->stock[number] = &bounce->stock;
}

bool bounce_insert(struct port *port)
{
    struct bounce *bounce = bounce_of(port);
    if (bounce == NULL)
        return false;
    bounce->real = port->driver;
    bounce->driver = *port->driver;
    bounce->driver.receive = receive;
    bounce->driver.refill = refill;
    bounce->driver.put = NULL;
    bounce->driver.relay = NULL;
    bounce->driver.steer = NULL;
    port_use(port, &bounce->driver);
    return true;
}

bool bounce_on(const struct port *port)
{
    return bounce_of(port) != NULL;
}

struct bounced bounce_counted(const struct port *port)
{
    const struct bounce *bounce = bounce_of(port);
    if (bounce == NULL)
        return (struct bounced){0};
    return bounce->bounced;
}
