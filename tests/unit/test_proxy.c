// SPDX-License-Identifier: BSD-2-Clause
// The single verbs of ports whose drivers run in domains; ring 3 runs here, in the same process:
// how many crossings bursts cost, and what a domain does not get away with.
// links: net/proxy.c net/proxy_cross.c net/proxy_relay.c net/judge.c drivers/domain/entry.c
// links: tests/unit/fakecrossing.c
#include "net/proxy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/page.h"
#include "net/proxy_adopt.h"
#include "net/proxy_image.h"
#include "net/withheld.h"

enum { PORTS = 2, RX = 2, SLOTS = 16, BUFFERS = PORTS * (RX + 1) * SLOTS, BURST = 4, LENGTH = 60 };

// A card: rings are lists of buffers.
struct ring {
    struct queue queue;
    uint32_t buffer_of[SLOTS];
    unsigned waiting; // frames that the card has for us
};
static struct card {
    struct port port, image;
    struct ring rx[RX], tx;
} cards[PORTS];
static struct packet_area area = {.count = BUFFERS, .capacity = 2048, .stride = 2112};
static struct domain domains[PORTS + 1];
static unsigned domain_count, memory_left;
static uint64_t added; // to what ring 3 returns
uint64_t gate_crossings;

// --- what is around ---

void withheld_look(struct proxy_queue *pq)
{
    (void)pq;
}

struct gate_result gate_enter(const struct gate_entry *entry)
{
    uint64_t (*function)(uint64_t) = (__typeof__(function))entry->rip;
    gate_crossings++;
    return (struct gate_result){function(entry->argument) + added, GATE_RETURNED};
}

uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below)
{
    static uint16_t owners[BUFFERS];
    (void)align, (void)below;
    assert_true(bytes <= sizeof owners);
    return (uint64_t)owners - VM_DIRECT; // an address in the direct map
}

struct domain *domain_create(const char *name)
{
    static struct domain_answer answers[PORTS + 1];
    static uint64_t return_addresses[PORTS + 1];
    struct domain *domain = &domains[domain_count];
    *domain = (struct domain){.name = name,
                              .answer = &answers[domain_count],
                              .answer_address = (uint64_t)&answers[domain_count],
                              .return_address = &return_addresses[domain_count]};
    domain_count++;
    return domain;
}

void *domain_memory(struct domain *domain, size_t bytes, enum vm_user kind, uint64_t *user)
{
    (void)domain, (void)kind;
    if (memory_left == 0)
        return NULL;
    memory_left--;
    static struct domain_call calls[(PORTS + 1) * (RX + 1)];
    static unsigned used;
    assert_true(bytes == sizeof calls[0]);
    void *memory = &calls[used++];
    *user = (uint64_t)memory;
    return memory;
}

struct queue *walk_queue(const struct buffers *buffers, struct walk *walk)
{
    (void)buffers, (void)walk;
    return NULL;
}

unsigned walk_group(const struct buffers *buffers, const struct walk *walk)
{
    (void)buffers, (void)walk;
    return 0;
}

// The domain works on the very queues.
bool proxy_image_plan(struct proxy *proxy)
{
    proxy->image = &((struct card *)proxy->port)->image;
    return true;
}

int proxy_image_make(struct proxy *proxy)
{
    for (unsigned i = 0; i < RX; i++)
        proxy->rx[i].call->queue = proxy->rx[i].real;
    proxy->tx[0].call->queue = proxy->tx[0].real;
    proxy->image->state = PORT_RUNNING;
    return 0;
}

bool proxy_adopt(struct proxy_queue *pq, struct proxy_loan *loan)
{
    (void)pq, (void)loan;
    return false;
}

int proxy_revive(struct port *port)
{
    (void)port;
    return -EPERM;
}

// --- the driver ---

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct ring *ring = (struct ring *)queue;
    unsigned count = 0;
    for (; count < max && ring->waiting > 0; count++, ring->waiting--) {
        frames[count] = (struct frame){ring->buffer_of[0], FRAME_HEADROOM, LENGTH};
        memmove(ring->buffer_of, ring->buffer_of + 1, (SLOTS - 1) * sizeof(uint32_t));
        ring->buffer_of[SLOTS - 1] = NO_BUFFER;
    }
    return count;
}

static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct ring *ring = (struct ring *)queue;
    for (unsigned i = 0; i < count; i++)
        ring->buffer_of[SLOTS - count + i] = frames[i].buffer;
}

static unsigned room(struct queue *queue, unsigned wanted)
{
    (void)queue;
    return wanted < SLOTS ? wanted : SLOTS;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct ring *ring = (struct ring *)queue;
    for (unsigned i = 0; i < count; i++) {
        const uint32_t empty = ring->buffer_of[0];
        memmove(ring->buffer_of, ring->buffer_of + 1, (SLOTS - 1) * sizeof(uint32_t));
        ring->buffer_of[SLOTS - 1] = frames[i].buffer;
        frames[i].buffer = empty;
    }
    return count;
}

