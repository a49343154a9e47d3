// SPDX-License-Identifier: BSD-2-Clause
// A port whose data path runs in a domain: looks to the forwarder like any other port.
//
// The driver's start(), stop(), poll() and so on stay in ring 0, with state of their own that no
// domain can reach. Its data verbs run in ring 3, on a copy of its queues made after each start().
// Every burst that comes out is judged (judge.h). A driver that breaks a rule, an exception, or a
// call that does not come back fails the port, which is then restarted like any other: the next
// start() makes a fresh copy.
//
// A crossing that sends a burst brings the next one that the same port has received along, if it
// had any when it was last asked, gives the empty buffers of the refill() before back, and looks
// for room when it is time (proxy_send()). So under load a burst costs one crossing. Where a port
// only sends or only receives, each costs its own: receive() takes the empty buffers of the last
// refill() along. Between two such ports of a wire relay() moves a burst with fewer passes over it
// (proxy_relay.c).
#pragma once
#include "drivers/domain.h"
#include "drivers/port_domain.h"
#include "kernel/domain.h"
#include "net/buffers.h"
#include "net/judge.h"

struct proxy;

struct proxy_queue {
    struct queue queue; // first: what the forwarder sees; buffer_of is that of the driver's own
    struct proxy *proxy;
    struct queue *real;       // the driver's, in ring 0
    struct domain_call *call; // ring 0's view
    uint64_t call_address;    // the domain's
    struct queue *image;      // the copy of *real, as ring 0 sees it
    uint64_t image_address;
    uint16_t owner;            // its number in the judge's table
    struct buffer_range range; // the buffers of its group: it never owns another one
    bool transmit;
    struct frame *frames; // of the answer, as ring 0 sees them: what was received, or is to be sent
    // Receive: frames from frames[fetched_from] on that the driver took off its ring, and ring 0
    // has not looked at. Until it takes them they count as being in the ring.
    uint32_t fetched, fetched_from;
    uint32_t most;    // receive: frames that were asked for last; transmit: room that was
    uint64_t taken;   // receive: frames since start()
    uint64_t put;     // buffers given to the ring since start()
    uint64_t denials; // times that the driver said there is nothing to take, or no room
    struct {          // withheld.c's
        bool ready;
        uint64_t done, denials;
    } looked;
    uint32_t more, filled; // proxy_adopt.c's
    bool renew;            // proxy_adopt.c's: to be turned off and on
    struct proxy_part {    // how the image is made
        struct queue_part part;
        void *copy;       // QUEUE_PRIVATE: ring 0's view of the copy
        uint64_t address; // as the domain sees the part
    } part[QUEUE_PARTS_MAX];
};

// A fault to be injected; see inject.h.
struct proxy_fault {
    enum domain_fault fault;
    unsigned times;
    uint64_t target;
    const char *name;
    const volatile uint32_t *place; // deed.h
};

struct proxy {
    const struct port_driver *real;
    const struct domain_verbs *verbs; // real's
    struct port *port;
    const struct judge *judge;
    struct domain *domain;
    struct port *image; // what the domain's queues point to, as ring 0 sees it
    uint64_t image_address, area_address, nowhere; // for proxy_image.c, as the domain sees them
    uint64_t crossings; // so many, ever; also the generation of the latest
    uint64_t vain;      // of these, such as only asked for frames, and there were none
    struct proxy_fault fault;
    enum port_fault kill;        // at the next crossing, for this; PORT_OK: not
    uint64_t flips;              // bits still to be changed; flips.h
    uint64_t flipped;            // so many were
    bool copies;                 // start() has only the copy to make,
    uint32_t poll_soon_us;       // and then the port's is this
    bool settles;                // stop() has only to say whose slot each buffer is
    uint64_t adopted_us;         // when it last went on with its card running, 0: never
    uint64_t renewed_us;         // when a queue was last turned off and on for that, 0: never
    struct proxy_queue *busy;    // that frames were taken from last, while there are any; or NULL
    struct proxy_queue *suspect; // in whose crossing the port failed; NULL: in none
    char last_words[96];         // how the domain ended last
    struct proxy_queue rx[PORT_QUEUES_MAX], tx[PORT_QUEUES_MAX];
};

// Makes the table for all ports. The area has its dimensions already. False: no memory.
bool proxy_init(const struct packet_area *area);

// Puts a domain between the forwarder and a port that has been probed and dealt its buffers, and
// has not been started. Afterwards port->driver, port->rx and port->tx are the proxy's. Returns 0,
// -ENOTSUP when the driver's data path cannot run in a domain, or -ENOMEM, both after a line in the
// log: the port is as before.
int proxy_insert(struct port *port, const struct buffers *buffers);

// The proxy of a port, or NULL.
struct proxy *proxy_of(const struct port *port);
