// SPDX-License-Identifier: BSD-2-Clause
// Domains without a card. How long a call into ring 3 and back takes, by the time-stamp counter,
// beside the same call without leaving ring 0; under QEMU's -icount shift=0 the counter counts
// instructions. And what a domain may read, by trying.
#include "kernel/bench.h"

#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/domain.h"
#include "kernel/task.h"

enum { ROUNDS = 1001 }; // odd: there is one in the middle

enum { TRIALS = 2 };

// Domains that try what they may, and what they have for it.
static struct trial {
    struct domain *domain;
    struct domain_call *call;
    uint64_t call_address; // as the domain sees it
} trials[TRIALS];

static uint32_t rounds[ROUNDS];

// The middle one of all, which an interrupt or two do not move. Sorts.
static uint32_t median(void)
{
    for (unsigned i = 1; i < ROUNDS; i++) {
        task_breathe();
        const uint32_t value = rounds[i];
        unsigned at = i;
        for (; at > 0 && rounds[at - 1] > value; at--)
            rounds[at] = rounds[at - 1];
        rounds[at] = value;
    }
    return rounds[ROUNDS / 2];
}

static uint32_t through_the_gate(struct domain *domain)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint64_t before = clock_tsc();
        if (domain_run(domain, domain_nothing, 0).ended != GATE_RETURNED)
            return 0;
        rounds[i] = (uint32_t)(clock_tsc() - before);
        task_breathe();
    }
    return median();
}

static uint32_t in_ring_0(void)
{
    uint64_t (*volatile function)(const struct domain_call *call) = domain_nothing;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint64_t before = clock_tsc();
        function(NULL);
        rounds[i] = (uint32_t)(clock_tsc() - before);
        task_breathe();
    }
    return median();
}

static bool make_trials(void)
{
    for (struct trial *trial = trials; trial < trials + TRIALS; trial++) {
        if (trial->domain == NULL)
            trial->domain = domain_create("bench");
        if (trial->domain != NULL && trial->call == NULL)
            trial->call = domain_memory(trial->domain, sizeof *trial->call, VM_USER_READ,
                                        &trial->call_address);
        if (trial->call == NULL) {
            console_printf("no domain: see the log\n");
            return false;
        }
    }
    return true;
}

static void bench_crossing(void)
{
    const uint32_t crossing = through_the_gate(trials[0].domain), call = in_ring_0();
    if (crossing == 0)
        console_printf("the domain did not come back\n");
    else
        console_printf("crossing %u ticks, plain call %u, medians of %d, domains by %s\n", crossing,
                       call, ROUNDS, domain_mechanism());
}

// Lets a domain read 8 bytes.
static void try_to_read(struct trial *trial, const char *what, uint64_t address)
{
    struct domain *domain = trial->domain;
    char how[96];
    *trial->call = (struct domain_call){
        // Does nothing, and the fault follows.
        .room =
            (__typeof__(trial->call->room))domain_function(domain, (const void *)domain_nothing),
        .answer = (struct domain_answer *)domain->answer_address,
        .fault = FAULT_LOAD_FORWARDER,
        .target = address,
    };
    const struct gate_result result = domain_run(domain, domain_room, trial->call_address);
    gate_describe(result.ended, how, sizeof how);
    console_printf("%s: %s\n", what, result.ended == GATE_RETURNED ? "read" : how);
}

// Both domains run in turns, so that the processor has what each may read in its memory of
// translations when the other one tries.
static void bench_walls(void)
{
    struct trial *one = &trials[0], *other = &trials[1];
    console_printf("domains by %s\n", domain_mechanism());
    try_to_read(other, "the other one, its own memory", other->call_address);
    try_to_read(one, "its own memory", one->call_address);
    try_to_read(one, "the other's memory", other->call_address);
    try_to_read(one, "its own memory again", one->call_address);
    try_to_read(other, "the other one, the first one's memory", one->call_address);
    try_to_read(one, "ring 0's memory", (uint64_t)rounds);
    try_to_read(one, "nobody's memory", 0);
}

void command_bench(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {{"crossing", bench_crossing}, {"walls", bench_walls}};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (argc != 2 || strcmp(argv[1], all[i].name) != 0)
            continue;
        if (make_trials())
            all[i].run();
        return;
    }
    console_printf("usage: bench crossing | walls\n");
}
