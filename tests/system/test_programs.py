# SPDX-License-Identifier: BSD-2-Clause
"""Real programs on two hosts, with the box between them: TAPs in network namespaces."""

import contextlib
import json
import os
import select
import subprocess

import pytest

from conftest import PORTS, start_box
from counters import assert_audit_clean, stats
from netns import Namespace

LEFT, RIGHT = "192.0.2.1", "192.0.2.2"


class Hosts:
    def __init__(self, box, left, right):
        self.box, self.left, self.right = box, left, right


every_kind = pytest.mark.ports("virtio", "ixgbe", "mixed")


@pytest.fixture(scope="module")
def hosts(own_network, ports):
    with contextlib.closing(Namespace()) as left, contextlib.closing(Namespace()) as right:
        taps = [left.tap("eth0", f"{LEFT}/24"), right.tap("eth0", f"{RIGHT}/24")]
        cards = [f"{card},fd={fd}" for card, fd in zip(PORTS[ports], taps)]
        with start_box(cards, pass_fds=taps) as box:
            for fd in taps:
                os.close(fd)
            box.ready()
            box.wait_for_links()
            yield Hosts(box, left, right)
            stats(box)
            assert_audit_clean(box)


@every_kind
@pytest.mark.parametrize("size", [16, 1472])
def test_ping(hosts, size):
    before = stats(hosts.box)
    hosts.left.ping(RIGHT, 100, 0.01, "-s", str(size))
    after = stats(hosts.box)
    for name, port in after.items():
        assert port.forwarded - before[name].forwarded >= 100
        assert port.dropped == before[name].dropped


def iperf(hosts, *options):
    server = hosts.right.start("iperf3", "--server", "--one-off", "--forceflush", "--bind",
                               RIGHT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert select.select([server.stdout], [], [], 30)[0], "the iperf3 server did not start"
        output = hosts.left.run("iperf3", "--client", RIGHT, "--json", *options, timeout=90).stdout
        return json.loads(output)["end"]
    finally:
        server.kill()
        server.wait()


@every_kind
@pytest.mark.parametrize("options", [[], ["--reverse"]], ids=["left to right", "right to left"])
def test_tcp(hosts, options):
    before = stats(hosts.box)
    end = iperf(hosts, "--bytes", "4M", *options)
    moved = end["sum_received"]["bytes"]  # until the sender was done: the rest is still under way
    assert moved > 2_000_000, f"{moved} bytes of 4 MiB"
    after = stats(hosts.box)
    sender = "right" if options else "left"
    assert after[sender].rx_bytes - before[sender].rx_bytes > moved


def no_room(hosts):
    return hosts.left.no_room("eth0") + hosts.right.no_room("eth0")


def test_udp(hosts):
    """5 Mbit/s of datagrams: what the box does not drop, and its neighbours have room for, arrives."""
    before, outside = stats(hosts.box)["left"], no_room(hosts)
    end = iperf(hosts, "--udp", "--time", "2", "--bitrate", "5M", "--length", "1400")["sum"]
    after = stats(hosts.box)["left"]
    assert end["packets"] > 500, end
    lost = after.dropped - before.dropped + after.missed - before.missed + no_room(hosts) - outside
    assert end["lost_packets"] <= lost + end["packets"] * 0.01, end


def interfaces():
    """Of this process's network namespace."""
    with open("/proc/self/net/dev", encoding="ascii") as file:
        return {line.split(":")[0].strip() for line in file if ":" in line}


def test_a_tap_by_name(own_network, ports):
    """qemu/run makes the TAP in the network namespace in which it is started."""
    left, right = PORTS[ports]
    with start_box([f"{left},tap=bwleft", f"{right},tap=bwright"]) as box:
        box.ready()
        assert {"bwleft", "bwright"} <= interfaces()
    assert not {"bwleft", "bwright"} & interfaces()
