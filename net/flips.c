// SPDX-License-Identifier: BSD-2-Clause
// One bit before each crossing, until so many were changed. Damage adds up until the domain ends,
// and is gone when it gets a fresh copy of everything.
#include "net/flips.h"

#include <inttypes.h>
#include <stdlib.h>

#include "kernel/console.h"
#include "kernel/image.h"
#include "net/find_port.h"
#include "net/proxy.h"
#include "net/restarts.h"

enum { STACK_IN_USE = 512, PLACES = 5 };

static struct supervisor *supervisor;
static uint64_t state = 1; // of the generator, never 0

// xorshift64: Marsaglia, "Xorshift RNGs", 2003.
static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void flip_in(void *memory, uint64_t bytes)
{
    const uint64_t bit = next_random() % (bytes * 8);
    ((volatile uint8_t *)memory)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

// A part of some queue: of its own data, or of the memory that it shares with the card.
static void flip_in_queue(struct proxy *proxy, bool shared)
{
    const unsigned queues = proxy->port->rx_queues + proxy->port->tx_queues;
    const unsigned number = (unsigned)(next_random() % queues);
    struct proxy_queue *pq = number < proxy->port->rx_queues
                                 ? &proxy->rx[number]
                                 : &proxy->tx[number - proxy->port->rx_queues];
    const unsigned first = (unsigned)(next_random() % QUEUE_PARTS_MAX);
    for (unsigned i = 0; i < QUEUE_PARTS_MAX; i++) {
        const struct proxy_part *part = &pq->part[(first + i) % QUEUE_PARTS_MAX];
        if (part->address == 0 || part->part.kind != (shared ? QUEUE_DMA : QUEUE_PRIVATE))
            continue;
        flip_in(shared ? (void *)(uintptr_t)part->part.memory : part->copy, part->part.bytes);
        return;
    }
}

void flips_flip(struct proxy *proxy)
{
    struct domain *domain = proxy->domain;
    proxy->flips--;
    proxy->flipped++;
    switch (next_random() % PLACES) {
    case 0:
        flip_in(domain->text_copy, (uint64_t)(domain_text_end - domain_text_start));
        break;
    case 1:
        flip_in(domain->return_address + 1 - STACK_IN_USE / sizeof(uint64_t), STACK_IN_USE);
        break;
    case 2:
        flip_in(domain->answer, sizeof *domain->answer);
        break;
    case 3:
        flip_in_queue(proxy, false);
        break;
    default:
        flip_in_queue(proxy, true);
        break;
    }
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

static void show(const struct port *port, const struct proxy *proxy)
{
    const struct restart_record *record = restart_record(port);
    console_printf("%s: %" PRIu64 " bits changed, %" PRIu64 " to go, %" PRIu64
                   " restarts, longest outage %" PRIu64 " us\n",
                   port->name, proxy->flipped, proxy->flips, record->total, record->max_outage_us);
    for (unsigned cause = 0; cause < PORT_FAULT_COUNT; cause++)
        for (unsigned step = 0; step < STEP_COUNT; step++)
            if (record->count[cause][step] != 0)
                console_printf("  %10" PRIu64 " %s, %s\n", record->count[cause][step],
                               port_fault_name(cause), restart_step_name(step));
}

void command_flips(int argc, char **argv)
{
    if (supervisor == NULL || argc < 2) {
        console_printf(supervisor == NULL ? "nothing is forwarded: see the log\n"
                                          : "usage: flips PORT [COUNT [SEED]]\n");
        return;
    }
    const int number =
        find_port(supervisor->buffers->ports, supervisor->buffers->port_count, argv[1]);
    if (number < 0)
        return;
    struct port *port = supervisor->ports[number].port;
    struct proxy *proxy = proxy_of(port);
    if (proxy == NULL) {
        console_printf("%s: not in a domain\n", argv[1]);
        return;
    }
    if (argc > 2)
        proxy->flips = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        state = strtoull(argv[3], NULL, 10) | 1;
    show(port, proxy);
}
