# SPDX-License-Identifier: BSD-2-Clause
"""What a wire must do: every frame comes out unchanged and in order, and every other is accounted
for."""

import random
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
from scapy.layers.l2 import ARP, Ether

from cable import MAC_LEFT, MAC_RIGHT, assert_same, cross, frame
from conftest import PORTS
from counters import stats

LEFT, RIGHT = "left", "right"  # iso/barewire.conf
LONGEST = {"virtio": 1522, "ixgbe": 2048}  # bytes without FCS
BUFFER = 2048  # what is longer than that no card hands over (net/buffers.h)
FRAME_MIN = 14
SHORTEST = {"virtio": FRAME_MIN, "ixgbe": 60}  # what is shorter the card fills up with zeros


def ends(wire, direction):
    """(sending peer, receiving peer, the sending one's port)"""
    return ((wire.left, wire.right, LEFT) if direction == "left to right"
            else (wire.right, wire.left, RIGHT))


every_kind = pytest.mark.ports(*PORTS)
both_directions = pytest.mark.parametrize("direction", ["left to right", "right to left"])


@every_kind
@both_directions
def test_every_size(wire, direction):
    source, destination, port = ends(wire, direction)
    before = stats(wire.box)[port]
    frames = [frame(length) for length in range(60, 1519)]
    assert_same(frames, cross(source, destination, frames))
    after = stats(wire.box)[port]
    assert after.forwarded - before.forwarded == len(frames)
    assert after.rx_bytes - before.rx_bytes == sum(map(len, frames))
    assert after.dropped == before.dropped


def test_nobody_is_at_home(wire):
    """Without [manage] the box says nothing and answers nobody: what is asked crosses it."""
    before = stats(wire.box)
    mac = "52:54:00:00:00:01"  # the left port's own: qemu/run
    asked = [bytes(packet).ljust(60, b"\0") for packet in (
        Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:01") / ARP(psrc="192.0.2.1", pdst="192.0.2.9"),
        Ether(dst="33:33:00:00:00:02", src="02:00:00:00:00:01") / IPv6(dst="ff02::2") / ICMPv6ND_RS(),
        Ether(dst=mac, src="02:00:00:00:00:01") / IP(src="192.0.2.1", dst="192.0.2.9") / ICMP(),
        Ether(dst=mac, src="02:00:00:00:00:01") / IP(src="192.0.2.1", dst="192.0.2.9")
        / TCP(dport=80, flags="S"))]
    assert_same(asked, cross(wire.left, wire.right, asked))
    assert wire.left.drain(1) == [] and wire.right.drain(0.1) == []
    after = stats(wire.box)
    for port in (LEFT, RIGHT):
        assert after[port].originated == after[port].delivered == 0
        assert after[port].tx - before[port].tx == (len(asked) if port == RIGHT else 0)


@both_directions
def test_vlan_tagged(wire, direction):
    source, destination, _ = ends(wire, direction)
    frames = [frame(length, vlan=priority << 13 | vid)
              for length in (60, 64, 68, 1518, 1521, LONGEST["virtio"])
              for priority in (0, 5, 7) for vid in (0, 1, 100, 4094, 4095)]
    assert_same(frames, cross(source, destination, frames))


@both_directions
def test_shorter_than_ethernet_allows(wire, direction):
    """14 to 59 bytes: a virtual card may hand them over, and they are whole frames."""
    source, destination, _ = ends(wire, direction)
    frames = [frame(length) for length in range(14, 60)]
    assert_same(as_received(wire, frames), cross(source, destination, frames))


@every_kind
def test_both_directions_at_once(wire):
    """What crosses one way never comes out where it went in, nor mixes with the other way."""
    rightward = [frame(60 + i % 1400, seed=f"right {i}") for i in range(500)]
    leftward = [frame(60 + i % 1300, seed=f"left {i}") for i in range(500)]
    at_right, at_left = [], []
    for start in range(0, 500, 25):
        for right, left in zip(rightward[start:start + 25], leftward[start:start + 25]):
            wire.left.send(right)
            wire.right.send(left)
        deadline = time.monotonic() + 30
        while (len(at_right) < start + 25 or len(at_left) < start + 25) and \
                time.monotonic() < deadline:
            for peer, arrived in ((wire.right, at_right), (wire.left, at_left)):
                if (got := peer.receive(0.01)) is not None:
                    arrived.append(got)
    assert_same(rightward, at_right)
    assert_same(leftward, at_left)


@every_kind
@both_directions
def test_ten_thousand_in_order(wire, direction):
    source, destination, port = ends(wire, direction)
    before = stats(wire.box)[port]
    frames = [MAC_RIGHT + MAC_LEFT + b"\x88\xb5" + number.to_bytes(46, "big")
              for number in range(10_000)]
    assert_same(frames, cross(source, destination, frames, window=128))
    after = stats(wire.box)[port]
    assert (after.forwarded - before.forwarded, after.dropped) == (10_000, before.dropped)


def as_received(wire, frames):
    """What has to come out for these frames: between 82599s, no frame is shorter than Ethernet's
    least."""
    least = max(SHORTEST[card] for card in PORTS[wire.ports])
    return [data.ljust(least, b"\0") for data in frames]


def seen(port):
    """How many frames came to the card."""
    return port.rx + port.missed


