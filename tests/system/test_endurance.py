# SPDX-License-Identifier: BSD-2-Clause
"""Links that flap, ports that are restarted, and a while of both with everything else: under traffic,
and afterwards every counter adds up, every buffer is where it should be, and every frame crosses.

The soak takes SOAK_SECONDS (30); `make soak` gives it 600.
"""

import collections
import contextlib
import os
import random
import select
import tempfile
import threading
import time

import pytest

from cable import Peer, assert_same, cross, flush, frame
from conftest import start_box, start_wire
from counters import assert_audit_clean, stats

FLAPS, RESTARTS = 200, 100
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "30"))
LENGTHS = [60, 61, 64, 100, 128, 200, 333, 512, 777, 1024, 1280, 1500, 1514, 1518, 1522]


class Traffic(threading.Thread):
    """Frames of mixed lengths into every peer, at a moderate rate; what comes out is looked at: it
    must be one of those that went in at the other end of its wire."""

    def __init__(self, *wires):
        super().__init__(daemon=True)
        self._stopped = threading.Event()
        self._partner = {}
        for one, other in wires:
            self._partner[one], self._partner[other] = other, one
        self._frames = {peer: [frame(length, seed=f"{peer.prefix} {length}") for length in LENGTHS]
                        for peer in self._partner}
        self._known = {peer: set(frames) for peer, frames in self._frames.items()}
        self.sent, self.arrived = collections.Counter(), collections.Counter()
        self.strangers = []

    def _look(self, peer, data):
        self.arrived[peer] += 1
        if data not in self._known[self._partner[peer]] and len(self.strangers) < 10:
            self.strangers.append((peer.prefix, data[:64].hex()))

    def run(self):
        peers = list(self._partner)
        turn = 0
        while not self._stopped.is_set():
            for peer in peers:
                for _ in range(8):
                    if not peer.try_send(self._frames[peer][turn % len(LENGTHS)]):
                        break
                    self.sent[peer] += 1
                    turn += 1
            for peer in select.select(peers, [], [], 0.004)[0]:
                while (data := peer.try_receive()) is not None:
                    self._look(peer, data)

    def wait_for(self, frames, timeout=120):
        """Until so many more have come out of every port."""
        before, deadline = self.arrived.copy(), time.monotonic() + timeout
        while any(self.arrived[peer] - before[peer] < frames for peer in self._partner):
            assert time.monotonic() < deadline, "no traffic crosses"
            time.sleep(0.005)

    def stop(self):
        self._stopped.set()
        self.join()
        assert not self.strangers, f"frames came out that did not go in: {self.strangers}"
        assert all(self.sent[peer] > 100 and self.arrived[peer] > 100 for peer in self._partner), (
            "there was hardly any traffic", dict(self.sent), dict(self.arrived))


@contextlib.contextmanager
def traffic(*wires):
    flow = Traffic(*wires)
    flow.start()
    try:
        yield flow
    finally:
        flow.stop()


def assert_in_order_again(box, *wires):
    """Everything runs, nothing is missing, and every frame crosses."""
    box.wait_for_links()
    frames = [frame(60 + number, seed=number) for number in range(600)]
    for wire in wires:
        for source, destination in (wire, wire[::-1]):
            flush(source, destination)
        for source, destination in (wire, wire[::-1]):
            assert_same(frames, cross(source, destination, frames))
    stats(box)
    assert_audit_clean(box)


every_kind = pytest.mark.ports("virtio", "ixgbe", "mixed")


@every_kind
def test_two_hundred_link_flaps(ports):
    with start_wire(ports=ports) as wire:
        box = wire.box
        with traffic((wire.left, wire.right)):
            for number in range(FLAPS):
                for up in (False, True):
                    box.qmp("set_link", name=f"port{number % 2}", up=up)
                    time.sleep(0.005)
                if number % 50 == 0:
                    stats(box)
        assert_in_order_again(box, (wire.left, wire.right))
        for port in stats(box).values():
            assert set(port.drops) <= {"egress-no-link"}, port.drops


@every_kind
def test_a_hundred_restarts(ports):
    """Most of them right behind each other, before a link is up again; some while frames cross."""
    with start_wire(ports=ports) as wire:
        box = wire.box
        with traffic((wire.left, wire.right)) as flow:
            for number in range(RESTARTS):
                if number % 10 == 0:
                    flow.wait_for(20)
                box.command(f"restart {('left', 'right')[number % 2]}")
                if number % 25 == 0:
                    assert_audit_clean(box)
        assert_in_order_again(box, (wire.left, wire.right))
        text = box.command("log")
        assert f"restart {RESTARTS // 2}" in text, text


# The cards of the soak, joined two by two, and what is configured for some.
SOAK_CARDS = [("virtio", "", "isolation = domain"), ("virtio", ",packed=on", ""),
              ("virtio", ",disable-modern=on", "bounce = on"), ("ixgbe", "", ""),
              ("virtio", ",disable-modern=on,any_layout=off", ""), ("virtio", ",packed=on,vectors=0", ""),
              ("ixgbe", "", "isolation = domain"), ("ixgbe", "", "isolation = domain")]


@contextlib.contextmanager
def start_soak():
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barewire-"))
        peers = [stack.enter_context(contextlib.closing(Peer(f"{directory}/{n}")))
                 for n in range(len(SOAK_CARDS))]
        config, seen = "", []
        for n, (card, _, line) in enumerate(SOAK_CARDS):
            config += f"[port p{n}]\ndevice = {card}:{seen.count(card)}\n{line}\n"
            seen.append(card)
        box = stack.enter_context(start_box(
            [peer.port(card, options) for peer, (card, options, _) in zip(peers, SOAK_CARDS)],
            config + "[forward]\nmode = wire\n"))
        box.ready()
        box.wait_for_links()
        yield box, list(zip(peers[::2], peers[1::2]))


def test_soak():
    chance = random.Random(7)
    events = collections.Counter()
    with start_soak() as (box, wires):
        with traffic(*wires) as flow:
            end = time.monotonic() + SOAK_SECONDS
            while time.monotonic() < end:
                number = chance.randrange(len(SOAK_CARDS))
                event = chance.choice(["flap", "flap", "restart", "look", "look", "quiet"])
                events[event] += 1
                if event == "flap":
                    for up in (False, True):
                        box.qmp("set_link", name=f"port{number}", up=up)
                        time.sleep(chance.random() * 0.05)
                elif event == "restart":
                    box.command(f"restart p{number}")
                elif event == "look":
                    box.command(chance.choice([f"diag p{number}", "ports"]))
                    stats(box)
                else:
                    time.sleep(chance.random() * 0.3)
                if sum(events.values()) % 20 == 0:
                    assert_audit_clean(box)
        print(dict(events), "sent", sum(flow.sent.values()), "arrived",
              sum(flow.arrived.values()))
        assert_in_order_again(box, *wires)
