// SPDX-License-Identifier: BSD-2-Clause
// The data path: receive burst -> check -> transmit burst -> refill. docs/packet.md tells the
// story.
//
// The common case, a burst in which all is well, is one pass over the frames and a few indirect
// calls: the lane's run, and the driver's verbs. Every departure from it (a frame that cannot be, a
// port that is down, a full ring) is in a function of its own, out of the way, and ends in a named
// drop counter. Dropping costs nothing: a frame that was not transmitted still holds its buffer,
// and refill() puts that buffer back. Only a frame that claims a buffer which does not exist is
// kept from refill(), and fails its port.
#include "net/forward.h"
#include "kernel/clock.h"
#include "net/lane.h"
#include <stddef.h>

// Has a queue in the register in which a verb wants it: else compilers move it there once more,
// after they have looked up the verb.
#define FOR_A_VERB(queue) __asm__("" : "+D"(queue))

// The longest frame that the egress port carries and a buffer holds, bytes. Looked up for each
// burst: every start() of the port may have changed it.
static inline uint32_t longest_frame(const struct forwarder *forwarder, const struct lane *lane)
{
    const uint32_t carries = lane->tx->port->max_frame;
    return carries < forwarder->capacity ? carries : forwarder->capacity;
}

// The first `good` frames of a burst may be sent; they have so many bytes together.
struct verdict {
    unsigned good;
    uint64_t bytes;
};

enum drop_reason lane_judge(const struct forwarder *forwarder, const struct frame *frame,
                            uint32_t longest)
{
    const struct packet_area area = {
        .count = forwarder->buffer_count,
        .capacity = forwarder->capacity,
    };
    if (frame->buffer >= area.count)
        return DROP_BAD_BUFFER;
    if (!frame_valid(&area, frame) || frame->offset < OFFSET_MIN)
        return DROP_BAD_LENGTH;
    if (frame->length > longest)
        return DROP_TOO_LONG;
    return DROP_REASONS;
}

void lane_refuse(struct lane *lane, const struct frame *frame, enum drop_reason reason)
{
    lane->ingress->drops[reason]++;
    if (reason == DROP_BAD_BUFFER && lane->rx->port->state == PORT_RUNNING)
        port_fail(lane->rx->port, PORT_FAULT_BAD_BUFFER, frame->buffer);
    if (reason == DROP_TOO_LONG)
        lane->ingress->rx_bytes += frame->length;
}

// Judges the frames of a burst one by one: moves what has to be dropped behind the rest, which
// keeps its order, and counts why.
static COLD struct verdict set_aside(struct forwarder *forwarder, struct lane *lane, unsigned count)
{
    struct frame *frames = forwarder->frames;
    const uint32_t longest = longest_frame(forwarder, lane);
    struct verdict verdict = {0, 0};
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = frames[i];
        const enum drop_reason reason = lane_judge(forwarder, &frame, longest);
        if (reason == DROP_REASONS) {
            frames[i] = frames[verdict.good];
            frames[verdict.good++] = frame;
            verdict.bytes += frame.length;
        } else {
            lane_refuse(lane, &frame, reason);
        }
    }
    return verdict;
}

// Looks at every frame of a burst once. Returns whether all are plainly good for tx, and in *beyond
// by how many bytes they are longer than the shortest ones would be.
static INLINE bool all_plain(const struct forwarder *forwarder, const struct queue *tx,
                             unsigned count, uint64_t *beyond)
{
    const struct frame *frame = forwarder->frames, *const end = frame + count;
    const uint32_t buffers = forwarder->buffer_count, lengths = tx->lengths;
    uint64_t sum = 0;
#pragma GCC unroll 4
    for (; frame != end; frame++) {
        const uint32_t longer = lane_beyond_shortest(lane_place(frame));
        if (UNLIKELY(frame->buffer >= buffers || longer >= lengths))
            return false;
        sum += longer;
    }
    *beyond = sum;
    return true;
}

