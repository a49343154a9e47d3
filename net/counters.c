// SPDX-License-Identifier: BSD-2-Clause
// The names of the drop reasons, and the law that ties the counters together.
#include "net/counters.h"

static const struct {
    const char *name, *explain;
} reasons[DROP_REASONS] = {
    [DROP_BAD_LENGTH] = {"bad-length", "impossible length or offset"},
    [DROP_BAD_BUFFER] = {"bad-buffer", "a buffer that does not exist"},
    [DROP_TOO_LONG] = {"too-long", "more than egress port or box carries"},
    [DROP_RING_FULL] = {"ring-full", "no room in the transmit ring"},
    [DROP_EGRESS_NO_LINK] = {"egress-no-link", "the egress port had no link"},
    [DROP_EGRESS_FAULTED] = {"egress-faulted", "the egress port awaited restart"},
    [DROP_EGRESS_STOPPED] = {"egress-stopped", "the egress port was not running"},
    [DROP_BOX_BUSY] = {"box-busy", "for the box itself, which had no room"},
    [DROP_NOT_FOR_BOX] = {"not-for-box", "came in by a port for management only"},
};

const char *drop_name(enum drop_reason reason)
{
    return reasons[reason].name;
}

const char *drop_explain(enum drop_reason reason)
{
    return reasons[reason].explain;
}

int64_t counters_off(const struct port_counters *counters)
{
    uint64_t off = counters->rx_frames - counters->forwarded - counters->delivered;
    for (unsigned reason = 0; reason < DROP_REASONS; reason++)
        off -= counters->drops[reason];
    return (int64_t)off;
}
