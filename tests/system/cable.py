# SPDX-License-Identifier: BSD-2-Clause
"""The far ends of the image's cables: unix datagram sockets, one frame a datagram.

QEMU's dgram back end loses nothing: when a socket is full, whoever sends has to wait. So a frame that
does not arrive was lost inside the box.
"""

import collections
import errno
import itertools
import random
import select
import socket
import time

WAIT_S = 30  # for what has to happen, on a busy computer; it ends when that has happened


class Peer:
    """What is plugged into one port: sends and receives whole frames, without FCS, as bytes."""

    def __init__(self, prefix):
        self.prefix = prefix
        self._connected = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"{prefix}.peer")
        self._socket.setblocking(False)

    def port(self, card, options=""):
        """The argument of --port; options is ",name=value"."""
        return f"{card},dgram={self.prefix}{options}"

    def fileno(self):
        return self._socket.fileno()

    def plug(self):
        """Joins QEMU's socket, once that is there. Then "writable" means that QEMU takes a frame."""
        self._socket.connect(f"{self.prefix}.qemu")
        self._connected = True

    def try_send(self, frame):
        """Sends unless QEMU's socket is full. Returns whether it did."""
        if not self._connected:
            self.plug()
        try:
            self._socket.send(frame)
            return True
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ENOBUFS):
                return False
            raise

    def send(self, frame, timeout=WAIT_S):
        deadline = time.monotonic() + timeout
        while not self.try_send(frame):
            assert time.monotonic() < deadline, f"QEMU takes no frame on {self.prefix}"
            select.select([], [self], [], 0.1)

    def try_receive(self):
        """The next frame that has come, or None."""
        try:
            return self._socket.recv(65536)
        except BlockingIOError:
            return None

    def receive(self, timeout=WAIT_S):
        """The next frame; None when none comes in time."""
        if select.select([self], [], [], timeout)[0]:
            return self.try_receive()
        return None

    def drain(self, quiet=0.1):
        """Every frame that comes until none has come for `quiet` seconds."""
        frames = []
        while (frame := self.receive(quiet)) is not None:
            frames.append(frame)
        return frames

    def take(self, count):
        """So many frames, however long they take, and whatever follows them closely."""
        frames = []
        while len(frames) < count and (frame := self.receive()) is not None:
            frames.append(frame)
        return frames + self.drain()

    def close(self):
        self._socket.close()


def cross(source, destination, frames, window=64, timeout=2 * WAIT_S, patience=WAIT_S / 2):
    """Sends the frames with at most `window` of them under way; returns what came out, in order.
    Stops early when nothing moves for `patience` seconds: short where frames are meant to get lost."""
    waiting = collections.deque(frames)
    total = len(waiting)
    arrived = []
    began = moved = time.monotonic()
    while (len(arrived) < total and time.monotonic() - moved < patience
           and time.monotonic() - began < timeout):
        may_send = waiting and (total - len(waiting)) - len(arrived) < window
        readable, writable, _ = select.select([destination], [source] if may_send else [], [], 0.2)
        if readable:
            while (frame := destination.try_receive()) is not None:
                arrived.append(frame)
                moved = time.monotonic()
        if writable:
            while waiting and total - len(waiting) - len(arrived) < window:
                if not source.try_send(waiting[0]):
                    break
                waiting.popleft()
                moved = time.monotonic()
    return arrived


MAC_LEFT = bytes.fromhex("020000000001")
MAC_RIGHT = bytes.fromhex("020000000002")


def frame(length, seed=0, ethertype=0x88B5, vlan=None):
    """A frame of `length` bytes whose content follows from the seed."""
    head = MAC_RIGHT + MAC_LEFT
    if vlan is not None:
        head += (0x8100).to_bytes(2, "big") + vlan.to_bytes(2, "big")
    head += ethertype.to_bytes(2, "big")
    return head + random.Random(f"{seed}/{length}").randbytes(length - len(head))


_markers = itertools.count()


def flush(source, destination):
    """Returns what still comes out, and then nothing is under way any more: the frame that is sent now
    has come out behind it. Both links are up."""
    came = destination.drain()
    marker = frame(60, seed=f"marker {next(_markers)}")
    source.send(marker)
    while (data := destination.receive()) != marker:
        assert data is not None, f"no frame crosses; {len(came)} came before"
        came.append(data)
    return came


def assert_same(sent, received):
    """The same frames, byte for byte, in the same order; the message names the first difference."""
    for index, (expected, found) in enumerate(zip(sent, received)):
        assert found == expected, (
            f"frame {index}: sent {len(expected)} bytes {expected[:40].hex()}..., "
            f"received {len(found)} bytes {found[:40].hex()}...")
    assert len(received) == len(sent), f"{len(received)} of {len(sent)} frames arrived"
