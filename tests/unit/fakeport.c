// SPDX-License-Identifier: BSD-2-Clause
// The fake card and driver. Rings are arrays, DMA is memcpy(), doorbells are not needed.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/steer.h"
#include "kernel/clock.h"
#include "net/buffers.h"
#include "tests/unit/fakeport.h"

// Time stands still in a test that has no clock of its own.
__attribute__((weak)) uint64_t clock_us(void)
{
    return 0;
}

static struct fake_port *fake_of(struct port *port)
{
    return (struct fake_port *)port;
}

static struct fake_queue *queue_of(struct queue *queue)
{
    return (struct fake_queue *)queue;
}

static bool supports(uint16_t vendor, uint16_t device)
{
    (void)vendor, (void)device;
    return true;
}

static int probe(struct port *port)
{
    port->state = PORT_STOPPED;
    return 0;
}

static int start(struct port *port)
{
    struct fake_port *fake = fake_of(port);
    fake->starts++;
    if (fake->clock)
        *fake->clock += fake->start_us;
    assert_non_null(port->area);
    assert_int_equal(port->state, PORT_STOPPED);
    if (fake->failing_starts > 0) {
        fake->failing_starts--;
        if (fake->fails_restless)
            port->state = PORT_FAULTED;
        return -EIO;
    }
    if (fake->slow_starts > 0) {
        fake->slow_starts--;
        return -EINPROGRESS;
    }
    for (unsigned i = 0; i < port->rx_queues; i++) {
        struct fake_queue *rx = &fake->rx[i];
        for (uint32_t slot = 0; slot < rx->queue.slots; slot++)
            if (rx->buffer_of[slot] == NO_BUFFER)
                return -EINVAL;
        rx->posted = rx->filled + rx->queue.slots;
    }
    if (fake->max_frame_next != 0)
        port->max_frame = fake->max_frame_next;
    port->state = PORT_RUNNING;
    port->fault = PORT_OK;
    port->link_up = true;
    port->link_mbps = 10000;
    return 0;
}

static int stop(struct port *port)
{
    struct fake_port *fake = fake_of(port);
    fake->stops += port->state != PORT_STOPPING;
    fake->stop_calls++;
    fake->holes = 0;
    if (fake->clock)
        *fake->clock += fake->stop_us;
    if (fake->slow_stops > 0) {
        fake->slow_stops--;
        port->state = PORT_STOPPING;
        port->poll_soon_us = fake->stop_pause_us;
        port_close(port);
        return -EINPROGRESS;
    }
    for (unsigned i = 0; i < port->rx_queues; i++) {
        struct fake_queue *rx = &fake->rx[i];
        assert_int_equal(rx->owed, 0);
        fake->lost_rx += rx->filled - rx->taken;
        rx->taken = rx->posted = rx->filled;
    }
    for (unsigned i = 0; i < port->tx_queues; i++) {
        port->lost_in_restart += fake->tx[i].filled - fake->tx[i].taken;
        fake->tx[i].taken = fake->tx[i].heard = fake->tx[i].filled;
    }
    port->state = PORT_STOPPED;
    port->poll_soon_us = 0;
    port->link_up = false;
    port_close(port);
    return 0;
}

static void poll(struct port *port)
{
    struct fake_port *fake = fake_of(port);
    fake->polls++;
    assert_int_equal(port->state, PORT_RUNNING);
    if (fake->fail_in_poll != PORT_OK)
        port_fail(port, fake->fail_in_poll, 0xbad);
    fake->fail_in_poll = PORT_OK;
}

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct fake_queue *rx = queue_of(queue);
    struct fake_port *fake = fake_of(queue->port);
    assert_in_range(max, 1, BURST_MAX);
    assert_int_equal(rx->owed, 0);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    if (fake->fail_in_receive != PORT_OK) {
        port_fail(queue->port, fake->fail_in_receive, 0xbad);
        fake->fail_in_receive = PORT_OK;
        return 0;
    }
    unsigned count = 0;
    for (; count < max && rx->taken != rx->filled; count++, rx->taken++) {
        const uint32_t slot = rx->taken % queue->slots;
        frames[count] = rx->frames[slot];
        fake->returned[rx->kinds[slot]]++;
        rx->buffer_of[slot] = NO_BUFFER;
    }
    rx->owed = count;
    return count;
}

static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct fake_queue *rx = queue_of(queue);
    if (queue->port->state == PORT_RUNNING)
        assert_int_equal(count, rx->owed);
    assert_true(count <= rx->owed);
    for (unsigned i = 0; i < count; i++) {
        assert_true(frames[i].buffer < queue->port->area->count);
        rx->buffer_of[rx->posted++ % queue->slots] = frames[i].buffer;
    }
    fake_of(queue->port)->holes += rx->owed - count;
    rx->owed = 0;
}

// Puts a frame into the next slot and returns the buffer that was there.
static uint32_t exchange(struct fake_queue *tx, struct frame frame)
{
    const uint32_t slot = tx->filled++ % tx->queue.slots;
    const uint32_t empty = tx->buffer_of[slot];
    tx->buffer_of[slot] = frame.buffer;
    tx->frames[slot] = frame;
    tx->queue.free = tx->queue.slots - (tx->filled - tx->taken);
    return empty;
}

