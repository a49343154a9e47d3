# SPDX-License-Identifier: BSD-2-Clause
"""How long the console holds up frames, in instructions: the guest's clock counts them (-icount), so the
figures are the same on every computer, however busy."""

import re

import pytest

from cable import assert_same, cross, frame
from conftest import start_box, start_wire, wire_config
from test_domain import DOMAIN
from test_limits import CARD, ICOUNT

# 20 microseconds of a core that completes an instruction a nanosecond.
INSTRUCTIONS = 20_000
BY_PIECES = ["audit", "help", "ports", "stats", "drops", "load", "log", "pci", "uptime", "memory",
             "config", "isolation", "diag left", "diag", "bench crossing", "bench crossing",
             "bench walls"]


def read_gap(box):
    """Instructions between two polls of the rings, at most, since this was last asked."""
    return round(1000 * float(re.search(r"since last asked ([\d.]+) us", box.command("load"))[1]))


def longest_gap(box, command):
    """The same while the command was answered."""
    read_gap(box)
    box.command(command)
    return read_gap(box)


def test_commands_come_in_pieces():
    ports = ["ixgbe", "ixgbe"]
    with start_box(ports, wire_config(ports), extra=ICOUNT) as box:
        box.ready()
        box.wait_for_links()
        # What the start of the box took is forgotten.
        for _ in range(20):
            if longest_gap(box, "uptime") <= INSTRUCTIONS:
                break
        found = {command: longest_gap(box, command) for command in BY_PIECES}
    long = {command: found[command] for command in BY_PIECES if found[command] > INSTRUCTIONS}
    assert not long


@pytest.mark.parametrize("isolation", ["none", "domain"])
def test_audit_while_frames_cross(ports, isolation):
    """In pieces, between which every buffer may have moved; and it says that all is well."""
    frames = [frame(60 + number % 1400, seed=number) for number in range(200)]
    config = DOMAIN.format(ports, "domain") if isolation == "domain" else None
    # The guest's time goes on as outside when it sleeps: its peers are real.
    with start_wire(CARD[ports], ports=ports, config=config,
                    extra=["-icount", "shift=0", "-cpu", "max,-x2apic"]) as wire:
        box = wire.box
        for _ in range(20):
            if longest_gap(box, "uptime") <= INSTRUCTIONS:
                break
        for _ in range(5):
            box.console.mark()
            box.console.send("audit\r")
            assert_same(frames, cross(wire.left, wire.right, frames, window=100))
            assert_same(frames, cross(wire.right, wire.left, frames, window=100))
            box.console.expect(r"(\d+) buffers in \1 slots, each exactly once: ok")
        assert read_gap(box) <= INSTRUCTIONS
