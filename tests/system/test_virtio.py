# SPDX-License-Identifier: BSD-2-Clause
"""The virtio cards that QEMU can make: each is driven, or refused with a reason."""

import re
import time

import pytest

from conftest import start_wire
from counters import stats, wait_for_received
from test_boot import assert_forwards

VARIANTS = {
    "modern only": ",disable-legacy=on",
    "transitional": ",disable-legacy=off,disable-modern=off",
    "long receive ring": ",rx_queue_size=1024",
    "mrg_rxbuf not offered": ",mrg_rxbuf=off",
    "packed rings": ",packed=on",
    "legacy only": ",disable-modern=on,disable-legacy=off",
    "legacy only, header in a descriptor of its own": ",disable-modern=on,any_layout=off",
    "no event index, no indirect descriptors": ",event_idx=off,indirect_desc=off",
    "no offloads offered": ",csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off",
    "no control queue": ",ctrl_vq=off",
    "no MSI-X": ",vectors=0",
    "behind an IOMMU, it says": ",disable-legacy=on,iommu_platform=on",
    "MTU named": ",host_mtu=1500",
    "transmit from a timer": ",tx=timer,x-txtimer=100000,ioeventfd=off",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_driven(variant):
    with start_wire(VARIANTS[variant]) as wire:
        assert_forwards(wire)


BRIDGES = {
    "PCIe root ports, BIOS, q35": (
        ["--firmware", "bios"],
        ["-device", "pcie-root-port,id=a,chassis=1", "-device", "pcie-root-port,id=b,chassis=2"]),
    "PCIe root ports, qboot, q35": (
        [],
        ["-device", "pcie-root-port,id=a,chassis=1", "-device", "pcie-root-port,id=b,chassis=2"]),
    "two bridges deep, BIOS, q35": (
        ["--firmware", "bios"],
        ["-device", "pcie-pci-bridge,id=a", "-device", "pci-bridge,id=b,bus=a,chassis_nr=2,addr=3"]),
    "PCI bridge, BIOS, pc": (
        ["--firmware", "bios", "--machine", "pc"],
        ["-device", "pci-bridge,id=a,chassis_nr=1", "-device", "pci-bridge,id=b,chassis_nr=2"]),
}


@pytest.mark.parametrize("bridges", BRIDGES)
def test_behind_bridges(bridges):
    options, extra = BRIDGES[bridges]
    with start_wire((",bus=a,addr=0" if "root port" in bridges else ",bus=a,addr=1",
                     ",bus=b,addr=0" if "root port" in bridges else ",bus=b,addr=2"),
                    options=options, extra=extra) as wire:
        assert_forwards(wire)


def wait_for_link(box, port, state):
    deadline = time.monotonic() + 30
    while not re.search(rf"^{port} .* {state}\b", text := box.command("ports"), re.MULTILINE):
        assert time.monotonic() < deadline, text


@pytest.mark.parametrize("card", ["", ",vectors=0"], ids=["MSI-X", "polled"])
def test_link_down_and_up(card):
    """Logged, shown, and frames towards the dead link are dropped by that name."""
    with start_wire(card) as wire:
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
        box.console.expect(r"\] right: link up")
        wire.left.send(b"\x55" * 60)
        assert wire.right.take(1) == [b"\x55" * 60]
