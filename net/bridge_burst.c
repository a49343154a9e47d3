// SPDX-License-Identifier: BSD-2-Clause
// A burst through a bridge: decide -> sort by egress, if need be -> transmit -> refill.
// IEEE 802.1D-2004, 7.7 (what is forwarded), 7.8 (learning), 7.12.6 (reserved addresses).
//
// For a port that is slow or down, only the frames that should leave by it are dropped: a burst
// waits in its receive ring only where there are two ports, and so nobody else to wait for it.
// Frames between two stations keep their order: what leaves by one port is sent as it came in,
// copies of flooded frames included.
#include "net/bridge.h"
#include "net/lane.h"

#define GROUP_BIT    1ull // of an address as a number: IEEE 802-2014, 8.2.2
#define ADDRESS_MASK 0xffffffffffffull

// 01-80-C2-00-00-0x: 802.1D-2004, table 7-10; 802.1Q-2018, table 8-1.
#define RESERVED_MASK  0xf0ffffffffffull
#define RESERVED_GROUP 0x000000c28001ull
enum { RESERVED_SHIFT = 40 }; // the last byte

// --- deciding ---

// The two addresses of a frame. Each byte is read once: the card may go on writing them.
static inline struct addresses read_addresses(const uint8_t *frame)
{
    typedef uint64_t __attribute__((aligned(1), may_alias)) first_eight;
    typedef uint32_t __attribute__((aligned(1), may_alias)) last_four;
    const uint64_t first = *(const volatile first_eight *)frame;
    return (struct addresses){first, *(const volatile last_four *)(frame + sizeof first)};
}

static inline uint64_t destination_of(struct addresses addresses)
{
    return addresses.first & ADDRESS_MASK;
}

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

// The tag of what is decided now about frames that come in by this lane, but for the way.
static inline uint32_t tag_now(const struct bridge_lane *from)
{
    struct bridge *bridge = from->bridge;
    return decisions_tag(&bridge->decisions, bridge->fdb.version, from->port);
}

// Learns where the frame came from, and looks up where it goes.
static __attribute__((noinline)) unsigned
look_up(const struct bridge_lane *from, struct port_counters *ingress, struct addresses addresses)
{
    struct fdb *fdb = &from->bridge->fdb;
    const uint64_t source = source_of(addresses), destination = destination_of(addresses);
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
        decisions_keep(&from->bridge->decisions, addresses, tag_now(from) + way);
    return way;
}

// One frame that can be.
static inline unsigned decide(const struct bridge_lane *from, struct port_counters *ingress,
                              struct addresses addresses, unsigned length)
{
    struct bridge *bridge = from->bridge;
    unsigned way = decisions_find(&bridge->decisions, addresses, tag_now(from));
    if (way == DECISION_WAYS)
        way = look_up(from, ingress, addresses);
    return length <= bridge->carries[way] ? way : WAY_DROP + DROP_TOO_LONG;
}

// A frame that is not plainly good: judged exactly, and decided if it can be.
COLD static unsigned decide_odd(struct lane *lane, const struct packet_area *area,
                                const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    const struct forwarder *forwarder = from->bridge->forwarder;
    const enum drop_reason reason = lane_judge(forwarder, frame, forwarder->capacity);
    if (reason == DROP_REASONS)
        return decide(from, lane->ingress,
                      read_addresses(packet_data(area, frame->buffer, frame->offset)),
                      frame->length);
    lane_refuse(lane, frame, reason);
    return WAY_REFUSED;
}

// Any frame.
static inline unsigned decide_any(struct lane *lane, const struct packet_area *area,
                                  const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    const struct forwarder *forwarder = from->bridge->forwarder;
    const uint64_t number = lane_number(frame);
    if ((uint32_t)number >= forwarder->buffer_count ||
        lane_beyond_shortest(number) > forwarder->capacity - FRAME_MIN)
        return decide_odd(lane, area, frame);
    return decide(from, lane->ingress,
                  read_addresses(packet_data(area, (uint32_t)number, FRAME_HEADROOM)),
                  (unsigned)(number >> 48));
}

