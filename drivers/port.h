// SPDX-License-Identifier: BSD-2-Clause
// What a driver offers. Read this first: it is the whole contract between a card and the box.
//
// The law of conserved buffers. Every buffer of the packet area is, between two bursts, in exactly
// one slot of one ring. receive() takes frames off a receive ring and leaves their slots empty;
// transmit() puts frames into a transmit ring and takes out, in exchange, buffers that the card has
// finished with; refill() puts as many buffers back into the receive ring as receive() took.
// Nothing is allocated, so nothing can leak, be freed twice, or be used after it was freed.
// Dropping a frame is: not transmitting it before refill().
//
// The law of time. All ports share one core, so whoever waits for a slow card takes time from all
// the others. On a box that forwards no verb waits for the hardware, except requeue(): start() and
// stop() look once, do a few thousand instructions' work at most, and are called again until they
// are done.
#pragma once
#include "drivers/env.h"
#include "drivers/frame.h"

enum {
    PORT_NAME_MAX = 16,
    PORT_QUEUES_MAX = 16, // of each direction
    BURST_MAX = 256,      // frames a call to receive() or transmit() may carry
    PORT_STOP_US = 10000, // longest that all calls of a stop() wait for the card
    PORT_PAUSE_US = 20,   // between two calls of start() or stop() that have something to do
};

// What relay() did.
struct relayed {
    int64_t frames;  // RELAY_NOT_PLAIN: a burst for receive() and the verbs that follow it
    uint64_t beyond; // their bytes without FCS, FRAME_MIN less for each
};
enum { RELAY_NOT_PLAIN = -1 };

// What steer() did.
struct steered {
    uint32_t frames;
    bool more; // there is a frame that it could not move: one for the other verbs
};

// In buffer_of: the slot lost its buffer. No buffer has that number.
#define NO_BUFFER UINT32_MAX

struct queue;
struct steering;     // drivers/steer.h
struct domain_verbs; // drivers/port_domain.h

// The data verbs, as struct port_driver explains them below.
typedef unsigned receive_verb(struct queue *rx, struct frame *frames, unsigned max);
typedef void refill_verb(struct queue *rx, const struct frame *frames, unsigned count);
typedef unsigned transmit_verb(struct queue *tx, struct frame *frames, unsigned count);
typedef uint32_t exchange_verb(struct queue *tx, uint64_t buffer, uint64_t length);
typedef void put_verb(struct queue *rx, uint32_t buffer);
typedef struct relayed relay_verb(struct queue *rx, struct queue *tx, unsigned max,
                                  uint32_t lengths);
typedef struct steered steer_verb(struct queue *rx, const struct steering *steering, unsigned max);

// The common head of every driver's receive and transmit queues.
// buffer_of is the truth about which buffer sits in which slot. It lies in memory that no card can
// write. Whoever sets up the box writes it once, before start(); afterwards only the driver does,
// and the audit reads it between bursts, when it lists each buffer of the queue once.
//
// free and lengths say what passes without a further question, which is what keeps a burst short:
// all else (does the port run, has it a link, is there room) is asked when they do not suffice.
struct queue {
    struct port *port;
    uint32_t *buffer_of; // [slots]
    uint32_t slots;      // ring entries that hold a buffer, 1..32768
    uint32_t free;       // of a transmit queue: frames that transmit() would take now, at least, so
                         // that nobody has to ask room(); 0 where the driver does not say, and as
                         // long as the port does not run or has no link (port_close())
    uint64_t lengths;    // FRAME_MIN..FRAME_MIN + lengths - 1: the lengths of frames that a
                         // receive queue takes (the driver's own affair), or a transmit queue
                         // carries (written by who sends through it, before each use of room());
                         // 0: none without a closer look
    uint64_t steers;     // of a transmit queue: the same for frames that steer() puts there;
                         // written by who steers
    receive_verb *receive; // the driver's (port_use())
    refill_verb *refill;
    transmit_verb *transmit;
    exchange_verb *exchange; // these three are never NULL
    put_verb *put;
    relay_verb *relay;
    steer_verb *steer; // NULL: there is none
};

