// SPDX-License-Identifier: BSD-2-Clause
// Evidence of faults on purpose: compares what the queue shares with its card, and the answer, with
// what they were before.
#include "net/deed.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/log.h"

static struct {
    struct queue_part part[QUEUE_PARTS_MAX];
    unsigned parts;
    uint64_t ring[DEED_RING_BYTES / sizeof(uint64_t)];
    uint32_t registers[QUEUE_PARTS_MAX];
    struct frame received[BURST_MAX];
} before;

struct changes {
    unsigned ring, registers, entries;
};

// Tells in how many words the queue differs from what was noted, and notes what it is.
static struct changes note(void)
{
    struct changes changed = {0};
    unsigned words = 0;
    for (unsigned i = 0; i < before.parts; i++) {
        const struct queue_part *part = &before.part[i];
        if (part->kind == QUEUE_REGISTER && part->bytes == sizeof(uint32_t)) { // else write-only
            const uint32_t now = *(const volatile uint32_t *)part->memory;
            changed.registers += now != before.registers[i];
            before.registers[i] = now;
        }
        if (part->kind != QUEUE_DMA)
            continue;
        const volatile uint64_t *now =
            part->memory; // of the card's or a page allocator's alignment
        const unsigned room = sizeof before.ring / sizeof before.ring[0] - words;
        unsigned count = part->bytes / sizeof *now;
        count = count < room ? count : room;
        for (unsigned k = 0; k < count; k++, words++) {
            const uint64_t word = now[k];
            changed.ring += word != before.ring[words];
            before.ring[words] = word;
        }
    }
    return changed;
}

static bool same(const struct frame *a, const volatile struct frame *b)
{
    return a->buffer == b->buffer && a->offset == b->offset && a->length == b->length;
}

void deed_before(const struct deed *deed)
{
    before.parts = 0;
    if (deed->verbs != NULL)
        before.parts = deed->verbs->parts(deed->queue, deed->transmit, before.part);
    note();
    memcpy(before.received, deed->answer->received, sizeof before.received);
}

void deed_after(const struct deed *deed, const struct gate_left *left)
{
    const volatile struct domain_answer *answer = deed->answer;
    struct changes changed = note();
    for (unsigned i = 0; i < BURST_MAX; i++)
        changed.entries += !same(&before.received[i], &answer->received[i]);
    log_line("%s: %s done: rflags 0x%" PRIx64 " rsp 0x%" PRIx64 " mxcsr 0x%" PRIx32
             " answer 0x%" PRIx64 " place 0x%" PRIx32 " entries %u ring %u registers %u",
             deed->port, deed->fault, left->rflags, left->rsp, left->mxcsr, answer->generation,
             deed->place != NULL ? *deed->place : 0, changed.entries, changed.ring,
             changed.registers);
}
