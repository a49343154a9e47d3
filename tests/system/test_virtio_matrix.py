# SPDX-License-Identifier: BSD-2-Clause
"""Every virtio-net card that QEMU can make is driven.

Each option has a few values; every two values of two different options occur together in at least
one card (they are chosen greedily, with a fixed seed, and then some at random). A box has eight
cards, joined two by two. Frames of all kinds cross each pair both ways: what is not longer than the
card carries arrives, unchanged and in order, before and after the links went down and up.
"""

import contextlib
import itertools
import random
import re
import tempfile
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether

from cable import MAC_LEFT, MAC_RIGHT, Peer, assert_same, cross, frame
from conftest import start_box
from counters import assert_audit_clean, stats

LEGACY = "disable-modern=on,disable-legacy=off"
CHAINED = LEGACY + ",any_layout=off"
MODERN = "disable-legacy=on"

OPTIONS = {
    "interface": [MODERN, "disable-legacy=off", LEGACY, CHAINED],
    "packed": ["", "packed=on"],
    "merged buffers": ["", "mrg_rxbuf=off"],
    "event index": ["", "event_idx=off"],
    "indirect": ["", "indirect_desc=off"],
    "receive ring": ["", "rx_queue_size=512", "rx_queue_size=1024"],
    "transmit ring": ["", "tx_queue_size=1024"],
    "offloads": ["", "guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off",
                 "csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off"],
    "control": ["", "ctrl_vq=off", "ctrl_rx=off", "ctrl_mac_addr=off"],
    "several queues": ["", "mq=on", "mq=on,rss=on,hash=on"],
    "mtu": ["", "host_mtu=1500", "host_mtu=9000"],
    "vectors": ["", "vectors=0", "vectors=1", "vectors=2"],
    "platform": ["", "iommu_platform=on"],
    "status": ["", "status=off"],
    "transmission": ["", "ioeventfd=off", "tx=timer,x-txtimer=100000,ioeventfd=off"],
    "doorbells": ["", "page-per-vq=on", "modern-pio-notify=on"],
}
CARDS = 64
PORTS = 8  # of a box


def possible(card):
    """What QEMU refuses to make is left out."""
    if card["platform"] and card["interface"] != MODERN:
        return False
    return "rss" not in card["several queues"] or (
        card["interface"] not in (LEGACY, CHAINED) and card["control"] != "ctrl_vq=off")


def pairs_of(card):
    return set(itertools.combinations(sorted(card.items()), 2))


def choose_cards():
    """CARDS cards; every pair of values that is possible occurs."""
    chance = random.Random(5)

    def any_card(fixed=()):
        while True:
            card = {name: chance.choice(values) for name, values in OPTIONS.items()}
            card.update(fixed)
            if possible(card):
                return card

    open_pairs = set()
    for (one, ones), (other, others) in itertools.combinations(sorted(OPTIONS.items()), 2):
        for a, b in itertools.product(ones, others):
            plain = {name: values[0] for name, values in OPTIONS.items()}
            if possible({**plain, one: a, other: b}):
                open_pairs.add(((one, a), (other, b)))
    cards = []
    while open_pairs:
        seed = chance.choice(sorted(open_pairs))
        best = max((any_card(seed) for _ in range(40)),
                   key=lambda card: len(pairs_of(card) & open_pairs))
        open_pairs -= pairs_of(best)
        cards.append(best)
    assert len(cards) <= CARDS, len(cards)
    return cards + [any_card() for _ in range(CARDS - len(cards))]


# Where the cards of a box sit: machine and firmware, QEMU's options, and an option of card n
PLACES = [
    ("root bus, qboot", [], [], ""),
    ("root ports, qboot", [],
     [word for n in range(PORTS) for word in ("-device", f"pcie-root-port,id=r{n},chassis={n + 1}")],
     ",bus=r{}"),
    ("root bus, BIOS", ["--firmware", "bios"], [], ""),
    ("PC, BIOS", ["--machine", "pc", "--firmware", "bios"], [], ""),
    ("root ports, BIOS", ["--firmware", "bios"],
     [word for n in range(PORTS) for word in ("-device", f"pcie-root-port,id=r{n},chassis={n + 1}")],
     ",bus=r{}"),
]

ALL_CARDS = choose_cards()
BOXES = [(ALL_CARDS[first:first + PORTS], PLACES[number % len(PLACES)])
         for number, first in enumerate(range(0, CARDS, PORTS))]


def options_of(card):
    return ",".join(value for value in card.values() if value)


def longest(card):
    """The longest frame that leaves by the card."""
    return 9022 if card["mtu"] == "host_mtu=9000" else 1522


def expected_format(card):
    if card["interface"] in (LEGACY, CHAINED):
        return "legacy"
    return "packed" if card["packed"] else "split"


