# SPDX-License-Identifier: BSD-2-Clause
"""The longest frame that crosses is the longest that the port which it leaves by carries and that the
buffers hold. What is longer is dropped as too-long by the box, or counted as refused by the card."""

import pytest

from cable import assert_same, cross, frame
from conftest import start_wire
from counters import assert_audit_clean, stats

BUFFER = 2048  # net/buffers.h
ORDINARY = 1522
# The last one always crosses: once it has come out, all are counted.
LENGTHS = [60, 1514, ORDINARY, ORDINARY + 1, 2022, 2023, BUFFER, BUFFER + 1, 4000, 9014, 61]

# Ports and their options -> the longest frame from left to right, and from right to left
CASES = {
    "virtio": ("virtio", "", ORDINARY, ORDINARY),
    "virtio, MTU 2000": ("virtio", ",host_mtu=2000", 2022, 2022),
    "virtio, MTU 2000 on the right": ("virtio", ("", ",host_mtu=2000"), 2022, ORDINARY),
    "virtio, MTU 9000": ("virtio", ",host_mtu=9000", ORDINARY, ORDINARY),
    "82599": ("ixgbe", "", BUFFER, BUFFER),
    "virtio to 82599": ("mixed", "", BUFFER, ORDINARY),
}


def assert_longest(wire, source, destination, port, longest):
    before = stats(wire.box)[port]
    frames = [frame(length, seed=length) for length in LENGTHS]
    carried = [data for data in frames if len(data) <= longest]
    for data in frames:
        source.send(data)
    assert_same(carried, destination.take(len(carried)))
    after = stats(wire.box)[port]
    assert after.forwarded - before.forwarded == len(carried)
    dropped = sum(longest < len(data) <= BUFFER for data in frames)
    assert after.drops.get("too-long", 0) - before.drops.get("too-long", 0) == dropped


@pytest.mark.parametrize("case", CASES)
def test_longest_frame(case):
    ports, options, rightward, leftward = CASES[case]
    with start_wire(options, ports=ports) as wire:
        assert_longest(wire, wire.left, wire.right, "left", rightward)
        assert_longest(wire, wire.right, wire.left, "right", leftward)
        frames = [frame(100 + number) for number in range(100)]
        assert_same(frames, cross(wire.left, wire.right, frames))
        assert_audit_clean(wire.box)


# Ports and their options, and the longest frame, with max-frame = 9216.
JUMBO = {
    "virtio": (",host_mtu=9000", 9022),
    "ixgbe": ("", 9216),
}
JUMBO_LENGTHS = [60, 1522, 1523, 2049, 4096, 8192, 9000, 9018, 9022, 9023, 9216, 61]


@pytest.mark.parametrize("kind", JUMBO)
def test_jumbo_frames(kind):
    options, longest = JUMBO[kind]
    with start_wire(options, ports=kind, options=("--append", "forward.max-frame=9216")) as wire:
        for source, destination, port in ((wire.left, wire.right, "left"),
                                          (wire.right, wire.left, "right")):
            frames = [frame(length, seed=length) for length in JUMBO_LENGTHS * 3]
            carried = [data for data in frames if len(data) <= longest]
            for data in frames:
                source.send(data)
            assert_same(carried, destination.take(len(carried)))
            assert stats(wire.box)[port].forwarded == len(carried)
        assert_audit_clean(wire.box)


def test_an_mtu_that_no_buffer_holds_is_said():
    with start_wire(",host_mtu=9000") as wire:
        for port in ("left", "right"):
            assert f"{port}: virtio: MTU 9000 not taken, expected 68 to" in wire.box.console.text


def test_the_card_counts_what_it_refuses():
    with start_wire(ports="ixgbe") as wire:
        for _ in range(5):
            wire.left.send(frame(BUFFER + 1))
        wire.left.send(frame(60))
        assert_same([frame(60)], wire.right.take(1))
        port = stats(wire.box)["left"]
        assert (port.rx, port.refused) == (1, 5)
