// SPDX-License-Identifier: BSD-2-Clause
// Bursts between two domains whose ring 3 runs here, in the same process: what a burst costs in
// crossings, and what becomes of it when one of the two lies or ends.
// links: net/proxy_relay.c net/proxy_cross.c net/judge.c drivers/domain/entry.c
// links: tests/unit/fakecrossing.c
#include "net/proxy_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "net/proxy_cross.h"

enum { SIDES = 2, PER_QUEUE = 16, BUFFERS = SIDES * 2 * PER_QUEUE, LONGEST = 1514, BURST = 4 };

// One side: a port, its domain, and a driver whose rings are lists of buffers.
static struct side {
    struct port port, image;
    struct domain domain;
    struct domain_answer answer;
    struct domain_call rx_call, tx_call;
    struct proxy proxy;
    uint64_t return_address;
    unsigned waiting; // frames that the card has for us
    uint32_t rx_ring[64], tx_ring[64];
    unsigned rx_count, tx_count; // buffers in them
    unsigned tx_room;
    struct queue rx_image, tx_image; // what ring 3 gets
    bool one_by_one;                 // it takes no more frames than it has room for
    void (*lie)(struct side *side);  // what ring 3 does when it has sent
    uint64_t extra;                  // what it adds to its result
    bool stale;                      // it repeats the generation before
} sides[SIDES];
static uint16_t owners[BUFFERS];
static const struct packet_area area = {.count = BUFFERS, .capacity = 2048, .stride = 2112};
static const struct judge judge = {owners, &area};
static unsigned adoptions;
static bool can_adopt;
static uint64_t ended; // how the next crossing ends
static bool late;      // and not before it has done all it should
uint64_t gate_crossings;

// --- what is around ---

static struct side *side_of(struct queue *queue)
{
    return &sides[queue == &sides[1].rx_image || queue == &sides[1].tx_image];
}

struct gate_result gate_enter(const struct gate_entry *entry)
{
    gate_crossings++;
    uint64_t (*function)(const struct domain_call *) = (__typeof__(function))entry->rip;
    const struct domain_call *call = (const struct domain_call *)entry->argument;
    const struct gate_result result = {0, ended};
    ended = GATE_RETURNED;
    if (result.ended != GATE_RETURNED && !late)
        return result;
    const uint64_t value = function(call);
    if (result.ended != GATE_RETURNED)
        return result;
    const struct side *side = side_of(call->queue);
    call->answer->generation -= side->stale;
    return (struct gate_result){value + side->extra, GATE_RETURNED};
}

// The domain goes on as if nothing had been sent.
bool proxy_adopt(struct proxy_queue *pq, struct proxy_loan *loan)
{
    (void)loan;
    adoptions++;
    if (!can_adopt)
        return false;
    pq->proxy->port->state = PORT_RUNNING;
    pq->proxy->rx[0].fetched = 0;
    pq->queue.free = 0;
    return true;
}

// --- ring 3 ---

static unsigned receive(struct queue *queue, struct frame *frames, unsigned max)
{
    struct side *side = side_of(queue);
    unsigned count = 0;
    for (; count < max && side->waiting > 0 && side->rx_count > 0; count++, side->waiting--) {
        frames[count] = (struct frame){side->rx_ring[0], FRAME_HEADROOM, 60};
        memmove(side->rx_ring, side->rx_ring + 1, --side->rx_count * sizeof side->rx_ring[0]);
    }
    return count;
}

static void refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    struct side *side = side_of(queue);
    for (unsigned i = 0; i < count; i++)
        side->rx_ring[side->rx_count++] = frames[i].buffer;
}

static unsigned room(struct queue *queue, unsigned wanted)
{
    const unsigned free = side_of(queue)->tx_room;
    return wanted < free ? wanted : free;
}

static unsigned transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    struct side *side = side_of(queue);
    unsigned sent = 0;
    const unsigned most = side->one_by_one && side->tx_room < count ? side->tx_room : count;
    for (; sent < most; sent++) {
        const uint32_t empty = side->tx_ring[0];
        memmove(side->tx_ring, side->tx_ring + 1, (PER_QUEUE - 1) * sizeof empty);
        side->tx_ring[PER_QUEUE - 1] = frames[sent].buffer;
        frames[sent].buffer = empty;
    }
    if (side->lie != NULL)
        side->lie(side);
    return sent;
}

// --- the rig ---

