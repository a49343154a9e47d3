// SPDX-License-Identifier: BSD-2-Clause
// Reads the slots of the rings and ticks each buffer off in a bitmap.
#include "net/audit.h"
#include <stddef.h>

static void note(struct audit_report *report, enum audit_finding finding, uint32_t buffer,
                 struct audit_place place)
{
    report->found[finding]++;
    if (report->first == AUDIT_FINDINGS) {
        report->first = finding;
        report->buffer = buffer;
        report->place = place;
    }
}

// The first slot, in walking order, that names the buffer.
static struct audit_place find_buffer(const struct buffers *buffers, uint32_t buffer)
{
    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++)
        for (uint32_t slot = 0; slot < queue->slots; slot++)
            if (queue->buffer_of[slot] == buffer)
                return (struct audit_place){queue->port, walk.transmit, walk.index, slot,
                                            walk.stock};
    return (struct audit_place){0};
}

static void audit_slot(const struct buffers *buffers, struct audit_report *report,
                       const struct buffer_range *range, uint32_t buffer, struct audit_place place)
{
    report->slots++;
    if (buffer >= buffers->area.count) {
        note(report, AUDIT_OUT_OF_RANGE, buffer, place);
        return;
    }
    const uint64_t bit = 1ull << buffer % 64;
    if (buffers->bitmap[buffer / 64] & bit)
        note(report, AUDIT_DUPLICATE, buffer, place);
    if (buffer - range->first >= range->count)
        note(report, AUDIT_FOREIGN, buffer, place);
    buffers->bitmap[buffer / 64] |= bit;
}

bool buffers_audit(const struct buffers *buffers, struct audit_report *report)
{
    *report = (struct audit_report){.first = AUDIT_FINDINGS};
    for (uint64_t i = 0; i < buffers->bitmap_bytes / sizeof(uint64_t); i++)
        buffers->bitmap[i] = 0;

    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++) {
        const struct buffer_range *range = &buffers->range[walk_group(buffers, &walk)];
        buffers_settle(&walk, queue);
        for (uint32_t slot = 0; slot < queue->slots; slot++)
            audit_slot(
                buffers, report, range, queue->buffer_of[slot],
                (struct audit_place){queue->port, walk.transmit, walk.index, slot, walk.stock});
    }
    for (unsigned group = 0; group < BUFFER_GROUPS_MAX; group++) {
        const struct buffer_range range = buffers->range[group];
        for (uint32_t i = range.first; i < range.first + range.count; i++)
            if (!(buffers->bitmap[i / 64] >> i % 64 & 1))
                note(report, AUDIT_MISSING, i, (struct audit_place){0});
    }
    if (report->first == AUDIT_DUPLICATE)
        report->earlier = find_buffer(buffers, report->buffer);
    return report->first == AUDIT_FINDINGS;
}

// --- in steps ---

static void begin_look(struct audit *audit)
{
    audit->walk = (struct walk){0};
    audit->slot = 0;
    for (unsigned group = 0; group < BUFFER_GROUPS_MAX; group++)
        audit->counted[group] = 0;
}

void audit_begin(struct audit *audit, const struct buffers *buffers)
{
    *audit = (struct audit){.buffers = buffers, .mends = buffers->mends};
    for (uint64_t i = 0; i < buffers->bitmap_bytes / sizeof(uint64_t); i++)
        buffers->bitmap[i] = 0;
    begin_look(audit);
}

// Ticks off what the slots name of the group's own buffers.
static void see(uint64_t *bitmap, struct buffer_range range, const uint32_t *slot,
                const uint32_t *end)
{
    for (; slot != end; slot++) {
        const uint32_t buffer = *slot;
        if (buffer - range.first < range.count)
            bitmap[buffer / 64] |= 1ull << buffer % 64;
    }
}

static void read_slots(struct audit *audit, struct queue *queue)
{
    const struct buffers *buffers = audit->buffers;
    const unsigned group = walk_group(buffers, &audit->walk);
    const uint32_t left = queue->slots - audit->slot;
    const uint32_t count = left < AUDIT_STEP_SLOTS ? left : AUDIT_STEP_SLOTS;
    const uint32_t *first = queue->buffer_of + audit->slot;
    if (audit->slot == 0)
        buffers_settle(&audit->walk, queue);
    see(buffers->bitmap, buffers->range[group], first, first + count);
    audit->counted[group] += count;
    audit->slot += count;
    if (audit->slot == queue->slots) {
        audit->slot = 0;
        audit->walk.index++;
    }
}

static bool all_seen(const struct buffers *buffers, struct buffer_range range)
{
    for (uint32_t i = range.first, end = range.first + range.count; i < end;) {
        if (i % 64 == 0 && end - i >= 64) {
            if (buffers->bitmap[i / 64] != UINT64_MAX)
                return false;
            i += 64;
        } else {
            if (!(buffers->bitmap[i / 64] >> i % 64 & 1))
                return false;
            i++;
        }
    }
    return true;
}

static enum audit_result end_look(struct audit *audit)
{
    const struct buffers *buffers = audit->buffers;
    bool seen = true;
    for (unsigned group = 0; group < BUFFER_GROUPS_MAX; group++) {
        if (audit->counted[group] != buffers->range[group].count)
            return AUDIT_UNSURE; // no look will find more
        seen = seen && all_seen(buffers, buffers->range[group]);
    }
    if (buffers->mends != audit->mends)
        return AUDIT_UNSURE;
    if (seen)
        return AUDIT_SOUND;
    begin_look(audit);
    return ++audit->looks < AUDIT_LOOKS_MAX ? AUDIT_MORE : AUDIT_UNSURE;
}

uint32_t audit_slots(const struct audit *audit)
{
    uint32_t slots = 0;
    for (unsigned group = 0; group < BUFFER_GROUPS_MAX; group++)
        slots += audit->counted[group];
    return slots;
}

enum audit_result audit_step(struct audit *audit)
{
    struct queue *queue = walk_queue(audit->buffers, &audit->walk);
    if (queue == NULL)
        return end_look(audit);
    read_slots(audit, queue);
    return AUDIT_MORE;
}

const char *audit_finding_name(enum audit_finding finding)
{
    static const char *const names[AUDIT_FINDINGS] = {
        [AUDIT_OUT_OF_RANGE] = "out of range",
        [AUDIT_FOREIGN] = "foreign",
        [AUDIT_DUPLICATE] = "duplicate",
        [AUDIT_MISSING] = "missing",
    };
    return names[finding];
}
