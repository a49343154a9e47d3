# SPDX-License-Identifier: BSD-2-Clause
"""`bounce = on`: what a card does to its receive buffers after it has handed them over changes nothing.
By the 82599 model's fault `rewrite`; frames wait in a transmit ring meanwhile, because their receiver does
not read.
"""

import re
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_wire
from counters import assert_audit_clean, stats

FRAMES = [frame(60 + number * 7 % 1450, seed=number) for number in range(300)]
REWRITTEN = b"\xee" * 60
MODES = {"wire": "left", "bridge": "left right"}  # -> the ports that copy


def config(cards, lines, forward):
    return "".join(f"[port {name}]\ndevice = {card}\n{lines[name]}" for name, card in cards.items()) \
        + f"[forward]\nmode = {forward}\n"


def copied(box):
    """Port -> frames that it copied, as `isolation` says."""
    return {name: int(count) for name, count in
            re.findall(r"^(\w+): copies frames before they are looked at: (\d+) so far",
                       box.command("isolation"), re.MULTILINE)}


@pytest.mark.parametrize("level, mode", [("none", "wire"), ("iommu", "wire"), ("domain", "wire"),
                                         ("domain", "bridge")])
def test_every_frame_crosses(ports, level, mode):
    """At every level, by both drivers; also when the port is restarted. No buffer is lost."""
    lines = {name: f"isolation = {level}\n" + f"bounce = {'on' if name in MODES[mode] else 'off'}\n"
             for name in ("left", "right")}
    cards = {"left": f"{ports}:0", "right": f"{ports}:1"}
    options = [] if level == "none" else ["--iommu"]
    with start_wire(ports=ports, config=config(cards, lines, mode), options=options) as wire:
        warns = "left: frames are copied before they are looked at, but no IOMMU keeps the card from the copies"
        assert (warns in wire.box.console.text) == (level == "none")
        for step in range(2):
            assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
            assert_same(FRAMES, cross(wire.right, wire.left, FRAMES))
            if step == 0:
                wire.box.command("restart left")
                wire.box.wait_for_links()
        counters = stats(wire.box)
        assert counters["left"].rx == counters["right"].tx == 600
        assert copied(wire.box) == {name: 600 for name in MODES[mode].split()}
        shown = re.findall(r"^ +copy +(\d+) copied before", wire.box.command("stats"), re.MULTILINE)
        assert shown == ["600"] * len(copied(wire.box))
        assert_audit_clean(wire.box)


def restarted(box):
    return "] left: fault silent" in box.console.text


def rewritten(bounce, frames):
    """Lets the card rewrite what it handed over. Returns what arrives instead of the frames; None when this
    computer took so long meanwhile that the port with the full ring was restarted."""
    cards = {"left": "virtio:0", "right": "ixgbe:0"}
    lines = {"left": "", "right": f"bounce = {bounce}\n"}
    with start_wire(ports="mixed", config=config(cards, lines, "wire"), options=["--iommu"]) as wire:
        box = wire.box
        for one in frames:
            wire.right.send(one)
        deadline = time.monotonic() + 30
        while stats(box)["right"].forwarded < len(frames):
            if restarted(box):
                return None
            assert time.monotonic() < deadline, box.command("stats")
        box.qmp("qom-set", path="/machine/peripheral/port1", property="fault", value="rewrite")
        arrived = wire.left.take(len(frames))
        if restarted(box):
            return None
        assert "refused" not in box.console.text  # by the IOMMU: those buffers are the card's own
        assert_audit_clean(box)
    return arrived


@pytest.mark.parametrize("bounce", ["off", "on"])
def test_a_card_rewrites_what_it_handed_over(bounce):
    frames = [frame(1514, seed=number) for number in range(250)]  # a socket takes 92 of these
    for _ in range(5):
        if (arrived := rewritten(bounce, frames)) is not None:
            break
    assert arrived is not None, "it never was quick enough"
    if bounce == "on":
        assert_same(frames, arrived)
    else:
        wrong = [number for number, one in enumerate(arrived) if one != frames[number]]
        assert len(arrived) == len(frames) and wrong, "nothing was rewritten: the test is void"
        assert all(arrived[number] == REWRITTEN + frames[number][60:] for number in wrong)
