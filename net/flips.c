// SPDX-License-Identifier: BSD-2-Clause
// One bit after each so many instructions, in the midst of whatever the driver does, until so many
// were changed. Damage adds up until the domain ends, and is gone when it gets a fresh copy of
// everything.
#include "net/flips.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/console.h"
#include "kernel/image.h"
#include "kernel/log.h"
#include "kernel/number.h"
#include "kernel/trap.h"
#include "net/find_port.h"
#include "net/proxy.h"
#include "net/restarts.h"

enum {
    OUTAGES_MAX = 16384, // kept, the latest
    STEPS_MAX = 256,     // instructions from one bit to the next, at most
    STACK_IN_USE = 512,  // bytes
    NEAR = 128,          // bytes of text around the instruction that runs
    REGISTER_BLOCK = 64, // bytes: the registers of a queue lie together (82599 datasheet 8.2.2)
};

enum place { TEXT, TEXT_NEAR, STACK, ANSWER, QUEUE, RING, CARD, REGISTER, PLACES };
static const char *const place_names[PLACES] = {
    [TEXT] = "text",     [TEXT_NEAR] = "running text", [STACK] = "stack",
    [ANSWER] = "answer", [QUEUE] = "queues",           [RING] = "rings",
    [CARD] = "card",     [REGISTER] = "registers",
};

static struct supervisor *supervisor;

// What goes on at each port, by its number.
static struct experiment {
    struct proxy *proxy; // NULL: nothing ever did
    uint64_t state;      // of the generator, never 0
    bool shown;          // each bit is a line in the log
    unsigned steps_left; // to the next bit, between two crossings
    uint64_t counts[PLACES];
    uint64_t restarts_seen;
} experiments[NET_PORTS_MAX];
static struct experiment *victim; // that steps

static uint32_t outages[OUTAGES_MAX]; // microseconds, of all ports
static uint64_t outage_count;

