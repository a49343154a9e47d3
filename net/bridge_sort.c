// SPDX-License-Identifier: BSD-2-Clause
// A burst through a bridge by the single verbs: receive -> decide -> sort by egress, if need be ->
// transmit -> refill. IEEE 802.1D-2004, 7.7 (what is forwarded), 7.8 (learning), 7.12.6 (reserved
// addresses).
//
// For a port that is slow or down, only the frames that should leave by it are dropped: a burst
// waits in its receive ring only where there are two ports, and so nobody else to wait for it.
// Frames between two stations keep their order: what leaves by one port is sent as it came in,
// copies of flooded frames included.
#include "net/bridge_run.h"
#include "net/lane.h"

// 01-80-C2-00-00-0x: 802.1D-2004, table 7-10; 802.1Q-2018, table 8-1.
#define RESERVED_MASK  0xf0ffffffffffull
#define RESERVED_GROUP 0x000000c28001ull
enum { RESERVED_SHIFT = 40 }; // the last byte

// --- deciding ---

static inline uint64_t source_of(struct addresses addresses)
{
    return addresses.first >> 48 | (uint64_t)addresses.last << 16;
}

static enum drop_reason reserved_reason(uint64_t destination)
{
    switch (destination >> RESERVED_SHIFT) {
    case 0x0:
        return DROP_BPDU;
    case 0x1:
        return DROP_PAUSE;
    case 0x2:
        return DROP_SLOW_PROTOCOL;
    case 0x3:
        return DROP_EAPOL;
    case 0xe:
        return DROP_LLDP;
    default:
        return DROP_RESERVED;
    }
}

// Learns where the frame came from, and looks up where it goes.
static NOINLINE unsigned look_up(const struct bridge_lane *from, struct port_counters *ingress,
                                 struct addresses addresses)
{
    struct fdb *fdb = &from->bridge->fdb;
    const uint64_t source = source_of(addresses), destination = bridge_destination(addresses);
    if ((source & GROUP_BIT) != 0 || source == 0)
        return WAY_DROP + DROP_BAD_SOURCE;
    unsigned way = WAY_FLOOD;
    if ((destination & RESERVED_MASK) == RESERVED_GROUP)
        way = WAY_DROP + reserved_reason(destination);
    if (way == WAY_DROP + DROP_PAUSE)
        return way; // from the other end of the cable, no matter what it calls itself

    const enum fdb_learned learned = fdb_learn(fdb, source, from->port);
    if (learned == FDB_OWN)
        return WAY_DROP + DROP_OWN_SOURCE;
    ingress->moves += learned == FDB_MOVED;
    ingress->not_learned += learned == FDB_REFUSED;

    if ((destination & GROUP_BIT) == 0)
        way = fdb_look_up(fdb, destination);
    if (way == from->port)
        way = WAY_DROP + DROP_SAME_PORT;
    if (learned != FDB_REFUSED) // each time is counted
        decisions_keep(&from->bridge->decisions, addresses, bridge_tag(from) + way);
    return way;
}

static COLD void look_at_port(const struct bridge *bridge, const struct port *port,
                              struct bridge_list *list)
{
    list->max_frame = port->max_frame;
    list->lengths = bridge_lengths(bridge, port);
}

// What the ports carry now: every start() may have changed it.
static inline void look_at_ports(const struct bridge_lane *from)
{
    const struct bridge_out *const end = from->outs + from->count;
    for (const struct bridge_out *out = from->outs; out != end; out++) {
        const struct port *port = out->tx->port;
        if (UNLIKELY(port->max_frame != out->list->max_frame))
            look_at_port(from->bridge, port, out->list);
    }
}

// One frame that can be.
static unsigned decide(const struct bridge_lane *from, struct port_counters *ingress,
                       struct addresses addresses, unsigned length)
{
    struct bridge *bridge = from->bridge;
    unsigned way = decisions_find(&bridge->decisions, addresses, bridge_tag(from), DECISION_WAYS);
    if (way == DECISION_WAYS)
        way = look_up(from, ingress, addresses);
    if (way < NET_PORTS_MAX && length - FRAME_MIN >= bridge->lists[way].lengths)
        way = WAY_DROP + DROP_TOO_LONG;
    return way;
}

