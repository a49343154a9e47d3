# SPDX-License-Identifier: BSD-2-Clause
"""Initial sequence numbers of the box's TCP (RFC 6528): for the same two ends a clock of 4 us, for
other ends another one."""

import contextlib
import socket
import time

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from managed import BOX, LEFT, MAC, managed

pytestmark = pytest.mark.ports("virtio")
IPV4 = 0x0800


def answer(raw, port):
    """The number in the box's answer to a SYN from that port."""
    source = ":".join(f"{byte:02x}" for byte in raw.getsockname()[4])
    raw.send(bytes(Ether(dst=MAC, src=source) / IP(src=LEFT, dst=BOX)
                   / TCP(sport=port, dport=80, flags="S", seq=1)))
    while True:
        frame = Ether(raw.recv(2048))
        if TCP in frame and frame[TCP].dport == port and frame[TCP].flags == "SA":
            return frame[TCP].seq


def test_initial_sequence_numbers(own_network, ports):
    with managed(f"address = {BOX}/24\n", ports) as box:
        assert box.curl("/healthz").stdout == "ok\n"  # both know each other's address
        with box.left.inside():
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
            raw.bind(("eth0", IPV4))
            raw.settimeout(5)
        with contextlib.closing(raw):
            began = time.monotonic()
            first = answer(raw, 40000)
            others = [answer(raw, 40001 + number) for number in range(8)]
            time.sleep(0.5)  # LEFT's own TCP has refused the first by now, and the box forgot it
            again = answer(raw, 40000)
            ticks = (time.monotonic() - began) * 1e6 / 4
        assert 0.5e6 / 4 * 0.9 < (again - first) % 2**32 < ticks * 1.1
        steps = [(after - before) % 2**32 for before, after in zip(others, others[1:])]
        assert sum(ticks < step < 2**32 - ticks for step in steps) >= len(steps) - 1
