# SPDX-License-Identifier: BSD-2-Clause
"""The generator and its checker: what a forwarder does wrong must show in the counters."""

import subprocess

import pytest
from card import MILLISECOND, Card
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

COUNTERS = ["sent", "received", "lost", "changed", "reordered", "duplicated"]


@pytest.fixture
def forwarder(machine):
    """Two ports; the first one's generator made 20 frames, a thousand a second."""
    def start(text):
        both = machine(f"strict=on,generator={text}", "strict=on")
        source, target = Card(both, 1), Card(both, 2)
        target.start()
        source.start()
        both.step(40 * MILLISECOND)
        return both, source, target
    return start


def take(card, count):
    frames = [card.received_legacy()[2] for _ in range(count)]
    assert card.received_legacy() is None
    return frames


def counters(machine):
    return {name: machine.qom_get("p0", f"generator-{name}") for name in COUNTERS}


def test_all_well(forwarder):
    both, source, target = forwarder("1000:mix:20")
    frames = take(source, 20)
    assert len({len(frame) for frame in frames}) > 15
    assert all(60 <= len(frame) <= 1514 for frame in frames)
    for frame in frames:
        target.send(frame)
    assert counters(both) == {"sent": 20, "received": 20, "lost": 0, "changed": 0, "reordered": 0,
                              "duplicated": 0}


def test_everything_goes_wrong(forwarder):
    both, source, target = forwarder("100000:64:20")
    frames = take(source, 20)
    assert {len(frame) for frame in frames} == {60}
    frames[3] = frames[3][:59] + bytes([frames[3][59] ^ 1])
    del frames[7]
    for frame in [*frames, frames[0]]:
        target.send(frame)
    assert counters(both) == {"sent": 20, "received": 18, "lost": 1, "changed": 1, "reordered": 0,
                              "duplicated": 1}


def test_overtaking_within_a_flow(forwarder):
    both, source, target = forwarder("max:64:65")
    frames = []
    while len(frames) < 65:
        got = source.received_legacy()
        if got is None:
            both.step(MILLISECOND)
            continue
        frames.append(got[2])
        source.rx_give(0, 1)
    first, again = frames[0], frames[64]  # the same flow
    assert Ether(first)[UDP].sport == Ether(again)[UDP].sport
    for frame in (again, first):
        target.send(frame)
    assert counters(both)["reordered"] == 1 and counters(both)["received"] == 2


def test_frames_are_valid(forwarder):
    _, source, _ = forwarder("1000:mix:20")
    for frame in take(source, 20):
        packet = Ether(frame)
        assert packet[IP].len == len(frame) - 14
        again = packet.copy()
        del again[IP].chksum
        assert bytes(Ether(bytes(again)))[14:34] == frame[14:34]


@pytest.mark.parametrize("to, destination", [
    ("", "02:00:00:00:01:01"), (",generator-to=3", "02:00:00:00:03:01"),
    (",generator-to=nobody", "02:00:00:00:00:02")])
def test_addresses(forwarder, to, destination):
    """Two ports' generators are stations that talk to each other, unless told otherwise."""
    _, source, _ = forwarder("1000:64:20" + to)
    for frame in take(source, 20):
        assert (Ether(frame).src, Ether(frame).dst) == ("02:00:00:00:00:01", destination)


def test_counts_at_the_end(forwarder):
    both, source, target = forwarder("1000:64:20")
    for frame in take(source, 20):
        target.send(frame)
    both.qmp("quit")
    both.exit_status()
    counts = "sent 20 received 20 lost 0 changed 0 reordered 0 duplicated 0 elapsed"
    assert f"p0: generator: {counts}" in both.log()


@pytest.mark.parametrize("text", ["16", "p1", "everybody"])
def test_bad_receiver_is_refused(qemu, text):
    command = [qemu, "-machine", "q35,accel=qtest", "-display", "none", "-nodefaults", "-device",
               "ixgbe,generator=1000:64:1,generator-to=" + text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "0 to 15, or nobody" in done.stderr


@pytest.mark.parametrize("text", ["1000:64", "0:64:1", "1000:63:1", "1000:9217:1", "fast:64:1"])
def test_bad_text_is_refused(qemu, text):
    command = [qemu, "-machine", "q35,accel=qtest", "-display", "none", "-nodefaults", "-device",
               "ixgbe,generator=" + text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "RATE,SIZE,COUNT" in done.stderr