// Why a card was given up. One named reason for each rule that a card can break.
enum port_fault {
    PORT_OK,
    PORT_FAULT_USED_INDEX,  // virtio: the used index ran ahead of what was made available; packed
                            // ring: a descriptor is marked as of another lap
    PORT_FAULT_USED_ID,     // virtio: a descriptor id outside the ring
    PORT_FAULT_USED_REPLAY, // virtio: a descriptor id that the card does not hold
    PORT_FAULT_NEEDS_RESET, // virtio: the device set DEVICE_NEEDS_RESET
    PORT_FAULT_GONE,        // registers read all ones: the card was removed
    PORT_FAULT_SILENT,      // a bounded wait on the card ran out
    PORT_FAULT_TX_HEAD,     // 82599: the transmit head passed what was queued, or went back
    PORT_FAULT_DMA, // the IOMMU refused what the card wanted to reach; its reason is the value
    PORT_FAULT_BAD_BUFFER, // receive() named a buffer that does not exist
    // A data path in a domain (docs/isolation.md)
    PORT_FAULT_KILLED,    // somebody asked for it
    PORT_FAULT_EXCEPTION, // it did what ring 3 may not; the value is the vector
    PORT_FAULT_HANG,      // it did not come back
    PORT_FAULT_COUNT_LIE, // it handed over more frames than it was asked for
    PORT_FAULT_STALE,     // it left an answer to an earlier call
    PORT_FAULT_INDEX,     // it named a buffer that does not exist
    PORT_FAULT_FOREIGN,   // it named a buffer that it does not own
    PORT_FAULT_DUPLICATE, // it handed over the same buffer twice
    PORT_FAULT_LENGTH,    // its frame reaches out of its buffer
    PORT_FAULT_WITHHELD,  // it said that there was nothing to do, and there was
    PORT_FAULT_COUNT
};

enum port_state {
    PORT_ABSENT,  // not probed, or probing failed
    PORT_STOPPED, // probed; the card holds no buffer and does no DMA
    PORT_RUNNING,
    PORT_STOPPING, // stop() has begun: receive() and transmit() return 0
    PORT_FAULTED,  // broke a rule: receive() and transmit() return 0 until it is restarted
};

struct port {
    char name[PORT_NAME_MAX]; // from the configuration: "lan"
    const struct port_driver *driver;
    struct env *env;                // the driver's one door to the outside
    const struct packet_area *area; // set before start()
    void *device;                   // the driver's own state

    // Filled in by probe().
    uint8_t mac[6];
    uint16_t max_frame;            // longest frame the card carries, bytes without FCS; start()
                                   // may change it
    uint16_t rx_queues, tx_queues; // offered; may be lowered, to 1 at least, before start()
    struct queue *rx[PORT_QUEUES_MAX];
    struct queue *tx[PORT_QUEUES_MAX];

    // Kept up to date by poll().
    bool link_up;
    uint32_t link_mbps;    // 0: unknown
    uint32_t poll_soon_us; // something is under way that each poll() moves on: the next one after
                           // so many microseconds; 0: there is no hurry. Likewise after a start()
                           // or stop() that said -EINPROGRESS; 0: soon

    // Written by the driver when the card breaks a rule; read by whoever restarts it.
    enum port_state state;
    enum port_fault fault;
    uint32_t fault_value; // the offending value
    uint32_t fault_count[PORT_FAULT_COUNT];

    // The card is leaving its slot, or has left: the port is to be stopped, and not started again.
    bool removed;

    // Frames that the card lost before the box saw them, as the card counted them. Kept up to date
    // by poll(); never reset.
    uint64_t card_missed; // good frames for which there was no room, or that lay in a receive ring
                          // when requeue() or stop() emptied it
    uint64_t card_errors; // frames damaged on the wire, or of an impossible length

    // Frames that transmit() took and that were not known to be sent when stop() or requeue() took
    // their buffers back. Kept up to date by these; never reset.
    uint64_t lost_in_restart;

    // Descriptors that each ring should have; set before probe(), 0: the driver decides. A driver
    // takes the nearest number that its card can do.
    uint32_t ring_slots;

