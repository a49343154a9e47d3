# SPDX-License-Identifier: BSD-2-Clause
"""The box is reached as long as there is a way to it: also when the port of [manage] is down or absent
behind a bridge, and when nothing can be forwarded."""

import contextlib
import json
import os

from conftest import start_box
from managed import BOX
from netns import Namespace

MANAGE = f"[manage]\nport = one\naddress = {BOX}/24\n"


@contextlib.contextmanager
def host_and_box(number, config):
    """Two ports; at that one, a host; the other card has no cable."""
    with contextlib.closing(Namespace()) as host:
        tap = host.tap("eth0", "192.0.2.1/24")
        ports = ["virtio", "virtio"]
        ports[number] += f",fd={tap}"
        with start_box(ports, config + MANAGE, pass_fds=[tap]) as box:
            os.close(tap)
            box.console.expect(r"(READY|NOT FORWARDING).*\n", 60)
            yield host, box


def assert_reached(host):
    host.run("ping", "-n", "-c", "3", "-i", "0.2", "-W", "5", BOX)
    pages = [host.run("curl", "--silent", "--noproxy", "*", "--max-time", "10",
                      f"http://{BOX}/{page}").stdout
             for page in ("healthz", "metrics", "api/status", "api/fdb")]
    assert 'barewire_port_up{port="one"}' in pages[1]
    assert len(json.loads(pages[2])["ports"]) == pages[1].count("barewire_port_up{")
    assert json.loads(pages[3])["stations"] is not None
    return pages[0]


def test_the_port_of_a_bridge_is_down(own_network):
    config = "[port one]\ndevice = virtio:0\n[port two]\ndevice = virtio:1\n[forward]\nmode = bridge\n"
    with host_and_box(1, config) as (host, box):
        box.qmp("set_link", name="port0", up=False)
        box.console.expect("one: link down|two: link up")
        assert "one: no link" in assert_reached(host)


def test_the_card_of_a_bridge_is_not_there(own_network):
    config = ("[port one]\ndevice = virtio:7\n[port two]\ndevice = virtio:0\n"
              "[port three]\ndevice = virtio:1\n[forward]\nmode = bridge\n")
    with host_and_box(0, config) as (host, box):
        assert "manage: one is not there: the box has the address of two" in box.command("log")
        assert "one: absent" in assert_reached(host)


def test_nothing_is_forwarded(own_network):
    config = "[port one]\ndevice = virtio:0\n[port two]\ndevice = virtio:7\n[forward]\nmode = wire\n"
    with host_and_box(0, config) as (host, box):
        assert "NOT FORWARDING" in box.console.text
        assert "two: absent" in assert_reached(host)
        # The card that is not there has no driver that a command could use.
        assert "two: the card is not in use" in box.command("capture two")
        for command in ("led two blink", "diag two", "restart two", "kill two", "inject two ud2",
                        "flips two 1", "stats two", "ports", "isolation", "drops", "audit"):
            assert "two" in box.command(command) or command in ("drops", "audit")
        assert_reached(host)