static void set_up_queue(struct side *side, struct proxy_queue *pq, struct domain_call *call,
                         struct queue *image, bool transmits)
{
    const uint16_t owner = (uint16_t)(1 + 2 * (side - sides) + transmits);
    *pq = (struct proxy_queue){
        .queue = {&side->port, NULL, PER_QUEUE, transmits ? PER_QUEUE : 0},
        .proxy = &side->proxy,
        .call = call,
        .call_address = (uint64_t)call,
        .owner = owner,
        .transmit = transmits,
        .frames = transmits ? side->answer.sent : side->answer.received,
    };
    *call = (struct domain_call){
        .receive = receive,
        .refill = refill,
        .room = room,
        .transmit = transmit,
        .answer = &side->answer,
        .frames = pq->frames,
        .queue = image,
    };
    for (unsigned i = 0; i < PER_QUEUE; i++) {
        const uint32_t buffer = (uint32_t)(owner - 1) * PER_QUEUE + i;
        owners[buffer] = owner;
        (transmits ? side->tx_ring : side->rx_ring)[i] = buffer;
    }
}

static int setup(void **state)
{
    static const struct domain_verbs verbs;
    static const struct port_driver real = {.name = "of the test", .domain = &verbs};
    (void)state;
    memset(sides, 0, sizeof sides);
    for (struct side *side = sides; side < sides + SIDES; side++) {
        side->port.state = side->image.state = PORT_RUNNING;
        side->domain.answer = &side->answer;
        side->domain.return_address = &side->return_address;
        side->proxy = (struct proxy){.real = &real,
                                     .verbs = &verbs,
                                     .port = &side->port,
                                     .judge = &judge,
                                     .domain = &side->domain,
                                     .image = &side->image};
        set_up_queue(side, &side->proxy.rx[0], &side->rx_call, &side->rx_image, false);
        set_up_queue(side, &side->proxy.tx[0], &side->tx_call, &side->tx_image, true);
        side->rx_count = side->tx_count = side->tx_room = PER_QUEUE;
    }
    adoptions = 0;
    can_adopt = false;
    ended = GATE_RETURNED;
    late = false;
    gate_crossings = 0;
    return 0;
}

static struct relayed relay(unsigned from)
{
    return proxy_relay(&sides[from].proxy.rx[0].queue, &sides[!from].proxy.tx[0].queue, BURST,
                       LONGEST - FRAME_MIN + 1);
}

// Each queue owns as many buffers as it has slots.
static void assert_conserved(void)
{
    unsigned count[1 + 2 * SIDES] = {0};
    for (unsigned i = 0; i < BUFFERS; i++)
        count[owners[i]]++;
    for (unsigned owner = 1; owner <= 2 * SIDES; owner++)
        assert_int_equal(count[owner], PER_QUEUE);
}

// --- the tests ---

static void test_one_direction(void **state)
{
    (void)state;
    sides[0].waiting = BURST + 1;
    struct relayed moved = relay(0);
    assert_int_equal(moved.frames, BURST);
    assert_int_equal(moved.beyond, BURST * (60 - FRAME_MIN));
    assert_int_equal(gate_crossings, 2);
    moved = relay(0);
    assert_int_equal(moved.frames, 1);
    moved = relay(0);
    assert_int_equal(moved.frames, 0);
    assert_int_equal(gate_crossings, 5);
    assert_int_equal(sides[0].rx_count, PER_QUEUE);
    assert_int_equal(sides[0].proxy.rx[0].taken, BURST + 1);
    assert_int_equal(sides[0].proxy.rx[0].put, BURST + 1);
    assert_int_equal(sides[1].proxy.tx[0].put, BURST + 1);
    assert_int_equal(sides[0].proxy.crossings, 3);
    assert_int_equal(sides[1].proxy.crossings, 2);
    assert_conserved();
}

// Under load in both directions a burst costs one crossing.
static void test_both_directions(void **state)
{
    (void)state;
    enum { ROUNDS = 20 };
    sides[0].waiting = sides[1].waiting = (ROUNDS + 1) * BURST;
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(relay(0).frames, BURST);
        assert_int_equal(relay(1).frames, BURST);
    }
    assert_int_equal(gate_crossings, 2 * ROUNDS + 2); // the two are of the first round
    assert_conserved();
}

// What was brought along is looked at only when its turn comes, and is in the ring until then.
static void test_what_was_brought_along_is_judged(void **state)
{
    (void)state;
    struct proxy_queue *back = &sides[1].proxy.rx[0];
    sides[0].waiting = sides[1].waiting = 2 * BURST;
    relay(0);
    relay(1);
    relay(0);
    assert_int_equal(back->fetched, BURST);
    assert_int_equal(back->taken, BURST);
    sides[1].answer.received[1].buffer = sides[1].answer.received[0].buffer;
    assert_int_equal(relay(1).frames, RELAY_NOT_PLAIN);
    assert_int_equal(back->fetched, BURST);
    assert_int_equal(back->taken, BURST);
    assert_conserved();
}

