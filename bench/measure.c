// SPDX-License-Identifier: BSD-2-Clause
// The measuring program: one path, one batch size.
//
//     measure PATH BATCH ROUNDS          moves BATCH frames a round in each direction
//     measure PATH latency MPPS FRAMES   how long frames wait at a load: latency.c
//     measure PATH lies                  plays a lying card: are the safety checks there?
//     measure list                       the names of the paths
//
// Prints one line of JSON. Instructions are counted from outside, with valgrind's --toggle-collect
// on forward_poll() (or foreign_forward()); cycles are this processor's time stamps around each
// round. bench/run does both and makes the table.
//
// A frame that is lost, changed, doubled or out of order ends the program with status 1, and so
// does a buffer that is not in exactly one slot at the end.
#include "bench/clock.h"
#include "bench/latency.h"
#include "bench/rig.h"
#include "kernel/gate.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENDING = 64,        // rounds
    AHEAD_MOST = 64,    // longest burst of which four fit every usual ring
    AHEAD_SLOTS = 2048, // for longer ones
};

#define TWO(kind)     .cards = &cards_##kind, .ports = 2
#define FOUR(kind)    .cards = &cards_##kind, .ports = 4
#define EIGHT(kind)   .cards = &cards_##kind, .ports = 8
#define BRIDGE(count) .bridge = true, .flows = (count)
static const struct path paths[] = {
    {.name = "wire-82599-fused", TWO(82599)},
    {.name = "wire-82599-fused-touch", TWO(82599), .touch = true},
    {.name = "wire-82599-fused-sse2", TWO(82599), .narrow = true},
    {.name = "wire-82599-fused-sse2-touch", TWO(82599), .narrow = true, .touch = true},
    {.name = "wire-82599", TWO(82599), .generic = true},
    {.name = "wire-82599-touch", TWO(82599), .generic = true, .touch = true},
    {.name = "wire-virtio-fused", TWO(virtio)},
    {.name = "wire-virtio", TWO(virtio), .generic = true},
    {.name = "wire-virtio-touch", TWO(virtio), .generic = true, .touch = true},
    {.name = "wire-82599-domain", TWO(82599), .domain = true},
    {.name = "wire-virtio-domain", TWO(virtio), .domain = true},
    {.name = "wire-82599-bounce", TWO(82599), .bounce = true},
    {.name = "wire-virtio-bounce", TWO(virtio), .bounce = true},
    {.name = "bridge-82599", TWO(82599), BRIDGE(1)},
    {.name = "bridge-82599-1000-flows", TWO(82599), BRIDGE(1000)},
    {.name = "bridge-82599-4-ports", FOUR(82599), BRIDGE(100)},
    {.name = "bridge-82599-8-ports", EIGHT(82599), BRIDGE(20)},
    {.name = "bridge-82599-verbs", TWO(82599), BRIDGE(1), .generic = true},
    {.name = "bridge-82599-verbs-8-ports", EIGHT(82599), BRIDGE(20), .generic = true},
    {.name = "bridge-virtio", TWO(virtio), BRIDGE(1)},
    {.name = "bridge-virtio-4-ports", FOUR(virtio), BRIDGE(100)},
    {.name = "bridge-virtio-8-ports", EIGHT(virtio), BRIDGE(20)},
    {.name = "bridge-82599-domain", TWO(82599), BRIDGE(1), .domain = true},
    {.name = "foreign-82599", TWO(82599), .touch = true, .foreign = true},
};
enum { PATHS = sizeof paths / sizeof paths[0] };

static const struct path *find_path(const char *name)
{
    for (unsigned i = 0; i < PATHS; i++)
        if (strcmp(paths[i].name, name) == 0)
            return &paths[i];
    fprintf(stderr, "bench: no path '%s'; measure list shows them\n", name);
    exit(2);
}

// What two time stamps cost by themselves.
static uint64_t time_stamps(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 1000; i++) {
        const uint64_t begin = time_stamp(), cost = time_stamp() - begin;
        least = cost < least ? cost : least;
    }
    return least;
}

