// SPDX-License-Identifier: BSD-2-Clause
// The queue between the data path and the management stack, and the box's ear for group addresses.
#include "net/local.h"
#include "net/lane.h"
#include <stddef.h>

static const uint64_t broadcast = 0xffffffffffff;

// How frames leave a box that is not a bridge.
static bool send_by_port(struct local *local, const void *data, unsigned length)
{
    if (local->tx == NULL || !lane_send_copy(local->tx, local->own, data, length))
        return false;
    local->own->originated++;
    return true;
}

static bool linked_by_port(const struct local *local)
{
    return local->tx != NULL && local->tx->port->state == PORT_RUNNING && local->tx->port->link_up;
}

void local_init(struct local *local, const uint8_t *mac, struct queue *tx, struct sent *own)
{
    local->mac = local_address(mac);
    local->every_group = false;
    local->group_count = 0;
    local->send = send_by_port;
    local->linked = linked_by_port;
    local->tx = tx;
    local->own = own;
    local->context = NULL;
    local->copies = local->copies_lost = local->copies_long = 0;
    local->sent = local->unsent = 0;
    local->put = local->taken = 0;
}

// The group's place in the table, group_count when it is not there.
static unsigned find_group(const struct local *local, uint64_t address)
{
    unsigned i = 0;
    while (i < local->group_count && local->groups[i] != address)
        i++;
    return i;
}

void local_join(struct local *local, const uint8_t *group)
{
    const uint64_t address = local_address(group);
    if (find_group(local, address) < local->group_count)
        return;
    if (local->group_count == LOCAL_GROUPS_MAX)
        local->every_group = true; // for ever: which one was left out is not remembered
    else
        local->groups[local->group_count++] = address;
}

void local_leave(struct local *local, const uint8_t *group)
{
    const unsigned i = find_group(local, local_address(group));
    if (i < local->group_count)
        local->groups[i] = local->groups[--local->group_count];
}

enum local_fate local_wants_group(const struct local *local, uint64_t address)
{
    if (address == broadcast || local->every_group ||
        find_group(local, address) < local->group_count)
        return LOCAL_COPY;
    return LOCAL_PASS;
}

enum drop_reason local_deliver(struct local *local, enum local_fate fate, const uint8_t *frame,
                               unsigned length)
{
    const uint32_t waiting = local->put - local->taken;
    const bool copy = fate == LOCAL_COPY;
    enum drop_reason reason = DROP_REASONS;
    if (length > LOCAL_FRAME_MAX)
        reason = DROP_TOO_LONG;
    else if (waiting >= (copy ? LOCAL_COPIES_MAX : LOCAL_SLOTS))
        reason = DROP_BOX_BUSY;
    if (reason != DROP_REASONS) {
        local->copies_lost += copy && reason == DROP_BOX_BUSY;
        local->copies_long += copy && reason == DROP_TOO_LONG;
        return reason;
    }
    struct local_frame *slot = &local->frames[local->put % LOCAL_SLOTS];
    slot->length = (uint16_t)length;
    __builtin_memcpy(slot->data, frame, length);
    local->put++;
    local->copies += copy;
    return DROP_REASONS;
}

const struct local_frame *local_next(const struct local *local)
{
    return local->put == local->taken ? NULL : &local->frames[local->taken % LOCAL_SLOTS];
}

void local_done(struct local *local)
{
    local->taken++;
}

bool local_send(struct local *local, const void *data, unsigned length)
{
    const bool sent = local->send(local, data, length);
    local->sent += sent;
    local->unsent += !sent;
    return sent;
}
