# SPDX-License-Identifier: BSD-2-Clause
"""A box that bridges, with a peer at each port; and a Linux bridge in its place, to compare with."""

import contextlib
import os
import sys
import tempfile

from cable import Peer
from conftest import ROOT, start_box
from counters import stats

sys.path.insert(0, os.path.join(ROOT, "tests", "guest"))

import initrd  # noqa: E402

EVERYBODY = bytes.fromhex("ffffffffffff")


def station(number):
    """A MAC address."""
    return bytes.fromhex("0200000000") + bytes([number])


def ethernet(destination, source, number=0, length=60, vlan=None, ethertype=0x88B5):
    """A frame with a number in it."""
    head = destination + source
    if vlan is not None:
        head += b"\x81\x00" + vlan.to_bytes(2, "big")
    head += ethertype.to_bytes(2, "big") + number.to_bytes(8, "big")
    return head + bytes(length - len(head))


class Bridge:
    """box, and peers by port number; the ports are called p0, p1, ..."""

    def __init__(self, box, peers):
        self.box, self.peers = box, peers

    def send(self, port, *frames):
        for frame in frames:
            self.peers[port].send(frame)

    def settle(self, port, number):
        """Sends a broadcast from the port and waits for it at all others: what was sent there before
        has been forwarded. Returns what came out of each port until then."""
        marker = ethernet(EVERYBODY, station(0xE0 + port), number, ethertype=0x88B6)
        self.send(port, marker)
        came = []
        for index, peer in enumerate(self.peers):
            frames = []
            while index != port:
                frame = peer.receive()
                assert frame is not None, f"p{index}: no marker from p{port}; before it {frames}"
                if frame == marker:
                    break
                frames.append(frame)
            came.append(frames)
        return came

    def learn(self, port, *numbers):
        """Lets stations speak behind a port; everybody hears them, and nobody listens."""
        self.send(port, *(ethernet(EVERYBODY, station(number)) for number in numbers))
        self.settle(port, 0)

    def counters(self):
        """The counters of every port, after checking that what was transmitted is accounted for."""
        ports = stats(self.box)
        assert (sum(port.tx for port in ports.values()) ==
                sum(port.forwarded - port.flooded + port.copies + port.originated
                    for port in ports.values()))
        return ports


def bridge_config(cards, lines=""):
    """The configuration; `lines` are added to [forward]."""
    text = "".join(f"[port p{number}]\ndevice = {card}:{cards[:number].count(card)}\n"
                   for number, card in enumerate(cards))
    return text + "[forward]\nmode = bridge\n" + lines


@contextlib.contextmanager
def peers_of(cards, card_options=""):
    """Peers, and the arguments of --port."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barewire-"))
        peers = [stack.enter_context(contextlib.closing(Peer(f"{directory}/{number}")))
                 for number in range(len(cards))]
        yield peers, [peer.port(card, card_options) for peer, card in zip(peers, cards)]


@contextlib.contextmanager
def start_bridge(cards, lines="", options=(), card_options=""):
    """Boots the image; every port has its link."""
    with peers_of(cards, card_options) as (peers, ports), \
            start_box(ports, bridge_config(cards, lines), options) as box:
        box.ready()
        box.wait_for_links()
        yield Bridge(box, peers)


# Everything that makes Linux send frames of its own is off. Group addresses are flooded, not snooped.
LINUX = """
for card in /sys/class/net/eth*; do
    echo 1 > /proc/sys/net/ipv6/conf/${card##*/}/disable_ipv6
done
brctl addbr br0
echo 1 > /proc/sys/net/ipv6/conf/br0/disable_ipv6
echo 0 > /sys/class/net/br0/bridge/multicast_snooping
for card in /sys/class/net/eth*; do
    brctl addif br0 ${card##*/}
    ip link set ${card##*/} up
done
ip link set br0 up
for card in /sys/class/net/br0/brif/*; do # Linux looks at new links once a second
    until [ "$(cat $card/state)" = 3 ]; do sleep 0.1; done
done
echo BRIDGE READY
while read -r line; do eval "$line"; echo "did: $line"; done
"""


@contextlib.contextmanager
def start_linux_bridge(count):
    """A Linux guest on the same virtio cards; box.console takes shell commands."""
    kernel, base = initrd.guest([], [], ["virtio_pci", "virtio_net", "bridge"])
    options = ["--mem", "256M", "--kernel", kernel, "--config", initrd.with_script(base, LINUX),
               "--append", "console=ttyS0 quiet"]
    with peers_of(("virtio",) * count) as (peers, ports), start_box(ports, options=options) as box:
        box.console.expect(r"^BRIDGE READY", 120)
        yield Bridge(box, peers)


def tell_linux(bridge, command):
    """Runs a shell command in the guest of start_linux_bridge()."""
    bridge.box.console.send(command + "\r")
    bridge.box.console.expect(r"^did: ")
