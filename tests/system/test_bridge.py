# SPDX-License-Identifier: BSD-2-Clause
"""mode = bridge, from two to eight ports of both kinds: who gets which frame, and what is counted."""

import contextlib
import json
import os
import re
import time

import pytest

from bridges import EVERYBODY, Bridge, bridge_config, ethernet, peers_of, start_bridge, station
from cable import assert_same, cross
from conftest import start_box
from counters import assert_audit_clean
from netns import Namespace

CARDS = {
    "2 virtio": ("virtio",) * 2,
    "2 ixgbe": ("ixgbe",) * 2,
    "3 mixed": ("virtio", "ixgbe", "virtio"),
    "4 ixgbe": ("ixgbe",) * 4,
    "8 virtio": ("virtio",) * 8,
    "8 mixed": ("ixgbe", "virtio") * 4,
}


@pytest.mark.parametrize("cards", CARDS)
def test_who_gets_what(cards):
    """Each station speaks once; then each pair talks, and nobody else hears it."""
    count = len(CARDS[cards])
    with start_bridge(CARDS[cards]) as bridge:
        for port in range(count):
            frame = ethernet(EVERYBODY, station(port), port)
            bridge.send(port, frame)
            came = bridge.settle(port, port)
            assert came == [[] if other == port else [frame] for other in range(count)]
        for source in range(count):
            frames = [ethernet(station(to), station(source), number=to, length=60 + to)
                      for to in range(count)]
            bridge.send(source, *frames)
            came = bridge.settle(source, 100 + source)
            assert came == [[] if other == source else [frames[other]] for other in range(count)]
        ports = bridge.counters()
        for port in ports.values():
            # Three broadcasts each, two of them markers; one frame to itself.
            assert (port.rx, port.flooded, port.forwarded) == (count + 3, 3, count + 2)
            assert port.drops == {"same-port": 1}
            assert port.copies == 3 * (count - 1)
        assert re.search(rf"^{2 * count} of 16384 stations", bridge.box.command("fdb"))
        assert_audit_clean(bridge.box)


@pytest.mark.parametrize("cards", ["2 virtio", "3 mixed", "4 ixgbe"])
def test_a_stream_in_order(cards):
    """Sizes from the shortest to the longest, VLAN tags: unchanged, in order, and only where they
    should be."""
    with start_bridge(CARDS[cards]) as bridge:
        bridge.learn(0, 1)
        bridge.learn(1, 2)
        frames = [ethernet(station(2), station(1), number, 60 + number * 7 % 1450,
                           vlan=None if number % 3 else number % 4096) for number in range(3000)]
        assert_same(frames, cross(bridge.peers[0], bridge.peers[1], frames, window=128))
        for peer in bridge.peers[2:]:
            assert peer.drain(0.05) == []
        assert bridge.counters()["p0"].dropped == 0


def test_reserved_addresses():
    names = {0: "bpdu", 1: "pause", 2: "slow-protocol", 3: "eapol", 14: "lldp"}
    with start_bridge(CARDS["3 mixed"]) as bridge:
        for last in range(16):
            bridge.send(0, ethernet(bytes.fromhex("0180c20000") + bytes([last]), station(1)))
        ordinary = ethernet(bytes.fromhex("0180c2000010"), station(1))
        bridge.send(0, ordinary)
        assert bridge.settle(0, 1) == [[], [ordinary], [ordinary]]
        assert bridge.counters()["p0"].drops == {
            **{name: 1 for name in names.values()}, "reserved-group": 11}


def test_impossible_sources():
    with start_bridge(CARDS["2 virtio"]) as bridge:
        for source in (EVERYBODY, bytes.fromhex("01005e000001"), bytes(6)):
            bridge.send(0, ethernet(EVERYBODY, source))
        assert bridge.settle(0, 1) == [[], []]
        assert bridge.counters()["p0"].drops == {"bad-source": 3}


