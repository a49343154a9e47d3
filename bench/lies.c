// SPDX-License-Identifier: BSD-2-Clause
// A figure counts only with the safety checks in: a card that lies, and a driver that does
// (lies_driver.c), must be found out by the very objects that are measured.
#include "bench/lies.h"
#include "bench/simcard_82599.h"
#include "bench/simcard_virtio.h"
#include "drivers/ixgbe/ring.h"
#include "drivers/virtio/regs.h"
#include <stdio.h>
#include <string.h>

enum { DD = 1, EOP = 2 }; // receive status: 82599 datasheet, 7.1.5

static bool whole = true;

void expect(bool holds, const char *check)
{
    if (!holds)
        fprintf(stderr, "bench: %s: not there: %s\n", rig.path->name, check);
    whole &= holds;
}

const uint64_t *drops(void)
{
    return rig.forwarder.counters[0].drops;
}

void expect_fault(unsigned port, enum port_fault fault, const char *check)
{
    expect(rig.ports[port].state == PORT_FAULTED && rig.ports[port].fault == fault, check);
    rig_queue(rig.ports[port].rx[0])->port->state = PORT_RUNNING;
    rig.ports[port].state = PORT_RUNNING;
    rig.ports[port].fault = PORT_OK;
}

unsigned leave(void)
{
    const unsigned sent = rig_collect();
    rig.faults = 0;
    return sent;
}

// The slot of the next frame of port 0. A domain gets its empty buffers back with the next call: it
// owes the ring as many still.
static uint32_t next_slot(const struct ixgbe_rx *rx)
{
    return (ixgbe_next(rx) + rx->owed) % rx->queue.slots;
}

uint8_t *next_frame(void)
{
    if (rig.path->cards == &cards_virtio) {
        const struct split *split = (const struct split *)rig_queue(rig.ports[0].rx[0]);
        const uint32_t at = split->used_seen % SIMVIRTIO_SLOTS;
        return (uint8_t *)(uintptr_t)split->descriptors[at].address + VIRTIO_NET_HEADER;
    }
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)rig_queue(rig.ports[0].rx[0]);
    return (uint8_t *)(uintptr_t)rx->descriptors[next_slot(rx)]
        .address; // addresses are pointers here
}

void forge_82599(unsigned place, uint16_t length, uint8_t status)
{
    const struct ixgbe_rx *rx = (const struct ixgbe_rx *)rig_queue(rig.ports[0].rx[0]);
    const uint32_t slot = (next_slot(rx) + place) % rx->queue.slots;
    simcard_forge_rx(&rig.envs[0].card, 0, slot, length, status);
}

// The next frame of port 0, for a station at port 1, claims a length, and is dropped for a reason.
static void lie_82599(uint16_t length, uint8_t status, enum drop_reason reason, const char *check)
{
    const uint64_t before = drops()[reason];
    rig_frame(next_frame(), 0, 0);
    forge_82599(0, length, status);
    (void)rig_poll();
    expect(drops()[reason] == before + 1 && leave() == 0, check);
}

static void lies_82599(void)
{
    lie_82599(0, DD | EOP, DROP_BAD_LENGTH, "82599: a length of 0");
    lie_82599(FRAME_MIN - 1, DD | EOP, DROP_BAD_LENGTH, "82599: a length below Ethernet's");
    lie_82599(BUFFER_CAPACITY + 1, DD | EOP, DROP_BAD_LENGTH, "82599: a length beyond the buffer");
    lie_82599(UINT16_MAX, DD | EOP, DROP_BAD_LENGTH, "82599: the greatest length");
    lie_82599(RIG_FRAME, DD, DROP_BAD_LENGTH, "82599: a frame that does not end");
    lie_82599(RIG_FRAME, DD | EOP, DROP_BAD_LENGTH, "82599: the end of such a frame");
    rig.ports[1].max_frame = RIG_FRAME - 1; // as after a restart
    port_close(&rig.ports[1]);
    lie_82599(RIG_FRAME, DD | EOP, DROP_TOO_LONG, "82599: longer than the other port carries");
    rig.ports[1].max_frame = RIG_FRAME;
    port_close(&rig.ports[1]);

    struct ixgbe_tx *tx = (struct ixgbe_tx *)rig_queue(rig.ports[1].tx[0]);
    for (unsigned i = 0; i < tx->queue.slots && rig.ports[1].state == PORT_RUNNING; i++) {
        simcard_forge_head(&rig.envs[1].card, 0, tx->queue.slots);
        rig_frame(next_frame(), 0, 0);
        frame_arrives();
    }
    expect_fault(1, PORT_FAULT_TX_HEAD, "82599: a transmit head outside the ring");
}

void frame_comes(void)
{
    if (rig.path->cards != &cards_virtio) {
        forge_82599(0, RIG_FRAME, DD | EOP);
        return;
    }
    struct split *split = (struct split *)rig_queue(rig.ports[0].rx[0]);
    const uint16_t used = (uint16_t)split->used_seen;
    simvirtio_forge(split, used, used % SIMVIRTIO_SLOTS, VIRTIO_NET_HEADER + RIG_FRAME, 1);
}

void frame_arrives(void)
{
    frame_comes();
    (void)rig_poll();
}