    // Receive queues that the box wants, over which the card spreads flows; set before probe(), 0:
    // one. rx_queues says how many there are.
    uint16_t rx_wanted;

    // Transmit queues that the box could use, one for each source of frames; set before probe(), 0:
    // one. A card that pairs its queues may offer as many receive queues too.
    uint16_t tx_wanted;

    // Whether the data verbs will run in a domain: a driver that has several takes those that can.
    // Set before probe().
    bool in_a_domain;

    // Longest frame that the box wants to carry, bytes without FCS; set before probe(), 0: what a
    // buffer holds.
    uint16_t frame_wanted;

    // Whether PAUSE frames are obeyed, and sent when the card runs out of room; set before probe(),
    // and only where the driver has flow_control.
    bool flow_control;
};

struct port_driver {
    const char *name;  // "virtio-net"
    bool flow_control; // ports can be told to

    // Whether this driver drives the PCI function with these ids.
    bool (*supports)(uint16_t vendor, uint16_t device);

    // Finds out what the card is and what it can do, resets it, and allocates rings and private
    // state through the env. Needs no packet memory. The state becomes PORT_STOPPED. A driver that
    // has several sets of packet verbs, for cards that differ in their rings, puts the right one
    // into port->driver here; nothing but those differs.
    // Returns 0, or a negative errno after logging what was found and what was expected; the card
    // is then left reset and without bus mastering.
    int (*probe)(struct port *port);

    // Brings the card to life with the buffers that buffer_of lists: receive slots are made
    // available to the card, transmit slots hold empty buffers. Works after probe() and again after
    // any stop(); the state must be PORT_STOPPED.
    // Returns 0: the state is PORT_RUNNING. -EINPROGRESS: it is not running yet; the data verbs do
    // nothing. Whoever called calls again and again, poll_soon_us later if that is not 0, and
    // start() goes on where it was, until it returns something else or stop() ends the attempt.
    // The driver bounds each wait within the attempt, measured from the wait's beginning over all
    // calls, so that an attempt takes 5 s at most. Another negative errno: it failed, for a reason
    // that the log tells; the card then holds nothing and does no DMA, or else the state is
    // PORT_FAULTED and stop() must come next. -EINVAL when a slot names a buffer that does not
    // exist.
    int (*start)(struct port *port);

    // Takes every buffer back from the card: afterwards it does no DMA, whatever state it was in.
    // All buffers stay in their slots; a receive slot that refill() left empty says NO_BUFFER.
    // Counts lost_in_restart. No harm on a port that is stopped already.
    // Returns 0: the state is PORT_STOPPED. -EINPROGRESS: the state is PORT_STOPPING; whoever
    // called calls again and again, poll_soon_us later if that is not 0, until it returns 0; the
    // data verbs do nothing meanwhile. All calls together wait for the card for PORT_STOP_US at
    // most: of one that is not quiet by then bus mastering is taken away, and the next start() goes
    // on waiting for it.
    int (*stop)(struct port *port);

    // The slow path, called every few milliseconds: link state, card statistics, signs of death.
    void (*poll)(struct port *port);

    // NULL: no frame of this card interrupts. Lets the card interrupt when a frame arrives in a
    // receive ring, through the entries that env_interrupt_frames() routed, or keeps it from doing
    // so, which is how every start() leaves it: under load nothing interrupts.
    //
    // The interrupt is for frames that arrive after arm(port, true) has returned. One that was
    // there before may not interrupt, so whoever arms calls receive() once more before it sleeps;
    // none is missed between the two. One interrupt may stand for many frames, and may come for
    // none. It masks its own entry until the next arm(): a card that interrupts without end is
    // heard once. After arm(port, false) at most what was on its way still comes.
    //
    // Returns whether a frame will interrupt: false when off was asked for, when the port does not
    // run, or when the card got no vector for each of its receive queues. Such a port is polled.
    // A few register accesses; never waits.
    bool (*arm)(struct port *port, bool on);

