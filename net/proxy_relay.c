// SPDX-License-Identifier: BSD-2-Clause
// A burst from one domain to another, for frames with which there is nothing wrong.
//
// What the single verbs do in four passes is two here: the judge of what was received gives each
// buffer to the transmit queue at once, and puts the frame where the other domain finds it; the
// judge of the empty buffers that come back gives them to the receive queue. And the crossing that
// transmits takes along what the other direction needs next: the empty buffers of its receive queue
// go in, its next burst comes out. So under load in both directions a burst costs one crossing.
//
// Nothing here decides what is wrong with a frame. Whatever is not plainly good stays where the
// domain left it, as if it had never been looked at; receive() comes for it and judges by all the
// rules.
#include "net/proxy_relay.h"

#include "net/proxy_cross.h"

static const struct relayed not_plain = {.frames = RELAY_NOT_PLAIN};

// A burst on its way. Copied once, before it was looked at.
static struct frame frames[BURST_MAX];

static struct proxy_queue *proxied(struct queue *queue)
{
    return (struct proxy_queue *)queue; // its first member
}

// The frames from..to-1 were not sent: it is as if they had not been taken.
static COLD uint64_t put_back(struct proxy_queue *from, unsigned first, unsigned count)
{
    uint64_t bytes = 0;
    for (unsigned i = first; i < count; i++) {
        judge_give(from->proxy->judge, from->owner, frames[i].buffer);
        bytes += frames[i].length;
    }
    from->fetched += count - first;
    from->fetched_from -= count - first;
    from->taken -= count - first;
    return bytes;
}

// Sends the frames, which are lent to `to`. Returns whether *sent is how many it took; its empty
// buffers are then those of the next refill of `from`.
static bool exchange(struct proxy_queue *from, struct proxy_queue *to, unsigned count, unsigned max,
                     unsigned *sent)
{
    struct proxy_sent did;
    uint32_t wrong;
    if (UNLIKELY(!proxy_send(to, count, max, &did)))
        return false;
    struct domain_call *call = from->call;
    const enum port_fault fault =
        judge_empties(from->proxy->judge, to->owner, from->owner, to->frames, did.frames,
                      call->buffers + call->given, &wrong);
    if (UNLIKELY(fault != PORT_OK)) {
        proxy_violated(to, fault, wrong);
        return false;
    }
    call->given += did.frames;
    from->put += did.frames;
    proxy_was_sent(to, count, &did);
    *sent = did.frames;
    return true;
}

// The domain of `to` ended with count frames in its hands. Returns how many it had sent, or -1 when
// they are lent once more.
static COLD int recover(struct proxy_queue *from, struct proxy_queue *to, unsigned count)
{
    const int sent = proxy_recover(to, frames, count);
    for (int i = 0; i < sent; i++) { // empty buffers now
        judge_give(from->proxy->judge, from->owner, frames[i].buffer);
        from->call->buffers[from->call->given++].buffer = frames[i].buffer;
    }
    if (sent >= 0) {
        from->put += (unsigned)sent;
        return sent;
    }
    for (unsigned i = 0; i < count; i++) {
        judge_give(to->proxy->judge, to->owner, frames[i].buffer);
        to->frames[i] = frames[i];
    }
    return -1;
}

// Whether both ports run, nobody wants anything of their domains, and there is room.
static inline bool can_relay(const struct proxy_queue *from, const struct proxy_queue *to,
                             unsigned max, uint32_t longest)
{
    const struct proxy *a = from->proxy, *b = to->proxy;
    return a->port->state == PORT_RUNNING && b->port->state == PORT_RUNNING &&
           (proxy_wanted(a) | proxy_wanted(b)) == 0 && to->queue.free >= max &&
           longest >= FRAME_MIN;
}

struct relayed proxy_relay(struct queue *rx, struct queue *tx, unsigned max, uint32_t lengths)
{
    struct proxy_queue *from = proxied(rx), *to = proxied(tx);
    const uint32_t longest = lengths + FRAME_MIN - 1;
    uint64_t bytes;
    if (UNLIKELY(!can_relay(from, to, max, longest)))
        return not_plain;
    from->most = max;
    if (from->fetched == 0) {
        while (UNLIKELY(!proxy_fetch(from, max)))
            if (!proxy_adopt_alone(from))
                return not_plain;
        if (from->fetched == 0) {
            proxy_note_busy(from, 0);
            return (struct relayed){0};
        }
    }
    const unsigned count = from->fetched < max ? from->fetched : max;
    if (UNLIKELY(!judge_plain(from->proxy->judge, from->owner, to->owner,
                              from->frames + from->fetched_from, count, longest, frames, to->frames,
                              &bytes)))
        return not_plain;
    proxy_write_fronts(to, frames, count);
    proxy_take(from, count);
    from->proxy->busy = from;
    unsigned sent;
    while (UNLIKELY(!exchange(from, to, count, max, &sent))) {
        const int before = recover(from, to, count);
        sent = (unsigned)before;
        if (before >= 0)
            break;
    }
    if (UNLIKELY(sent < count))
        bytes -= put_back(from, sent, count);
    return sent == 0 ? not_plain : (struct relayed){sent, bytes - sent * (uint64_t)FRAME_MIN};
}
