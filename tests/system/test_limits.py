# SPDX-License-Identifier: BSD-2-Clause
"""How fast it boots and how big it is."""

import os

import pytest

from bridges import bridge_config, start_bridge
from conftest import BUILD, start_box, start_wire
from counters import assert_audit_clean

# The guest's clock counts instructions, one a nanosecond: the same on every computer, however busy.
# QEMU 10 ends with "Bad icount read" when a guest sets its APIC's timer by MSR.
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm",
          "-cpu", "max,-x2apic"]
# Milliseconds from kernel entry to READY. An 82599 takes 11 of them for its reset, which happens
# twice, and reading a module takes as long again.
LIMITS = {"virtio": 5, "ixgbe": 100}
# Otherwise another thread of QEMU answers the control queue, when the computer gets round to it.
CARD = {"virtio": ",ioeventfd=off", "ixgbe": ""}


def test_ready_within_the_limit(ports):
    """And twice the same, or the figure means nothing."""
    times = []
    for _ in range(2):
        with start_wire(CARD[ports], ready=False, ports=ports, extra=ICOUNT) as wire:
            times.append(wire.box.ready())
    assert times[0] <= LIMITS[ports]
    assert times[0] == times[1]


def test_elf_is_at_most_1_mb():
    assert os.path.getsize(os.path.join(BUILD, "barewire.elf")) <= 1_000_000


def test_iso_is_at_most_12_mb():
    assert os.path.getsize(os.path.join(BUILD, "barewire.iso")) <= 12_000_000


# Of bridge_config()'s text: the box answers, and every card is confined.
MANAGE = "[manage]\nport = p0\naddress = 192.0.2.9/24\n"
CONFINED = ["--iommu", "--append", " ".join(f"port.p{port}.isolation=iommu" for port in range(8))]


@pytest.mark.parametrize("more", [[], CONFINED], ids=["alone", "behind VT-d"])
def test_eight_bridged_ports_in_48_mb(ports, more):
    """With the whole table of stations and management; and with a third of that memory the box says what
    it lacks."""
    cards = (ports,) * 8
    with start_bridge(cards, "fdb-size = 16384\n" + MANAGE, options=["--mem", "48M", *more]) as bridge:
        for port in range(8):
            bridge.learn(port, port)
        assert_audit_clean(bridge.box)
    with start_box(cards, bridge_config(cards), options=["--mem", "12M", *more]) as box:
        box.console.expect(r"too little memory: \d+ buffers need \d+ KiB.* KiB free")
        box.console.expect("NOT FORWARDING")