// Any frame: judged exactly, and decided if it can be.
static unsigned decide_any(struct lane *lane, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    const struct forwarder *forwarder = from->bridge->forwarder;
    const enum drop_reason reason = lane_judge(forwarder, frame, forwarder->capacity);
    if (reason == DROP_REASONS)
        return decide(from, lane->ingress,
                      addresses_of(packet_data(lane->rx->port->area, frame->buffer, frame->offset)),
                      frame->length);
    lane_refuse(lane, frame, reason);
    return WAY_REFUSED;
}

// The card has just written the headers: they are on their way into the cache while the first of
// them is looked at. A buffer's number has not been checked yet; prefetching cannot fault.
static INLINE void prefetch_headers(const struct packet_area *area, const struct frame *frames,
                                    unsigned count)
{
    const uintptr_t first = (uintptr_t)area->base + FRAME_HEADROOM;
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch((const void *)(first + (uintptr_t)frames[i].buffer * area->stride));
}

// --- sending ---

// Puts count frames of a list onto its queue. The empty buffers go to *empty, and so do the frames
// that find no room. Returns how many found room.
static inline unsigned put(struct bridge_lane *from, struct bridge_out *out, struct frame *empty,
                           unsigned count)
{
    struct queue *tx = out->tx;
    const struct port *port = tx->port;
    unsigned sent = 0;
    if (LIKELY(port->state == PORT_RUNNING && port->link_up)) {
        if (LIKELY(port->driver->enqueue != NULL)) {
            sent = port->driver->enqueue(tx, out->list->first, empty, count);
            bridge_ring_later(from, out, sent);
            if (LIKELY(sent == count))
                return sent;
        } else {
            sent = port->driver->transmit(tx, out->list->first, count);
            __builtin_memcpy(empty, out->list->first, sent * sizeof *empty);
        }
    }
    __builtin_memcpy(empty + sent, out->list->first + sent, (count - sent) * sizeof *empty);
    return sent;
}

// Sends all that waits. Returns by how many ports.
static NOINLINE unsigned send_all(struct lane *lane)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    struct port_counters *ingress = lane->ingress;
    struct bridge_out *const end = from->outs + from->count;
    unsigned ways = 0;
    for (struct bridge_out *out = from->outs; out != end; out++) {
        struct bridge_list *list = out->list;
        const struct frame *frames = list->first;
        const unsigned count = (unsigned)(list->next - frames);
        if (count == 0)
            continue;
        uint64_t bytes = list->longer + (uint64_t)FRAME_MIN * count;
        list->next = list->first;
        list->longer = 0;
        const unsigned sent = put(from, out, bridge->done + bridge->done_count, count);
        bridge->done_count += count;
        ingress->rx_bytes += bytes;
        ingress->forwarded += sent;
        if (UNLIKELY(sent < count))
            bytes -= lane_drop(lane, out->tx->port, frames + sent, count - sent);
        out->sent->frames += sent;
        out->sent->bytes += bytes;
        ways++;
    }
    return ways;
}

// Sends a burst that leaves by one port, as a wire does; frames[] then names buffers to refill()
// with. The doorbell is not made to wait.
static inline void send_one_way(struct lane *lane, const struct bridge_list *list, unsigned count,
                                uint64_t bytes)
{
    const struct bridge_lane *from = lane->context;
    const struct bridge_out *out = from->outs;
    while (out->list != list)
        out++;
    lane->ingress->rx_bytes += bytes;
    lane_send(lane, out->tx, out->sent, from->bridge->forwarder->frames, count, bytes);
}

// For the box alone.
static void deliver(struct lane *lane, struct local *local, const uint8_t *data, unsigned length)
{
    const enum drop_reason reason = local_deliver(local, LOCAL_TAKE, data, length);
    if (reason == DROP_REASONS)
        lane->ingress->delivered++;
    else
        lane->ingress->drops[reason]++;
}

// The box's own copy of a flooded frame. Whether it got one.
static bool copy_to_box(struct local *local, const uint8_t *data, unsigned length)
{
    return local != NULL && local_wants(local, data) != LOCAL_PASS &&
           local_deliver(local, LOCAL_COPY, data, length) == DROP_REASONS;
}