    // Takes up to max (1..BURST_MAX) frames off the ring, oldest first; fewer where the ring ends,
    // and what lies behind its end the next time. The caller owns the buffers
    // of the returned frames and must give as many back with refill() before it calls receive()
    // on this queue again. Returns how many, 0 when there is none or the port has faulted.
    receive_verb *receive;

    // How many frames transmit() would queue now, wanted (1..BURST_MAX) at most; looks at what the
    // card has finished with when that is not known to suffice. 0 when the port does not run.
    unsigned (*room)(struct queue *tx, unsigned wanted);

    // Queues the first frames for sending, in order, and returns how many, k <= count. For i < k
    // frames[i].buffer is afterwards an *empty* buffer (offset and length mean nothing); for
    // i >= k the frame is untouched and still the caller's. Rings at most one doorbell.
    // Every frame must satisfy frame_valid() and start at least 12 bytes into its buffer; the
    // bytes in front of the frame may be overwritten.
    transmit_verb *transmit;

    // NULL, both: transmit() only. enqueue() does what transmit() does, but the card does not hear
    // of the frames until ring() is called, or transmit() or send_copy() for this queue; and the
    // empty buffers go into another array: empty[i].buffer for i < k, while frames[] stays as it
    // is. So frames that leave by several queues can be gathered, and one doorbell can stand for
    // several bursts. Whoever does not ring lets the frames wait for ever. A ring() with nothing to
    // be heard of does no harm.
    unsigned (*enqueue)(struct queue *tx, const struct frame *frames, struct frame *empty,
                        unsigned count);
    void (*ring)(struct queue *tx);

    // Puts count buffers into the empty slots of the receive ring; count must be what the last
    // receive() returned. Only frames[].buffer is looked at. Of a port that is not running any more
    // it may be less, even 0: those frames named no buffer that exists (PORT_FAULT_BAD_BUFFER). As
    // many slots, the last ones, are then left without; nothing is given to the card.
    refill_verb *refill;

    // transmit() and refill() for one frame, which needs no array: what there is while a box has
    // little to do. It starts at FRAME_HEADROOM. exchange() returns the empty buffer, or NO_BUFFER
    // when it queued nothing. NULL: the two verbs for bursts do it.
    exchange_verb *exchange;
    put_verb *put;

    // NULL: frames pass by receive(), transmit() and refill() only. Does what these three do, in
    // one, for frames with which there is nothing wrong: takes up to max (1..BURST_MAX) frames of
    // FRAME_MIN..FRAME_MIN + lengths - 1 bytes off rx, oldest first, puts them into tx, a queue of
    // a port with the same relay(), as far as there is room, and gives each slot of rx the buffer
    // that was exchanged for its frame. Both queues are afterwards as the three would have left
    // them, so that one burst may be moved this way and the next one that way; never between
    // receive() and refill(). No frame is longer than max_frame of the port of tx, and
    // tx->free >= max says that it runs. Rings at most one doorbell of each queue. Returns how many
    // frames moved, and how long they are; 0: none has arrived; RELAY_NOT_PLAIN, with nothing
    // moved: the oldest frame is not plainly good, there is no room, or a port does not run: the
    // other verbs tell what it is.
    relay_verb *relay;

    // NULL: as with relay(). Does what relay() does for frames that leave by several queues: takes
    // up to max (1..BURST_MAX) plain frames off rx, oldest first, as long as it is known where each
    // goes (steering->decisions), that is the number of one of the ways, and that way's tx->steers
    // lets it pass. Whoever opens a queue by that number says that its port runs, has this very
    // verb, and carries frames of FRAME_MIN..FRAME_MIN + steers - 1 bytes. No card hears of what it
    // is to send until ring(), transmit() or send_copy() is called for its queue. Adds each frame
    // to its way.
    steer_verb *steer;

    // Copies a frame of length bytes (FRAME_MIN..max_frame) into the empty buffer of the next
    // transmit slot and queues it. Returns false, with nothing done, when the ring is full.
    bool (*send_copy)(struct queue *tx, const void *data, unsigned length);

    // NULL: only a restart helps. Brings a port that failed back without resetting its card, if
    // that can be, between two bursts. Returns how many of its queues had to be turned off and on
    // for that; or a negative errno, and then stop() and start() must come next.
    int (*revive)(struct port *port);