def test_a_station_moves():
    with start_bridge(CARDS["3 mixed"]) as bridge:
        bridge.learn(0, 1)
        bridge.learn(2, 3)
        for home in (1, 0, 2, 1):
            bridge.learn(home, 1)
            frame = ethernet(station(1), station(3))
            bridge.send(2, frame)
            came = bridge.settle(2, home)
            assert came == [[frame] if port == home and home != 2 else [] for port in range(3)]
        ports = bridge.counters()
        assert [ports[name].moves for name in ("p0", "p1", "p2")] == [1, 2, 1]


def test_ageing():
    with start_bridge(CARDS["3 mixed"], "ageing-time = 4\n") as bridge:
        bridge.learn(0, 1)
        bridge.learn(1, 2)
        time.sleep(2)
        bridge.learn(1, 2)
        time.sleep(2.2)  # station 1 was not heard for 4.2 s, station 2 for 2.2 s
        frames = [ethernet(station(to), station(3), to) for to in (1, 2)]
        bridge.send(2, *frames)
        assert bridge.settle(2, 1) == [frames[:1], frames, []]


def test_a_port_that_goes_down_loses_its_stations():
    with start_bridge(CARDS["3 mixed"]) as bridge:
        for port in range(3):
            bridge.learn(port, port)
        bridge.box.console.mark()
        bridge.box.qmp("set_link", name="port0", up=False)
        bridge.box.console.expect(r"p0: link down")
        assert "not known" in bridge.box.command("fdb 02:00:00:00:00:00")
        bridge.box.qmp("set_link", name="port0", up=True)
        bridge.box.console.expect(r"p0: link up")
        bridge.box.command("restart p1")
        bridge.box.console.expect(r"p1: link up")
        assert re.search(r"02:00:00:00:00:02  p2 ", bridge.box.command("fdb"))
        frames = [ethernet(station(to), station(2), to) for to in (0, 1)]
        bridge.send(2, *frames)
        assert bridge.settle(2, 1) == [frames, frames, []]
        bridge.counters()
        assert_audit_clean(bridge.box)


def test_a_slow_port_is_nobody_elses_trouble():
    """The peer of p1 reads nothing: its ring fills up, and p0 and p2 do not notice."""
    with start_bridge(("virtio",) * 3) as bridge:
        for port in range(3):
            bridge.learn(port, port)
        slow = [ethernet(station(1), station(0), number) for number in range(2000)]
        good = [ethernet(station(2), station(0), number) for number in range(2000)]
        mixed = [frame for pair in zip(slow, good) for frame in pair]
        arrived = []
        for start in range(0, len(mixed), 64):
            bridge.send(0, *mixed[start:start + 64])
            while len(arrived) < (start + 64) // 2 and len(arrived) < len(good):
                frame = bridge.peers[2].receive()
                assert frame is not None, f"{len(arrived)} of {len(good)} arrived"
                arrived.append(frame)
        assert_same(good, arrived)
        drops = bridge.counters()["p0"].drops
        assert set(drops) == {"ring-full"} and drops["ring-full"] > 500
        # What did fit comes out in order, and nothing else.
        fitted = len(slow) - drops["ring-full"]
        assert_same(slow[:fitted], bridge.peers[1].take(fitted))
        assert_audit_clean(bridge.box)


@contextlib.contextmanager
def attacked_bridge(namespace, lines):
    """Three ports; behind the first is a network namespace, and in it whoever attacks."""
    tap = namespace.tap("eth0", "192.0.2.1/24")
    cards = ("virtio",) * 3
    with peers_of(cards[1:]) as (peers, ports):
        with start_box([f"virtio,fd={tap}", *ports], bridge_config(cards, lines),
                       pass_fds=[tap]) as box:
            os.close(tap)
            box.ready()
            box.wait_for_links()
            yield box, peers