// Copies a frame to each other port that is up. Returns by how many it leaves; if by none, *why
// not.
static unsigned copy_to_ports(const struct lane *lane, const uint8_t *data, unsigned length,
                              enum drop_reason *why)
{
    const struct bridge_lane *from = lane->context;
    unsigned copies = 0;
    *why = DROP_NO_EGRESS;
    for (unsigned i = 0; i < from->count; i++) {
        const struct bridge_out *out = &from->outs[i];
        const struct port *port = out->tx->port;
        if (port->state != PORT_RUNNING || !port->link_up)
            continue;
        if (lane_send_copy(out->tx, out->sent, data, length)) {
            out->egress->copies++;
            copies++;
        } else {
            out->egress->copies_lost++;
            *why = length > port->max_frame ? DROP_TOO_LONG : DROP_RING_FULL;
        }
    }
    return copies;
}

static void flood(struct lane *lane, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    const struct bridge *bridge = from->bridge;
    const uint8_t *data = packet_data(lane->rx->port->area, frame->buffer, frame->offset);
    (void)send_all(lane); // came before

    enum drop_reason why;
    const unsigned copies = copy_to_ports(lane, data, frame->length, &why);
    const bool heard = copy_to_box(bridge->local, data, frame->length);
    if (copies > 0) {
        lane->ingress->forwarded++;
        lane->ingress->flooded++;
    } else if (heard) {
        lane->ingress->delivered++;
    } else {
        lane->ingress->drops[why]++;
    }
}

// A frame that leaves by none, or by several.
static void dispose(struct lane *lane, unsigned way, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    if (way != WAY_REFUSED)
        lane->ingress->rx_bytes += frame->length;
    if (way == WAY_FLOOD)
        flood(lane, frame);
    else if (way == WAY_BOX)
        deliver(lane, bridge->local,
                packet_data(lane->rx->port->area, frame->buffer, frame->offset), frame->length);
    else if (way != WAY_REFUSED)
        lane->ingress->drops[way - WAY_DROP]++;
    if (frame->buffer < bridge->forwarder->buffer_count)
        bridge->done[bridge->done_count++] = *frame;
}

// A frame that is not plainly good, or whose way is not a port's, or was not decided before.
static NOINLINE void sort_odd(struct lane *lane, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    const unsigned way = decide_any(lane, frame);
    struct bridge_list *list = bridge->lists + way;
    if (way < NET_PORTS_MAX) {
        *list->next++ = *frame;
        list->longer += frame->length - FRAME_MIN;
    } else {
        dispose(lane, way, frame);
    }
}

// What is to be known of a burst: the same for all of its frames.
struct burst {
    struct lane *lane;
    struct bridge *bridge;
    const uint8_t *base; // where the frame in buffer 0 starts
    uint64_t stride;
    uint32_t buffers;
    uint32_t longest; // frame that a buffer holds, less FRAME_MIN
    uint32_t tag;     // of what is decided now, but for the way
};

static inline struct burst burst_of(struct lane *lane)
{
    const struct bridge_lane *from = lane->context;
    const struct packet_area *area = lane->rx->port->area;
    return (struct burst){
        .lane = lane,
        .bridge = from->bridge,
        .base = area->base + FRAME_HEADROOM,
        .stride = area->stride,
        .buffers = from->bridge->forwarder->buffer_count,
        .longest = from->bridge->forwarder->capacity - FRAME_MIN,
        .tag = bridge_tag(from),
    };
}

// Where a frame goes that is in an existing buffer, when that was decided before; DECISION_WAYS:
// sort_odd() has to find out.
static INLINE uint32_t known_way(const struct burst *burst, const struct frame *frame)
{
    const uint32_t buffer = frame->buffer;
    if (UNLIKELY(buffer >= burst->buffers))
        return DECISION_WAYS;
    const struct addresses addresses = addresses_of(burst->base + buffer * burst->stride);
    return decisions_find(&burst->bridge->decisions, addresses, burst->tag, DECISION_WAYS);
}

