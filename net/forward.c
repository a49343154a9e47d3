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

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE      inline __attribute__((always_inline))

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

// Goes on where the first frame is that is not plainly good: moves what has to be dropped behind
// the rest of the burst, which keeps its order, and counts why.
COLD static struct verdict set_aside(struct forwarder *forwarder, struct lane *lane, unsigned count,
                                     struct verdict so_far)
{
    struct frame *frames = forwarder->frames;
    const uint32_t longest = longest_frame(forwarder, lane);
    for (unsigned i = so_far.good; i < count; i++) {
        const struct frame frame = frames[i];
        const enum drop_reason reason = lane_judge(forwarder, &frame, longest);
        if (reason == DROP_REASONS) {
            frames[i] = frames[so_far.good];
            frames[so_far.good++] = frame;
            so_far.bytes += frame.length;
        } else {
            lane_refuse(lane, &frame, reason);
        }
    }
    return so_far;
}

// Looks at every frame of a burst once.
static inline struct verdict check(struct forwarder *forwarder, struct lane *lane, unsigned count)
{
    const struct frame *const frames = forwarder->frames, *const end = frames + count;
    const uint32_t buffers = forwarder->buffer_count, longest = longest_frame(forwarder, lane);
    const uint32_t lengths = longest < FRAME_MIN ? 0 : longest - FRAME_MIN + 1;
    uint64_t bytes = 0;
    for (const struct frame *frame = frames; frame != end; frame++) {
        if (!lane_plainly_good(frame, buffers, lengths)) {
            const struct verdict so_far = {(unsigned)(frame - frames), bytes};
            return set_aside(forwarder, lane, count, so_far);
        }
        bytes += frame->length;
    }
    return (struct verdict){count, bytes};
}

enum drop_reason lane_not_taken(const struct port *egress)
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
    lane->ingress->drops[lane_not_taken(egress)] += count;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < count; i++)
        bytes += frames[i].length;
    return bytes;
}

// Takes the frames whose buffers do not exist out of a burst; they are among those set aside,
// behind the good ones. Returns how many are left. The buffer that such a frame really had is lost:
// its slot goes without until buffers_mend().
COLD static unsigned drop_bad_buffers(struct forwarder *forwarder, unsigned good, unsigned count)
{
    struct frame *frames = forwarder->frames;
    unsigned kept = good;
    for (unsigned i = good; i < count; i++)
        if (frames[i].buffer < forwarder->buffer_count)
            frames[kept++] = frames[i];
    return kept;
}

unsigned lane_hold_back(const struct forwarder *forwarder, struct lane *lane)
{
    if (lane->rx->port->flow_control)
        return 0;
    const uint64_t now = clock_us();
    if (lane->held_until == 0)
        lane->held_until = now + HOLD_US;
    return now < lane->held_until ? 0
                                  : forwarder->burst; // that ring does not move: what comes drops
}

unsigned lane_look_for_room(const struct forwarder *forwarder, struct lane *lane)
{
    const struct port *egress = lane->tx->port;
    if (egress->state != PORT_RUNNING || !egress->link_up)
        return forwarder->burst;
    const unsigned room = egress->driver->room(lane->tx, forwarder->burst);
    if (room == 0)
        return lane_hold_back(forwarder, lane);
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
    const uint64_t copies = local->copies, lost = local->copies_lost;
    const struct verdict others = deliver(forwarder, lane, all);
    const uint64_t copied = local->copies - copies, busy = local->copies_lost - lost;
    lane->ingress->delivered += copied;
    lane->ingress->drops[DROP_BOX_BUSY] += busy;
    lane->ingress->drops[DROP_NOT_FOR_BOX] += others.good - copied - busy;
    return (struct verdict){0, 0};
}

// Where the frames of a lane go besides its transmit queue: known when this is compiled, so that a
// lane pays for what it does and nothing else.
enum destination { WIRE_ONLY, WIRE_AND_BOX, BOX_ONLY };

static inline __attribute__((always_inline)) unsigned pass_to(struct forwarder *forwarder,
                                                              struct lane *lane, unsigned received,
                                                              const enum destination destination)
{
    struct frame *frames = forwarder->frames;
    struct verdict verdict = check(forwarder, lane, received);
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
    lane->rx->port->driver->refill(lane->rx, frames, buffers);
    return received;
}

static inline __attribute__((always_inline)) unsigned
burst_to(struct forwarder *forwarder, struct lane *lane, const enum destination destination)
{
    const unsigned received = lane_take(forwarder, lane);
    return received == 0 ? 0 : pass_to(forwarder, lane, received, destination);
}

// A burst on a wire.
static __attribute__((noinline)) unsigned pass(struct forwarder *forwarder, struct lane *lane,
                                               unsigned received)
{
    return pass_to(forwarder, lane, received, WIRE_ONLY);
}

// The egress port did not take the one frame of a burst.
COLD static void drop_one(struct lane *lane, const struct frame *frame)
{
    lane->ingress->forwarded--;
    lane->sent->frames--;
    lane->sent->bytes -= frame->length;
    lane_drop(lane, lane->tx->port, frame, 1);
}

// The same for a burst of one frame, which is what there is while a box has little to do: no loop.
static inline unsigned pass_one(struct forwarder *forwarder, struct lane *lane)
{
    struct frame *frame = forwarder->frames;
    const struct port *egress = lane->tx->port;
    const uint64_t length = lane_plain_length(frame, forwarder->buffer_count);
    if (UNLIKELY(length > egress->max_frame || length > forwarder->capacity || !egress->link_up ||
                 egress->state != PORT_RUNNING))
        return pass(forwarder, lane, 1);
    struct port_counters *in = lane->ingress;
    struct sent *out = lane->sent;
    in->rx_frames++;
    in->rx_bytes += length;
    in->forwarded++;
    out->frames++;
    out->bytes += length;
    if (UNLIKELY(egress->driver->transmit(lane->tx, frame, 1) == 0))
        drop_one(lane, frame);
    lane->rx->port->driver->refill(lane->rx, frame, 1);
    return 1;
}