// The first frame of a burst goes this way, to a port. How many frames from there on do so too:
// they are plainly good, and that was decided before. Adds the bytes of the others to *bytes.
static inline unsigned decided_alike(const struct lane *lane, const struct packet_area *area,
                                     unsigned way, unsigned count, uint64_t *bytes)
{
    const struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    const struct frame *const frames = bridge->forwarder->frames, *const end = frames + count;
    const uint32_t buffers = bridge->forwarder->buffer_count, carries = bridge->carries[way];
    const uint32_t lengths = carries < FRAME_MIN ? 0 : carries - FRAME_MIN + 1;
    const uint32_t tag = tag_now(from) + way;
    const uint8_t *base = area->base + FRAME_HEADROOM;
    const uint64_t stride = area->stride;
    const struct frame *frame = frames + 1;
    uint64_t longer = 0; // than the shortest frame, all together
    for (; frame != end; frame++) {
        const uint64_t number = lane_number(frame);
        const uint32_t beyond = lane_beyond_shortest(number);
        if ((uint32_t)number >= buffers || beyond >= lengths ||
            !decisions_agree(&bridge->decisions, read_addresses(base + (uint32_t)number * stride),
                             tag))
            break;
        longer += beyond;
    }
    const unsigned alike = (unsigned)(frame - frames);
    *bytes += (alike - 1) * (uint64_t)FRAME_MIN + longer;
    return alike;
}

// The card has just written the headers: they are on their way into the cache while the first of
// them is looked at. A buffer's number has not been checked yet; prefetching cannot fault.
static inline void prefetch_headers(const struct packet_area *area, const struct frame *frames,
                                    unsigned count)
{
    const uintptr_t first = (uintptr_t)area->base + FRAME_HEADROOM;
#pragma GCC unroll 8
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch((const void *)(first + (uintptr_t)frames[i].buffer * area->stride));
}

// What the ports carry now: every start() may have changed it.
static inline void look_at_ports(struct bridge *bridge)
{
    const uint32_t capacity = bridge->forwarder->capacity;
    for (const uint8_t *port = bridge->members; port != bridge->members + bridge->count; port++) {
        const uint32_t longest = bridge->ports[*port]->max_frame;
        bridge->carries[*port] = (uint16_t)(longest < capacity ? longest : capacity);
    }
}

// --- sending ---

// Sends what waits to leave by a port; the buffers go to done[].
static void send_waiting(struct lane *lane, unsigned port)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    struct bridge_waiting *waiting = &bridge->waiting[port];
    if (waiting->count == 0)
        return;
    lane_send(lane, from->tx[port], from->sent[port], waiting->frames, waiting->count,
              waiting->bytes);
    for (unsigned i = 0; i < waiting->count; i++)
        bridge->done[bridge->done_count++] = waiting->frames[i];
    waiting->count = 0;
    waiting->bytes = 0;
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
    const struct bridge *bridge = from->bridge;
    unsigned copies = 0;
    *why = DROP_NO_EGRESS;
    for (unsigned i = 0; i < bridge->count; i++) {
        const unsigned port = bridge->members[i];
        struct queue *tx = from->tx[port];
        if (tx == NULL || tx->port->state != PORT_RUNNING || !tx->port->link_up)
            continue;
        struct port_counters *egress = &bridge->forwarder->counters[port];
        if (lane_send_copy(tx, from->sent[port], data, length)) {
            egress->copies++;
            copies++;
        } else {
            egress->copies_lost++;
            *why = length > bridge->carries[port] ? DROP_TOO_LONG : DROP_RING_FULL;
        }
    }
    return copies;
}

