# SPDX-License-Identifier: BSD-2-Clause
"""capture and drops on the console, with real frames."""

import re
import time

import pytest

from cable import cross, frame
from counters import stats


def shown(text):
    """The frames that `capture` showed: direction, what it is called, its first bytes."""
    found = []
    for part in re.split(r"^(?=\d+\. )", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"(\d+)\. (received|sent) at \d+\.\d{6} s, (\d+) bytes", part)
        data = "".join(re.findall(r"^  [0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", part, re.MULTILINE))
        found.append((head[2], int(head[3]), bytes.fromhex(data)))
    return found


def capture(box, command, make_traffic):
    """Types the command, makes traffic, waits for the prompt. Returns what was printed."""
    box.console.mark()
    box.console.send(command + "\r")
    box.console.expect("any key stops")
    make_traffic()
    return box.console.expect(r"((?:.*\n)*?)barewire> \Z")[1]


def test_both_directions(wire):
    """Frames that the port receives and frames that it sends, as they were, and none of them lost."""
    there = [frame(60, seed=1), frame(1000, seed=2)]
    back = [frame(61, seed=3)]

    def traffic():
        assert cross(wire.left, wire.right, there) == there
        assert cross(wire.right, wire.left, back) == back

    found = shown(capture(wire.box, "capture left 3", traffic))
    assert found == [("received", 60, there[0]), ("received", 1000, there[1][:256]),
                     ("sent", 61, back[0])]


def test_forwarding_goes_on(wire):
    """More frames than can be shown: all of them cross."""
    frames = [frame(100, seed=number) for number in range(2000)]
    capture(wire.box, "capture left 20", lambda: cross(wire.left, wire.right, frames[:100]))
    assert cross(wire.left, wire.right, frames) == frames
    before = stats(wire.box)["left"].rx
    assert cross(wire.left, wire.right, frames[:5]) == frames[:5]
    assert stats(wire.box)["left"].rx - before == 5


@pytest.mark.ports("virtio")
def test_a_key_stops_it(wire):
    text = capture(wire.box, "capture right 5", lambda: wire.box.console.send("q"))
    assert "stopped after 0 frames" in text
    assert "usage: capture PORT [N], N from 1 to 1000" in wire.box.command("capture left 1001")


@pytest.mark.ports("virtio")
def test_drops(wire):
    """Frames for a port without a link, by reason, and their rate."""
    wire.box.command("drops")
    wire.box.qmp("set_link", name="port1", up=False)
    wire.box.console.expect("right: link down")
    for number in range(50):
        wire.left.send(frame(60, seed=number))
    deadline = time.monotonic() + 30
    while stats(wire.box)["left"].drops.get("egress-no-link", 0) < 50:
        assert time.monotonic() < deadline
    line = re.search(r"^left +egress-no-link +50 +(\d+)$", wire.box.command("drops"), re.MULTILINE)
    assert line and int(line[1]) > 0
    wire.box.qmp("set_link", name="port1", up=True)
    wire.box.wait_for_links()
    assert re.search(r"^left +egress-no-link +50 +\d+$", wire.box.command("drops"), re.MULTILINE)