// Puts a frame into the list of the port that it leaves by, or does what else is to be done with
// it.
static INLINE void sort_one(struct burst *burst, const struct frame *frame)
{
    const uint32_t way = known_way(burst, frame);
    struct bridge_list *list = burst->bridge->lists + way;
    const uint32_t longer = lane_beyond_shortest(lane_place(frame));
    if (LIKELY(longer < list->lengths)) {
        const uint64_t number = lane_number(frame);
        __builtin_memcpy(list->next, &number, sizeof number);
        list->next++;
        list->longer += longer;
    } else if (way >= NET_PORTS_MAX && way != DECISION_WAYS && longer <= burst->longest) {
        dispose(burst->lane, way, frame); // plainly good, and that was decided before
    } else {
        sort_odd(burst->lane, frame);
        burst->tag = bridge_tag(burst->lane->context); // something may have been learned
    }
}

// How many frames of a burst go the way of this list, from the first on, whose way it is: they are
// plainly good, and that was decided before. *longer becomes their bytes, less FRAME_MIN for each.
static INLINE unsigned count_alike(const struct burst *burst, const struct bridge_list *list,
                                   unsigned count, uint64_t *longer)
{
    const struct bridge *bridge = burst->bridge;
    const uint32_t tag = burst->tag + (uint32_t)(list - bridge->lists), lengths = list->lengths;
    const struct frame *const frames = bridge->forwarder->frames, *const end = frames + count;
    const struct frame *frame = frames + 1;
    uint64_t sum = lane_beyond_shortest(lane_place(frames));
    if (UNLIKELY(sum >= lengths))
        return 0;
    for (; frame != end; frame++) {
        const uint64_t number = lane_number(frame);
        const uint32_t beyond = lane_beyond_shortest(number);
        if ((uint32_t)number >= burst->buffers || beyond >= lengths ||
            !decisions_agree(&burst->bridge->decisions,
                             addresses_of(burst->base + (uint32_t)number * burst->stride), tag))
            break;
        sum += beyond;
    }
    *longer = sum;
    return (unsigned)(frame - frames);
}

// Sorts a burst by the ports that its frames leave by, from the frame at `from` on. What leaves by
// none is in done[] then, and what leaves by several was sent.
static inline void sort(struct burst *burst, unsigned first, unsigned count)
{
    const struct frame *const frames = burst->bridge->forwarder->frames, *const end =
                                                                             frames + count;
    const struct frame *frame = frames + first;
    if ((count - first) % 2 != 0)
        sort_one(burst, frame++);
    for (; frame != end; frame += 2) {
        sort_one(burst, frame);
        sort_one(burst, frame + 1);
    }
}

// A burst of which not all frames go the same way, but `alike` of them, the first ones, the way of
// a list.
static NOINLINE void sort_and_send(struct lane *lane, struct bridge_list *list, unsigned alike,
                                   uint64_t longer, unsigned count)
{
    struct bridge_lane *from = lane->context;
    struct burst burst = burst_of(lane);
    struct bridge *bridge = burst.bridge;
    if (alike > 0) {
        __builtin_memcpy(list->next, bridge->forwarder->frames, alike * sizeof *list->next);
        list->next += alike;
        list->longer += longer;
    }
    bridge->done_count = 0;
    sort(&burst, alike, count);
    from->mixed = send_all(lane) > 1;
    lane->rx->port->driver->refill(lane->rx, bridge->done, bridge->done_count);
}

// A burst that is not empty.
static INLINE void decide_and_send(struct lane *lane, unsigned count)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    struct frame *frames = bridge->forwarder->frames;
    struct bridge_list *list = NULL;
    uint64_t longer = 0;
    unsigned alike = 0;
    prefetch_headers(lane->rx->port->area, frames, count);
    look_at_ports(from);
    lane->ingress->rx_frames += count;
    if (!from->mixed) {
        const struct burst burst = burst_of(lane);
        list = bridge->lists + known_way(&burst, frames);
        alike = count_alike(&burst, list, count, &longer);
        if (LIKELY(alike == count)) {
            send_one_way(lane, list, count, longer + (uint64_t)FRAME_MIN * count);
            lane->rx->port->driver->refill(lane->rx, frames, count);
            return;
        }
    }
    sort_and_send(lane, list, alike, longer, count);
}

unsigned bridge_sort(struct forwarder *forwarder, struct lane *lane, unsigned most)
{
    const unsigned received =
        lane->tx != NULL ? lane_take(forwarder, lane, most)
                         : lane->rx->port->driver->receive(lane->rx, forwarder->frames, most);
    if (received > 0)
        decide_and_send(lane, received);
    return received;
}