static int start(struct port *port)
{
    port->state = PORT_RUNNING;
    port->fault = PORT_OK;
    return 0;
}

static int stop(struct port *port)
{
    port->state = PORT_STOPPED;
    return 0;
}

static void sync(struct queue *queue, bool transmits, uint64_t taken, uint64_t put)
{
    (void)queue, (void)transmits, (void)taken, (void)put;
}

static const struct domain_verbs in_a_domain = {.sync = sync};
// Two kinds of card.
static const struct port_driver drivers[PORTS] = {
    [0 ... PORTS - 1] = {.name = "card",
                         .domain = &in_a_domain,
                         .receive = receive,
                         .refill = refill,
                         .room = room,
                         .transmit = transmit,
                         .start = start,
                         .stop = stop},
};

// --- the rig ---

static void fill(struct ring *ring, struct port *port, uint32_t *buffer)
{
    ring->waiting = 0;
    ring->queue.port = port;
    ring->queue.slots = SLOTS;
    ring->queue.buffer_of = ring->buffer_of;
    for (unsigned i = 0; i < SLOTS; i++)
        ring->buffer_of[i] = (*buffer)++;
}

static void fill_all(void)
{
    uint32_t buffer = 0;
    for (struct card *card = cards; card < cards + PORTS; card++) {
        for (unsigned i = 0; i < RX; i++)
            fill(&card->rx[i], &card->port, &buffer);
        fill(&card->tx, &card->port, &buffer);
    }
}

// Both ports are in domains; the first was inserted when there was memory only at the second try.
static int insert(void **state)
{
    static const struct buffers none;
    (void)state;
    if (!proxy_init(&area))
        return -1;
    fill_all();
    for (unsigned i = 0; i < PORTS; i++) {
        struct port *port = &cards[i].port;
        *port = (struct port){.driver = &drivers[i],
                              .area = &area,
                              .max_frame = 1514,
                              .rx_queues = RX,
                              .tx_queues = 1,
                              .tx = {&cards[i].tx.queue},
                              .rx = {&cards[i].rx[0].queue, &cards[i].rx[1].queue}};
        memory_left = i == 0 ? 2 : RX + 1;
        const int error = proxy_insert(port, &none);
        if (i > 0)
            continue;
        if (error != -ENOMEM || port->driver != &drivers[0] || proxy_of(port) != NULL)
            return -1;
        memory_left = RX + 1;
        if (proxy_insert(port, &none) != 0)
            return -1;
    }
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fill_all();
    for (struct card *card = cards; card < cards + PORTS; card++) {
        while (card->port.driver->start(&card->port) == -EINPROGRESS)
            ;
        proxy_of(&card->port)->fault.fault = FAULT_NONE;
    }
    gate_crossings = 0;
    added = 0;
    return 0;
}

// What a lane does with a burst.
static unsigned pass(unsigned from, unsigned queue, struct port *to)
{
    struct frame frames[BURST];
    struct port *port = &cards[from].port;
    struct queue *rx = port->rx[queue];
    const unsigned count = port->driver->receive(rx, frames, BURST);
    if (count == 0)
        return 0;
    const unsigned sent = to->driver->transmit(to->tx[0], frames, count);
    port->driver->refill(rx, frames, count);
    return sent;
}

static unsigned exchange(unsigned from, unsigned queue)
{
    return pass(from, queue, &cards[!from].port);
}

// --- the tests ---

// Names that a failed insertion used up are used again.
static void test_owners(void **state)
{
    (void)state;
    assert_int_equal(proxy_of(&cards[0].port)->rx[0].owner, 1);
    assert_int_equal(proxy_of(&cards[1].port)->tx[0].owner, PORTS * (RX + 1));
}

// Whatever the two cards are, one relay() serves both.
static void test_two_kinds_of_card_have_one_relay(void **state)
{
    (void)state;
    const struct port_driver *one = cards[0].port.driver, *other = cards[1].port.driver;
    assert_ptr_not_equal(one, other);
    assert_non_null(one->relay);
    assert_ptr_equal(one->relay, other->relay);
}

static void test_one_direction(void **state)
{
    (void)state;
    cards[0].rx[0].waiting = 2 * BURST;
    assert_int_equal(exchange(0, 0), BURST);
    assert_int_equal(gate_crossings, 2);
    assert_int_equal(exchange(0, 0), BURST);
    assert_int_equal(gate_crossings, 4);
    assert_int_equal(exchange(0, 0), 0);
    assert_int_equal(gate_crossings, 5);
}

