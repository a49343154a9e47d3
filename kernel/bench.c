// SPDX-License-Identifier: BSD-2-Clause
// How long a call into ring 3 and back takes, by the time-stamp counter, beside the same call
// without leaving ring 0. Under QEMU's -icount shift=0 the counter counts instructions.
#include "kernel/bench.h"

#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/domain.h"

enum { ROUNDS = 1001 }; // odd: there is one in the middle

static uint32_t rounds[ROUNDS];

// The middle one of all, which an interrupt or two do not move. Sorts, which takes a few ms once.
static uint32_t median(void)
{
    for (unsigned i = 1; i < ROUNDS; i++) {
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
    }
    return median();
}

void command_bench(int argc, char **argv)
{
    static struct domain *domain;
    if (argc != 2 || strcmp(argv[1], "crossing") != 0) {
        console_printf("usage: bench crossing\n");
        return;
    }
    if (domain == NULL)
        domain = domain_create("bench");
    if (domain == NULL) {
        console_printf("no domain: see the log\n");
        return;
    }
    const uint32_t crossing = through_the_gate(domain), call = in_ring_0();
    if (crossing == 0)
        console_printf("the domain did not come back\n");
    else
        console_printf("crossing %u ticks, plain call %u, medians of %d, domains by %s\n", crossing,
                       call, ROUNDS, domain_mechanism());
}
