// SPDX-License-Identifier: BSD-2-Clause
// Two 82599 ports, frames both ways through net/forward.c: for counting instructions.
//
//     valgrind --tool=callgrind --toggle-collect=forward_poll wire_82599 ROUNDS BURST
//
// Every frame carries its number; one that is lost, changed, doubled or out of order ends the
// program with status 1, and so does a buffer that is not in exactly one slot at the end.
#include "bench/hosted.h"
#include "drivers/ixgbe/ixgbe.h"
#include "net/forward.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 2, FRAME = 60, STRIDE = 2112 };

static struct env envs[PORTS];
static struct port ports[PORTS];
static struct packet_area area;
static struct forwarder forwarder;
static uint32_t expected[PORTS];
static unsigned faults;

static void check(void *context, const uint8_t *frame, unsigned length)
{
    const unsigned side = *(const unsigned *)context;
    uint32_t number;
    memcpy(&number, frame + 16, sizeof number);
    faults += length != FRAME || number != expected[side] || frame[FRAME - 1] != (uint8_t)number;
    expected[side] = number + 1;
}

static void deal(struct queue *queue, uint32_t *next)
{
    for (uint32_t slot = 0; slot < queue->slots; slot++)
        queue->buffer_of[slot] = (*next)++;
}

static void open_ports(uint32_t ring_slots)
{
    static unsigned sides[PORTS] = {0, 1};
    uint32_t count = 0, next = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        hosted_open(&envs[i], &ports[i], &ixgbe_driver);
        ports[i].ring_slots = ring_slots;
        envs[i].card.sink = check;
        envs[i].card.context = &sides[i];
        if (ixgbe_driver.probe(&ports[i]) != 0)
            exit(1);
        ports[i].tx_queues = 1;
        count += ports[i].rx[0]->slots + ports[i].tx[0]->slots;
    }
    uint8_t *memory = aligned_alloc(4096, ((size_t)count * STRIDE + 4095) / 4096 * 4096);
    if (memory == NULL)
        exit(1);
    area = (struct packet_area){
        .base = memory,
        .dma = (uint64_t)(uintptr_t)memory,
        .stride = STRIDE,
        .count = count,
        .capacity = STRIDE - FRAME_HEADROOM,
    };
    forwarder_init(&forwarder, &area);
    for (unsigned i = 0; i < PORTS; i++) {
        ports[i].area = &area;
        deal(ports[i].rx[0], &next);
        deal(ports[i].tx[0], &next);
        int error;
        do
            error = ixgbe_driver.start(&ports[i]);
        while (error == -EINPROGRESS);
        if (error != 0)
            exit(1);
        for (unsigned tries = 0; tries < 1000 && !ports[i].link_up; tries++)
            ixgbe_driver.poll(&ports[i]);
        if (!forwarder_add_lane(&forwarder, ports[i].rx[0], i, ports[1 - i].tx[0], 1 - i))
            exit(1);
    }
}

static bool conserved(void)
{
    uint8_t *seen = calloc(area.count, 1);
    bool whole = seen != NULL;
    for (unsigned i = 0; whole && i < 2 * PORTS; i++) {
        const struct queue *queue = i % 2 ? ports[i / 2].rx[0] : ports[i / 2].tx[0];
        for (uint32_t slot = 0; slot < queue->slots; slot++)
            whole &= queue->buffer_of[slot] < area.count && seen[queue->buffer_of[slot]]++ == 0;
    }
    free(seen);
    return whole;
}

int main(int argc, char **argv)
{
    const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    const unsigned burst = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 32;
    if (burst == 0 || burst > BURST_MAX)
        return 2;
    open_ports(argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0);
    forwarder.burst = burst;
    uint64_t doorbells = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        simcard_tick(&envs[i].card);
        doorbells -= envs[i].card.writes;
    }

    uint8_t frame[FRAME] = {0};
    uint64_t offered = 0, forwarded = 0;
    uint32_t number = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < burst; i++, number++) {
            memcpy(frame + 16, &number, sizeof number);
            frame[FRAME - 1] = (uint8_t)number;
            for (unsigned side = 0; side < PORTS; side++)
                offered += simcard_receive(&envs[side].card, frame, FRAME);
        }
        forwarded += forward_poll(&forwarder);
        for (unsigned side = 0; side < PORTS; side++) {
            simcard_transmit(&envs[side].card);
            simcard_tick(&envs[side].card);
        }
    }
    uint64_t sent = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        sent += envs[i].card.sent;
        doorbells += envs[i].card.writes;
    }
    printf("burst %u: offered %lu, forwarded %lu, sent %lu, %.4f MMIO writes a frame\n", burst,
           (unsigned long)offered, (unsigned long)forwarded, (unsigned long)sent,
           (double)doorbells / (double)sent);
    const bool whole = conserved();
    if (faults != 0 || sent != offered || offered != rounds * burst * PORTS || !whole) {
        fprintf(stderr, "wire_82599: %u wrong frames, buffers %s\n", faults,
                whole ? "conserved" : "lost");
        return 1;
    }
    return 0;
}
