# SPDX-License-Identifier: BSD-2-Clause
"""`device_del`: a card behind a PCI Express root port is asked to leave, and leaves."""

import contextlib
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_box
from counters import assert_audit_clean, stats
from pairs import Peer, pairs_config

# Without the first, QEMU asks by ACPI, whose answer is a program in the firmware's tables.
SLOT = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
        "-device", "pcie-root-port,id=place,chassis=1"]
FRAMES = [frame(60 + number, seed=number) for number in range(400)]


@pytest.fixture
def slotted(tmp_path, ports):
    """Two pairs; the card of port d is in a slot (the bus behind the bridge is the last one)."""
    cards = ("virtio", "virtio", "virtio", ports)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(contextlib.closing(Peer(f"{tmp_path}/{name}")))
                 for name in "abcd"]
        options = ["", "", "", ",bus=place"]
        box = stack.enter_context(start_box(
            [peer.port(card, option) for peer, card, option in zip(peers, cards, options)],
            pairs_config(cards), extra=SLOT))
        box.ready()
        box.wait_for_links()
        yield box, peers


def devices(box):
    return [device["name"] for device in box.qmp("qom-list", path="/machine/peripheral")]


def test_device_del(slotted, ports):
    box, (a, b, c, d) = slotted
    assert_same(FRAMES, cross(c, d, FRAMES))
    box.console.mark()
    box.qmp("device_del", id="port3")
    box.console.expect(r"\] d: the card is asked to leave, in 5 s", 5)
    assert_same(FRAMES, cross(c, d, FRAMES))  # it works until then
    crossed, deadline = 0, time.monotonic() + 60
    while "port3" in devices(box) and time.monotonic() < deadline:
        assert_same(FRAMES, cross(a, b, FRAMES))
        crossed += len(FRAMES)
    assert "port3" not in devices(box)
    if ports == "virtio":  # the model of the 82599 forgets to say so
        assert box.qmp.event("DEVICE_DELETED", 5)["path"].startswith("/machine/peripheral/port3")
    box.console.expect(r"\] d: device gone, 0 frames", 5)
    box.console.expect(r"\] d: its slot is off", 5)
    assert_same(FRAMES, cross(b, a, FRAMES))
    assert "absent" in box.command("ports").splitlines()[4]
    assert "error 19" in box.command("restart d")
    for frame_ in FRAMES[:10]:
        c.send(frame_)
    assert d.drain(0.3) == []
    found = stats(box)
    assert found["a"].dropped == found["b"].dropped == 0
    assert found["a"].forwarded == crossed
    assert found["c"].drops == {"egress-stopped": 10}
    assert_audit_clean(box)
    box.command("diag d")  # nothing is there that could answer
    assert_same(FRAMES, cross(a, b, FRAMES))

