# SPDX-License-Identifier: BSD-2-Clause
"""The 82599s that the model can be: each is driven, or refused with a reason. qemu/82599/README.md
explains the options."""

import re
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_wire
from counters import stats, wait_for_received
from test_boot import assert_forwards
from test_virtio import wait_for_link

DRIVEN = {
    "backplane": ",device-id=0x10f7",
    "10GBASE-LR": ",sfp=lr",
    "direct attach": ",sfp=copper",
    "1000BASE-T": ",sfp=rj45,link=1g",
    "X540": ",device-id=0x1528",
    "module that nobody supports": ",sfp=unsupported,any-sfp=off",
    "missed packets are counted": ",backpressure=off",
    "slow link": ",link-delay-ms=500",
}


@pytest.mark.parametrize("variant", DRIVEN)
def test_driven(variant):
    with start_wire(DRIVEN[variant], ports="ixgbe") as wire:
        assert_forwards(wire)


def test_left_asleep_by_firmware():
    """In D3hot. Waking up takes the BARs away, which are written again."""
    with start_wire(("", ",asleep=on"), ports="ixgbe", options=["--firmware", "bios"]) as wire:
        assert_forwards(wire)
        assert "power: D0 (PMCSR 0000)" in wire.box.command("diag right")


@pytest.mark.parametrize("options", [["--machine", "pc"], ["--firmware", "bios"], ["--smp", "4"],
                                     ["--mem", "32M"], ["--mem", "64G"]], ids=" ".join)
def test_forwards_on_other_machines(options):
    """The firmware places the registers, or nobody has; memory is scarce, or lies above 4 GB."""
    with start_wire(ports="ixgbe", options=options) as wire:
        assert_forwards(wire)


def test_forwards_behind_root_ports():
    ports = ["-device", "pcie-root-port,id=a,chassis=1", "-device", "pcie-root-port,id=b,chassis=2"]
    with start_wire((",bus=a", ",bus=b"), ports="ixgbe", extra=ports) as wire:
        assert_forwards(wire)


def test_two_ports_of_one_card():
    """Functions 0 and 1 of one device, as on the real board."""
    with start_wire((",addr=3.0,multifunction=on", ",addr=3.1"), ports="ixgbe") as wire:
        assert_forwards(wire)


# What makes the right card unusable -> what the log says of it
REFUSED = {
    ",device-id=0x10ed": r"8086:10ed .* is a virtual function: give the box the physical function",
    ",eeprom=none": r"no EEPROM with a valid signature: EEC is \w+h .*section 8\.2\.3\.2\.1",
    ",eeprom=bad": r"EEPROM checksum: word 3Fh is \w+h, the contents want \w+h",
    ",fault=all-ones": r'device "ixgbe:1" is not there',
    # A card that never ends its reset breaks rules all by itself.
    ",fault=reset-stuck,strict=off": r"waited \d+ us for CTRL\.RST .* register 00000h is \w+h",
    ",fault=semaphore-stuck": r"semaphore was left taken: SWSM \w+h, SW_FW_SYNC \w+h",
    ",asleep=on,fault=power-stuck": r"PMCSR is 0x3: does not leave its power state",
    # Larger than what is below 4 GiB, and this firmware places nothing.
    ",bar-size=4G": r"BAR 0 is not there: the firmware gave it no address",
}


@pytest.mark.parametrize("options", REFUSED)
def test_refused(options):
    """Said with what was found and where that is written; nothing is forwarded, the console works."""
    with start_wire(("", options), ready=False, ports="ixgbe") as wire:
        wire.box.console.expect(rf"\] right: {REFUSED[options]}")
        wire.box.console.expect(r"NOT FORWARDING")
        wire.box.console.expect(r"^barewire> \Z")
        wire.left.send(bytes(60))
        assert wire.right.receive(0.2) is None
        for command in ("ports", "stats", "audit", "pci", "log"):
            wire.box.command(command)


