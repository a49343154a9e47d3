# SPDX-License-Identifier: BSD-2-Clause
"""`device_del`: a card is asked to leave, by the button of its slot or by ACPI, and leaves."""

import contextlib
import re
import time

import pytest

from cable import assert_same, cross, frame
from conftest import QEMU_82599, start_box
from counters import assert_audit_clean, stats, wait_for_received
from pairs import Peer, pairs_config

ROOT_PORT = ["-device", "pcie-root-port,id=place,chassis=1"]
BUTTON = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off", *ROOT_PORT]
FRAMES = [frame(60 + number, seed=number) for number in range(400)]


@contextlib.contextmanager
def two_pairs(folder, card, places, extra, options=()):
    """Two pairs; a, b and c are virtio cards."""
    cards = ("virtio", "virtio", "virtio", card)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(contextlib.closing(Peer(f"{folder}/{name}")))
                 for name in "abcd"]
        box = stack.enter_context(start_box(
            [peer.port(card, place) for peer, card, place in zip(peers, cards, places)],
            pairs_config(cards), options=list(options), extra=extra))
        box.ready()
        box.wait_for_links()
        yield box, peers


@pytest.fixture
def slotted(tmp_path, ports):
    """The card of port d is in a slot with a button (the bus behind the bridge is the last one)."""
    with two_pairs(tmp_path, ports, ["", "", "", ",bus=place"], BUTTON) as found:
        yield found


def devices(box):
    return [device["name"] for device in box.qmp("qom-list", path="/machine/peripheral")]


def test_device_del(slotted, ports):
    box, (a, b, c, d) = slotted
    assert_same(FRAMES, cross(c, d, FRAMES))
    assert "armed" in box.command("inject d duplicate")  # for a frame that never comes
    assert "one fault at a time" in box.command("inject a duplicate")
    box.console.mark()
    box.qmp("device_del", id="port3")
    box.console.expect(r"\] d: the card is asked to leave, in 5 s")
    assert_same(FRAMES, cross(c, d, FRAMES))  # it works until then
    crossed, deadline = 0, time.monotonic() + 60
    while "port3" in devices(box) and time.monotonic() < deadline:
        assert_same(FRAMES, cross(a, b, FRAMES))
        crossed += len(FRAMES)
    assert "port3" not in devices(box)
    assert box.qmp.event("DEVICE_DELETED", 60)["path"].startswith("/machine/peripheral/port3")
    box.console.expect(r"\] d: device gone, 0 frames")
    box.console.expect(r"\] d: its slot is off")
    assert_same(FRAMES, cross(b, a, FRAMES))
    assert "absent" in box.command("ports").splitlines()[4]
    assert "error 19" in box.command("restart d")
    before = stats(box)["c"].rx
    for frame_ in FRAMES[:10]:
        c.send(frame_)
    wait_for_received(box, "c", before + 10)
    assert d.drain() == []
    found = stats(box)
    assert found["a"].dropped == found["b"].dropped == 0
    assert found["a"].forwarded == crossed
    assert found["c"].drops == {"egress-stopped": 10}
    assert_audit_clean(box)
    box.command("diag d")  # nothing is there that could answer
    assert_same(FRAMES, cross(a, b, FRAMES))
    assert "armed" in box.command("inject a duplicate")


# How the machine is made, and where each card is. Buses may be numbered otherwise than cards here.
BY_ACPI = {
    "q35": ([], [*ROOT_PORT, "-device", "pcie-root-port,id=other,chassis=2"],
            ["", "", ",bus=other", ",bus=place"]),
    "q35-behind-a-switch": (
        [], [*ROOT_PORT, "-device", "x3130-upstream,id=up,bus=place",
             "-device", "xio3130-downstream,id=down0,bus=up,chassis=3,slot=1",
             "-device", "xio3130-downstream,id=down1,bus=up,chassis=4,slot=2"],
        ["", "", ",bus=down0", ",bus=down1"]),
    "pc": (["--machine", "pc"], [], [""] * 4),
    "pc-behind-a-bridge": (["--machine", "pc"], ["-device", "pci-bridge,id=place,chassis_nr=1"],
                           ["", "", ",bus=place,addr=2", ",bus=place,addr=3"]),
}


def running(box):
    """Last byte of the MAC of each port that runs -> its name."""
    return {int(mac, 16): name for name, mac in re.findall(
        r"^([a-d]) .* 52:54:00:00:00:(..) +running", box.command("ports"), re.MULTILINE)}


def wait_until_deleted(box, device):
    while event := box.qmp.event("DEVICE_DELETED", 60):
        if event.get("device") == device:
            return
    raise AssertionError(f"{device} is still there\n{box.console.tail()}")


@pytest.mark.parametrize("how, ours", [*((how, False) for how in BY_ACPI), ("q35", True), ("pc", True)])
def test_device_del_by_acpi(tmp_path, how, ours):
    """Of two cards that could leave, the one that was asked does, at once; then the other one. QEMU's
    versions differ in what they write into the tables: our own, which lacks the bridges, is another."""
    options, extra, places = BY_ACPI[how]
    options = [*options, "--qemu", QEMU_82599()] if ours else options
    with two_pairs(tmp_path, "virtio", places, extra, options) as (box, (a, b, _, _)):
        expected = running(box)
        assert len(expected) == 4
        for index in (3, 2):
            assert_same(FRAMES, cross(a, b, FRAMES))
            name = expected.pop(index + 1)
            box.console.mark()
            box.qmp("device_del", id=f"port{index}")
            wait_until_deleted(box, f"port{index}")
            box.console.expect(rf"\] {name}: the card is asked to leave, and does")
            box.console.expect(rf"\] {name}: the card is ejected")
            assert running(box) == expected
        assert_same(FRAMES, cross(b, a, FRAMES))
        assert_audit_clean(box)
