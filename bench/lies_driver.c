// SPDX-License-Identifier: BSD-2-Clause
// A figure counts only with the safety checks in: a driver that names a buffer which does not
// exist, or a length that no frame has, must be found out by the very objects that are measured,
// and a port that does not run must be left alone.
#include "bench/lies.h"
#include "drivers/ixgbe/ring.h"
#include "net/bounce.h"
#include <string.h>

enum { POLLS = 3 }; // within which frames that have arrived are looked at

static unsigned named; // frames a burst

static unsigned name_no_buffer(struct queue *rx, struct frame *frames, unsigned max)
{
    (void)rx;
    (void)max;
    for (unsigned i = 0; i < named; i++)
        frames[i] = (struct frame){rig.buffers.area.count, FRAME_HEADROOM, RIG_FRAME};
    return named;
}

// What would be in a buffer that does not exist: a frame to a station that is known, so that
// nothing but the number keeps it from being sent.
static void fill_no_buffer(void)
{
    rig_frame(packet_data(&rig.buffers.area, rig.buffers.area.count, FRAME_HEADROOM), 0, 0);
}

static void lie_about_buffers(unsigned frames, const char *check)
{
    const uint64_t before = drops()[DROP_BAD_BUFFER];
    named = frames;
    (void)rig_poll();
    expect(drops()[DROP_BAD_BUFFER] == before + frames, check);
    expect_fault(0, PORT_FAULT_BAD_BUFFER, "the forwarder: a port that named it");
}

// --- among frames that are good ---

// What is done to frames of port 0 that its driver has received, `wanted` at least. Returns how
// many the driver says they are. NULL: nothing any more.
static unsigned (*lie)(struct frame *frames, unsigned count);
static unsigned wanted;
static const struct port_driver *honest;

static unsigned receive_and_lie(struct queue *rx, struct frame *frames, unsigned max)
{
    unsigned count = honest->receive(rx, frames, max - 1);
    if (lie != NULL && rx->port == &rig.ports[0] && count >= wanted) {
        count = lie(frames, count);
        lie = NULL;
    }
    return count;
}

static unsigned add_no_buffer(struct frame *frames, unsigned count)
{
    frames[count] = (struct frame){rig.buffers.area.count, FRAME_HEADROOM, RIG_FRAME};
    return count + 1;
}

static unsigned shorten_last(struct frame *frames, unsigned count)
{
    frames[count - 1].length = FRAME_MIN - 1;
    return count;
}

static unsigned lengthen_last(struct frame *frames, unsigned count)
{
    frames[count - 1].length = UINT16_MAX;
    return count;
}

static uint32_t lost;

static unsigned lose_first(struct frame *frames, unsigned count)
{
    lost = frames[0].buffer;
    frames[0].buffer = rig.buffers.area.count;
    return count;
}

void several_arrive(unsigned count)
{
    uint8_t frame[RIG_FRAME];
    rig_frame(frame, 0, 0);
    while (count-- > 0)
        expect(rig.path->cards->arrive(0, frame, RIG_FRAME), "room for a frame");
}

// `good` frames arrive, and the driver lies about them: one frame is dropped for that reason, the
// others are not.
static void lie_among(unsigned good, unsigned (*how)(struct frame *frames, unsigned count),
                      enum drop_reason reason, unsigned others, const char *check)
{
    const uint64_t before = drops()[reason];
    several_arrive(good);
    lie = how;
    wanted = good;
    for (unsigned i = 0; i < POLLS; i++)
        (void)rig_poll();
    const unsigned left = leave();
    expect(lie == NULL && drops()[reason] == before + 1 && left == others, check);
}

// A bridge asks of a frame whether it goes where the one before it goes. By now it knows where.
static void lies_to_a_bridge(void)
{
    lie_among(1, add_no_buffer, DROP_BAD_BUFFER, 1,
              "bridge: a buffer that does not exist, after a good one");
    expect_fault(0, PORT_FAULT_BAD_BUFFER, "bridge: a port that named it");
    lie_among(2, shorten_last, DROP_BAD_LENGTH, 1, "bridge: a length that no frame has, after it");
}

// Who copies frames must not copy from where there is no buffer, nor from beyond one.
static void lies_to_a_bounce(void)
{
    const struct port *port = &rig.ports[0];
    struct bounced before = bounce_counted(port);
    lie_among(1, add_no_buffer, DROP_BAD_BUFFER, 1, "bounce: a buffer that does not exist");
    expect_fault(0, PORT_FAULT_BAD_BUFFER, "bounce: a port that named it");
    expect(bounce_counted(port).refused == before.refused + 1, "bounce: no copy from nowhere");
    before = bounce_counted(port);
    lie_among(2, lengthen_last, DROP_BAD_LENGTH, 1, "bounce: a length beyond the buffer");
    expect(bounce_counted(port).refused == before.refused + 1 &&
               bounce_counted(port).copied == before.copied + 1,
           "bounce: no copy from beyond a buffer");
}