// Why a port did not take a frame that it could carry.
static COLD enum drop_reason not_taken(const struct port *egress)
{
    if (egress->state == PORT_FAULTED)
        return DROP_EGRESS_FAULTED;
    if (egress->state != PORT_RUNNING)
        return DROP_EGRESS_STOPPED;
    return egress->link_up ? DROP_RING_FULL : DROP_EGRESS_NO_LINK;
}

uint64_t lane_drop(struct lane *lane, const struct port *egress, const struct frame *frames,
                   unsigned count)
{
    lane->ingress->drops[not_taken(egress)] += count;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < count; i++)
        bytes += frames[i].length;
    return bytes;
}

// Takes the frames whose buffers do not exist out of a burst; they are among those set aside,
// behind the good ones. Returns how many are left. The buffer that such a frame really had is lost:
// its slot goes without until buffers_mend().
static COLD unsigned drop_bad_buffers(struct forwarder *forwarder, unsigned good, unsigned count)
{
    struct frame *frames = forwarder->frames;
    unsigned kept = good;
    for (unsigned i = good; i < count; i++)
        if (frames[i].buffer < forwarder->buffer_count)
            frames[kept++] = frames[i];
    return kept;
}

// Whether the lane has waited for room since it last moved a frame.
static bool holds(const struct lane *lane)
{
    return lane->held_until != 0 && lane->held_since == lane->passed;
}

// The transmit ring is full: how many frames to take all the same, up to `most`. None, however long
// it takes, when their sender is told to wait.
static COLD unsigned hold_back(struct lane *lane, unsigned most)
{
    if (lane->rx->port->flow_control)
        return 0;
    const uint64_t now = clock_us();
    if (!holds(lane)) {
        lane->held_until = now + HOLD_US;
        lane->held_since = lane->passed;
    }
    return now < lane->held_until ? 0 : most; // that ring does not move: what comes drops
}

unsigned lane_look_for_room(const struct forwarder *forwarder, struct lane *lane, unsigned most)
{
    const struct port *egress = lane->tx->port;
    if (egress->state != PORT_RUNNING || !egress->link_up)
        return most;
    const uint32_t longest = longest_frame(forwarder, lane);
    lane->tx->lengths = longest < FRAME_MIN ? 0 : longest - FRAME_MIN + 1;
    const unsigned room = egress->driver->room(lane->tx, most);
    if (room == 0)
        return hold_back(lane, most);
    lane->held_until = 0;
    return room;
}

// Picks the frames for the box itself out of the good ones, which keep their order, and hands over
// copies. What was for the box alone is counted, and moved behind what is to be sent.
static struct verdict deliver(struct forwarder *forwarder, struct lane *lane, struct verdict all)
{
    struct frame *frames = forwarder->frames;
    struct local *local = forwarder->local;
    struct verdict others = {0, 0};
    for (unsigned i = 0; i < all.good; i++) {
        const struct frame frame = frames[i];
        const uint8_t *data = packet_data(lane->rx->port->area, frame.buffer, frame.offset);
        const enum local_fate fate = local_wants(local, data);
        if (fate != LOCAL_PASS) {
            const enum drop_reason reason = local_deliver(local, fate, data, frame.length);
            if (fate == LOCAL_TAKE && reason == DROP_REASONS)
                lane->ingress->delivered++;
            else if (fate == LOCAL_TAKE)
                lane->ingress->drops[reason]++;
        }
        if (fate != LOCAL_TAKE) {
            frames[i] = frames[others.good];
            frames[others.good++] = frame;
            others.bytes += frame.length;
        }
    }
    return others;
}

