// SPDX-License-Identifier: BSD-2-Clause
// A paced generator and its sink in one thread: sends numbered frames into one packet socket at a
// given rate and counts what comes out of another. packet(7).
//
// usage: traffic TXFD RXFD FRAMES_PER_SECOND MILLISECONDS FRAME_BYTES RUN
//
// Both descriptors are packet sockets that the caller has bound to an interface, the receiving one
// to ETHERTYPE only. FRAME_BYTES is without FCS, 60..1514. RUN, a number, marks the frames, so that
// a late one of an earlier run is not counted. Prints one JSON object.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    ETHERTYPE = 0x88b5, // IEEE Std 802 local experimental 1
    HEADER = 14,
    FRAME_MAX = 1514,
    BATCH = 64,
    TICK_NS = 100 * 1000,           // frames due are sent together once a tick
    QUIET_NS = 100 * 1000 * 1000,   // the sink listens until nothing has come for so long,
    SETTLE_NS = 2000 * 1000 * 1000, // but no longer than this after the last frame was sent
};

struct payload {
    uint32_t run, number; // network byte order
};

struct counts {
    uint64_t offered; // due by the clock
    uint64_t refused; // not taken by the interface: its queue was full
    uint64_t received;
    uint64_t in_time;    // of these, before the generator stopped
    uint64_t disordered; // came after a later one
};

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
    }
}

// Sends up to BATCH frames; returns how many were due with them, whether or not they were taken.
static unsigned send_batch(int fd, unsigned want, unsigned bytes, uint32_t run,
                           struct counts *counts)
{
    static uint8_t frames[BATCH][FRAME_MAX];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    unsigned count = want < BATCH ? want : BATCH;

    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++) {
        static const uint8_t header[HEADER] = {
            0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, ETHERTYPE >> 8, ETHERTYPE & 0xff};
        struct payload payload = {htonl(run), htonl((uint32_t)(counts->offered + i))};
        memcpy(frames[i], header, sizeof header);
        memcpy(frames[i] + HEADER, &payload, sizeof payload);
        pieces[i] = (struct iovec){frames[i], bytes};
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += (unsigned)sent;
        } else {
            counts->refused++;
            done++;
        }
    }
    counts->offered += count;
    return count;
}

// Takes everything that waits in the socket.
static void drain(int fd, uint32_t run, struct counts *counts, uint32_t *next)
{
    static uint8_t heads[BATCH][HEADER + sizeof(struct payload)];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    int got;

    do {
        memset(messages, 0, sizeof messages);
        for (unsigned i = 0; i < BATCH; i++) {
            pieces[i] = (struct iovec){heads[i], sizeof heads[i]};
            messages[i].msg_hdr.msg_iov = &pieces[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++) {
            struct payload payload;
            memcpy(&payload, heads[i] + HEADER, sizeof payload);
            if (messages[i].msg_len < sizeof heads[i] || ntohl(payload.run) != run)
                continue;
            counts->received++;
            if (ntohl(payload.number) < *next)
                counts->disordered++;
            else
                *next = ntohl(payload.number) + 1;
        }
    } while (got == BATCH);
}

static struct counts measure(int tx, int rx, uint64_t rate, uint64_t duration_ns, unsigned bytes,
                             uint32_t run)
{
    struct counts counts = {0};
    uint32_t next = 0;
    uint64_t start = now_ns();
    uint64_t tick = start;

    for (uint64_t elapsed = 0; elapsed < duration_ns; elapsed = now_ns() - start) {
        uint64_t due = (uint64_t)((double)elapsed * (double)rate / 1e9);
        while (counts.offered < due)
            send_batch(tx, (unsigned)(due - counts.offered < BATCH ? due - counts.offered : BATCH),
                       bytes, run, &counts);
        drain(rx, run, &counts, &next);
        tick += TICK_NS;
        if (tick < now_ns()) // behind: what is due is caught up with in the next round
            tick = now_ns();
        sleep_until(tick);
    }
    counts.in_time = counts.received;
    uint64_t stopped = now_ns(), last = stopped;
    while (now_ns() - stopped < SETTLE_NS && now_ns() - last < QUIET_NS) {
        uint64_t before = counts.received;
        drain(rx, run, &counts, &next);
        if (counts.received != before)
            last = now_ns();
        sleep_until(now_ns() + 1000000);
    }
    return counts;
}

static bool number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *value >= low && *value <= high;
}

int main(int argc, char **argv)
{
    uint64_t tx, rx, rate, milliseconds, bytes, run;
    if (argc != 7 || !number(argv[1], 0, 1 << 20, &tx) || !number(argv[2], 0, 1 << 20, &rx) ||
        !number(argv[3], 1, 10000000, &rate) || !number(argv[4], 1, 60000, &milliseconds) ||
        !number(argv[5], 60, FRAME_MAX, &bytes) || !number(argv[6], 0, UINT32_MAX, &run)) {
        fprintf(stderr,
                "usage: traffic TXFD RXFD FRAMES_PER_SECOND MILLISECONDS FRAME_BYTES RUN\n");
        return 2;
    }

    int one = 1, room = 16 << 20;
    if (setsockopt((int)tx, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) != 0) {
        perror("PACKET_QDISC_BYPASS");
        return 1;
    }
    // Not root of the whole computer: SO_RCVBUF, up to net.core.rmem_max, has to do.
    if (setsockopt((int)rx, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        setsockopt((int)rx, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);

    struct counts counts =
        measure((int)tx, (int)rx, rate, milliseconds * 1000000u, (unsigned)bytes, (uint32_t)run);
    struct tpacket_stats sink = {0};
    socklen_t length = sizeof sink;
    getsockopt((int)rx, SOL_PACKET, PACKET_STATISTICS, &sink, &length);
    printf("{\"offered\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"received\": %" PRIu64
           ", \"in_time\": %" PRIu64 ", \"disordered\": %" PRIu64
           ", \"sink_drops\": %u, \"seconds\": %.3f}\n",
           counts.offered, counts.refused, counts.received, counts.in_time, counts.disordered,
           sink.tp_drops, (double)milliseconds / 1000.0);
    return 0;
}