// Whether a driver of both queues moves plain frames by itself.
static inline bool can_relay(const struct queue *rx, const struct queue *tx)
{
    return rx->port->driver == tx->port->driver && tx->port->driver->relay != NULL;
}

// What is received leaves by the one other port.
static INLINE unsigned wire_burst(struct forwarder *forwarder, struct lane *lane)
{
    const unsigned received = lane_take(forwarder, lane);
    if (received == 1)
        return pass_one(forwarder, lane);
    return received == 0 ? 0 : pass(forwarder, lane, received);
}

// The run of a wire's lane.
static __attribute__((noinline)) unsigned forward_burst(struct forwarder *forwarder,
                                                        struct lane *lane)
{
    return wire_burst(forwarder, lane);
}

// The run of a wire's lane between two ports of one driver that can relay plain frames. A burst
// that is not plain is moved by the single verbs, which also find out why it is not.
static INLINE unsigned relay_plain_burst(struct forwarder *forwarder, struct lane *lane)
{
    const struct port *egress = lane->tx->port;
    const struct port_driver *driver = egress->driver;
    if (UNLIKELY(!egress->link_up || !can_relay(lane->rx, lane->tx)))
        return forward_burst(forwarder, lane);
    const struct relayed moved =
        driver->relay(lane->rx, lane->tx, forwarder->burst, longest_frame(forwarder, lane));
    if (moved.frames <= 0) // while nothing arrives, nothing is learned about a ring that was full
        return moved.frames == 0 ? 0 : forward_burst(forwarder, lane);
    const uint64_t frames = (uint64_t)moved.frames;
    struct port_counters *in = lane->ingress;
    struct sent *out = lane->sent;
    lane->held_until = 0;
    in->rx_frames += frames;
    in->rx_bytes += moved.bytes;
    in->forwarded += frames;
    out->frames += frames;
    out->bytes += moved.bytes;
    return (unsigned)frames;
}

static unsigned relay_burst(struct forwarder *forwarder, struct lane *lane)
{
    return relay_plain_burst(forwarder, lane);
}

// Every frame that passes a port which leads to the box is looked at, so the verbs move it.
static unsigned forward_or_deliver(struct forwarder *forwarder, struct lane *lane)
{
    return burst_to(forwarder, lane, WIRE_AND_BOX);
}

// The run of a lane that leads to the box and nowhere else.
static unsigned deliver_burst(struct forwarder *forwarder, struct lane *lane)
{
    return burst_to(forwarder, lane, BOX_ONLY);
}

// Runs a lane once. The two runs of a wire are part of the loop: with one frame in a burst a call
// and the saving of registers would be a tenth of what the frame costs.
static inline unsigned run_once(struct forwarder *forwarder, struct lane *lane)
{
    if (lane->run == relay_burst)
        return relay_plain_burst(forwarder, lane);
    if (lane->run == forward_burst)
        return wire_burst(forwarder, lane);
    return lane->run(forwarder, lane);
}

unsigned forward_poll(struct forwarder *forwarder)
{
    unsigned seen = 0;
    struct lane *const end = forwarder->lanes + forwarder->lane_count;
    for (struct lane *lane = forwarder->lanes; lane != end; lane++) {
        const unsigned frames = run_once(forwarder, lane);
        lane->frames += frames;
        seen += frames;
    }
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
        const uint64_t until = forwarder->lanes[i].held_until;
        if (until != 0 && clock_us() < until) // later, a round takes what there is
            return true;
    }
    return false;
}

void forwarder_init(struct forwarder *forwarder, const struct packet_area *area)
{
    *forwarder = (struct forwarder){
        .buffer_count = area->count,
        .capacity = area->capacity,
        .burst = BURST_DEFAULT,
    };
}

void forwarder_set_local(struct forwarder *forwarder, struct local *local, unsigned port)
{
    forwarder->local = local;
    struct lane *const end = forwarder->lanes + forwarder->lane_count;
    for (struct lane *lane = forwarder->lanes; lane != end; lane++)
        if (lane->ingress == &forwarder->counters[port] &&
            (lane->run == forward_burst || lane->run == relay_burst))
            lane->run = forward_or_deliver;
}

bool forwarder_add_box_lane(struct forwarder *forwarder, struct queue *rx, unsigned ingress)
{
    if (rx->port->tx_queues == 0 ||
        !forwarder_add_lane(forwarder, rx, ingress, rx->port->tx[0], ingress))
        return false;
    forwarder->lanes[forwarder->lane_count - 1].run = deliver_burst;
    return true;
}

struct lane *forwarder_add_run(struct forwarder *forwarder, lane_run *run, struct queue *rx,
                               unsigned ingress, struct queue *tx)
{
    if (forwarder->lane_count == LANES_MAX)
        return NULL;
    struct lane *lane = &forwarder->lanes[forwarder->lane_count++];
    *lane = (struct lane){
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
    lane_run *const run = can_relay(rx, tx) ? relay_burst : forward_burst;
    struct lane *lane = forwarder_add_run(forwarder, run, rx, ingress, tx);
    if (lane == NULL)
        return false;
    lane->sent = forwarder_sent(forwarder, egress, tx);
    return true;
}