static unsigned enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                        unsigned count)
{
    struct fake_queue *tx = queue_of(queue);
    struct fake_port *fake = fake_of(queue->port);
    const struct packet_area *area = queue->port->area;
    assert_in_range(count, 1, BURST_MAX);
    unsigned i = 0;
    for (; i < count && queue->port->state == PORT_RUNNING; i++) {
        assert_true(frame_valid(area, &frames[i]));
        assert_true(frames[i].offset >= 12);
        assert_true(frames[i].length <= queue->port->max_frame);
        if (tx->filled - tx->taken == queue->slots ||
            (fake->take_at_most && i == fake->take_at_most))
            break;
        if (fake->fail_in_transmit != PORT_OK && i == count / 2) {
            port_fail(queue->port, fake->fail_in_transmit, 0xbad);
            fake->fail_in_transmit = PORT_OK;
            break;
        }
        memset(packet_data(area, frames[i].buffer, frames[i].offset - 12u), 0xee, 12);
        const uint32_t buffer = exchange(tx, frames[i]);
        empty[i] = (struct frame){.buffer = buffer, .offset = 0xdead, .length = 0xdead};
    }
    return i;
}

static void ring(struct queue *queue)
{
    struct fake_queue *tx = queue_of(queue);
    fake_of(queue->port)->rings++;
    if (queue->port->state == PORT_RUNNING)
        tx->heard = tx->filled;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    fake_of(queue->port)->transmits++;
    const unsigned sent = enqueue(queue, frames, frames, count);
    queue_of(queue)->heard = queue_of(queue)->filled;
    return sent;
}

// take_at_most is what transmit() does in spite of what was said here.
static unsigned room(struct queue *queue, unsigned wanted)
{
    const struct fake_queue *tx = queue_of(queue);
    const unsigned left = queue->slots - (tx->filled - tx->taken);
    if (queue->port->state != PORT_RUNNING)
        return 0;
    queue->free = left;
    return left < wanted ? left : wanted;
}

static bool send_copy(struct queue *queue, const void *data, unsigned length)
{
    struct fake_queue *tx = queue_of(queue);
    if (queue->port->state != PORT_RUNNING || tx->filled - tx->taken == queue->slots)
        return false;
    const uint32_t buffer = tx->buffer_of[tx->filled % queue->slots];
    memcpy(packet_data(queue->port->area, buffer, FRAME_HEADROOM), data, length);
    exchange(tx, (struct frame){buffer, FRAME_HEADROOM, (uint16_t)length});
    tx->heard = tx->filled;
    return true;
}

static const struct port_driver fake_driver = {
    .name = "fake",
    .supports = supports,
    .probe = probe,
    .start = start,
    .stop = stop,
    .poll = poll,
    .receive = receive,
    .room = room,
    .transmit = transmit,
    .refill = refill,
    .send_copy = send_copy,
};

// Whether the oldest frame of a ring may be relayed.
static bool plain(const struct fake_queue *rx, uint32_t longest)
{
    const uint32_t slot = rx->taken % rx->queue.slots;
    return rx->kinds[slot] == FAKE_HONEST && rx->frames[slot].length >= FRAME_MIN &&
           rx->frames[slot].length <= longest;
}

static struct relayed relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths)
{
    struct fake_queue *rx = queue_of(from), *tx = queue_of(to);
    struct fake_port *ingress = fake_of(from->port), *egress = fake_of(to->port);
    assert_ptr_equal(from->port->driver, to->port->driver);
    assert_in_range(max, 1, BURST_MAX);
    const uint32_t longest = lengths + FRAME_MIN - 1;
    assert_in_range(lengths, 0, to->port->max_frame - FRAME_MIN + 1);
    assert_int_equal(rx->owed, 0);
    if (from->port->state != PORT_RUNNING || to->port->state != PORT_RUNNING ||
        ingress->fail_in_receive != PORT_OK || egress->fail_in_transmit != PORT_OK)
        return (struct relayed){RELAY_NOT_PLAIN, 0};
    struct relayed moved = {0, 0};
    for (; moved.frames < max && rx->taken != rx->filled; moved.frames++, rx->taken++) {
        const uint32_t slot = rx->taken % from->slots;
        if (!plain(rx, longest) || tx->filled - tx->taken == to->slots)
            break;
        moved.beyond += rx->frames[slot].length - FRAME_MIN;
        rx->buffer_of[rx->posted++ % from->slots] = exchange(tx, rx->frames[slot]);
        tx->heard = tx->filled;
        ingress->returned[FAKE_HONEST]++;
    }
    ingress->relayed += (uint64_t)moved.frames;
    if (moved.frames == 0 && rx->taken != rx->filled)
        moved.frames = RELAY_NOT_PLAIN;
    return moved;
}

