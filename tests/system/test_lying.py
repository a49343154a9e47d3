# SPDX-License-Identifier: BSD-2-Clause
"""A card that lies, by the fault interface of the 82599 model (qemu/82599/README.md): it costs its
own port, which comes back when the card is honest again, and nothing else.

A wrong address is not among the lies: only an IOMMU can keep a card from writing where it likes.
"""

import re
import time

import pytest

from cable import assert_same, cross, flush, frame
from conftest import start_wire
from counters import assert_audit_clean, stats, wait_for_received

FRAMES = [frame(100 + number, seed=number) for number in range(50)]


def lie(box, port, fault):
    box.qmp("qom-set", path=f"/machine/peripheral/{port}", property="fault", value=fault)


def faults_done(box, port):
    return box.qmp("qom-get", path=f"/machine/peripheral/{port}", property="faults-done")


def assert_honest_again(wire):
    """Both ports run, every frame crosses, and the books are in order."""
    box = wire.box
    lie(box, "port1", "none")
    box.wait_for_links()
    flush(wire.left, wire.right)
    flush(wire.right, wire.left)
    assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
    assert_same(FRAMES, cross(wire.right, wire.left, FRAMES))
    stats(box)
    assert_audit_clean(box)


@pytest.mark.ports("ixgbe", "mixed")
@pytest.mark.parametrize("fault", ["length-0", "length-16k"])
def test_impossible_lengths_are_dropped(fault, ports):
    """By name, and exactly those; the port does not even stop."""
    with start_wire(ports=ports) as wire:
        lie(wire.box, "port1", f"{fault}:7")
        for data in FRAMES:
            wire.right.send(data)
        assert_same(FRAMES[7:], wire.left.take(len(FRAMES) - 7))
        assert faults_done(wire.box, "port1") == 7
        port = stats(wire.box)["right"]
        assert (port.rx, port.drops) == (len(FRAMES), {"bad-length": 7})
        assert_honest_again(wire)


def test_a_length_that_could_be():
    """64 bytes more than were written: nobody can see that, but they come out of this frame's own
    buffer."""
    with start_wire(ports="ixgbe") as wire:
        lie(wire.box, "port1", "length-wrong:7")
        arrived = cross(wire.right, wire.left, FRAMES)
        assert [len(data) for data in arrived] == [len(data) + 64 * (number < 7)
                                                   for number, data in enumerate(FRAMES)]
        assert_same(FRAMES, [data[:len(sent)] for data, sent in zip(arrived, FRAMES)])
        assert_honest_again(wire)


def test_a_descriptor_that_the_card_does_not_own():
    with start_wire(ports="ixgbe") as wire:
        lie(wire.box, "port1", "dd-beyond-tail:3")
        assert_same(FRAMES, cross(wire.right, wire.left, FRAMES))
        assert faults_done(wire.box, "port1") == 3
        assert_honest_again(wire)


def test_receiving_nothing():
    """Looks like a quiet cable; the other direction goes on."""
    with start_wire(ports="ixgbe") as wire:
        lie(wire.box, "port1", "rx-silent")
        wire.right.send(frame(60))
        assert wire.left.receive(0.2) is None
        assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
        assert_honest_again(wire)


# Lie -> the fault that the log names
FATAL = {"tx-silent": "silent", "head-wrong": "tx-head", "all-ones": "gone"}


@pytest.mark.ports("ixgbe", "mixed")
@pytest.mark.parametrize("fault", FATAL)
def test_a_dead_port_is_brought_back(fault, ports):
    """The port is reset; the other one keeps receiving, and what it cannot pass on has a name."""
    with start_wire(ports=ports) as wire:
        box = wire.box
        box.console.mark()
        lie(box, "port1", fault)
        for data in FRAMES:
            wire.left.send(data)
        wire.right.drain()  # a cable that nobody empties holds the card up as well
        box.console.expect(rf"\] right: fault {FATAL[fault]}, value 0x")
        for data in FRAMES:
            wire.left.send(data)
        wait_for_received(box, "left", 2 * len(FRAMES))
        assert "running" in re.search(r"^left .*", box.command("ports"), re.MULTILINE)[0]
        assert_honest_again(wire)
        assert re.search(r"right: running again after \d+ us, restart \d+", box.console.text)