static void test_a_frame_that_is_not_plain_stays(void **state)
{
    (void)state;
    struct proxy_queue *from = &sides[0].proxy.rx[0];
    sides[0].waiting = 2;
    const uint32_t lengths = 59 - FRAME_MIN + 1;
    assert_int_equal(proxy_relay(&from->queue, &sides[1].proxy.tx[0].queue, BURST, lengths).frames,
                     RELAY_NOT_PLAIN);
    assert_int_equal(from->fetched, 2);
    assert_int_equal(from->taken, 0);
    assert_int_equal(sides[1].proxy.crossings, 0);
    assert_conserved();
    assert_int_equal(relay(0).frames, 2); // without asking again
    assert_int_equal(sides[0].proxy.crossings, 1);
}

// The driver takes fewer than there is room for: the rest is as if it had not been taken.
static void test_fewer_are_sent(void **state)
{
    (void)state;
    struct proxy_queue *from = &sides[0].proxy.rx[0];
    sides[0].waiting = BURST;
    sides[1].tx_room = 1; // of which ring 0 does not know
    sides[1].one_by_one = true;
    for (unsigned left = BURST; left-- > 0; sides[1].tx_room = 1) {
        const struct relayed moved = relay(0);
        assert_int_equal(moved.frames, 1);
        assert_int_equal(moved.beyond, 60 - FRAME_MIN);
        assert_int_equal(from->fetched, left);
        assert_int_equal(from->taken, BURST - left);
        assert_conserved();
    }
    assert_int_equal(sides[0].proxy.crossings, 1);
    assert_int_equal(sides[0].rx_call.given, BURST);
    assert_int_equal(relay(0).frames, 0);
    assert_int_equal(sides[0].rx_count, PER_QUEUE);
}

static void test_nothing_without_room(void **state)
{
    (void)state;
    sides[0].waiting = 1;
    sides[1].proxy.tx[0].queue.free = BURST - 1;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(gate_crossings, 0);
}

// What the sending domain may do wrong: its port fails, and the frames are in the receive ring.
static void assert_fails(enum port_fault fault)
{
    sides[0].waiting = BURST;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(sides[1].port.state, PORT_FAULTED);
    assert_int_equal(sides[1].port.fault, fault);
    assert_int_equal(sides[0].port.state, PORT_RUNNING);
    assert_int_equal(sides[0].proxy.rx[0].fetched, BURST);
    assert_int_equal(sides[0].proxy.rx[0].taken, 0);
    assert_int_equal(adoptions, 1);
    for (unsigned i = 0; i < PER_QUEUE; i++)
        assert_int_equal(owners[i], 1); // as before
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(gate_crossings, 2);
}

static void name_a_foreign_buffer(struct side *side)
{
    side->answer.sent[0].buffer = PER_QUEUE - 1; // the other side's, in its receive ring
}

// The buffer that this queue gave away in an earlier crossing, by a handle that was right then.
static void name_a_stale_buffer(struct side *side)
{
    side->answer.sent[0].buffer = side->rx_call.buffers[0].buffer;
}

static void name_one_twice(struct side *side)
{
    side->answer.sent[1].buffer = side->answer.sent[0].buffer;
}

static void name_none(struct side *side)
{
    side->answer.sent[BURST - 1].buffer = BUFFERS;
}

static void say_more(struct side *side)
{
    side->extra = 1;
}

static void say_of_frames_that_nobody_asked_for(struct side *side)
{
    side->extra = 1 << 16;
}

static void say_of_room_that_nobody_asked_for(struct side *side)
{
    side->extra = 1ull << 32;
}

static void fail_the_port(struct side *side)
{
    side->image.state = PORT_FAULTED;
    side->image.fault = PORT_FAULT_TX_HEAD;
}

static void fail_the_port_and_stop(struct side *side)
{
    fail_the_port(side);
    side->extra = (uint64_t)-1; // one frame fewer
}

static void answer_an_earlier_call(struct side *side)
{
    side->stale = true;
}

static void test_lies_of_the_sender(void **state)
{
    const struct {
        void (*lie)(struct side *side);
        enum port_fault fault;
    } lies[] = {
        {name_a_foreign_buffer, PORT_FAULT_FOREIGN},
        {name_one_twice, PORT_FAULT_DUPLICATE},
        {name_none, PORT_FAULT_INDEX},
        {say_more, PORT_FAULT_COUNT_LIE},
        {say_of_frames_that_nobody_asked_for, PORT_FAULT_COUNT_LIE},
        {say_of_room_that_nobody_asked_for, PORT_FAULT_COUNT_LIE},
        {fail_the_port, PORT_FAULT_TX_HEAD},
        {answer_an_earlier_call, PORT_FAULT_STALE},
    };
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        setup(state);
        sides[1].lie = lies[i].lie;
        assert_fails(lies[i].fault);
    }
}