    // NULL: the link cannot be taken down. Takes the link of a stopped port down for so long that
    // its partner notices; the next start() then negotiates from the beginning. Returns 0,
    // -EINPROGRESS as start() does, or another negative errno when there is no link to take down.
    int (*relink)(struct port *port);

    // NULL: the data verbs run in ring 0 only. What it takes to run them in a domain.
    const struct domain_verbs *domain;

    // NULL: buffer_of is always up to date. Brings that of a queue up to date, between two bursts.
    void (*settle)(struct queue *queue);

    // NULL: the card has no light that could. Lets a light beside the port blink, whatever the link
    // does, so that somebody in front of the rack finds it; false gives the light back its meaning.
    // Works from probe() on; a reset of the card ends the blinking. Returns 0, or a negative errno:
    // -ENODEV when the card does not answer, -EBUSY while it is being reset, -ENOTSUP when this one
    // has no such light.
    int (*blink)(struct port *port, bool on);

    // NULL: there is nothing to say beyond what struct port holds. Prints, with env_print(), what
    // somebody far away needs to find a fault: registers, contents of memories, the driver's own
    // view. Works on whatever probe() left, also when it failed, and on a card that reads all ones.
    // Changes nothing that forwarding needs; bounded in time.
    void (*describe)(struct port *port);
};

// From here on nothing passes the port's queues without a closer look. Whoever lets a port not run
// any more, or have no link, calls this; the driver and the forwarder open the queues again by
// themselves.
static inline void port_close(struct port *port)
{
    for (unsigned i = 0; i < port->rx_queues; i++)
        port->rx[i]->lengths = 0;
    for (unsigned i = 0; i < port->tx_queues; i++)
        port->tx[i]->free = port->tx[i]->lengths = port->tx[i]->steers = 0;
}

// Records that the card broke a rule. The port is dead from here on until it is restarted, or it is
// being stopped anyway.
static inline void port_fail(struct port *port, enum port_fault fault, uint32_t value)
{
    if (port->state != PORT_STOPPING)
        port->state = PORT_FAULTED;
    port->fault = fault;
    port->fault_value = value;
    port->fault_count[fault]++;
    port_close(port);
}

// The relay() of a driver that has none.
static inline struct relayed port_no_relay(struct queue *rx, struct queue *tx, unsigned max,
                                           uint32_t lengths)
{
    (void)rx, (void)tx, (void)max, (void)lengths;
    return (struct relayed){RELAY_NOT_PLAIN, 0};
}

// exchange() and put() of a driver that has none.
static inline uint32_t port_exchange(struct queue *tx, uint64_t buffer, uint64_t length)
{
    struct frame frame = {(uint32_t)buffer, FRAME_HEADROOM, (uint16_t)length};
    return tx->transmit(tx, &frame, 1) == 0 ? NO_BUFFER : frame.buffer;
}

static inline void port_put(struct queue *rx, uint32_t buffer)
{
    const struct frame frame = {.buffer = buffer};
    rx->refill(rx, &frame, 1);
}

// Gives a port, which has been probed, a driver; between two bursts. Its queues know the verbs of
// the hot path by themselves.
static inline void port_use(struct port *port, const struct port_driver *driver)
{
    port->driver = driver;
    for (unsigned i = 0; i < port->rx_queues; i++) {
        port->rx[i]->receive = driver->receive;
        port->rx[i]->refill = driver->refill;
        port->rx[i]->put = driver->put != NULL ? driver->put : port_put;
        port->rx[i]->relay = driver->relay != NULL ? driver->relay : port_no_relay;
        port->rx[i]->steer = driver->steer;
    }
    for (unsigned i = 0; i < port->tx_queues; i++) {
        port->tx[i]->transmit = driver->transmit;
        port->tx[i]->exchange = driver->exchange != NULL ? driver->exchange : port_exchange;
        port->tx[i]->relay = driver->relay != NULL ? driver->relay : port_no_relay;
        port->tx[i]->steer = driver->steer;
        port->tx[i]->steers = 0;
    }
}