static void flood(struct lane *lane, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    const struct bridge *bridge = from->bridge;
    const uint8_t *data = packet_data(lane->rx->port->area, frame->buffer, frame->offset);
    for (unsigned i = 0; i < bridge->count; i++)
        send_waiting(lane, bridge->members[i]); // came before

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

// Lets a frame wait to leave by a port.
static inline void wait(struct bridge *bridge, unsigned port, const struct frame *frame)
{
    struct bridge_waiting *waiting = &bridge->waiting[port];
    waiting->frames[waiting->count++] = *frame;
    waiting->bytes += frame->length;
}

// A frame that leaves by none, or by several.
static void dispose(struct lane *lane, unsigned way, const struct frame *frame)
{
    const struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
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

// A burst that does not leave by one port as a whole: its first frames, so many, leave by `first`,
// the others are still to be decided. Adds up what is received in *bytes. Returns how many buffers
// are in done[] then.
static __attribute__((noinline)) unsigned
sort_and_send(struct lane *lane, unsigned first, unsigned alike, unsigned count, uint64_t *bytes)
{
    const struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    const struct packet_area *area = lane->rx->port->area;
    const struct frame *frames = bridge->forwarder->frames;
    bridge->done_count = 0;
    for (unsigned i = 0; i < alike; i++) {
        if (first < NET_PORTS_MAX)
            wait(bridge, first, &frames[i]);
        else
            dispose(lane, first, &frames[i]);
    }
    for (unsigned i = alike; i < count; i++) {
        const struct frame frame = frames[i];
        const unsigned way = decide_any(lane, area, &frame);
        if (way != WAY_REFUSED)
            *bytes += frame.length;
        if (way < NET_PORTS_MAX)
            wait(bridge, way, &frame);
        else
            dispose(lane, way, &frame);
    }
    for (unsigned i = 0; i < bridge->count; i++)
        send_waiting(lane, bridge->members[i]);
    return bridge->done_count;
}

unsigned bridge_burst(struct forwarder *forwarder, struct lane *lane)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    struct frame *frames = forwarder->frames;
    const unsigned received =
        lane->tx != NULL ? lane_take(forwarder, lane)
                         : lane->rx->port->driver->receive(lane->rx, frames, forwarder->burst);
    if (received == 0)
        return 0;

    const struct packet_area *area = lane->rx->port->area;
    prefetch_headers(area, frames, received);
    look_at_ports(bridge);
    const unsigned way = decide_any(lane, area, frames);
    uint64_t bytes = way != WAY_REFUSED ? frames[0].length : 0;
    unsigned alike = 1, buffers = received;
    if (received > 1 && way < NET_PORTS_MAX)
        alike = decided_alike(lane, area, way, received, &bytes);
    const bool together = alike == received && way < NET_PORTS_MAX;
    if (!together)
        buffers = sort_and_send(lane, way, alike, received, &bytes);
    lane->ingress->rx_frames += received;
    lane->ingress->rx_bytes += bytes;
    if (together)
        lane_send(lane, from->tx[way], from->sent[way], frames, received, bytes);
    lane->rx->port->driver->refill(lane->rx, together ? frames : bridge->done, buffers);
    return received;
}

// --- what the box sends ---

bool bridge_send(struct local *local, const void *data, unsigned length)
{
    struct bridge *bridge = local->context;
    const uint64_t destination = destination_of(read_addresses(data));
    unsigned way = WAY_FLOOD;
    if ((destination & GROUP_BIT) == 0)
        way = fdb_look_up(&bridge->fdb, destination);
    unsigned sent = 0;
    for (unsigned i = 0; i < bridge->count; i++) {
        const unsigned port = bridge->members[i];
        struct sent *out = &bridge->forwarder->sent[port][0];
        if ((way == port || way == WAY_FLOOD) &&
            lane_send_copy(bridge->ports[port]->tx[0], out, data, length)) {
            out->originated++;
            sent++;
        }
    }
    return sent > 0;
}
