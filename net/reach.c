// SPDX-License-Identifier: BSD-2-Clause
// Which part of the packet area each card reaches.
#include "net/reach.h"
#include "kernel/log.h"
#include "kernel/page.h"

enum { LARGE_SHARE = 2 }; // 2 MiB pages may take so small a part of what is free

void reach_plan(struct buffers *buffers, const struct ports *ports, uint32_t capacity)
{
    buffers->boundary = 0;
    if (!ports_confined(ports))
        return;
    buffers->boundary = PAGE_LARGE;
    if (buffers_plan(buffers, capacity) == 0 && buffers->bytes > page_free_bytes() / LARGE_SHARE)
        buffers->boundary = PAGE_SIZE;
}

// Lets a card reach the range of a group.
static int grant(const struct buffers *buffers, const struct ports *ports, unsigned port,
                 unsigned group, bool write)
{
    const struct buffer_extent extent = buffers_extent(buffers, group);
    if (extent.bytes == 0)
        return 0;
    const int error =
        ports_grant(ports, port, buffers->area.dma + extent.offset, extent.bytes, write);
    if (error != 0)
        log_line("%s: its card cannot be let reach packet memory: error %d", ports->at[port]->name,
                 -error);
    return error;
}

int reach_grant(const struct buffers *buffers, const struct ports *ports)
{
    if (buffers->boundary == 0)
        return 0;
    for (unsigned port = 0; port < buffers->port_count; port++) {
        const unsigned own = buffers_receive_group(buffers, port);
        uint32_t granted = 1u << own; // groups
        int error = grant(buffers, ports, port, own, true);
        for (uint32_t left = buffers->sources[port]; left != 0 && error == 0; left &= left - 1) {
            const unsigned group = buffers->group[__builtin_ctz(left)];
            if ((granted >> group & 1) == 0)
                error = grant(buffers, ports, port, group, false);
            granted |= 1u << group;
        }
        if (error != 0)
            return error;
    }
    return 0;
}