// What sends a burst brings the next one along.
static void test_both_directions(void **state)
{
    (void)state;
    enum { ROUNDS = 20 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        cards[0].rx[0].waiting += i == 0 ? 2 * BURST : BURST;
        cards[1].rx[0].waiting += i == 0 ? 2 * BURST : BURST;
        assert_int_equal(exchange(0, 0), BURST);
        assert_int_equal(exchange(1, 0), BURST);
    }
    assert_int_equal(gate_crossings, 2 * ROUNDS + 2); // the two are of the first round
}

// An idle receive queue does not hide a busy one.
static void test_two_receive_queues(void **state)
{
    (void)state;
    enum { ROUNDS = 10 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        cards[0].rx[0].waiting += i == 0 ? 2 * BURST : BURST;
        cards[1].rx[0].waiting += i == 0 ? 2 * BURST : BURST;
        assert_int_equal(exchange(0, 0), BURST);
        assert_int_equal(exchange(0, 1), 0);
        assert_int_equal(exchange(1, 0), BURST);
        assert_int_equal(exchange(1, 1), 0);
    }
    assert_int_equal(gate_crossings, (2 + 2) * ROUNDS + 2); // of which two ask the idle ones
}

// Between receive() and refill() of a queue nothing more is fetched from it.
static void test_a_port_that_sends_to_itself(void **state)
{
    (void)state;
    cards[0].rx[0].waiting = 3 * BURST;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pass(0, 0, &cards[0].port), BURST);
    assert_int_equal(gate_crossings, 6);
    assert_int_equal(proxy_of(&cards[0].port)->rx[0].taken, 3 * BURST);
}

static void assert_count_lie(uint64_t lie)
{
    void *state = NULL;
    setup(&state);
    cards[0].rx[0].waiting = BURST;
    struct proxy_queue *pq = &proxy_of(&cards[0].port)->rx[0];
    struct frame frames[BURST];
    assert_int_equal(cards[0].port.driver->receive(&pq->queue, frames, BURST), BURST);
    added = lie;
    struct port *to = &cards[1].port;
    assert_int_equal(to->driver->transmit(to->tx[0], frames, BURST), 0);
    assert_int_equal(to->state, PORT_FAULTED);
    assert_int_equal(to->fault, PORT_FAULT_COUNT_LIE);
}

// Nobody asked for so many frames, or for frames at all, or for so much room.
static void test_lies_of_a_sender(void **state)
{
    (void)state;
    assert_count_lie(1);
    assert_count_lie(1 << 16);
    assert_count_lie((uint64_t)BURST_MAX << 32);
}

// A fault to be injected meets the crossing for which it was made, and no errands.
static void test_no_errands_for_an_experiment(void **state)
{
    (void)state;
    cards[0].rx[0].waiting = cards[1].rx[0].waiting = 2 * BURST;
    exchange(0, 0);
    exchange(1, 0);
    proxy_of(&cards[1].port)->fault = (struct proxy_fault){.fault = FAULT_INDEX, .times = 1};
    assert_int_equal(exchange(0, 0), BURST);
    assert_int_equal(proxy_of(&cards[1].port)->rx[0].fetched, 0);
    assert_int_equal(cards[1].rx[0].waiting, BURST);
}

// A fault of what is sent waits for a crossing that sent enough, whatever else the crossing did.
static void test_faults_of_what_is_sent_wait_for_it(void **state)
{
    (void)state;
    const uint64_t received = 3 << 16, room = (uint64_t)BURST_MAX << 32;
    assert_true(domain_fault_waits(FAULT_SENT_DUPLICATE, 0, 1 | received | room));
    assert_false(domain_fault_waits(FAULT_SENT_DUPLICATE, 0, 2 | received | room));
    assert_true(domain_fault_waits(FAULT_SENT_INDEX, 0, received | room));
    assert_true(domain_fault_waits(FAULT_SENT_FOREIGN, 0, received | room));
    assert_false(domain_fault_waits(FAULT_SENT_INDEX, 0, 1));

    const struct port *port = &cards[1].port;
    struct proxy *proxy = proxy_of(port);
    proxy->fault = (struct proxy_fault){.fault = FAULT_SENT_DUPLICATE, .times = 1};
    port->tx[0]->free = 0;
    assert_true(port->driver->room(port->tx[0], BURST) >= 2);
    assert_int_equal(proxy->fault.fault, FAULT_SENT_DUPLICATE); // still to come
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_owners, setup),
        cmocka_unit_test_setup(test_two_kinds_of_card_have_one_relay, setup),
        cmocka_unit_test_setup(test_one_direction, setup),
        cmocka_unit_test_setup(test_both_directions, setup),
        cmocka_unit_test_setup(test_two_receive_queues, setup),
        cmocka_unit_test_setup(test_a_port_that_sends_to_itself, setup),
        cmocka_unit_test_setup(test_lies_of_a_sender, setup),
        cmocka_unit_test_setup(test_no_errands_for_an_experiment, setup),
        cmocka_unit_test_setup(test_faults_of_what_is_sent_wait_for_it, setup),
    };
    return cmocka_run_group_tests(tests, insert, NULL);
}