// On a port that leads only to the box: a frame that was copied for the box has arrived, any other
// is a stranger.
static struct verdict deliver_only(struct forwarder *forwarder, struct lane *lane,
                                   struct verdict all)
{
    const struct local *local = forwarder->local;
    const uint64_t copies = local->copies, lost = local->copies_lost, too_long = local->copies_long;
    const struct verdict others = deliver(forwarder, lane, all);
    const uint64_t copied = local->copies - copies, busy = local->copies_lost - lost,
                   longer = local->copies_long - too_long;
    lane->ingress->delivered += copied;
    lane->ingress->drops[DROP_BOX_BUSY] += busy;
    lane->ingress->drops[DROP_TOO_LONG] += longer;
    lane->ingress->drops[DROP_NOT_FOR_BOX] += others.good - copied - busy - longer;
    return (struct verdict){0, 0};
}

// Where the frames of a lane go besides its transmit queue: known when this is compiled, so that a
// lane pays for what it does and nothing else.
enum destination { WIRE_ONLY, WIRE_AND_BOX, BOX_ONLY };

static INLINE unsigned pass_to(struct forwarder *forwarder, struct lane *lane, unsigned received,
                               const enum destination destination)
{
    struct frame *frames = forwarder->frames;
    struct verdict verdict = set_aside(forwarder, lane, received);
    lane->ingress->rx_frames += received;
    lane->ingress->rx_bytes += verdict.bytes;
    if (destination == WIRE_AND_BOX)
        verdict = deliver(forwarder, lane, verdict);
    else if (destination == BOX_ONLY)
        verdict = deliver_only(forwarder, lane, verdict);

    lane_send(lane, lane->tx, lane->sent, frames, verdict.good, verdict.bytes);

    unsigned buffers = received;
    if (verdict.good < received)
        buffers = drop_bad_buffers(forwarder, verdict.good, received);
    lane->rx->refill(lane->rx, frames, buffers);
    return received;
}

// Every frame that passes a port which leads to the box is looked at.
static unsigned forward_or_deliver(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned received = lane_take(forwarder, lane, forwarder->burst);
    return received == 0 ? 0 : pass_to(forwarder, lane, received, WIRE_AND_BOX);
}

// The run of a lane that leads to the box and nowhere else.
static unsigned deliver_burst(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned received = lane_take(forwarder, lane, forwarder->burst);
    return received == 0 ? 0 : pass_to(forwarder, lane, received, BOX_ONLY);
}

// --- a wire

// A burst on a wire with which something may be wrong.
static COLD unsigned pass_any(struct forwarder *forwarder, struct lane *lane, unsigned received)
{
    lane->frames += received;
    return pass_to(forwarder, lane, received, WIRE_ONLY);
}

// The egress port did not take the last frames of a burst, from `first` on.
static COLD void pass_less(struct lane *lane, const struct frame *first, const struct frame *end)
{
    const unsigned count = (unsigned)(end - first);
    const uint64_t bytes = lane_drop(lane, lane->tx->port, first, count);
    lane->passed -= count;
    lane->passed_beyond -= bytes - count * (uint64_t)FRAME_MIN;
    lane->frames += count;
    lane->ingress->rx_frames += count;
    lane->ingress->rx_bytes += bytes;
}

// The same when it was the only one. Returns its buffer.
static COLD uint32_t pass_none(const struct forwarder *forwarder, struct lane *lane)
{
    pass_less(lane, forwarder->frames, forwarder->frames + 1);
    return forwarder->frames[0].buffer;
}

// A burst on a wire whose transmit queue has room for it.
static INLINE unsigned pass_burst(struct forwarder *forwarder, struct lane *lane, unsigned received)
{
    struct frame *frames = forwarder->frames;
    struct queue *rx, *tx = lane->tx;
    uint64_t beyond;
    if (UNLIKELY(!all_plain(forwarder, tx, received, &beyond)))
        return pass_any(forwarder, lane, received);
    lane->passed += received;
    lane->passed_beyond += beyond;
    const unsigned sent = tx->transmit(tx, frames, received);
    if (UNLIKELY(sent != received))
        pass_less(lane, frames + sent, frames + received);
    rx = lane->rx;
    FOR_A_VERB(rx);
    rx->refill(rx, frames, received);
    return received;
}