// A frame that arrives at port 0 with these two addresses is dropped for a reason.
static void expect_rule(const uint8_t addresses[12], enum drop_reason reason, const char *rule)
{
    const uint64_t before = drops()[reason];
    rig_frame(next_frame(), 0, 0);
    memcpy(next_frame(), addresses, 12);
    frame_arrives();
    expect(drops()[reason] == before + 1 && leave() == 0, rule);
}

// What a bridge must not forward, although it knows where it should go. Before anything else broke.
static void rules_of_a_bridge(void)
{
    uint8_t plain[RIG_FRAME], bad[12];
    rig_frame(plain, 0, 0);
    memcpy(bad, plain, sizeof bad);
    bad[6] |= 1;
    expect_rule(bad, DROP_BAD_SOURCE, "bridge: a source that is a group");
    memcpy(bad, plain + 6, 6);
    memcpy(bad + 6, plain + 6, 6);
    expect_rule(bad, DROP_SAME_PORT, "bridge: a station behind the port that it came in by");
    memcpy(bad, (const uint8_t[]){0x01, 0x80, 0xc2, 0, 0, 0}, 6);
    expect_rule(bad, DROP_BPDU, "bridge: an address that no bridge forwards");
}

static void lie_virtio(uint32_t length, enum drop_reason reason, const char *check)
{
    struct split *rx = (struct split *)rig_queue(rig.ports[0].rx[0]);
    const uint16_t used = (uint16_t)rx->used_seen;
    const uint64_t before = drops()[reason];
    simvirtio_forge(rx, used, used % SIMVIRTIO_SLOTS, length, 1);
    (void)rig_poll();
    expect(drops()[reason] == before + 1 && leave() == 0, check);
}

// An element that names a slot it cannot name faults its port.
static void lie_about_id(unsigned port, uint32_t id, unsigned ahead, enum port_fault fault,
                         const char *check)
{
    struct split *rx = (struct split *)rig_queue(rig.ports[port].rx[0]);
    simvirtio_forge(rx, (uint16_t)rx->used_seen, id, VIRTIO_NET_HEADER + RIG_FRAME, ahead);
    (void)rig_poll();
    expect_fault(port, fault, check);
}

// What the device has to use next.
static uint32_t next_id(void)
{
    const struct split *rx = (const struct split *)rig_queue(rig.ports[0].rx[0]);
    return rx->order[rx->used_seen % SIMVIRTIO_SLOTS];
}

// An id that was used last. A device that holds all of them, as one always does whose driver is in
// a domain, has the right to use it again.
static void lie_about_replay(void)
{
    const struct split *rx = (const struct split *)rig_queue(rig.ports[0].rx[0]);
    if (rig.path->domain)
        return;
    if (rx->offered - rx->used_seen == SIMVIRTIO_SLOTS) {
        rig_frame(next_frame(), 0, 0);
        frame_arrives();
        (void)leave();
    }
    lie_about_id(0, rx->order[(rx->used_seen - 1) % SIMVIRTIO_SLOTS], 1, PORT_FAULT_USED_REPLAY,
                 "virtio: an id that the device has used already");
}

// Port 1's device says that it has sent what it names by this id. The driver asks when its ring is
// full.
static void lie_about_sent(uint32_t id, enum port_fault fault, const char *check)
{
    struct split *tx = (struct split *)rig_queue(rig.ports[1].tx[0]);
    const uint16_t used = (uint16_t)tx->used_seen;
    for (unsigned i = 0; i < SIMVIRTIO_SLOTS && rig.ports[1].state == PORT_RUNNING; i++) {
        simvirtio_forge(tx, used, id, 0, 1);
        rig_frame(next_frame(), 0, 0);
        frame_arrives();
    }
    expect_fault(1, fault, check);
    simvirtio_forge(tx, used, tx->order[used % SIMVIRTIO_SLOTS], 0, 1); // the truth
    (void)leave();
}

static void lies_virtio(void)
{
    lie_virtio(VIRTIO_NET_HEADER + FRAME_MIN - 1, DROP_BAD_LENGTH, "virtio: too short");
    lie_virtio(UINT32_MAX, DROP_BAD_LENGTH, "virtio: the greatest length");
    lie_virtio(VIRTIO_NET_HEADER + BUFFER_CAPACITY + 1, DROP_BAD_LENGTH,
               "virtio: a length beyond the buffer");
    lie_virtio(UINT16_MAX + 1 + VIRTIO_NET_HEADER + RIG_FRAME, DROP_BAD_LENGTH,
               "virtio: a length whose low half is a frame's");
    lie_about_replay();
    lie_about_sent(SIMVIRTIO_SLOTS, PORT_FAULT_USED_ID, "virtio: a sent id outside the ring");
    lie_about_id(0, SIMVIRTIO_SLOTS, 1, PORT_FAULT_USED_ID, "virtio: an id outside the ring");
    lie_about_id(0, next_id(), 2 * SIMVIRTIO_SLOTS, PORT_FAULT_USED_INDEX,
                 "virtio: a used index that ran ahead");
}

bool lies_are_found(void)
{
    if (rig.path->domain)
        whole &= lies_of_a_domain_are_found();
    lies_in_bursts_are_found(); // as long as the cards tell the truth
    lies_among_frames_are_found();
    if (rig.path->bridge)
        rules_of_a_bridge();
    lies_of_a_driver_are_found();
    if (rig.path->cards == &cards_82599)
        lies_82599();
    else
        lies_virtio();
    expect(rig_conserved(), "conservation of buffers among lies");
    return whole;
}