void lies_among_frames_are_found(void)
{
    static struct port_driver liar;
    const struct port_driver *driver = rig.ports[0].driver;
    fill_no_buffer();
    several_arrive(1); // it is known from now on where they go
    for (unsigned i = 0; i < POLLS; i++)
        (void)rig_poll();
    (void)leave();
    if (rig.path->bounce) { // whose driver is a copy
        honest = rig.driver;
        rig.drivers[0].receive = receive_and_lie;
        lies_to_a_bounce();
        rig.drivers[0].receive = honest->receive;
    } else if (rig.path->bridge) {
        honest = driver;
        liar = *driver;
        liar.receive = receive_and_lie;
        liar.relay = NULL;
        liar.steer = NULL;
        port_use(&rig.ports[0], &liar);
        lies_to_a_bridge();
        port_use(&rig.ports[0], driver);
    }
}

// --- a port that does not run ---

// Asked directly: the forwarder would not ask. In a domain ring 0 knows which port runs.
static void asleep(void)
{
    struct frame frames[2];
    struct port *from = &rig.ports[0], *to = &rig.ports[1];
    if (rig.path->domain)
        return;
    from->state = to->state = PORT_FAULTED;
    port_close(from);
    port_close(to);
    rig_frame(next_frame(), 0, 0);
    frame_comes();
    expect(from->driver->receive(from->rx[0], frames, 1) == 0,
           "the driver: nothing is received by a port that does not run");
    frames[0] = (struct frame){from->rx[0]->buffer_of[0], FRAME_HEADROOM, RIG_FRAME};
    frames[1] = frames[0];
    expect(to->driver->transmit(to->tx[0], frames, 1) == 0 &&
               to->driver->transmit(to->tx[0], frames, 2) == 0,
           "the driver: nothing is sent by a port that does not run");
    from->state = to->state = PORT_RUNNING;
    (void)rig_poll();
    (void)leave();
}

// A driver that loses a buffer gives its card nothing more, even if RDT is due.
static void lose_a_buffer(void)
{
    struct ixgbe_rx *rx = (struct ixgbe_rx *)rig.ports[0].rx[0];
    const uint32_t slots = rx->queue.slots, every = ixgbe_tail_every(slots);
    for (unsigned i = 0; i < 2 * slots; i++) {
        if (ixgbe_withheld(rx) == every - 1 && slots - ixgbe_next(rx) > 2)
            break;
        rig_frame(next_frame(), 0, 0);
        frame_arrives();
        (void)leave();
    }
    const uint32_t given = rx->given;
    for (unsigned i = 0; i < 2; i++) {
        struct ixgbe_rx_descriptor *slot = &rx->descriptors[ixgbe_next(rx) + i];
        rig_frame((uint8_t *)(uintptr_t)slot->address, 0, 0);
        slot->written = (uint64_t)(IXGBE_RX_DD | IXGBE_RX_EOP) << 32 | RIG_FRAME;
    }
    lie = lose_first;
    wanted = 2;
    (void)rig_poll();
    (void)leave();
    expect(lie == NULL && rx->owed == 1 && rx->given == given,
           "82599: no slot is given to the card while a buffer is missing");
    expect_fault(0, PORT_FAULT_BAD_BUFFER, "82599: a port that lost a buffer");
    ixgbe_put(&rx->queue, lost); // found again
}

// --- alone, or in a burst of nothing else ---

// The forwarder believes no driver either: not in the first burst after a start, about which it
// asks more, not about the only frame of a burst, nor about one of several.
void lies_of_a_driver_are_found(void)
{
    static struct port_driver liar;
    const struct port_driver *driver = rig.ports[0].driver;
    liar = *driver;
    liar.receive = name_no_buffer;
    liar.relay = NULL;
    liar.steer = NULL;
    port_use(&rig.ports[0], &liar);
    lie_about_buffers(1, "the forwarder: a buffer that does not exist, at first");
    lie_about_buffers(1, "the forwarder: a buffer that does not exist");
    lie_about_buffers(2, "the forwarder: a buffer that does not exist, among others");
    if (rig.path->cards == &cards_82599 && !rig.path->domain && !rig.path->bounce) {
        honest = driver;
        liar.receive = receive_and_lie;
        port_use(&rig.ports[0], &liar);
        lose_a_buffer();
    }
    port_use(&rig.ports[0], driver);
    asleep();
}