@pytest.mark.parametrize("options", REFUSED)
def test_others_work_on(options):
    """The same card beside two that are well: every frame between those arrives."""
    config = ("[port left]\ndevice = virtio:0\n[port right]\ndevice = virtio:1\n"
              "[port bad]\ndevice = ixgbe:0\n[forward]\nmode = wire\nports = left right\n")
    expected = REFUSED[options].replace("ixgbe:1", "ixgbe:0")
    with start_wire(config=config, ready=False, options=["--port", "ixgbe" + options]) as wire:
        wire.box.console.expect(rf"\] bad: {expected}")
        wire.box.console.expect(r"READY, 2 of 3 ports running")
        wire.box.console.expect(r"^barewire> \Z")
        frames = [frame(60 + 73 * i, seed=i) for i in range(20)]
        assert_same(frames, cross(wire.left, wire.right, frames))
        assert_same(frames, cross(wire.right, wire.left, frames))
        for command in ("ports", "stats", "diag bad", "led bad blink"):
            wire.box.command(command)


def test_partner_at_1g():
    """A module that can do both is tried at 10 Gb/s first, and then at what the other end speaks."""
    with start_wire(("", ",sfp=dual,link=1g"), ports="ixgbe") as wire:
        assert re.search(r"^right .* 1000 Mb/s$", wire.box.command("ports"), re.MULTILINE)
        assert_forwards(wire)


def test_no_link_is_explained():
    """An empty cage, and a partner that speaks 1 Gb/s to a module that cannot: the box is up, and
    ten seconds later it says why there is no link."""
    with start_wire((",sfp=none", ",link=1g"), ready=False, ports="ixgbe") as wire:
        box = wire.box
        box.ready()
        assert re.search(r"left: no module in the cage", box.console.text)
        assert re.search(r"right: module: 10GBASE-SR, Intel Corp", box.console.text)
        box.console.expect(r"\] left: no link after 10 s: the cage is empty")
        deadline = time.monotonic() + 30
        while "the other end run at 10 Gb/s" not in box.console.text:
            assert time.monotonic() < deadline, box.console.tail()
            time.sleep(0.05)
        assert re.search(r"\] right: no link after 10 s: LINKS \w+h, AUTOC \w+h", box.console.text)
        assert len(stats(box)) == 2


def test_link_down_and_up():
    """Logged, shown, and frames towards the dead link are dropped by that name."""
    with start_wire(ports="ixgbe") as wire:
        box = wire.box
        assert_forwards(wire)
        before = stats(box)["left"]
        box.console.mark()
        box.qmp("set_link", name="port1", up=False)
        box.console.expect(r"\] right: link down$")
        wait_for_link(box, "right", "down")
        for number in range(10):
            wire.left.send(bytes([number]) * 60)
        wait_for_received(box, "left", before.rx + 10)
        assert stats(box)["left"].drops == {"egress-no-link": 10}
        box.console.mark()
        box.qmp("set_link", name="port1", up=True)
        box.console.expect(r"\] right: link up, 10000 Mb/s")
        wire.left.send(b"\x55" * 60)
        assert wire.right.take(1) == [b"\x55" * 60]


def test_x540():
    """Two gates of its own to what is shared with firmware, no module, no AUTOC: the PHY negotiates.
    Looking into the card and restarting it leave the gates open."""
    with start_wire(("", ",device-id=0x1560,link=1g"), ports="ixgbe") as wire:
        box = wire.box
        assert re.search(r"\] right: X540-T1$", box.console.text, re.MULTILINE)
        assert re.search(r"^right .* 1000 Mb/s$", box.command("ports"), re.MULTILINE)
        text = box.command("diag right")
        assert "8086:1560" in text and "AUTOC" not in text and "module" not in text, text
        box.command("restart right")
        box.wait_for_links()
        assert_forwards(wire)
        assert "semaphore" not in box.console.text
        box.console.mark()
        box.qmp("set_link", name="port1", up=False)
        box.console.expect(r"\] right: link down$")
        box.console.expect(r"\] right: no link after 10 s: LINKS 00000000h$")
        box.qmp("set_link", name="port1", up=True)
        box.console.expect(r"\] right: link up, 1000 Mb/s")


def test_led_and_diag():
    with start_wire(ports="ixgbe") as wire:
        assert "not" not in wire.box.command("led left blink")
        wire.box.command("led left off")
        text = wire.box.command("diag left")
        for expected in ("8086:10fb", "LINKS", "EEPROM", "10GBASE-SR"):
            assert expected in text, text
        assert_forwards(wire)
