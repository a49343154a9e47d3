// SPDX-License-Identifier: BSD-2-Clause
// How long a frame waits in the box at a given load: from the moment when the card has written its
// descriptor back to the moment when the tail that gives it to the other card has been written.
//
// Time is the core's own: what the box's polls take is added up (time stamps around each call), and
// the next frame arrives when that clock says so. A card can only act between two polls, so a frame
// that is due during one is found by the next, and counts from when it was due; and a frame is done
// when the poll that sent it has returned. Both make the figure too long rather than too short, by
// less than one poll each.
//
// While nothing is due the box polls and finds nothing. Only some of these polls are made; for the
// others the clock goes on by what they would have taken.
//
// A poll that takes longer than 20 microseconds was interrupted: by the host, as nothing in a poll
// of so few frames takes so long, or else the box has a fault. It is counted by itself, and neither
// the clock nor the distribution has it. Shorter interruptions cannot be told from the box's own
// work: how many there are, without the box, is measured before and printed beside the result.
#include "bench/latency.h"
#include "bench/clock.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WARM = 4096,        // frames at the beginning that are not timed
    WAITING_MAX = 4096, // frames under way in each direction: more than a ring has slots
    INTERRUPTED_US = 20,
    IDLE_POLLS = 4, // that find nothing are made before the next frame is due
    ENDING = 64,    // polls
};

// Frames under way to one port.
struct waiting {
    double due[WAITING_MAX]; // when the descriptor of each was done, cycles
    uint64_t arrived, left;
};

static struct {
    struct waiting waiting[2];
    double now, next, interval; // cycles: the clock, the next arrival, and between two
    unsigned port;              // where the next frame arrives
    double overhead;            // of the time stamps, cycles
    double limit;               // a poll that takes longer was interrupted, cycles
    uint64_t polls, interrupted, untimed;
    double longest;       // poll that was not interrupted, cycles
    double idle;          // what a poll takes that finds nothing, on the average, cycles
    uint32_t *taken;      // by each frame, cycles
    unsigned long wanted; // frames to be timed
    unsigned long timed;
} run;

// What is due arrives, at both ports in turn. False when a card has no room.
static bool arrive(void)
{
    for (; run.next <= run.now; run.next += run.interval) {
        struct waiting *waiting = &run.waiting[1 - run.port];
        if (waiting->arrived - waiting->left == WAITING_MAX || !rig_arrive(run.port))
            return false;
        waiting->due[waiting->arrived++ % WAITING_MAX] = run.next;
        run.port = 1 - run.port;
    }
    return true;
}

// The cards send. Frames leave a port in the order in which they arrived at the other.
static void leave(bool interrupted)
{
    for (unsigned port = 0; port < 2; port++) {
        struct waiting *waiting = &run.waiting[port];
        for (unsigned sent = rig.path->cards->send(port); sent > 0; sent--) {
            const double took = run.now - waiting->due[waiting->left++ % WAITING_MAX];
            if (interrupted || waiting->left <= WARM)
                run.untimed++;
            else if (run.timed < run.wanted)
                run.taken[run.timed++] = took > 0 ? (uint32_t)took : 0;
        }
    }
}

// A poll found nothing: up to a few polls before the next arrival the others would find nothing
// either. Each takes what they take on the average.
static void wait_for_next(double took)
{
    run.idle += (took - run.idle) / 64;
    const double polls = floor((run.next - run.now) / run.idle) - IDLE_POLLS;
    if (run.idle >= 1 && polls > 0)
        run.now += polls * run.idle;
}

static void poll(void)
{
    const uint64_t begin = time_stamp();
    const unsigned seen = rig_poll();
    const double took = (double)(time_stamp() - begin) - run.overhead;
    const bool interrupted = took > run.limit;
    run.polls++;
    run.interrupted += interrupted;
    if (!interrupted) {
        run.now += took;
        run.longest = took > run.longest ? took : run.longest;
    }
    leave(interrupted);
    if (seen == 0 && !interrupted)
        wait_for_next(took);
}

static int compare(const void *a, const void *b)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

// Of a sorted list, the least value that such a share of all do not exceed.
static uint32_t quantile(const uint32_t *sorted, unsigned long count, double share)
{
    const unsigned long at = (unsigned long)(share * (double)count);
    return sorted[at < count ? at : count - 1];
}

static void print(double mpps, double rate, struct interruptions host)
{
    const uint32_t *taken = run.taken;
    const unsigned long timed = run.timed;
    qsort(run.taken, timed, sizeof *taken, compare);
    printf("{\"path\": \"%s\", \"mpps\": %g, \"frames\": %lu, \"untimed\": %" PRIu64
           ", \"cycles_per_us\": %.1f, \"cycles\": {\"p50\": %" PRIu32 ", \"p99\": %" PRIu32
           ", \"p99.9\": %" PRIu32 ", \"p99.99\": %" PRIu32 ", \"max\": %" PRIu32
           "}, \"polls\": %" PRIu64 ", \"longest_poll\": %.0f, \"interrupted_polls\": %" PRIu64
           ", \"host\": {\"interruptions_per_s\": %.0f, \"share\": %.6f, \"longest_us\": %.1f}}\n",
           rig.path->name, mpps, timed, run.untimed, rate, quantile(taken, timed, 0.5),
           quantile(taken, timed, 0.99), quantile(taken, timed, 0.999),
           quantile(taken, timed, 0.9999), taken[timed - 1], run.polls, run.longest,
           run.interrupted, host.per_second, host.share, host.longest);
}

int latency(const struct path *path, double mpps, unsigned long frames)
{
    rig_open(path, BURST_DEFAULT, 0);
    const double rate = time_stamp_rate();
    const struct interruptions host = interruptions(rate);
    run.overhead = time_stamps_mean();
    run.limit = rate * INTERRUPTED_US;
    run.interval = rate / mpps;
    run.wanted = frames;
    run.taken = calloc(frames, sizeof *run.taken);
    if (run.taken == NULL)
        return 1;
    bool room = true;
    while (run.timed < frames && room && rig.faults == 0) {
        room = arrive();
        poll();
    }
    for (unsigned i = 0; i < ENDING; i++)
        poll();

    uint64_t arrived = 0, left = 0;
    for (unsigned i = 0; i < 2; i++) {
        arrived += run.waiting[i].arrived;
        left += run.waiting[i].left;
    }
    const bool conserved = rig_conserved();
    if (!room || rig.faults != 0 || arrived != left || !conserved) {
        fprintf(stderr,
                "bench: %s at %g Mpps: %s, arrived %" PRIu64 ", left %" PRIu64
                ", %u wrong, buffers %s\n",
                path->name, mpps, room ? "room for all" : "a card had no room", arrived, left,
                rig.faults, conserved ? "conserved" : "lost");
        return 1;
    }
    print(mpps, rate, host);
    return 0;
}
