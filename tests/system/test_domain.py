# SPDX-License-Identifier: BSD-2-Clause
"""Drivers in ring 3: frames cross as ever, and a driver that is ended comes back, alone."""

import re
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_box, start_wire
from counters import assert_audit_clean, stats
from pairs import start_pairs

# The processor decides how domains are kept apart.
MECHANISM = {"max": "protection keys", "max,-pku": "page tables"}
DOMAIN = ("[port left]\ndevice = {0}:0\nisolation = domain\n"
          "[port right]\ndevice = {0}:1\nisolation = {1}\n[forward]\nmode = wire\n")
FRAMES = [frame(60 + number * 7 % 1400, seed=number) for number in range(300)]


@pytest.mark.parametrize("cpu", MECHANISM)
def test_ring_3_is_entered_and_left(cpu):
    with start_box(["virtio", "virtio"], options=["--cpu", cpu]) as box:
        box.ready()
        for _ in range(2):  # the second time in the same domain
            match = re.search(r"crossing (\d+) ticks, plain call (\d+), medians of 1001, domains by (.*)",
                              box.command("bench crossing"))
            assert match and match[3] == MECHANISM[cpu]
            assert int(match[1]) > int(match[2]), "ring 3 for less than a plain call"


@pytest.mark.parametrize("other", ["none", "domain"])
@pytest.mark.parametrize("cpu", MECHANISM)
def test_every_frame_crosses(ports, cpu, other):
    """Also between a driver in ring 3 and one in ring 0. Then every buffer is in its place."""
    with start_wire(ports=ports, config=DOMAIN.format(ports, other), options=["--cpu", cpu]) as wire:
        assert f"left: driver in ring 3, apart by {MECHANISM[cpu]}" in wire.box.console.text
        assert ("right: driver in ring 3" in wire.box.console.text) == (other == "domain")
        for _ in range(2):
            assert_same(FRAMES, cross(wire.left, wire.right, FRAMES, window=128))
            assert_same(FRAMES, cross(wire.right, wire.left, FRAMES, window=128))
        counters = stats(wire.box)
        assert [counters[name].forwarded for name in ("left", "right")] == [600, 600]
        assert_audit_clean(wire.box)


@pytest.mark.parametrize("how, fault", [("kill a", "killed"), ("inject a ud2", "exception"),
                                        ("inject a loop", "hang")])
def test_an_ended_driver_comes_back_and_its_neighbours_do_not_notice(how, fault):
    with start_pairs(lines="isolation = domain\n") as pairs:
        box = pairs.box
        box.console.mark()
        box.console.send(how + "\r")
        box.console.expect(rf"\] a: fault {fault}, value 0x", 10)
        assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES))
        box.console.expect(r"\] a: running again after \d+ us, adopted: nothing lost", 10)
        assert_same(FRAMES, cross(pairs.a, pairs.b, FRAMES))
        assert_same(FRAMES, cross(pairs.b, pairs.a, FRAMES))
        counters = stats(box)
        assert (counters["c"].dropped, counters["d"].dropped) == (0, 0)
        assert_audit_clean(box)


@pytest.mark.parametrize("how", ["kill left", "inject left ud2", "inject left sent-index",
                                 "inject left duplicate", "inject right sent-foreign"])
def test_adoption_loses_nothing(ports, how):
    """Frames cross without a break while a driver dies and its rings are taken over."""
    with start_wire(ports=ports, config=DOMAIN.format(ports, "domain")) as wire:
        box = wire.box
        for number in range(3):
            time.sleep(1.0)  # an adoption within a second of the last one is a restart instead
            mark = box.console.mark()
            box.command(how)
            assert_same(FRAMES, cross(wire.left, wire.right, FRAMES, window=100))
            assert_same(FRAMES, cross(wire.right, wire.left, FRAMES, window=100))
            assert re.search(r"\] (left|right): running again after \d+ us, adopted: nothing lost",
                             box.console.text[mark:])
            assert_audit_clean(box)
        counters = stats(box)
        assert [counters[name].forwarded for name in ("left", "right")] == [900, 900]


def test_who_dies_twice_within_a_second_is_restarted():
    with start_pairs(lines="isolation = domain\n") as pairs:
        box = pairs.box
        box.console.mark()
        box.console.send("inject a ud2 2\r")
        box.console.expect(r"\] a: running again after \d+ us, adopted", 5)
        box.console.expect(r"\] a: running again after \d+ us, restart 1", 5)
        box.wait_for_links()
        assert_same(FRAMES, cross(pairs.a, pairs.b, FRAMES))
        assert_audit_clean(box)


def test_who_keeps_dying_is_parked_and_two_may_die_at_once():
    with start_pairs(lines="isolation = domain\n") as pairs:
        box = pairs.box
        box.console.mark()
        box.console.send("inject a ud2 99\rinject b null-store 99\r")
        for _ in range(2):
            box.console.expect(r"\] [ab]: parked after 8 restarts", 20)
        assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES))
        counters = stats(box)
        assert (counters["c"].dropped, counters["d"].dropped) == (0, 0)
        assert_audit_clean(box)