// xorshift64: Marsaglia, "Xorshift RNGs", 2003.
static uint64_t next_random(void)
{
    uint64_t *state = &victim->state;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void say(enum place place, uint64_t at, unsigned bit)
{
    const struct proxy *proxy = victim->proxy;
    victim->counts[place]++;
    if (victim->shown)
        log_line("%s: flip %" PRIu64 ": %s, %#" PRIx64 " bit %u", proxy->port->name, proxy->flipped,
                 place_names[place], at, bit);
}

static void flip_in(enum place place, void *memory, uint64_t first, uint64_t bytes)
{
    const uint64_t bit = first * 8 + next_random() % (bytes * 8);
    ((volatile uint8_t *)memory)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    say(place, bit / 8, bit % 8);
}

// In as many bytes of the memory around `at`.
static void flip_around(enum place place, void *memory, uint64_t size, uint64_t at, uint64_t bytes)
{
    const uint64_t first = at < bytes / 2 ? 0 : at - bytes / 2;
    const uint64_t last = size - bytes;
    flip_in(place, memory, first < last ? first : last, bytes);
}

// One of the registers of the queue, of the width that its driver uses.
static void flip_card(const struct queue_part *part)
{
    const uintptr_t block = (uintptr_t)part->memory & ~(uintptr_t)(REGISTER_BLOCK - 1);
    const uint64_t number = next_random() % (REGISTER_BLOCK / part->bytes);
    const unsigned bit = (unsigned)(next_random() % (part->bytes * 8));
    if (part->bytes == sizeof(uint16_t))
        ((volatile uint16_t *)block)[number] ^= (uint16_t)(1u << bit);
    else
        ((volatile uint32_t *)block)[number] ^= 1u << bit;
    say(CARD, number * part->bytes, bit);
}

// A part of some queue: its own data, the memory that it shares with the card, or registers.
static void flip_in_queue(struct proxy *proxy, enum place place)
{
    static const int kinds[PLACES] = {
        [QUEUE] = QUEUE_PRIVATE, [RING] = QUEUE_DMA, [CARD] = QUEUE_REGISTER};
    const unsigned queues = proxy->port->rx_queues + proxy->port->tx_queues;
    const unsigned number = (unsigned)(next_random() % queues);
    struct proxy_queue *pq = number < proxy->port->rx_queues
                                 ? &proxy->rx[number]
                                 : &proxy->tx[number - proxy->port->rx_queues];
    const unsigned first = (unsigned)(next_random() % QUEUE_PARTS_MAX);
    for (unsigned i = 0; i < QUEUE_PARTS_MAX; i++) {
        const struct proxy_part *part = &pq->part[(first + i) % QUEUE_PARTS_MAX];
        if (part->address == 0 || (int)part->part.kind != kinds[place])
            continue;
        if (place == CARD)
            flip_card(&part->part);
        else
            flip_in(place, place == RING ? (void *)(uintptr_t)part->part.memory : part->copy, 0,
                    part->part.bytes);
        return;
    }
}

// One of those that ring 3 itself can change: IRET would fault in ring 0 if rip became an address
// that no program can have.
static void flip_register(struct trap_frame *frame)
{
    static const uint8_t flags[] = {0, 2, 4, 6, 7, 8, 10, 11, 14, 18, 21}; // SDM volume 1, 3.4.3
    uint64_t *const general = &frame->r15;                                 // the first of 15
    const unsigned number = (unsigned)(next_random() % 18);
    const unsigned bit = (unsigned)(next_random() % 64);
    if (number < 15)
        general[number] ^= 1ull << bit;
    else if (number == 15)
        frame->rsp ^= 1ull << bit;
    else if (number == 16)
        frame->rip ^= 1ull << bit % 47;
    else
        frame->rflags ^= 1ull << flags[bit % sizeof flags];
    say(REGISTER, number, bit);
}

static void flip(struct trap_frame *frame)
{
    struct proxy *proxy = victim->proxy;
    const struct domain *domain = proxy->domain;
    const uint64_t text_bytes = (uint64_t)(domain_text_end - domain_text_start);
    const enum place place = next_random() % PLACES;
    proxy->flips--;
    proxy->flipped++;
    victim->steps_left = 0;
    switch (place) {
    case TEXT:
        flip_in(place, domain->text_copy, 0, text_bytes);
        break;
    case TEXT_NEAR:
        flip_around(place, domain->text_copy, text_bytes, frame->rip - domain->text, NEAR);
        break;
    case STACK:
        flip_around(place, domain->stack, DOMAIN_STACK_BYTES,
                    frame->rsp - domain->entry.rsp + DOMAIN_STACK_BYTES, STACK_IN_USE);
        break;
    case ANSWER:
        flip_in(place, domain->answer, 0, sizeof *domain->answer);
        break;
    case REGISTER:
        flip_register(frame);
        break;
    default:
        flip_in_queue(proxy, place);
        break;
    }
}

static struct experiment *experiment_of(const struct proxy *proxy)
{
    unsigned number = 0;
    while (number + 1 < NET_PORTS_MAX && experiments[number].proxy != proxy)
        number++;
    return &experiments[number];
}

// Whether the port was restarted since its last crossing.
static void note_outage(struct experiment *experiment)
{
    const struct restart_record *record = restart_record(experiment->proxy->port);
    if (record->total == experiment->restarts_seen)
        return;
    experiment->restarts_seen = record->total;
    outages[outage_count++ % OUTAGES_MAX] = (uint32_t)record->last_outage_us;
}

void flips_begin(struct proxy *proxy)
{
    victim = experiment_of(proxy);
    note_outage(victim);
    if (victim->steps_left == 0) // a quarter of STEPS_MAX, on average
        victim->steps_left = 1 + (unsigned)(next_random() & next_random()) % STEPS_MAX;
    gate_step(victim->steps_left, flip);
}

void flips_end(void)
{
    victim->steps_left = gate_step(0, NULL);
}

void flips_init(struct supervisor *the_supervisor)
{
    supervisor = the_supervisor;
}

void flips_poll(void)
{
    for (unsigned i = 0; supervisor != NULL && i < supervisor->count; i++) {
        const struct proxy *proxy = proxy_of(supervisor->ports[i].port);
        if (proxy != NULL && proxy->flips != 0 && supervisor->ports[i].state == SUPERVISED_PARKED)
            supervise_restart(supervisor, i);
    }
}

static int by_size(const void *a, const void *b)
{
    const uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

static void show_outages(void)
{
    const size_t kept = outage_count < OUTAGES_MAX ? outage_count : OUTAGES_MAX;
    if (kept == 0)
        return;
    qsort(outages, kept, sizeof outages[0], by_size); // what comes next replaces any of them
    console_printf("  %" PRIu64 " outages of all ports, us: p50 %" PRIu32 " p90 %" PRIu32
                   " p99 %" PRIu32 " max %" PRIu32 "\n",
                   outage_count, outages[kept / 2], outages[kept * 9 / 10],
                   outages[kept * 99 / 100], outages[kept - 1]);
}

static void show(const struct proxy *proxy, const struct experiment *experiment)
{
    const struct port *port = proxy->port;
    const struct restart_record *record = restart_record(port);
    console_printf("%s: %" PRIu64 " bits changed, %" PRIu64 " to go, %" PRIu64 " restarts\n",
                   port->name, proxy->flipped, proxy->flips, record->total);
    for (unsigned place = 0; place < PLACES; place++)
        console_printf("  %10" PRIu64 " in: %s\n", experiment->counts[place], place_names[place]);
    for (unsigned cause = 0; cause < PORT_FAULT_COUNT; cause++)
        for (unsigned step = 0; step < STEP_COUNT; step++)
            if (record->count[cause][step] != 0)
                console_printf("  %10" PRIu64 " %s, %s\n", record->count[cause][step],
                               port_fault_name(cause), restart_step_name(step));
    show_outages();
}

static bool under_way(void)
{
    for (unsigned i = 0; i < supervisor->count; i++)
        if (experiments[i].proxy != NULL && experiments[i].proxy->flips != 0)
            return true;
    return false;
}

static void begin(struct experiment *experiment, struct proxy *proxy, uint64_t count, bool shown)
{
    if (!under_way())
        outage_count = 0;
    experiment->proxy = proxy;
    experiment->shown = shown;
    experiment->restarts_seen = restart_record(proxy->port)->total;
    memset(experiment->counts, 0, sizeof experiment->counts);
    if (experiment->state == 0)
        experiment->state = 1;
    proxy->flips = count;
}

void command_flips(int argc, char **argv)
{
    uint64_t count = 0, seed = 0;
    if (!box_runs(supervisor))
        return;
    if (argc < 2 || argc > 5 || (argc > 2 && !number_parse(argv[2], 0, UINT64_MAX, &count)) ||
        (argc > 3 && !number_parse(argv[3], 0, UINT64_MAX, &seed)) ||
        (argc > 4 && strcmp(argv[4], "show") != 0)) {
        console_printf("usage: flips PORT [COUNT [SEED [show]]]\n");
        return;
    }
    const int number =
        find_port(supervisor->buffers->ports, supervisor->buffers->port_count, argv[1]);
    if (number < 0)
        return;
    struct experiment *experiment = &experiments[number];
    struct proxy *proxy = proxy_of(supervisor->ports[number].port);
    if (proxy == NULL) {
        console_printf("%s: not in a domain\n", argv[1]);
        return;
    }
    if (argc > 3)
        experiment->state = (seed << 1 | 1) * 0x9e3779b97f4a7c15; // spread over all bits
    if (argc > 2)
        begin(experiment, proxy, count, argc > 4);
    show(proxy, experiment);
}