def malformed_packets():
    """Things that look like packets until one reads on. The wire is not to read on."""
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    ip = IP(src="192.0.2.1", dst="192.0.2.2")
    whole = bytes(ether / ip / TCP() / (b"x" * 100))
    yield from (whole[:cut] for cut in range(14, 60))
    yield bytes(ether / IP(src="192.0.2.1", dst="192.0.2.2", ihl=15, len=9) / UDP())
    yield bytes(ether / IP(src="192.0.2.1", dst="192.0.2.2", len=65535) / UDP(len=3))
    yield bytes(ether / IP(src="127.0.0.1", dst="255.255.255.255", ttl=0, frag=8191) / b"\xff")
    yield bytes(ether / IPv6(plen=65535, nh=0, hlim=0) / (b"\0" * 20))
    yield bytes(ether / ARP(hwlen=255, plen=255, op=65535))
    yield bytes(Ether(src="ff:ff:ff:ff:ff:ff", dst="00:00:00:00:00:00", type=0)) + bytes(50)
    for ethertype in (0x0000, 0x0001, 0x05FF, 0x0600, 0x8100, 0x88A8, 0x9000, 0xFFFF):
        yield MAC_RIGHT + MAC_LEFT + ethertype.to_bytes(2, "big") + b"\xff" * 46


def test_malformed_packets_cross_unchanged(wire):
    frames = list(malformed_packets())
    assert_same(as_received(wire, frames), cross(wire.left, wire.right, frames))


def test_pause_frames(wire):
    """An 82599 keeps them to itself, as IEEE 802.3 annex 31B wants; to a virtio card they are frames
    like any other."""
    pause = bytes.fromhex("0180c2000001") + MAC_LEFT + b"\x88\x08\x00\x01\xff\xff" + bytes(42)
    for data in (pause, frame(60), pause, frame(61)):
        wire.left.send(data)
    expected = [frame(60), frame(61)]
    if wire.ports == "virtio":
        expected = [pause, frame(60), pause, frame(61)]
    assert_same(expected, wire.right.take(len(expected)))


@both_directions
def test_random_datagrams(wire, direction):
    """Random bytes of 1 to 2,100 bytes. Exactly those that are frames cross; the rest is counted on
    the port that received it, by name, or was refused by the card."""
    card = PORTS[wire.ports][0]
    least, most = (1 if card == "ixgbe" else FRAME_MIN), LONGEST[card]
    source, destination, port = ends(wire, direction)
    generator = random.Random(20240229)
    before = stats(wire.box)[port]
    sent = [generator.randbytes(generator.choice([generator.randint(1, 20),
                                                  generator.randint(14, 2100)]))
            for _ in range(2999)]
    sent.append(frame(60))  # once it has come out, all are counted
    expected = [data for data in sent if least <= len(data) <= most]
    received = []
    for start in range(0, len(sent), 50):
        part = sent[start:start + 50]
        count = sum(least <= len(data) <= most for data in part)
        for data in part:
            source.send(data)
        for _ in range(count):
            if (got := destination.receive()) is not None:
                received.append(got)
    received += destination.drain(0.1)
    assert_same(as_received(wire, expected), received)
    after = stats(wire.box)[port]
    assert after.forwarded - before.forwarded == len(expected)
    short = sum(len(data) < least for data in sent)
    assert after.drops.get("bad-length", 0) - before.drops.get("bad-length", 0) == short
    long = sum(most < len(data) <= BUFFER for data in sent)
    assert after.drops.get("too-long", 0) - before.drops.get("too-long", 0) == long


def fill_the_ring(wire):
    """The peer on the right does not read while 2,000 frames come in on the left, and then reads what
    was forwarded. Returns how many were dropped as ring-full."""
    lost = stats(wire.box)[RIGHT].lost
    before = stats(wire.box)[LEFT]
    frames = [frame(60, seed=number) for number in range(2000)]
    for data in frames:
        wire.left.send(data)
    deadline = time.monotonic() + 5
    after = stats(wire.box)[LEFT]
    while seen(after) - seen(before) < len(frames) and time.monotonic() < deadline:
        after = stats(wire.box)[LEFT]
    assert seen(after) - seen(before) == len(frames)
    forwarded = after.forwarded - before.forwarded
    dropped = after.drops.get("ring-full", 0) - before.drops.get("ring-full", 0)
    down = sum(count - before.drops.get(name, 0) for name, count in after.drops.items()
               if name.startswith("egress-"))
    assert dropped == after.rx - before.rx - forwarded - down
    arrived = wire.right.drain(0.3)
    wire.box.wait_for_links()
    lost = stats(wire.box)[RIGHT].lost - lost
    # A card reports what it has sent in steps: what left after the last report counts as lost, too.
    assert 0 < len(arrived) <= forwarded <= len(arrived) + lost
    remaining = iter(frames)
    assert all(data in remaining for data in arrived), "out of order, or not what was sent"
    missed = after.missed - before.missed
    assert dropped + lost + missed > 0, "2,000 frames went into a ring that has no room for them"
    return dropped


@every_kind
def test_a_full_ring_is_a_named_drop(wire):
    """QEMU's socket fills, then the ring, and what finds no room is counted as ring-full. Once the
    peer reads again, all that was forwarded comes out in order. On a slow computer all this may take
    longer than a card may be silent: it is then restarted, and what it had not reported as sent is
    counted as lost. Or all frames come while the box waits for a processor, and the card they come
    in by has no room. Neither happens time after time."""
    assert any(fill_the_ring(wire) > 0 for _ in range(5))

    again = [frame(100, seed=f"again {number}") for number in range(300)]
    assert_same(again, cross(wire.left, wire.right, again))
    assert_same(again, cross(wire.right, wire.left, again))