def test_macof(own_network):
    """dsniff's macof fills the table with made-up senders. Who is there keeps his entry, and his
    frames go to his port only; the table does not grow; a newcomer behind another port is learned."""
    with contextlib.closing(Namespace()) as attacker, \
            attacked_bridge(attacker, "fdb-size = 1024\n") as (box, (one, two)):
        one.send(ethernet(EVERYBODY, station(1)))
        assert two.receive()
        two.send(ethernet(station(1), station(2)))
        assert one.receive()
        attacker.run("macof", "-i", "eth0", "-n", "20000", timeout=60)
        one.drain(0.3), two.drain(0.3)
        talk = [ethernet(station(2), station(1), number) for number in range(1000)]
        assert_same(talk, cross(one, two, talk))
        two.send(ethernet(station(1), station(3)))  # a newcomer
        assert one.receive()
        one.send(ethernet(station(3), station(1), 7))
        assert two.receive() == ethernet(station(3), station(1), 7)
        assert re.search(r"^table +fdb +\d+ of 1024 stations$", box.command("stats"), re.MULTILINE)
        table = box.command("fdb")
        match = re.search(r"^(\d+) of 1024 stations(?:.*\n)*?.*table full: not learned (\d+) times",
                          table)
        assert match, table
        assert 1024 * 7 // 8 <= int(match[1]) <= 1024 and int(match[2]) > 1000
        text = box.command("stats p0")
        assert re.search(r"bad-source", text), text  # half of its addresses are groups'
        assert re.search(r"dropped: holds", text), text
        box.command("fdb flush p0")
        assert re.search(r"^3 of 1024 stations", box.command("fdb"))
        assert_audit_clean(box)


def test_the_box_answers_behind_every_port(own_network):
    """With management on one port of a bridge, hosts behind all of them reach the box and each
    other, and read who is where."""
    config = bridge_config(("virtio",) * 3) + "[manage]\nport = p1\naddress = 192.0.2.9/24\n"
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(contextlib.closing(Namespace())) for _ in range(3)]
        taps = [host.tap("eth0", f"192.0.2.{number}/24") for number, host in enumerate(hosts, 1)]
        box = stack.enter_context(start_box([f"virtio,fd={fd}" for fd in taps], config,
                                            pass_fds=taps))
        box.ready()
        box.wait_for_links()
        for number, host in enumerate(hosts):
            for address in ("192.0.2.9", f"192.0.2.{(number + 1) % 3 + 1}"):
                host.ping(address, 20, 0.02)
        for name, port in Bridge(box, []).counters().items():
            assert port.delivered >= 20 and port.originated >= 20 and port.dropped == 0, (name, port)
        assert re.search(r"52:54:00:00:00:02  \(the box\) ", box.command("fdb"))

        def page(host, path):
            return host.run("curl", "--silent", "--show-error", "--fail", "--noproxy", "*",
                            "--max-time", "10", f"http://192.0.2.9{path}").stdout

        macs = [json.loads(host.run("ip", "-json", "link", "show", "eth0").stdout)[0]["address"]
                for host in hosts]
        for host in hosts:
            table = json.loads(page(host, "/api/fdb"))
            assert table["capacity"] == 16384 and table["entries"] == len(table["stations"]) == 4
            stations = {station.pop("mac"): station for station in table["stations"]}
            assert stations.pop("52:54:00:00:00:02") == {"box": True}
            assert ({mac: station["port"] for mac, station in stations.items()}
                    == {mac: f"p{number}" for number, mac in enumerate(macs)})
            assert all(0 <= station["age_s"] < 300 for station in stations.values())
        assert json.loads(page(hosts[0], "/api/status"))["mode"] == "bridge"
        metrics = page(hosts[0], "/metrics")
        assert 'barewire_table_entries{table="stations"} 4\n' in metrics
        assert 'barewire_table_capacity{table="stations"} 16384\n' in metrics
        assert_audit_clean(box)