static NOINLINE unsigned pass(struct forwarder *forwarder, struct lane *lane, unsigned received)
{
    return pass_burst(forwarder, lane, received);
}

// The same for a burst of one frame, which is what there is while a box has little to do: no loop.
static INLINE unsigned pass_one(struct forwarder *forwarder, struct lane *lane)
{
    const struct frame *frame = forwarder->frames;
    struct queue *rx, *tx = lane->tx;
    const uint32_t beyond = lane_beyond_shortest(lane_place(frame));
    if (UNLIKELY(frame->buffer >= forwarder->buffer_count || beyond >= tx->lengths))
        return pass_any(forwarder, lane, 1);
    lane->passed++;
    lane->passed_beyond += beyond;
    // It starts where frames start: so much has been looked at.
    FOR_A_VERB(tx);
    uint32_t buffer = tx->exchange(tx, frame->buffer, FRAME_MIN + (uint64_t)beyond);
    if (UNLIKELY(buffer == NO_BUFFER))
        buffer = pass_none(forwarder, lane);
    rx = lane->rx;
    FOR_A_VERB(rx);
    rx->put(rx, buffer);
    return 1;
}

// Whether a port sends.
static inline bool sends(const struct port *port)
{
    return port->state == PORT_RUNNING && port->link_up;
}

// When the transmit queue is not known to have room for a burst, nothing is known.
static NOINLINE unsigned with_little_room(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned received = lane_take(forwarder, lane, forwarder->burst);
    if (received == 0)
        return 0;
    return sends(lane->tx->port) ? pass(forwarder, lane, received)
                                 : pass_any(forwarder, lane, received);
}

// What is received leaves by the one other port.
static INLINE unsigned wire_burst(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned most = forwarder->burst;
    if (UNLIKELY(lane->tx->free < most))
        return with_little_room(forwarder, lane);
    struct queue *rx = lane->rx;
    FOR_A_VERB(rx);
    const unsigned received = rx->receive(rx, forwarder->frames, most);
    if (received == 1)
        return pass_one(forwarder, lane);
    if (received == 2)
        return pass_burst(forwarder, lane, 2);
    return received == 0 ? 0 : pass(forwarder, lane, received);
}

static NOINLINE unsigned forward_burst(struct forwarder *forwarder, struct lane *lane)
{
    return wire_burst(forwarder, lane);
}

// Lets the driver of both ports move up to `most` frames. Returns how many moved; -1: by the verbs,
// which also find out why.
static INLINE int64_t relay(struct lane *lane, unsigned most)
{
    struct queue *rx = lane->rx, *tx = lane->tx;
    relay_verb *const verb = rx->relay;
    if (UNLIKELY(tx->relay != verb))
        return RELAY_NOT_PLAIN;
    const struct relayed moved = verb(rx, tx, most, tx->lengths);
    if (UNLIKELY(moved.frames < 0))
        return RELAY_NOT_PLAIN;
    lane->passed += (uint64_t)moved.frames;
    lane->passed_beyond += moved.beyond;
    return moved.frames;
}

static NOINLINE unsigned relay_with_little_room(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned most = lane_look_for_room(forwarder, lane, forwarder->burst);
    if (most == 0)
        return 0;
    const int64_t moved = sends(lane->tx->port) ? relay(lane, most) : RELAY_NOT_PLAIN;
    return moved >= 0 ? (unsigned)moved : with_little_room(forwarder, lane);
}

// The same between two ports with one relay(), of plain frames.
static INLINE unsigned relay_burst(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned most = forwarder->burst;
    if (UNLIKELY(lane->tx->free < most))
        return relay_with_little_room(forwarder, lane);
    const int64_t moved = relay(lane, most);
    return LIKELY(moved >= 0) ? (unsigned)moved : forward_burst(forwarder, lane);
}

