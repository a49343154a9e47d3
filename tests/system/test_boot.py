# SPDX-License-Identifier: BSD-2-Clause
"""Every way in which the image can start, and how much memory it needs and uses."""

import os
import re
import tempfile
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_wire
from counters import assert_audit_clean, stats

WAYS = {
    "kernel, qboot, q35": [],
    "kernel, qboot, pc": ["--machine", "pc"],
    "kernel, qboot, q35, 4 processors": ["--smp", "4"],
    "kernel, BIOS, q35": ["--firmware", "bios"],
    "kernel, BIOS, pc": ["--firmware", "bios", "--machine", "pc"],
    "CD, BIOS, q35": ["--boot", "iso"],
    "CD, BIOS, pc": ["--boot", "iso", "--machine", "pc"],
    "USB stick, BIOS, q35": ["--boot", "disk"],
    "USB stick, BIOS, pc": ["--boot", "disk", "--machine", "pc"],
    "CD, UEFI, q35": ["--boot", "iso", "--firmware", "uefi"],
    "USB stick, UEFI, q35": ["--boot", "disk", "--firmware", "uefi"],
}


def assert_forwards(wire, count=20):
    """Frames of different sizes cross both ways, and the books are in order."""
    frames = [frame(60 + 73 * i, seed=i) for i in range(count)]
    assert_same(frames, cross(wire.left, wire.right, frames))
    assert_same(frames, cross(wire.right, wire.left, frames))
    ports = stats(wire.box)
    assert [port.forwarded for port in ports.values()] == [count, count]
    assert_audit_clean(wire.box)


@pytest.mark.parametrize("way", WAYS)
def test_boots_and_forwards(way):
    with start_wire(options=WAYS[way]) as wire:
        assert_forwards(wire)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_screen_and_keyboard(firmware):
    """The screen, text cells under a BIOS and pixels under UEFI, shows text, and what is typed on
    the PS/2 keyboard is a command."""
    options = ["--boot", "iso", "--firmware", firmware]
    with start_wire(options=options, extra=["-vga", "std"]) as wire, \
            tempfile.NamedTemporaryFile(suffix=".ppm") as picture:
        box = wire.box
        box.console.mark()
        for key in ("h", "e", "l", "p", "ret"):
            box.qmp("send-key", keys=[{"type": "qcode", "data": key}])
        box.console.expect(r"panic-test")
        wait_for_text(box, picture.name)
        assert_forwards(wire)


def lit_pixels(path):
    """How many pixels of a PPM picture are bright."""
    with open(path, "rb") as file:
        data = file.read()
    header = re.match(rb"P6\n\d+ \d+\n255\n", data)
    return sum(value > 0x60 for value in data[header.end()::3]) if header else 0


def wait_for_text(box, path):
    """Until about as much of the screen is lit as a boot log lights, and far from all of it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        box.qmp("screendump", filename=path)
        lit = lit_pixels(path)
        if 5_000 < lit < 200_000:
            return
        time.sleep(0.1)
    raise AssertionError(f"{lit} bright pixels: is there text?")


def test_config_on_a_fat_volume_is_preferred():
    """GRUB takes barewire.conf from a volume labelled BAREWIRE before the one in the ISO."""
    config = ("[port alpha]\ndevice = virtio:0\n[port omega]\ndevice = virtio:1\n"
              "[forward]\nmode = wire\n")
    with start_wire(options=["--boot", "iso"], config=config) as wire:
        assert_forwards(wire)
        assert set(stats(wire.box)) == {"alpha", "omega"}


@pytest.mark.parametrize("megabytes", [16, 32])
def test_forwards_with_little_memory(megabytes):
    with start_wire(options=["--mem", f"{megabytes}M"]) as wire:
        assert_forwards(wire)


def test_forwards_with_64_gigabytes_and_uses_what_lies_above_4():
    """The frame that crossed is found in the memory above 4 GB, where the packet buffers must be."""
    marker = b"where is this frame kept? " + os.urandom(16)
    with start_wire(options=["--mem", "64G"]) as wire, \
            tempfile.NamedTemporaryFile(prefix="barewire-") as dump:
        assert_forwards(wire)
        marked = [frame(60) + marker] * 8
        assert_same(marked, cross(wire.left, wire.right, marked))
        total = wire.box.command("memory")
        assert int(re.search(r"(\d+) KiB of RAM", total)[1]) > 63 << 20, total
        # q35 keeps 2 GB below 4 GB; the rest ends at 66 GB.
        size = 256 << 20
        wire.box.qmp("pmemsave", val=(66 << 30) - size, size=size, filename=dump.name)
        assert marker in dump.read(), "the frame is not in the highest 256 MB"


@pytest.mark.parametrize("megabytes", [5, 6])
def test_too_little_memory_is_said(megabytes):
    """What is needed and what there is; the console works, and nothing is forwarded."""
    with start_wire(options=["--mem", f"{megabytes}M"], ready=False) as wire:
        wire.box.console.expect(r"too little memory: .*need \d+ KiB.* \d+ KiB free")
        wire.box.console.expect(r"NOT FORWARDING")
        wire.left.send(frame(60))
        assert wire.right.receive(0.2) is None
        wire.box.console.expect(r"^barewire> \Z")
        assert "KiB free" in wire.box.command("memory")
