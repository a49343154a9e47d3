// SPDX-License-Identifier: BSD-2-Clause
// The other driver of a port that is being looked at. Contract of each verb: drivers/port.h.
#include "net/capture.h"

#include <stddef.h>
#include <string.h>

#include "kernel/clock.h"

static struct port *tapped; // NULL: no capture is on
static const struct port_driver *own;
static struct port_driver tap;

static struct captured table[CAPTURE_SLOTS];
static uint32_t put, taken; // free-running
static unsigned left;
static uint64_t missed;

// Copies a frame into the table, `ahead` slots behind the last. Counts nothing yet.
static void keep(uint32_t ahead, bool sent, const uint8_t *data, unsigned length)
{
    struct captured *slot = &table[(put + ahead) % CAPTURE_SLOTS];
    *slot = (struct captured){.us = clock_us(), .sent = sent, .length = (uint16_t)length};
    slot->kept = (uint16_t)(length < CAPTURE_BYTES ? length : CAPTURE_BYTES);
    memcpy(slot->bytes, data, slot->kept);
}

// How many of `count` frames the table takes.
static unsigned acceptable(unsigned count)
{
    const unsigned room = CAPTURE_SLOTS - (put - taken);
    const unsigned most = room < left ? room : left;
    return count < most ? count : most;
}

// `kept` of `count` frames that passed are in the table.
static void count_frames(unsigned kept, unsigned count)
{
    put += kept;
    left -= kept;
    if (left > 0)
        missed += count - kept;
}

// Of a frame that cannot be, nothing is believed.
static void keep_frame(uint32_t ahead, bool sent, const struct frame *frame)
{
    const struct packet_area *area = tapped->area;
    if (frame_valid(area, frame))
        keep(ahead, sent, packet_data(area, frame->buffer, frame->offset), frame->length);
    else
        keep(ahead, sent, area->base, 0);
}

static unsigned receive(struct queue *rx, struct frame *frames, unsigned max)
{
    const unsigned count = own->receive(rx, frames, max), kept = acceptable(count);
    for (unsigned i = 0; i < kept; i++)
        keep_frame(i, false, &frames[i]);
    count_frames(kept, count);
    return count;
}

// The frames are copied before the exchange takes their buffers; those that were not queued after
// all are copied over.
static unsigned transmit(struct queue *tx, struct frame *frames, unsigned count)
{
    const unsigned kept = acceptable(count);
    for (unsigned i = 0; i < kept; i++)
        keep_frame(i, true, &frames[i]);
    const unsigned sent = own->transmit(tx, frames, count);
    count_frames(sent < kept ? sent : kept, sent);
    return sent;
}

static bool send_copy(struct queue *tx, const void *data, unsigned length)
{
    const bool sent = own->send_copy(tx, data, length);
    const unsigned kept = sent ? acceptable(1) : 0;
    if (kept > 0)
        keep(0, true, data, length);
    count_frames(kept, sent);
    return sent;
}

bool capture_on(const struct port *port)
{
    return port != NULL && port->driver == &tap;
}

bool capture_begin(struct port *port, unsigned frames)
{
    if (tapped != NULL)
        return false;
    put = taken = 0;
    missed = 0;
    left = frames;
    own = port->driver;
    tap = *own;
    tap.receive = receive;
    tap.transmit = transmit;
    tap.send_copy = send_copy;
    tap.enqueue = NULL; // what is sent passes by transmit()
    tapped = port;
    tap.exchange = NULL; // these two would go past it
    tap.relay = NULL;
    tap.steer = NULL;
    port_use(port, &tap);
    return true;
}

void capture_end(void)
{
    if (capture_on(tapped))
        port_use(tapped, own);
    tapped = NULL;
    put = taken = 0;
    left = 0;
}

const struct captured *capture_next(void)
{
    return put == taken ? NULL : &table[taken % CAPTURE_SLOTS];
}

void capture_shown(void)
{
    taken++;
}

unsigned capture_left(void)
{
    return left;
}

uint64_t capture_missed(void)
{
    return missed;
}