// Runs a lane once. The two ways of a wire are part of the loop: with one frame in a burst a call
// and the saving of registers would be a tenth of what the frame costs.
static INLINE unsigned run_once(struct forwarder *forwarder, struct lane *lane)
{
    if (LIKELY(lane->kind == LANE_WIRE))
        return wire_burst(forwarder, lane);
    if (lane->kind < LANE_WIRE)
        return relay_burst(forwarder, lane);
    const unsigned frames = lane->run(forwarder, lane);
    lane->frames += frames;
    return frames;
}

unsigned forward_poll(struct forwarder *forwarder)
{
    unsigned seen = 0;
    for (struct lane *lane = forwarder->lanes; lane != forwarder->end; lane++)
        seen += run_once(forwarder, lane);
    return seen;
}

struct sent *forwarder_sent(struct forwarder *forwarder, unsigned port, const struct queue *tx)
{
    unsigned number = 0;
    while (number + 1u < tx->port->tx_queues && tx->port->tx[number] != tx)
        number++;
    return &forwarder->sent[port][number];
}

bool forward_holds(const struct forwarder *forwarder)
{
    for (unsigned i = 0; i < forwarder->lane_count; i++) {
        const struct lane *lane = &forwarder->lanes[i];
        if (holds(lane) && clock_us() < lane->held_until) // later, a round takes what there is
            return true;
    }
    return false;
}

void forwarder_init(struct forwarder *forwarder, const struct packet_area *area)
{
    *forwarder = (struct forwarder){
        .end = forwarder->lanes,
        .buffer_count = area->count,
        .capacity = area->capacity,
        .burst = BURST_DEFAULT,
    };
}

static void run_by(struct lane *lane, lane_run *run)
{
    lane->kind = LANE_OTHER;
    lane->run = run;
}

void forwarder_set_local(struct forwarder *forwarder, struct local *local, unsigned port)
{
    forwarder->local = local;
    struct lane *const end = forwarder->lanes + forwarder->lane_count;
    for (struct lane *lane = forwarder->lanes; lane != end; lane++)
        if (lane->ingress == &forwarder->counters[port] && lane->kind != LANE_OTHER)
            run_by(lane, forward_or_deliver);
}

bool forwarder_add_box_lane(struct forwarder *forwarder, struct queue *rx, unsigned ingress)
{
    if (rx->port->tx_queues == 0 ||
        !forwarder_add_lane(forwarder, rx, ingress, rx->port->tx[0], ingress))
        return false;
    run_by(&forwarder->lanes[forwarder->lane_count - 1], deliver_burst);
    return true;
}

struct lane *forwarder_add_run(struct forwarder *forwarder, lane_run *run, struct queue *rx,
                               unsigned ingress, struct queue *tx)
{
    if (forwarder->lane_count == LANES_MAX)
        return NULL;
    port_use(rx->port, rx->port->driver);
    if (tx != NULL)
        port_use(tx->port, tx->port->driver);
    struct lane *lane = &forwarder->lanes[forwarder->lane_count];
    forwarder_cut(forwarder, forwarder->lane_count + 1);
    *lane = (struct lane){
        .kind = LANE_OTHER,
        .run = run,
        .rx = rx,
        .tx = tx,
        .ingress = &forwarder->counters[ingress],
    };
    return lane;
}

bool forwarder_add_lane(struct forwarder *forwarder, struct queue *rx, unsigned ingress,
                        struct queue *tx, unsigned egress)
{
    if (tx->port->max_frame < FRAME_MIN)
        return false;
    relay_verb *const verb = rx->port->driver->relay;
    const bool relays = verb != NULL && verb == tx->port->driver->relay;
    struct lane *lane = forwarder_add_run(forwarder, NULL, rx, ingress, tx);
    if (lane == NULL)
        return false;
    lane->kind = relays ? LANE_RELAY : LANE_WIRE;
    lane->sent = forwarder_sent(forwarder, egress, tx);
    return true;
}
