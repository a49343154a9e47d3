# SPDX-License-Identifier: BSD-2-Clause
"""How long the box is away from its rings while a port is restarted, leaves, or gets another link, and
frames cross between two others: in instructions, as in test_gaps.py."""

import contextlib
import time

import pytest

from cable import assert_same, cross, frame
from counters import assert_audit_clean
from pairs import start_pairs
from test_gaps import INSTRUCTIONS, longest_gap, read_gap
from test_hotplug import BUTTON, devices, two_pairs
from test_limits import CARD

# The guest's time goes on as outside when it sleeps: its peers are real.
ICOUNT = ["-icount", "shift=0", "-cpu", "max,-x2apic"]
FRAMES = [frame(60 + number % 1400, seed=number) for number in range(100)]
RESTARTS = 3


def settle(box):
    """What the start of the box took is forgotten."""
    for _ in range(20):
        if longest_gap(box, "uptime") <= INSTRUCTIONS:
            break


@contextlib.contextmanager
def start(card, isolation, **more):
    """Two pairs of such cards."""
    with start_pairs((card,) * 4, f"isolation = {isolation}\n", card_options={card: CARD[card]},
                     extra=ICOUNT, **more) as pairs:
        settle(pairs.box)
        yield pairs


@contextlib.contextmanager
def never_long(box, c, d):
    """While the block runs, and frames cross between c and d before and after it."""
    read_gap(box)
    assert_same(FRAMES, cross(c, d, FRAMES, window=32))
    yield
    assert_same(FRAMES, cross(d, c, FRAMES, window=32))
    found = read_gap(box)
    assert found <= INSTRUCTIONS, f"{found} instructions between two polls of the rings"


@pytest.mark.parametrize("isolation", ["none", "domain"])
def test_restart(ports, isolation):
    """The link comes up again meanwhile, for which an 82599 talks to its module."""
    with start(ports, isolation) as pairs:
        box = pairs.box
        for _ in range(RESTARTS):
            with never_long(box, pairs.c, pairs.d):
                box.console.mark()
                box.console.send("restart a\r")
                assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES, window=32))
                box.console.expect(r"\] a: running again after \d+ us")
                box.console.expect(r"\] a: link up")
        assert_same(FRAMES, cross(pairs.a, pairs.b, FRAMES, window=32))
        assert_audit_clean(box)


def test_faults(ports):
    """Each ends in a restart, with frames in the rings of the pair that it hits."""
    with start(ports, "none") as pairs:
        box = pairs.box
        for _ in range(RESTARTS):
            with never_long(box, pairs.c, pairs.d):
                box.console.mark()
                for data in FRAMES:
                    pairs.a.send(data)
                box.console.send("kill a\r")
                assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES, window=32))
                box.console.expect(r"\] a: running again after \d+ us")
                box.console.expect(r"\] a: link up")
                pairs.b.drain(0.2)
        assert_same(FRAMES, cross(pairs.a, pairs.b, FRAMES, window=32))
        assert_audit_clean(box)


def test_link(ports):
    """Down for so long that an 82599 asks its module again, and up."""
    with start(ports, "none") as pairs:
        box = pairs.box
        with never_long(box, pairs.c, pairs.d):
            box.console.mark()
            box.qmp("set_link", name="port0", up=False)
            box.console.expect(r"\] a: link down")
            for _ in range(5):
                assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES, window=32))
                time.sleep(1)
            box.qmp("set_link", name="port0", up=True)
            box.console.expect(r"\] a: link up")
            assert_same(FRAMES, cross(pairs.a, pairs.b, FRAMES, window=32))


def test_a_card_leaves(tmp_path, ports):
    """Between a and b, which are virtio cards, frames cross; d is asked to leave."""
    with two_pairs(tmp_path, ports, ["", "", "", ",bus=place"], [*BUTTON, *ICOUNT]) as (box, peers):
        settle(box)
        with never_long(box, *peers[:2]):
            box.console.mark()
            box.qmp("device_del", id="port3")
            deadline = time.monotonic() + 60
            while "port3" in devices(box) and time.monotonic() < deadline:
                assert_same(FRAMES, cross(*peers[:2], FRAMES, window=32))
            box.console.expect(r"\] d: device gone, \d+ frames")
            box.console.expect(r"\] d: its slot is off")
        assert_audit_clean(box)
