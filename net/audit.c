// SPDX-License-Identifier: BSD-2-Clause
// Reads every slot of every ring once and ticks each buffer off in a bitmap.
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
    buffers_settle(buffers);
    *report = (struct audit_report){.first = AUDIT_FINDINGS};
    for (uint64_t i = 0; i < buffers->bitmap_bytes / sizeof(uint64_t); i++)
        buffers->bitmap[i] = 0;

    struct walk walk = {0};
    for (struct queue *queue; (queue = walk_queue(buffers, &walk)) != NULL; walk.index++) {
        const struct buffer_range *range = &buffers->range[walk_group(buffers, &walk)];
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
