# SPDX-License-Identifier: BSD-2-Clause
"""A port whose driver is in ring 3, in a bridge and with management behind it: what is flooded is copied
into it, and what the box itself says leaves by it."""

import re
import time

import pytest

from bridges import EVERYBODY, ethernet, start_bridge, station
from cable import assert_same, cross
from counters import assert_audit_clean, stats
from managed import BOX, managed
from test_manage import STATIC, ping

DOMAIN = {"max": [], "max,-pku": ["--cpu", "max,-pku"]}


@pytest.mark.parametrize("cpu", DOMAIN)
@pytest.mark.parametrize("card", ["virtio", "ixgbe"])
def test_a_bridge_of_three(card, cpu):
    """p1 is in a domain. Floods reach everybody once, stations are learned behind each port, unicast goes
    one way only, a stream stays in order, and all that still holds when the driver has died."""
    options = ["--append", "port.p1.isolation=domain", *DOMAIN[cpu]]
    with start_bridge((card,) * 3, options=options) as bridge:
        assert "p1: driver in ring 3" in bridge.box.console.text
        assert "p0: driver in ring 3" not in bridge.box.console.text
        for lap in range(2):
            for port in range(3):
                flood = [ethernet(EVERYBODY, station(port), number) for number in range(50)]
                bridge.send(port, *flood)
                assert bridge.settle(port, port) == [[] if other == port else flood for other in range(3)]
            for source in range(3):
                frames = [ethernet(station(to), station(source), to) for to in range(3) if to != source]
                bridge.send(source, *frames)
                came = bridge.settle(source, 100 + source)
                assert [len(frames) for frames in came] == [int(to != source) for to in range(3)]
            stream = [ethernet(station(1), station(0), number, 60 + number * 7 % 1450) for number in range(1000)]
            assert_same(stream, cross(bridge.peers[0], bridge.peers[1], stream))
            back = [ethernet(station(0), station(1), number) for number in range(1000)]
            assert_same(back, cross(bridge.peers[1], bridge.peers[0], back))
            if lap == 0:
                bridge.box.console.mark()
                bridge.box.console.send("kill p1\r")
                bridge.box.console.expect(r"\] p1: running again after \d+ us, adopted")
        counters = bridge.counters()
        assert [port.dropped for port in counters.values()] == [0, 0, 0]
        assert [port.copies_lost for port in counters.values()] == [0, 0, 0]
        assert_audit_clean(bridge.box)


def test_a_flood_while_the_driver_dies():
    """Copies are made into the buffers of a driver that is ended in the midst of it, again and again; who
    is not in a domain hears every frame."""
    with start_bridge(("virtio",) * 3, options=["--append", "port.p1.isolation=domain"]) as bridge:
        for number in range(5):
            bridge.box.console.send(("kill p1", "inject p1 ud2", "inject p1 null-store")[number % 3] + "\r")
            flood = [ethernet(EVERYBODY, station(7), 1000 * number + serial) for serial in range(300)]
            assert_same(flood, cross(bridge.peers[0], bridge.peers[2], flood))
            time.sleep(0.3)
            bridge.peers[1].drain(0.05)
        bridge.box.console.expect(r"\] p1: running again after \d+ us")
        bridge.counters()
        assert_audit_clean(bridge.box)


@pytest.mark.ports("virtio", "ixgbe")
def test_the_box_answers_through_a_domain(own_network, ports):
    """Ping of all sizes and the status page, before and after the driver was ended."""
    with managed(STATIC, ports, options=["--append", "port.left.isolation=domain"]) as box:
        assert re.search(r"^left +domain ", box.box.command("isolation"), re.MULTILINE)
        for _ in range(2):
            for size in ("0", "56", "1472"):
                ping(box.left, BOX, 20, "-s", size)
            assert box.curl("/").stdout.startswith("<!doctype html>")
            box.box.command("kill left")
        assert stats(box.box)["left"].originated > 120
