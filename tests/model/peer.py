# SPDX-License-Identifier: BSD-2-Clause
"""The other end of a port's cable: a unix datagram socket, one frame a datagram."""

import contextlib
import os
import socket

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

MAC, ADDRESS, TARGET = "02:00:00:00:ff:01", "192.0.2.1", "192.0.2.2"


class Peer:
    """`echoed` counts correct echo replies, `resolved` says whether an ARP reply came."""

    def __init__(self, folder, name):
        self.name = name
        self.here = os.path.join(folder, f"{name}.peer")
        self.there = os.path.join(folder, f"{name}.qemu")
        self.echoed, self.resolved = 0, False

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.here)
        self.socket.settimeout(0.2)
        return self

    def __exit__(self, *_):
        self.socket.close()

    def netdev(self):
        return ["-netdev", f"dgram,id={self.name},local.type=unix,local.path={self.there},"
                f"remote.type=unix,remote.path={self.here}"]

    def send(self, frame):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            self.socket.sendto(bytes(frame), self.there)

    def ping_until(self, target_mac, done):
        """Asks for the address and pings, five times a second, until `done` is set."""
        number = 0
        while not done.wait(0.05):
            number += 1
            self.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=MAC) /
                      ARP(op=1, hwsrc=MAC, psrc=ADDRESS, pdst=TARGET))
            self.send(Ether(dst=target_mac, src=MAC) / IP(src=ADDRESS, dst=TARGET) /
                      ICMP(type=8, id=7, seq=number & 0xffff) / Raw(b"barewire" * 8))
            self._take_replies()

    def _take_replies(self):
        with contextlib.suppress(TimeoutError, socket.timeout):
            while True:
                frame = Ether(self.socket.recv(65536))
                if ARP in frame and frame[ARP].op == 2:
                    self.resolved = True
                elif ICMP in frame and frame[ICMP].type == 0:
                    self.echoed += bytes(frame[ICMP].payload)[:64] == b"barewire" * 8
