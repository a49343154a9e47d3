# SPDX-License-Identifier: BSD-2-Clause
"""The command line on the serial console."""

import re

import pytest

from cable import assert_same, cross, frame
from conftest import PORTS
from counters import stats

pytestmark = pytest.mark.ports("virtio")
every_kind = pytest.mark.ports("virtio", "ixgbe", "mixed")
# Kind of card -> what `ports` says of its driver and link.
SHOWN = {"virtio": "virtio-net {mac} +running +up", "ixgbe": "ixgbe +{mac} +running +10000 Mb/s"}

COMMANDS = ["help", "ports", "stats", "audit", "log", "config", "reboot", "panic-test"]
UP, DOWN, BACKSPACE, CONTROL_C, CONTROL_U = "\x1b[A", "\x1b[B", "\x7f", "\x03", "\x15"


def typed(box, keys, expect):
    """Types the keys; waits for the pattern."""
    box.console.mark()
    box.console.send(keys)
    return box.console.expect(expect)


def test_help_lists_the_commands(wire):
    listed = re.findall(r"^  (\S+)", wire.box.command("help"), re.MULTILINE)
    assert set(COMMANDS) <= set(listed)


def test_unknown_command(wire):
    assert re.search(r"frobnicate: unknown command", wire.box.command("frobnicate"))


@pytest.mark.parametrize("keys", [
    "stax" + BACKSPACE + "ts\r",
    "nonsense" + CONTROL_U + "stats\r",
    "nonsense" + CONTROL_C + "stats\r",
    "  stats  \r",
    "stats\n",
    "stats\r\n",
    "\x1b[5~stats\r",  # a key that means nothing here
])
def test_editing(wire, keys):
    typed(wire.box, keys, r"left +rx +\d+ frames")
    wire.box.console.expect(r"^barewire> \Z")


def test_history(wire):
    wire.box.command("audit")
    wire.box.command("ports")
    typed(wire.box, UP + UP + "\r", r"barewire> audit\n.*each exactly once")
    wire.box.console.expect(r"^barewire> \Z")
    typed(wire.box, UP + UP + DOWN + "\r", r"barewire> audit\n.*each exactly once")
    wire.box.console.expect(r"^barewire> \Z")
    typed(wire.box, UP + BACKSPACE * 5 + "help\r", r"this list")
    wire.box.console.expect(r"^barewire> \Z")


def test_garbage_does_no_harm(wire):
    """Every byte there is, and lines far too long."""
    garbage = "".join(map(chr, range(0x20))) + "x" * 5000 + "\r" + "y " * 100 + "\r" + CONTROL_U
    wire.box.console.mark()
    wire.box.console.send(garbage)
    wire.box.console.expect(r"too many words|unknown command")
    wire.box.console.send("\x1b[m" + CONTROL_U)
    wire.box.console.expect(r"^barewire> \Z")
    assert "this list" in wire.box.command("help")


def test_log_shows_the_boot_again(wire):
    first = re.search(r"^\[.*\] (Barewire .*)$", wire.box.console.text, re.MULTILINE)[1]
    again = wire.box.command("log")
    assert first in again
    assert "READY in" in again


def test_config_shows_what_holds(wire):
    text = wire.box.command("config")
    assert re.search(r"\[port left\]\ndevice = any:0 ", text), text
    assert re.search(r"mode = wire", text), text


@every_kind
def test_ports_shows_state_link_and_address(wire):
    text = wire.box.command("ports")
    left, right = PORTS[wire.ports]
    for name, card, number in ("left", left, 0), ("right", right, int(left == right)):
        shown = SHOWN[card].format(mac="52:54:00:00:00:0" + ("1" if name == "left" else "2"))
        assert re.search(rf"^{name} +(any|{card}):{number} +{shown}", text, re.MULTILINE), text


@every_kind
def test_stats_counts_each_frame_once(wire):
    before = stats(wire.box)
    frames = [frame(100 + number) for number in range(37)]
    assert_same(frames, cross(wire.left, wire.right, frames))
    after = stats(wire.box)
    total = sum(map(len, frames))
    assert after["left"].rx - before["left"].rx == 37
    assert after["left"].rx_bytes - before["left"].rx_bytes == total
    assert after["right"].tx - before["right"].tx == 37
    assert after["right"].tx_bytes - before["right"].tx_bytes == total
    assert after["right"].rx == before["right"].rx
    text = wire.box.command("stats right")
    assert "right" in text and "left" not in text
    assert "no port is called" in wire.box.command("stats nowhere")


def test_traffic_flows_while_the_console_prints(wire):
    """A long answer at 115,200 baud takes no frame's place."""
    frames = [frame(64, seed=number) for number in range(3000)]
    wire.box.console.send("log\rhelp\rlog\rstats\rlog\r")
    assert_same(frames, cross(wire.left, wire.right, frames))
    wire.box.console.expect(r"^barewire> \Z")


@every_kind
def test_restart_of_a_port(wire):
    """`restart` takes every buffer back and hands them out again."""
    for name in ("left", "right"):
        wire.box.command(f"restart {name}")
    wire.box.wait_for_links()
    frames = [frame(64, seed=number) for number in range(600)]
    assert_same(frames, cross(wire.left, wire.right, frames))
    assert_same(frames, cross(wire.right, wire.left, frames))
