// SPDX-License-Identifier: BSD-2-Clause
// Ticks off in the audit's bitmap what the slots name; what is not ticked then is missing.
#include "net/mend.h"
#include <stddef.h>

static void tick_off_all(struct buffers *buffers)
{
    for (uint64_t i = 0; i < buffers->bitmap_bytes / sizeof(uint64_t); i++)
        buffers->bitmap[i] = 0;
    buffers->mends++;
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++) {
        buffers_settle(&walk, queue);
        for (uint32_t slot = 0; slot < queue->slots; slot++) {
            const uint32_t buffer = queue->buffer_of[slot];
            if (buffer < buffers->area.count)
                buffers->bitmap[buffer / 64] |= 1ull << buffer % 64;
        }
    }
}

// The next missing buffer of a range, from *next on; NO_BUFFER when there is none.
static uint32_t next_missing(const struct buffers *buffers, struct buffer_range range,
                             uint32_t *next)
{
    for (; *next < range.count; ++*next) {
        const uint32_t buffer = range.first + *next;
        if ((buffers->bitmap[buffer / 64] >> buffer % 64 & 1) == 0) {
            ++*next;
            return buffer;
        }
    }
    return NO_BUFFER;
}

static bool lacks_buffers(const struct queue *queue)
{
    const uint32_t *const end = queue->buffer_of + queue->slots;
    for (const uint32_t *buffer = queue->buffer_of; buffer != end; buffer++)
        if (*buffer == NO_BUFFER)
            return true;
    return false;
}

static bool port_lacks_buffers(const struct port *port)
{
    for (unsigned i = 0; i < port->rx_queues; i++)
        if (lacks_buffers(port->rx[i]))
            return true;
    for (unsigned i = 0; i < port->tx_queues; i++)
        if (lacks_buffers(port->tx[i]))
            return true;
    return false;
}

unsigned buffers_mend(struct buffers *buffers, const struct port *port)
{
    if (!port_lacks_buffers(port))
        return 0;
    uint32_t next[BUFFER_GROUPS_MAX] = {0}; // by group: how far its range was searched
    unsigned mended = 0;
    tick_off_all(buffers);
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++) {
        const unsigned group = walk_group(buffers, &walk);
        for (uint32_t slot = 0; slot < queue->slots; slot++) {
            if (queue->buffer_of[slot] != NO_BUFFER)
                continue;
            queue->buffer_of[slot] = next_missing(buffers, buffers->range[group], &next[group]);
            mended += queue->buffer_of[slot] != NO_BUFFER;
        }
    }
    return mended;
}
