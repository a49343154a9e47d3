# SPDX-License-Identifier: BSD-2-Clause
"""Which ports are behind the IOMMU: what is asked for, what is the default, and what is not possible.
test_frames.py sends frames through it, test_dma_faults.py tries to get around it."""

import re

import pytest

from cable import assert_same, cross, frame
from conftest import start_wire
from counters import assert_audit_clean
from test_boot import assert_forwards

FRAMES = [frame(60 + number, seed=number) for number in range(100)]
BOTH = ["--append", "port.left.isolation=iommu port.right.isolation=iommu"]


def levels(box):
    """Port -> (level, mechanism), as `isolation` says."""
    return dict((name, (level, mechanism)) for name, level, mechanism in re.findall(
        r"^(left|right) +(\S+) +(\S+) ", box.command("isolation"), re.MULTILINE))


CONFINED, FREE = ("iommu", "VT-d"), ("none", "-")


def test_the_default_where_there_is_one(ports):
    with start_wire(ports=ports, options=["--iommu"]) as wire:
        assert levels(wire.box) == {"left": CONFINED, "right": CONFINED}
        assert re.search(r"VT-d: 1 unit on, .* interrupts are remapped", wire.box.console.text)
        assert_forwards(wire)


def test_the_default_where_there_is_none():
    with start_wire() as wire:
        assert levels(wire.box) == {"left": FREE, "right": FREE}
        assert "VT-d" not in wire.box.console.text


def test_asked_for_where_there_is_none():
    with start_wire(ready=False, options=BOTH) as wire:
        for port in ("left", "right"):
            wire.box.console.expect(rf'command line: port "{port}": isolation iommu, but this machine '
                                    r"has no VT-d \(no DMAR table\), expected none")
        wire.box.console.expect("NOT FORWARDING")


def test_turned_down():
    """VT-d is there, and nobody wants it."""
    with start_wire(options=["--iommu", "--append",
                             "port.left.isolation=none port.right.isolation=none"]) as wire:
        assert levels(wire.box) == {"left": FREE, "right": FREE}
        assert "cards reach nothing" not in wire.box.console.text
        assert_forwards(wire)


@pytest.mark.ports("virtio", "ixgbe", "mixed")
def test_one_port_only(ports):
    """The other one passes through."""
    with start_wire(ports=ports, options=["--iommu", "--append", "port.left.isolation=none"]) as wire:
        assert levels(wire.box) == {"left": FREE, "right": CONFINED}
        assert_forwards(wire)
        wire.box.command("restart left")
        wire.box.command("restart right")
        wire.box.wait_for_links()
        assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
        assert_same(FRAMES, cross(wire.right, wire.left, FRAMES))


def test_a_virtio_card_past_the_iommu():
    """It says so itself. Left to the machine, its port is not confined; asked to be, it does not run."""
    past = ("", ",iommu_platform=off")
    with start_wire(past, options=["--iommu"]) as wire:
        assert re.search(r"right: no IOMMU confines its card: DMA goes past it", wire.box.console.text)
        assert levels(wire.box) == {"left": CONFINED, "right": FREE}
        assert_forwards(wire)
    with start_wire(past, ready=False, options=["--iommu", *BOTH]) as wire:
        wire.box.console.expect("right: isolation = iommu is not possible: .* past the IOMMU")
        wire.box.console.expect("NOT FORWARDING")


def test_behind_a_conventional_bridge():
    """Whose cards all look alike: not confined, and not cut off either."""
    bridge = ["-device", "pcie-pci-bridge,id=a"]
    card = (",bus=a,addr=1", "")
    options = ["--iommu", "--firmware", "bios"]
    with start_wire(card, options=options, extra=bridge) as wire:
        assert re.search("(left|right): no IOMMU confines its card: .*conventional PCI bridge",
                         wire.box.console.text)
        assert_forwards(wire)
    with start_wire(card, ready=False, options=[*options, *BOTH], extra=bridge) as wire:
        wire.box.console.expect("isolation = iommu is not possible: .*conventional PCI bridge")
        wire.box.console.expect("NOT FORWARDING")


def test_behind_root_ports():
    extra = ["-device", "pcie-root-port,id=a,chassis=1",
             "-device", "pcie-root-port,id=b,chassis=2,disable-acs=on"]
    with start_wire((",bus=a,addr=0", ",bus=b,addr=0"), options=["--iommu"], extra=extra) as wire:
        assert levels(wire.box) == {"left": CONFINED, "right": CONFINED}
        without = re.findall(r"(left|right): bridge 0000:00:\S+ has no ACS", wire.box.console.text)
        assert len(without) == 1
        assert_forwards(wire)


def test_little_memory():
    """Where 2 MiB pages would take too much, ranges end on 4 KiB pages."""
    with start_wire(options=["--iommu", "--mem", "32M"]) as wire:
        assert levels(wire.box) == {"left": CONFINED, "right": CONFINED}
        assert_forwards(wire)
        assert_audit_clean(wire.box)


def test_x2apic_mode():
    """Interrupts are remapped in that mode too, where the unit has it."""
    with start_wire(ports="ixgbe", options=["--iommu"],
                    extra=["-global", "intel-iommu.eim=on"]) as wire:
        assert "APIC: x2APIC" in wire.box.console.text
        assert levels(wire.box) == {"left": CONFINED, "right": CONFINED}
        assert_forwards(wire)
        assert "refused" not in wire.box.console.text
