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
#define NO_ADDRESS   UINT64_MAX

// 01-80-C2-00-00-0x: 802.1D-2004, table 7-10; 802.1Q-2018, table 8-1.
#define RESERVED_MASK  0xf0ffffffffffull
#define RESERVED_GROUP 0x000000c28001ull
enum { RESERVED_SHIFT = 40 }; // the last byte

// --- deciding ---

// The two addresses of a frame. Each byte is read once: the card may go on writing them.
struct addresses {
    uint64_t destination, source;
};

static inline struct addresses read_addresses(const uint8_t *frame)
{
    typedef uint64_t __attribute__((aligned(1), may_alias)) loose;
    const uint64_t first = *(const volatile loose *)frame;
    const uint64_t second = *(const volatile loose *)(frame + 4);
    return (struct addresses){first & ADDRESS_MASK, second >> 16};
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
static unsigned look_up(struct bridge_lane *from, struct port_counters *ingress,
                        struct addresses addresses)
{
    struct fdb *fdb = &from->bridge->fdb;
    if ((addresses.source & GROUP_BIT) != 0 || addresses.source == 0)
        return WAY_DROP + DROP_BAD_SOURCE;
    unsigned way = WAY_FLOOD;
    if ((addresses.destination & RESERVED_MASK) == RESERVED_GROUP)
        way = WAY_DROP + reserved_reason(addresses.destination);
    if (way == WAY_DROP + DROP_PAUSE)
        return way; // from the other end of the cable, no matter what it calls itself

    const enum fdb_learned learned = fdb_learn(fdb, addresses.source, from->port);
    if (learned == FDB_OWN)
        return WAY_DROP + DROP_OWN_SOURCE;
    ingress->moves += learned == FDB_MOVED;
    ingress->not_learned += learned == FDB_REFUSED;

    if ((addresses.destination & GROUP_BIT) == 0)
        way = fdb_look_up(fdb, addresses.destination);
    if (way == from->port)
        way = WAY_DROP + DROP_SAME_PORT;
    from->source = learned == FDB_REFUSED ? NO_ADDRESS : addresses.source; // each one is counted
    from->destination = addresses.destination;
    from->way = (uint8_t)way;
    from->version = fdb->version;
    return way;
}

// One frame that can be.
static inline unsigned decide(struct bridge_lane *from, struct port_counters *ingress,
                              const struct packet_area *area, const struct frame *frame)
{
    const struct addresses addresses =
        read_addresses(packet_data(area, frame->buffer, frame->offset));
    unsigned way = from->way;
    if (addresses.source != from->source || addresses.destination != from->destination)
        way = look_up(from, ingress, addresses);
    return frame->length <= from->bridge->carries[way] ? way : WAY_DROP + DROP_TOO_LONG;
}

// A frame that is not plainly good: judged exactly, and decided if it can be.
COLD static unsigned decide_odd(struct lane *lane, const struct packet_area *area,
                                const struct frame *frame)
{
    struct bridge_lane *from = lane->context;
    const struct forwarder *forwarder = from->bridge->forwarder;
    const enum drop_reason reason = lane_judge(forwarder, frame, forwarder->capacity);
    if (reason == DROP_REASONS)
        return decide(from, lane->ingress, area, frame);
    lane_refuse(lane, frame, reason);
    return WAY_REFUSED;
}

// The card has just written the headers: they are on their way into the cache while the first of
// them is looked at. A buffer's number has not been checked yet; prefetching cannot fault.
static inline void prefetch_headers(const struct packet_area *area, const struct frame *frames,
                                    unsigned count)
{
    const uintptr_t first = (uintptr_t)area->base + FRAME_HEADROOM;
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

// Decides a burst: fills in ways[]. Returns whether all its frames leave by one port; *bytes is
// how many there are in those that can be.
static inline bool decide_all(struct lane *lane, unsigned count, uint64_t *bytes)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    const struct packet_area *area = lane->rx->port->area;
    const struct frame *frames = bridge->forwarder->frames;
    const uint32_t buffers = bridge->forwarder->buffer_count;
    const uint32_t lengths = bridge->forwarder->capacity - FRAME_MIN + 1;

    prefetch_headers(area, frames, count);
    look_at_ports(bridge);
    if (from->version != bridge->fdb.version)
        from->source = NO_ADDRESS;
    unsigned differ = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = frames[i];
        unsigned way;
        if (lane_plainly_good(&frame, buffers, lengths))
            way = decide(from, lane->ingress, area, &frame);
        else
            way = decide_odd(lane, area, &frame);
        bridge->ways[i] = (uint8_t)way;
        differ |= way ^ bridge->ways[0];
        if (way != WAY_REFUSED)
            *bytes += frame.length;
    }
    return differ == 0 && bridge->ways[0] < NET_PORTS_MAX;
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
    lane_send(lane, from->tx[port], &bridge->forwarder->counters[port], waiting->frames,
              waiting->count, waiting->bytes);
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
        if (lane_send_copy(tx, egress, data, length)) {
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

// A burst that does not leave by one port as a whole. Returns how many buffers are in done[] then.
static unsigned sort_and_send(struct lane *lane, unsigned count)
{
    struct bridge_lane *from = lane->context;
    struct bridge *bridge = from->bridge;
    const struct frame *frames = bridge->forwarder->frames;
    bridge->done_count = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct frame frame = frames[i];
        const unsigned way = bridge->ways[i];
        if (way < NET_PORTS_MAX) {
            struct bridge_waiting *waiting = &bridge->waiting[way];
            waiting->frames[waiting->count++] = frame;
            waiting->bytes += frame.length;
            continue;
        }
        if (way == WAY_FLOOD)
            flood(lane, &frame);
        else if (way == WAY_BOX)
            deliver(lane, bridge->local,
                    packet_data(lane->rx->port->area, frame.buffer, frame.offset), frame.length);
        else if (way != WAY_REFUSED)
            lane->ingress->drops[way - WAY_DROP]++;
        if (frame.buffer < bridge->forwarder->buffer_count)
            bridge->done[bridge->done_count++] = frame;
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
    const unsigned most = lane->tx != NULL ? lane_allowance(forwarder, lane) : forwarder->burst;
    if (most == 0)
        return 0;
    const unsigned received = lane->rx->port->driver->receive(lane->rx, frames, most);
    if (received == 0)
        return 0;

    uint64_t bytes = 0;
    unsigned buffers = received;
    const bool together = decide_all(lane, received, &bytes);
    lane->ingress->rx_frames += received;
    lane->ingress->rx_bytes += bytes;
    if (together) {
        const unsigned way = bridge->ways[0];
        lane_send(lane, from->tx[way], &forwarder->counters[way], frames, received, bytes);
    } else {
        buffers = sort_and_send(lane, received);
        frames = bridge->done;
    }
    lane->rx->port->driver->refill(lane->rx, frames, buffers);
    return received;
}

// --- what the box sends ---

bool bridge_send(struct local *local, const void *data, unsigned length)
{
    struct bridge *bridge = local->context;
    const struct addresses addresses = read_addresses(data);
    unsigned way = WAY_FLOOD;
    if ((addresses.destination & GROUP_BIT) == 0)
        way = fdb_look_up(&bridge->fdb, addresses.destination);
    unsigned sent = 0;
    for (unsigned i = 0; i < bridge->count; i++) {
        const unsigned port = bridge->members[i];
        struct port_counters *egress = &bridge->forwarder->counters[port];
        if ((way == port || way == WAY_FLOOD) &&
            lane_send_copy(bridge->ports[port]->tx[0], egress, data, length)) {
            egress->originated++;
            sent++;
        }
    }
    return sent > 0;
}