static struct steered steer(struct queue *from, const struct steering *steering, unsigned max)
{
    struct fake_queue *rx = queue_of(from);
    const struct packet_area *area = from->port->area;
    assert_in_range(max, 1, BURST_MAX);
    assert_int_equal(rx->owed, 0);
    assert_ptr_equal(steering->frames, area->base + FRAME_HEADROOM);
    struct steered moved = {0, false};
    for (; moved.frames < max && rx->taken != rx->filled; moved.frames++, rx->taken++) {
        const struct frame frame = rx->frames[rx->taken % from->slots];
        if (from->port->state != PORT_RUNNING || fake_of(from->port)->fail_in_receive != PORT_OK ||
            !plain(rx, BUFFER_CAPACITY))
            break;
        const uint8_t *data = packet_data(area, frame.buffer, FRAME_HEADROOM);
        const uint32_t way =
            decisions_find(steering->decisions, addresses_of(data), steering->tag, STEER_WAYS);
        if (way >= STEER_WAYS)
            break;
        struct steer_way *to = &steering->ways[way];
        if (frame.length - (uint32_t)FRAME_MIN >= to->tx->steers)
            break;
        struct fake_queue *tx = queue_of(to->tx);
        struct fake_port *egress = fake_of(to->tx->port);
        assert_true(egress->port.state == PORT_RUNNING && egress->port.link_up);
        assert_ptr_equal(egress->port.driver->steer, steer);
        assert_true(frame.length <= egress->port.max_frame);
        if (egress->fail_in_transmit != PORT_OK || egress->take_at_most != 0 ||
            tx->filled - tx->taken == tx->queue.slots)
            break;
        rx->buffer_of[rx->posted++ % from->slots] = exchange(tx, frame);
        to->frames++;
        to->longer += frame.length - (uint32_t)FRAME_MIN;
        fake_of(from->port)->returned[FAKE_HONEST]++;
        fake_of(from->port)->steered++;
    }
    moved.more = moved.frames < max && rx->taken != rx->filled;
    return moved;
}

void fake_link(struct fake_port *fake, bool up)
{
    fake->port.link_up = up;
    if (!up)
        port_close(&fake->port);
}

void fake_relays(struct fake_port *fake)
{
    static struct port_driver driver;
    driver = fake_driver;
    driver.relay = relay;
    port_use(&fake->port, &driver);
}

void fake_enqueues(struct fake_port *fake)
{
    static struct port_driver driver;
    driver = fake_driver;
    driver.enqueue = enqueue;
    driver.ring = ring;
    fake->port.driver = &driver;
}

void fake_steers(struct fake_port *fake)
{
    static struct port_driver driver;
    driver = fake_driver;
    driver.enqueue = enqueue;
    driver.ring = ring;
    driver.steer = steer;
    port_use(&fake->port, &driver);
}

void fake_init(struct fake_port *fake, const char *name, unsigned rx_queues, unsigned tx_queues,
               uint32_t slots, uint16_t max_frame)
{
    *fake = (struct fake_port){0};
    struct port *port = &fake->port;
    snprintf(port->name, sizeof port->name, "%s", name);
    port->driver = &fake_driver;
    port->max_frame = max_frame;
    port->rx_queues = (uint16_t)rx_queues;
    port->tx_queues = (uint16_t)tx_queues;
    for (unsigned i = 0; i < FAKE_QUEUES_MAX; i++) {
        fake->rx[i].queue =
            (struct queue){.port = port, .buffer_of = fake->rx[i].buffer_of, .slots = slots};
        fake->tx[i].queue =
            (struct queue){.port = port, .buffer_of = fake->tx[i].buffer_of, .slots = slots};
        port->rx[i] = &fake->rx[i].queue;
        port->tx[i] = &fake->tx[i].queue;
    }
    port->driver->probe(port);
}

bool fake_arrive(struct fake_port *fake, unsigned queue, const void *data, unsigned length,
                 enum fake_kind kind)
{
    struct fake_queue *rx = &fake->rx[queue];
    const struct packet_area *area = fake->port.area;
    if (fake->port.state != PORT_RUNNING || rx->filled == rx->posted)
        return false;
    const uint32_t slot = rx->filled++ % rx->queue.slots;
    struct frame frame = {rx->buffer_of[slot], FRAME_HEADROOM, (uint16_t)length};
    memcpy(packet_data(area, frame.buffer, frame.offset), data, length);
    if (kind == FAKE_ZERO_LENGTH)
        frame.length = 0;
    else if (kind == FAKE_HUGE_LENGTH)
        frame.length = (uint16_t)(area->capacity + 1);
    else if (kind == FAKE_LOW_OFFSET)
        frame.offset = 11;
    else if (kind == FAKE_BAD_BUFFER)
        frame.buffer = area->count + slot;
    rx->frames[slot] = frame;
    rx->kinds[slot] = kind;
    return true;
}

unsigned fake_sent(struct fake_port *fake, unsigned queue, void *data)
{
    struct fake_queue *tx = &fake->tx[queue];
    if (tx->taken == tx->heard)
        return 0;
    const struct frame frame = tx->frames[tx->taken++ % tx->queue.slots];
    memcpy(data, packet_data(fake->port.area, frame.buffer, frame.offset), frame.length);
    return frame.length;
}

unsigned fake_waiting(const struct fake_queue *queue)
{
    return queue->filled - queue->taken;
}
