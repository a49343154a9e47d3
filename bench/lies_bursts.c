// SPDX-License-Identifier: BSD-2-Clause
// A figure counts only with the safety checks in: a burst has ways of its own through the box, by
// its size, with vectors and without, and each looks at every frame by itself. So one frame of a
// burst lies, at each place in turn, among others that are good; bursts meet ports that do not run,
// and a card that sends nothing.
#include "bench/lies.h"
#include "bench/simcard_82599.h"
#include "bench/simcard_virtio.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/virtio/regs.h"

enum {
    POLLS = 3,   // within which frames that have arrived are looked at
    AT_ONCE = 8, // frames
    ONE_AND_EIGHT = 9,
    RINGS = 4 * 1024,      // more frames than all rings of a path hold
    NEGATIVE = 1 << 15,    // in a length: below all of them, where 16 bits have a sign
    ANOTHER_HALF = 1 << 16 // in a length: nothing, where only 16 bits are looked at
};

static const unsigned sizes[] = {2, 3, 7, 8, 17};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// What is dropped for which reason when a frame has this length and status.
struct lie {
    uint32_t length; // bytes without FCS
    uint8_t status;  // of an 82599's descriptor
    enum drop_reason reason;
    const char *check;
};

static void poll(void)
{
    for (unsigned i = 0; i < POLLS; i++)
        (void)rig_poll();
}

// Of `count` frames that have come to port 0, the one at `place` is so long.
static void forge(unsigned place, unsigned count, const struct lie *lie)
{
    if (rig.path->cards == &cards_82599) {
        forge_82599(place, (uint16_t)lie->length, lie->status);
        return;
    }
    struct split *rx = (struct split *)rig_queue(rig.ports[0].rx[0]);
    const uint16_t used = (uint16_t)(rx->used_seen + place);
    simvirtio_forge(rx, used, used % SIMVIRTIO_SLOTS, VIRTIO_NET_HEADER + lie->length,
                    count - place);
}

static void lie_in_a_burst(unsigned place, unsigned count, const struct lie *lie)
{
    const uint64_t before = drops()[lie->reason];
    several_arrive(count);
    forge(place, count, lie);
    poll();
    const uint64_t dropped = drops()[lie->reason] - before;
    expect(dropped == 1 && leave() == count - 1, lie->check);
}

static void lie_at_each_place(const struct lie *lie)
{
    for (unsigned i = 0; i < SIZES; i++)
        for (unsigned place = 0; place < sizes[i]; place++)
            lie_in_a_burst(place, sizes[i], lie);
}

// A piece of a frame, and the frame that it makes of the one behind it, which are both dropped.
static void piece_in_a_burst(unsigned place, unsigned count)
{
    const uint64_t before = drops()[DROP_BAD_LENGTH];
    several_arrive(count);
    forge_82599(place, RIG_FRAME, IXGBE_RX_DD);
    poll();
    const uint64_t dropped = drops()[DROP_BAD_LENGTH] - before;
    expect(dropped == 2 && leave() == count - 2, "82599: in a burst: a frame that does not end");
}

static void lies_about_frames(void)
{
    enum { PLAIN = IXGBE_RX_DD | IXGBE_RX_EOP };
    static const struct lie lies[] = {
        {FRAME_MIN - 1, PLAIN, DROP_BAD_LENGTH, "in a burst: a length below Ethernet's"},
        {BUFFER_CAPACITY + 1, PLAIN, DROP_BAD_LENGTH, "in a burst: a length beyond the buffer"},
        {NEGATIVE + RIG_FRAME, PLAIN, DROP_BAD_LENGTH, "in a burst: a length with the highest bit"},
    };
    static const struct lie half = {ANOTHER_HALF + RIG_FRAME, PLAIN, DROP_BAD_LENGTH,
                                    "in a burst: a length whose low half is a frame's"};
    static const struct lie longer = {RIG_FRAME + 1, PLAIN, DROP_TOO_LONG,
                                      "in a burst: longer than the other port carries"};
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++)
        lie_at_each_place(&lies[i]);
    if (rig.path->cards == &cards_virtio)
        lie_at_each_place(&half);
    else
        for (unsigned i = 0; i < SIZES; i++)
            for (unsigned place = 0; place + 1 < sizes[i]; place++)
                piece_in_a_burst(place, sizes[i]);

    const uint16_t carries = rig.ports[1].max_frame;
    rig.ports[1].max_frame = RIG_FRAME; // as after a restart
    port_close(&rig.ports[1]);
    lie_at_each_place(&longer);
    rig.ports[1].max_frame = carries;
    port_close(&rig.ports[1]);
}

