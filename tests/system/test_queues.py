# SPDX-License-Identifier: BSD-2-Clause
"""`queues = N`: the card spreads flows over several receive queues, and the wire forwards them all."""

import re
from collections import defaultdict

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cable import MAC_LEFT, MAC_RIGHT, cross, frame
from conftest import start_wire
from counters import assert_audit_clean, stats

FLOWS, FRAMES_A_FLOW = 40, 15


def config(cards, keys):
    ports = "".join(f"[port {name}]\ndevice = {card}\n{keys}\n"
                    for name, card in zip(("left", "right"), cards))
    return ports + "[forward]\nmode = wire\n"


IXGBE = ("ixgbe:0", "ixgbe:1")


def packet(flow, number=0, answer=False):
    """Frame `number` of TCP flow `flow`, every third of them IPv6, or of what is said back."""
    version, network, ends = ((IPv6, "2001:db8::", ("1:", "2:")) if flow % 3 == 0
                              else (IP, "192.0.2.", ("", "1")))
    one, other = (f"{network}{end}{flow + 1}" for end in ends)
    ports = {"sport": 1024 + 7 * flow, "dport": 80}
    macs = {"src": MAC_LEFT.hex(":"), "dst": MAC_RIGHT.hex(":")}
    if answer:
        one, other = other, one
        ports = {"sport": ports["dport"], "dport": ports["sport"]}
        macs = {"src": macs["dst"], "dst": macs["src"]}
    return bytes(Ether(**macs) / version(src=one, dst=other) / TCP(seq=number, **ports)
                 / f"flow {flow} frame {number}".encode())


def by_flow(frames):
    flows = defaultdict(list)
    for data in frames:
        flows[re.search(rb"flow (\d+) frame", data)[1]].append(data)
    return flows


def heads(box, port):
    """How far the card is in each of the port's receive rings."""
    text = box.command(f"diag {port}")
    return [int(head) for head in re.findall(r"^ +RDH (\d+) RDT", text, re.MULTILINE)]


def moved(before, after):
    return [queue for queue, (old, new) in enumerate(zip(before, after)) if old != new]


def assert_flows_cross(wire, at_once=FRAMES_A_FLOW):
    """Every frame, both ways, and those of each flow in order; so many of each flow at once."""
    for source, destination, answer in ((wire.left, wire.right, False),
                                        (wire.right, wire.left, True)):
        for first in range(0, FRAMES_A_FLOW, at_once):
            frames = [packet(flow, number, answer)
                      for number in range(first, first + at_once) for flow in range(FLOWS)]
            assert by_flow(cross(source, destination, frames)) == by_flow(frames)


@pytest.mark.parametrize("queues", [2, 3, 16])
def test_flows_are_spread(queues):
    with start_wire(ports="ixgbe", config=config(IXGBE, f"queues = {queues}")) as wire:
        box = wire.box
        assert len(heads(box, "left")) == len(heads(box, "right")) == queues
        assert_flows_cross(wire)
        for port in ("left", "right"):
            # 600 frames in rings of 512: no queue came round, or all of them were in one.
            counts = heads(box, port)
            assert sum(counts) == FLOWS * FRAMES_A_FLOW, counts
            assert sum(count > 0 for count in counts) >= min(queues, 10), counts
            assert stats(box)[port].dropped == stats(box)[port].missed == 0
        assert_audit_clean(box)


def test_both_directions_of_a_flow_have_the_same_queue_number():
    with start_wire(ports="ixgbe", config=config(IXGBE, "queues = 8")) as wire:
        used = set()
        for flow in range(12):
            before = [heads(wire.box, port) for port in ("left", "right")]
            for source, destination, answer in ((wire.left, wire.right, False),
                                                (wire.right, wire.left, True)):
                sent = packet(flow, answer=answer)
                source.send(sent)
                assert destination.receive() == sent
            queues = [moved(old, heads(wire.box, port))
                      for old, port in zip(before, ("left", "right"))]
            assert queues[0] == queues[1] and len(queues[0]) == 1, (flow, queues)
            used.update(queues[0])
        assert len(used) >= 3, used


def test_fragments_do_not_overtake():
    """Of a UDP datagram only the first fragment has ports: all go where the addresses say."""
    with start_wire(ports="ixgbe", config=config(IXGBE, "queues = 16")) as wire:
        head = Ether(src=MAC_LEFT.hex(":"), dst=MAC_RIGHT.hex(":"))
        ip = {"src": "192.0.2.1", "dst": "192.0.2.99", "id": 1}
        frames = [bytes(head / IP(**ip, flags="MF") / UDP(sport=5, dport=6) / bytes(1472)),
                  bytes(head / IP(**ip, flags="MF", frag=185, proto=17) / bytes(1480)),
                  bytes(head / IP(**ip, frag=370, proto=17) / bytes(200))]
        before = heads(wire.box, "left")
        assert cross(wire.left, wire.right, 5 * frames) == 5 * frames
        assert len(moved(before, heads(wire.box, "left"))) == 1


def test_small_rings_wrap_and_a_restart_loses_no_buffer():
    """As many frames at once as a ring of 64 takes while the box is kept from running."""
    with start_wire(ports="ixgbe",
                    config=config(IXGBE, "queues = 4\nring-size = 64")) as wire:
        for port in ("left", "right"):
            assert_flows_cross(wire, at_once=1)
            wire.box.command(f"restart {port}")
            wire.box.wait_for_links()
            assert_audit_clean(wire.box)
        assert_flows_cross(wire, at_once=1)
        stats(wire.box)


def test_a_card_with_one_queue_says_so_and_takes_all():
    """A virtio device without mq beside an 82599: four queues send through its one."""
    with start_wire(ports="mixed",
                    config=config(("virtio:0", "ixgbe:0"), "queues = 4")) as wire:
        text = wire.box.console.text
        assert re.search(r"\] left: queues = 4, but this card receives on 1 at most: using 1", text), text
        assert "right: queues" not in text
        assert_flows_cross(wire)
        frames = [frame(100, seed=seed) for seed in range(100)]  # no IP: all to queue 0
        assert cross(wire.right, wire.left, frames) == frames
        assert_audit_clean(wire.box)
