# SPDX-License-Identifier: BSD-2-Clause
"""A reset at any moment leaves nothing behind that the next life trips over."""

import os
import threading
import time

import pytest

from cable import frame
from conftest import start_wire
from counters import assert_audit_clean, stats

RESETS = 50


class Pump(threading.Thread):
    """Keeps sending frames into a port until it is stopped."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self._peer, self._stopped = peer, threading.Event()
        self.sent = 0

    def run(self):
        data = frame(200, seed="pump")
        while not self._stopped.is_set():
            for _ in range(20):
                self.sent += self._peer.try_send(data)
            time.sleep(0.005)

    def stop(self):
        self._stopped.set()
        self.join()


def assert_crosses(source, destination, number):
    """A frame that was never sent before arrives among the others. Those may have filled the ring
    that it leaves by before somebody reads them: then it is sent again."""
    unique = frame(60) + number.to_bytes(4, "big") + os.urandom(12)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        source.send(unique)
        for _ in range(1000):  # before it come those that are under way
            data = destination.receive(0.5)
            if data == unique:
                return
            if data is None:
                break
    raise AssertionError(f"after reset {number} the frame did not cross")


def test_fifty_resets_under_traffic(ports):
    with start_wire(ports=ports, options=["--reboot"]) as wire:
        pumps = [Pump(wire.left), Pump(wire.right)]
        for pump in pumps:
            pump.start()
        try:
            for number in range(1, RESETS + 1):
                assert_crosses(wire.left, wire.right, number)
                assert_crosses(wire.right, wire.left, number)
                wire.box.console.mark()
                wire.box.qmp("system_reset")
                wire.box.ready()
                wire.box.wait_for_links()
        finally:
            for pump in pumps:
                pump.stop()
        assert_crosses(wire.left, wire.right, 0)
        assert_crosses(wire.right, wire.left, 0)
        assert all(pump.sent > RESETS for pump in pumps), "there was hardly any traffic"
        assert all(port.rx > 0 for port in stats(wire.box).values())
        assert_audit_clean(wire.box)


@pytest.mark.ports("virtio", "ixgbe", "mixed")
def test_reboot_command(ports):
    """`reboot` starts the machine anew, and the counters with it."""
    with start_wire(ports=ports, options=["--reboot"]) as wire:
        assert_crosses(wire.left, wire.right, 1)
        wire.box.console.mark()
        wire.box.console.send("reboot\r")
        wire.box.console.expect(r"^\[.*\] Barewire")
        wire.box.ready()
        wire.box.wait_for_links()
        assert all(port.rx == 0 for port in stats(wire.box).values())
        assert_crosses(wire.left, wire.right, 2)


def test_reboot_ends_qemu_unless_asked_for():
    with start_wire() as wire:
        wire.box.console.send("reboot\r")
        assert wire.box.wait_exit() == 0