static int compare(const void *a, const void *b)
{
    const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

// The mean of the middle half of a sorted list. Where the time stamp counter goes up in steps of
// tens, this resolves more than the median does.
static double middle_mean(const uint64_t *sorted, unsigned long count)
{
    const unsigned long first = count / 4, end = count - count / 4;
    double sum = 0;
    for (unsigned long i = first; i < end; i++)
        sum += (double)sorted[i];
    return sum / (double)(end - first);
}

// One round, after which no more than `may_wait` frames wait; so many did before it. A burst may
// end early, at the end of a ring. Returns its cycles; *seen is how many frames moved.
static uint64_t move(unsigned batch, unsigned waiting, unsigned may_wait, unsigned *seen)
{
    waiting += batch * rig.path->ports;
    rig_offer(batch);
    const uint64_t begin = time_stamp();
    *seen = rig_poll();
    const uint64_t end = time_stamp();
    uint64_t cycles = end - begin;
    while (waiting - *seen > may_wait) {
        const uint64_t again = time_stamp();
        const unsigned more = rig_poll();
        cycles += time_stamp() - again;
        if (more == 0)
            break;
        *seen += more;
    }
    return cycles;
}

static int measure(const struct path *path, unsigned batch, unsigned long rounds)
{
    uint64_t *cycles = calloc(rounds, sizeof *cycles);
    if (cycles == NULL)
        return 1;
    rig_open(path, batch, path->domain && batch > AHEAD_MOST ? AHEAD_SLOTS : 0);
    uint64_t offered = 0, forwarded = 0, sent = 0;
    (void)rig_collect();
    // Between two domains what sends a burst brings the next one of the other direction along, if
    // it is there, as it is on a box with something to do: so another burst waits than the one that
    // is taken. A ring holds both, the rest of one that was cut at the ring's end, and the empty
    // slots of the one before.
    const unsigned all = batch * path->ports;
    if (path->domain) {
        rig_offer(batch);
        offered += all;
    }
    const uint64_t doorbells = rig_doorbells(), overhead = time_stamps();
    const uint64_t crossings = gate_crossings;
    for (unsigned long round = 0; round < rounds; round++) {
        unsigned seen;
        const uint64_t took =
            move(batch, (unsigned)(offered - forwarded), path->domain ? 2 * all - 1 : 0, &seen);
        cycles[round] = took > overhead ? took - overhead : 0;
        offered += all;
        forwarded += seen;
        sent += rig_collect();
    }
    while (forwarded < offered && path->domain) {
        const unsigned seen = rig_poll();
        if (seen == 0)
            break;
        forwarded += seen;
        sent += rig_collect();
    }
    // While bursts are full, a bridge may let doorbells wait: not in a round that finds nothing. A
    // foreign driver may keep frames back for some rounds.
    const unsigned ending = path->foreign ? ENDING : path->bridge ? 1 : 0;
    for (unsigned i = 0; i < ending; i++) {
        (void)rig_poll();
        sent += rig_collect();
    }
    const uint64_t crossed = gate_crossings - crossings;
    const uint64_t rung = rig_doorbells() - doorbells;
    qsort(cycles, rounds, sizeof *cycles, compare);
    const double frames = batch * path->ports;
    printf("{\"path\": \"%s\", \"batch\": %u, \"frames\": %" PRIu64
           ", \"cycles_per_packet\": %.2f, \"cycles_per_packet_middle\": %.2f, "
           "\"cycles_per_packet_p10\": %.2f, "
           "\"mmio_writes_per_packet\": %.5f, \"crossings_per_packet\": %.5f}\n",
           path->name, batch, offered, (double)cycles[rounds / 2] / frames,
           middle_mean(cycles, rounds) / frames, (double)cycles[rounds / 10] / frames,
           (double)rung / (double)offered, (double)crossed / (double)offered);
    const bool conserved = rig_conserved();
    if (rig.faults != 0 || sent != offered || forwarded != offered || !conserved) {
        fprintf(stderr,
                "bench: %s, batch %u: offered %" PRIu64 ", forwarded %" PRIu64 ", sent %" PRIu64
                ", %u wrong, buffers %s\n",
                path->name, batch, offered, forwarded, sent, rig.faults,
                conserved ? "conserved" : "lost");
        return 1;
    }
    return 0;
}

static int play_lies(const struct path *path)
{
    rig_open(path, BURST_DEFAULT, 0);
    return lies_are_found() ? 0 : 1;
}

static int measure_latency(const struct path *path, const char *load, const char *count)
{
    const double mpps = strtod(load, NULL);
    const unsigned long frames = strtoul(count, NULL, 10);
    if (!(mpps > 0 && mpps <= 1000) || frames == 0 || path->ports != 2 || path->foreign) {
        fprintf(stderr, "bench: latency wants a load above 0 and up to 1000 Mpps, frames, and a "
                        "path of ours between two cards\n");
        return 2;
    }
    return latency(path, mpps, frames);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (unsigned i = 0; i < PATHS; i++)
            puts(paths[i].name);
        return 0;
    }
    if (argc == 3 && strcmp(argv[2], "lies") == 0)
        return play_lies(find_path(argv[1]));
    if (argc == 5 && strcmp(argv[2], "latency") == 0)
        return measure_latency(find_path(argv[1]), argv[3], argv[4]);
    const unsigned long batch = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    const unsigned long rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (batch == 0 || batch > BURST_MAX || rounds == 0) {
        fprintf(stderr,
                "usage: measure PATH 1..%u ROUNDS | PATH latency MPPS FRAMES | PATH lies | list\n",
                (unsigned)BURST_MAX);
        return 2;
    }
    return measure(find_path(argv[1]), (unsigned)batch, rounds);
}
