# SPDX-License-Identifier: BSD-2-Clause
"""The box has an address: Linux hosts ping it, dnsmasq gives it one, and frames for others still
cross."""

import re
import time

import pytest

from counters import stats
from managed import BOX, LEFT, LINK_LOCAL, MAC, RIGHT, Dnsmasq, managed

STATIC = f"address = {BOX}/24\n"


def ping(namespace, address, count=20, *options):
    namespace.ping(address, count, 0.05, *options)


@pytest.fixture(scope="module")
def box(own_network, ports):
    with managed(STATIC, ports, ipv6=True) as box:
        yield box


@pytest.mark.parametrize("size", [0, 56, 1472])
def test_ping_the_box(box, size):
    """Its answers go to whoever asked, and none of it to the other port."""
    before = stats(box.box)
    ping(box.left, BOX, 20, "-s", str(size))
    after = stats(box.box)
    assert after["left"].delivered - before["left"].delivered >= 20
    assert after["left"].dropped == before["left"].dropped
    assert after["right"].tx - before["right"].tx < 5  # ARP, which everybody hears
    assert re.search(MAC, box.left.run("ip", "neighbour", "show", BOX).stdout)


def test_ping_the_box_by_ipv6(box):
    box.wait_for_log(f"manage: left: {BOX}/24 {LINK_LOCAL}")
    ping(box.left, f"{LINK_LOCAL}%eth0")


def test_frames_for_others_cross(box):
    before = stats(box.box)
    ping(box.left, RIGHT)
    after = stats(box.box)
    assert after["left"].forwarded - before["left"].forwarded >= 20
    assert after["left"].delivered == before["left"].delivered


def test_the_box_is_behind_one_port(box):
    """A host behind the other port reaches the network of the first, but not the box itself."""
    output = box.right.start("ping", "-n", "-c", "2", "-W", "1", BOX)
    assert output.wait(20) == 1


@pytest.mark.ports("virtio")
def test_slaac(own_network, ports):
    with managed("address = none\n", ipv6=True) as box:
        box.left.run("ip", "address", "add", "2001:db8::1/64", "dev", "eth0", "nodad")
        with Dnsmasq(box.left, "--enable-ra", "--dhcp-range=2001:db8::,ra-only,64,10m"):
            box.wait_for_log(r"manage: left: fe80::5054:ff:fe00:1 2001:db8::5054:ff:fe00:1")
            ping(box.left, "2001:db8::5054:ff:fe00:1")


RANGE = "--dhcp-range=192.0.2.100,192.0.2.109,2m"
OTHER_RANGE = "--dhcp-range=192.0.2.200,192.0.2.209,2m"


@pytest.mark.ports("virtio")
def test_dhcp(own_network, ports):
    """Silence, a lease, its renewal, and a NAK."""
    with managed("address = dhcp\nipv6 = off\nhostname = testbox\n") as box:
        deadline = time.monotonic() + 60
        while stats(box.box)["left"].tx < 2:
            assert time.monotonic() < deadline, "it does not ask again"
            time.sleep(0.1)
        with Dnsmasq(box.left, "--dhcp-authoritative", RANGE,
                     "--dhcp-option=option:T1,10", "--dhcp-option=option:T2,60") as server:
            # It had been asking before there was a server: the next question is answered.
            server.wait_for(r"DHCPACK\(eth0\) 192\.0\.2\.10\d \S+ testbox")
            address = box.wait_for_log(r"manage: left: (192\.0\.2\.10\d)/24")[1]
            ping(box.left, address)
            server.wait_for(r"DHCPREQUEST\(eth0\) " + re.escape(address), count=2, timeout=40)
            server.wait_for(r"DHCPACK", count=2)
            ping(box.left, address)
        # Another network, as after moving a cable: what the box had is refused.
        with Dnsmasq(box.left, "--dhcp-authoritative", OTHER_RANGE) as server:
            box.box.console.mark()
            box.box.qmp("set_link", name="net0", up=False)
            box.box.console.expect(r"\] left: link down")
            box.box.qmp("set_link", name="net0", up=True)
            server.wait_for(r"DHCPNAK\(eth0\) " + re.escape(address))
            address = box.wait_for_log(r"manage: left: (192\.0\.2\.20\d)/24", 30)[1]
            ping(box.left, address)