def kinds():
    """Frames of all kinds: nobody here reads them."""
    ip = IP(src="192.0.2.1", dst="192.0.2.2")
    yield bytes(Ether(src=MAC_LEFT.hex(":"), dst="ff:ff:ff:ff:ff:ff") / ARP(pdst="192.0.2.2"))
    for destination in ("01:00:5e:00:00:01", "33:33:00:00:00:01", "01:80:c2:00:00:00",
                        "01:80:c2:00:00:0e", "00:11:22:33:44:55"):
        yield bytes(Ether(src=MAC_LEFT.hex(":"), dst=destination, type=0x88CC)) + bytes(60)
    ether = Ether(src=MAC_LEFT.hex(":"), dst=MAC_RIGHT.hex(":"))
    yield bytes(ether / ip / TCP(flags="S") / bytes(100))
    yield bytes(ether / ip / UDP(dport=53, chksum=0) / bytes(1400))
    yield bytes(ether / IPv6(dst="fe80::2") / ICMPv6ND_NS(tgt="fe80::2"))
    yield bytes(ether / Dot1Q(vlan=100) / ip / UDP() / bytes(1000))
    yield bytes(ether / Dot1AD(vlan=7) / Dot1Q(vlan=100) / ip / UDP() / bytes(1000))
    yield from (frame(length) for length in range(14, 70))
    yield from (frame(length) for length in (1500, 1514, 1518, 1522, 1523, 2048, 2049, 4096, 9000,
                                             9014, 9022, 9023))


def lap(seed):
    """More frames than any ring has descriptors."""
    return [frame(60 + number % 200, seed=f"{seed} {number}") for number in range(1100)]


def assert_crosses(source, destination, egress, frames):
    carried = [data for data in frames if len(data) <= longest(egress)]
    dropped = [data for data in frames if len(data) > longest(egress)]
    assert_same(carried, cross(source, destination, carried))
    for data in dropped:
        source.send(data)
    return len(carried), len(dropped)


def cards_of_ports(box):
    """Which card each port has: firmware may number buses in another order than ours."""
    macs = re.findall(r"^p\d .* 52:54:00:00:00:(\d\d) ", box.command("ports"), re.MULTILINE)
    order = [int(mac) - 1 for mac in macs]
    assert sorted(order) == list(range(PORTS)), order
    return order


def flap_links(box, cards, order):
    """All links down, and up again; what can be seen of it is."""
    watched = [n for n, card in enumerate(cards) if not card["status"]]
    for up, shown in ((False, "down"), (True, "up")):
        for n in order:
            box.qmp("set_link", name=f"port{n}", up=up)
        deadline = time.monotonic() + 30
        while True:
            text = box.command("ports")
            states = dict(re.findall(r"^(p\d) .*running +(\S+)", text, re.MULTILINE))
            if all(states.get(f"p{n}") == shown for n in watched):
                break
            assert time.monotonic() < deadline, text


@pytest.mark.parametrize("number", range(len(BOXES)))
def test_every_card_is_driven(number):
    cards, (place, machine, extra, seat) = BOXES[number]
    print(place, *map(options_of, cards), sep="\n")  # shown when the test fails
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barewire-"))
        peers = [stack.enter_context(contextlib.closing(Peer(f"{directory}/{n}")))
                 for n in range(PORTS)]
        ports = [peer.port("virtio", f",{options_of(card)}{seat.format(n)}")
                 for n, (peer, card) in enumerate(zip(peers, cards))]
        config = "".join(f"[port p{n}]\ndevice = virtio:{n}\n" for n in range(PORTS))
        box = stack.enter_context(start_box(
            ports, config + "[forward]\nmode = wire\nmax-frame = 9216\n",
            ["--mem", "512M", *machine], extra=extra))
        box.ready()
        box.wait_for_links()
        order = cards_of_ports(box)
        cards, peers = [cards[n] for n in order], [peers[n] for n in order]
        for n, card in enumerate(cards):
            assert f" {expected_format(card)}, " in box.command(f"diag p{n}"), options_of(card)
        forwarded, dropped = [0] * PORTS, [0] * PORTS
        for frames in (list(kinds()), None):
            for n in range(PORTS):
                more = assert_crosses(peers[n], peers[n ^ 1], cards[n ^ 1], frames or lap(n))
                forwarded[n] += more[0]
                dropped[n] += more[1]
            if frames:
                flap_links(box, cards, order)
        found = stats(box)
        assert [found[f"p{n}"].forwarded for n in range(PORTS)] == forwarded
        assert [found[f"p{n}"].drops.get("too-long", 0) for n in range(PORTS)] == dropped
        assert all(not peer.drain(0.01) for peer in peers)
        assert_audit_clean(box)