static void test_a_stale_handle_of_the_sender(void **state)
{
    (void)state;
    sides[0].waiting = 2 * BURST;
    assert_int_equal(relay(0).frames, BURST);
    const uint32_t handed_over = sides[0].rx_call.buffers[0].buffer;
    assert_int_equal(owners[handed_over], sides[0].proxy.rx[0].owner);
    sides[1].rx_call.buffers[0].buffer = handed_over;
    sides[1].lie = name_a_stale_buffer;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(sides[1].port.fault, PORT_FAULT_FOREIGN);
}

static void test_a_sender_that_ends_is_taken_over(void **state)
{
    (void)state;
    can_adopt = true;
    sides[0].waiting = BURST;
    assert_true(proxy_fetch(&sides[0].proxy.rx[0], BURST));
    ended = GATE_EXCEPTION_BASE + 14;
    const struct relayed moved = relay(0);
    assert_int_equal(moved.frames, BURST);
    assert_int_equal(adoptions, 1);
    assert_int_equal(sides[1].port.fault_count[PORT_FAULT_EXCEPTION], 1);
    assert_int_equal(sides[1].proxy.tx[0].queue.free, PER_QUEUE); // it was asked again
    assert_conserved();
}

// A crossing that sends, and receives for the other direction: which of the two it was, and what it
// said when it came back.
static void test_who_is_to_blame(void **state)
{
    const struct proxy_queue *tx = &sides[1].proxy.tx[0], *rx = &sides[1].proxy.rx[0];
    const struct {
        uint64_t ended;
        bool late;
        void (*lie)(struct side *side);
        const struct proxy_queue *suspect;
    } cases[] = {
        {GATE_EXCEPTION_BASE + 14, false, NULL, tx},
        {GATE_EXCEPTION_BASE + 14, true, NULL, rx},
        {GATE_OVERDUE, true, NULL, rx},
        {GATE_RETURNED, false, say_more, tx},
        {GATE_RETURNED, false, say_of_frames_that_nobody_asked_for, rx},
        {GATE_RETURNED, false, fail_the_port, rx},
        {GATE_RETURNED, false, fail_the_port_and_stop, tx},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup(state);
        sides[0].waiting = sides[1].waiting = 3 * BURST;
        assert_int_equal(relay(0).frames, BURST);
        assert_int_equal(relay(1).frames, BURST);
        assert_true(proxy_fetch(&sides[0].proxy.rx[0], BURST));
        ended = cases[i].ended;
        late = cases[i].late;
        sides[1].lie = cases[i].lie;
        assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
        assert_int_equal(sides[1].port.state, PORT_FAULTED);
        assert_ptr_equal(sides[1].proxy.suspect, cases[i].suspect);
        assert_null(sides[0].proxy.suspect);
    }
}

static void test_a_receiver_that_ends(void **state)
{
    (void)state;
    sides[0].waiting = BURST;
    ended = GATE_OVERDUE;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(sides[0].port.fault, PORT_FAULT_HANG);
    assert_conserved();
}

// Whoever wants something of a domain gets it from the single verbs.
static void test_not_while_somebody_experiments(void **state)
{
    (void)state;
    sides[0].waiting = BURST;
    sides[1].proxy.fault.fault = FAULT_SENT_INDEX;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    sides[1].proxy.fault.fault = FAULT_NONE;
    sides[0].proxy.kill = PORT_FAULT_KILLED;
    assert_int_equal(relay(0).frames, RELAY_NOT_PLAIN);
    assert_int_equal(gate_crossings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_direction, setup),
        cmocka_unit_test_setup(test_both_directions, setup),
        cmocka_unit_test_setup(test_what_was_brought_along_is_judged, setup),
        cmocka_unit_test_setup(test_a_frame_that_is_not_plain_stays, setup),
        cmocka_unit_test_setup(test_fewer_are_sent, setup),
        cmocka_unit_test_setup(test_nothing_without_room, setup),
        cmocka_unit_test_setup(test_lies_of_the_sender, setup),
        cmocka_unit_test_setup(test_a_stale_handle_of_the_sender, setup),
        cmocka_unit_test_setup(test_a_sender_that_ends_is_taken_over, setup),
        cmocka_unit_test_setup(test_who_is_to_blame, setup),
        cmocka_unit_test_setup(test_a_receiver_that_ends, setup),
        cmocka_unit_test_setup(test_not_while_somebody_experiments, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