def test_one_wrong_head():
    """Nothing follows that would set it right, and nobody needs the slots: seen all the same."""
    with start_wire(ports="ixgbe") as wire:
        box = wire.box
        lie(box, "port1", "head-wrong:1")
        box.console.mark()
        wire.left.send(FRAMES[0])
        assert wire.right.receive() == FRAMES[0]
        box.console.expect(r"\] right: fault tx-head, value 0x8001$")
        assert_honest_again(wire)


# Lie -> (options of the card, what the log says when the port is restarted)
STUCK = {
    # strict=off: this card breaks rules all by itself.
    "reset-stuck": (",strict=off", r"waited \d+ us for CTRL\.RST .*section 4\.2\.1\.6\.1"),
    "enable-stuck": ("", r"waited \d+ us for RXDCTL\.ENABLE .*section 4\.6\.7\.1"),
}


@pytest.mark.parametrize("fault", STUCK)
def test_a_card_that_does_not_start(fault):
    """Tried again until it does, with what it was waited for in the log."""
    options, says = STUCK[fault]
    with start_wire(("", options), ports="ixgbe") as wire:
        box = wire.box
        lie(box, "port1", fault)
        box.console.mark()
        box.console.send("restart right\r")
        box.console.expect(rf"\] right: {says}")
        box.console.expect(r"\] right: does not start: error \d+")
        wire.left.send(FRAMES[0])
        lie(box, "port1", "none")
        box.console.expect(r"\] right: running again after \d+ us, restart \d+")
        assert_honest_again(wire)
        assert stats(box)["left"].drops.get("egress-stopped", 0) == 1


def test_a_semaphore_that_cannot_be_had():
    """Said, with the registers; the box goes on without what only that gives, its module's page, and
    the port carries frames. strict=off: the driver writes SW_FW_SYNC without the semaphore."""
    with start_wire(("", ",strict=off"), ports="ixgbe") as wire:
        box = wire.box
        lie(box, "port1", "semaphore-stuck")
        box.console.mark()
        box.console.send("restart right\r")
        box.console.expect(r"\] right: semaphore was left taken: .*section 10\.5\.4\); freeing it")
        box.console.expect(r"\] right: semaphore was left taken: .*section 10\.5\.4\); giving up")
        box.wait_for_links()
        assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
        assert_honest_again(wire)


def test_a_link_that_flaps_does_not_flood_the_log():
    with start_wire(ports="ixgbe") as wire:
        wire.box.console.mark()
        lie(wire.box, "port1", "link-flap")
        wire.box.console.expect(r"\] right: link changed \d+ more times, now (up|down)")
        lines = re.findall(r"right: link (?:up|down)", wire.box.command("log"))
        assert len(lines) < 15, lines
        assert_honest_again(wire)


def test_a_card_that_dies_for_good_is_parked_and_its_neighbours_do_not_notice():
    """Two virtio ports are joined; the third port's card is pulled out, over and over restarted, and
    parked. Every frame between the others arrives meanwhile."""
    config = ("[port left]\ndevice = virtio:0\n[port right]\ndevice = virtio:1\n"
              "[port spare]\ndevice = ixgbe:0\n[forward]\nmode = wire\nports = left right\n")
    with start_wire(config=config, options=["--port", "ixgbe"]) as wire:
        box = wire.box
        box.console.mark()
        lie(box, "port2", "all-ones")
        box.console.expect(r"\] spare: fault gone, value 0xffffffff")
        deadline = time.monotonic() + 30
        rounds = 0
        while "spare: parked" not in box.console.text:
            assert time.monotonic() < deadline, "not parked"
            assert_same(FRAMES, cross(wire.left, wire.right, FRAMES))
            assert_same(FRAMES, cross(wire.right, wire.left, FRAMES))
            rounds += 1
        assert rounds >= 10
        lie(box, "port2", "none")
        box.command("restart spare")
        box.wait_for_links()
        ports = stats(box)
        assert [ports[name].dropped for name in ("left", "right", "spare")] == [0, 0, 0]
        assert_audit_clean(box)
