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
    [DROP_BAD_SOURCE] = {"bad-source", "the source is a group address, or zero"},
    [DROP_OWN_SOURCE] = {"own-source", "the source is the box itself: a loop?"},
    [DROP_SAME_PORT] = {"same-port", "for a station behind the same port"},
    [DROP_NO_EGRESS] = {"no-egress", "flooded, and no other port was up"},
    [DROP_BPDU] = {"bpdu", "spanning tree, 01-80-C2-00-00-00"},
    [DROP_PAUSE] = {"pause", "MAC control, 01-80-C2-00-00-01"},
    [DROP_SLOW_PROTOCOL] = {"slow-protocol", "LACP..., 01-80-C2-00-00-02"},
    [DROP_EAPOL] = {"eapol", "port access, 01-80-C2-00-00-03"},
    [DROP_LLDP] = {"lldp", "discovery, 01-80-C2-00-00-0E"},
    [DROP_RESERVED] = {"reserved-group", "another 01-80-C2-00-00-0x"},
};

const char *drop_name(enum drop_reason reason)
{
    return reasons[reason].name;
}

const char *drop_explain(enum drop_reason reason)
{
    return reasons[reason].explain;
}

struct sent counters_sent(const struct sent *queues, unsigned count)
{
    struct sent sum = {0};
    for (const struct sent *queue = queues; queue != queues + count; queue++) {
        sum.frames += queue->frames;
        sum.originated += queue->originated;
        sum.bytes += queue->bytes;
    }
    return sum;
}

int64_t counters_off(const struct port_counters *counters)
{
    uint64_t off = counters->rx_frames - counters->forwarded - counters->delivered;
    for (unsigned reason = 0; reason < DROP_REASONS; reason++)
        off -= counters->drops[reason];
    return (int64_t)off;
}