// The device names another slot than the one that it has to use next, and its port is given up.
// Then it tells the truth.
static void id_in_a_burst(unsigned place, unsigned count)
{
    struct split *rx = (struct split *)rig_queue(rig.ports[0].rx[0]);
    const uint16_t used = (uint16_t)(rx->used_seen + place);
    several_arrive(count);
    simvirtio_forge(rx, used, SIMVIRTIO_SLOTS, VIRTIO_NET_HEADER + RIG_FRAME, count - place);
    poll();
    expect_fault(0, PORT_FAULT_USED_ID, "in a burst: an id outside the ring");
    simvirtio_forge(rx, used, used % SIMVIRTIO_SLOTS, VIRTIO_NET_HEADER + RIG_FRAME, count - place);
    poll();
    expect(leave() == count, "in a burst: what came before and after such an id");
}

static void lies_about_ids(void)
{
    for (unsigned i = 0; i < SIZES; i++)
        for (unsigned place = 0; place < sizes[i]; place++)
            id_in_a_burst(place, sizes[i]);
}

// --- ports that do not run ---

// Asked directly: the forwarder would not ask.
static void expect_no_relay(unsigned asleep, const char *check)
{
    struct queue *rx = rig.ports[0].rx[0], *tx = rig.ports[1].tx[0];
    const uint32_t lengths = (uint32_t)tx->lengths;
    rig.ports[asleep].state = PORT_FAULTED;
    port_close(&rig.ports[asleep]);
    expect(rx->relay(rx, tx, AT_ONCE, asleep == 0 ? lengths : (uint32_t)tx->lengths).frames <= 0,
           check);
    rig.ports[asleep].state = PORT_RUNNING;
}

// The frames wait, and leave when the ports run again.
static void asleep(void)
{
    for (unsigned count = 1; count <= AT_ONCE; count++) {
        several_arrive(1);
        poll();
        (void)leave();
        several_arrive(count);
        expect_no_relay(0, "the driver: nothing is moved from a port that does not run");
        expect_no_relay(1, "the driver: nothing is moved to a port that does not run");
        poll();
        expect(leave() == count, "the driver: what a port that did not run had kept");
    }
}

// --- a card that sends nothing ---

// Until no ring has room. Then it sends all, and none is missing but those that a bridge of many
// ports, in which a frame must not hold up others, dropped and counted.
static void overflow(void)
{
    uint8_t frame[RIG_FRAME];
    unsigned arrived = 0, left = 0, sent;
    const uint64_t before = drops()[DROP_RING_FULL];
    rig_frame(frame, 0, 0);
    while (arrived < RINGS && rig.path->cards->arrive(0, frame, RIG_FRAME)) {
        if (++arrived % ONE_AND_EIGHT < 2) {
            (void)rig_poll();
            (void)rig.path->cards->send(0); // nothing: but this card sees its new buffers
        }
    }
    do {
        poll();
        left += sent = leave();
    } while (sent > 0);
    const uint64_t dropped = drops()[DROP_RING_FULL] - before;
    expect((arrived < RINGS || dropped > 0) && left + dropped == arrived,
           "room in front of a frame that waits to be sent");
}

void lies_in_bursts_are_found(void)
{
    lies_about_frames();
    if (rig.path->cards == &cards_virtio && !rig.path->domain)
        lies_about_ids();
    if (!rig.path->domain) // in which ring 0 knows what runs
        asleep();
    overflow();
}
