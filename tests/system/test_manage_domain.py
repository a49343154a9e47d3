# SPDX-License-Identifier: BSD-2-Clause
"""Idle and asked while it bridges, and while a driver runs in ring 3."""

import re
import time

import pytest

from cable import frame
from conftest import start_wire
from managed import BOX, managed
from test_idle import IDLE_SHARE, load, processor_share

PORTS = ("[port left]\ndevice = virtio:0\n{}[port right]\ndevice = virtio:1\n{}"
         "[forward]\nmode = {}\n")


def test_restarts_are_in_the_metrics(own_network):
    """By cause and step, one for each that there was."""
    with managed(f"address = {BOX}/24\n", options=["--append", "port.right.isolation=domain"]) as box:
        assert "barewire_domain_restarts_total{" not in box.curl("/metrics").stdout
        for number in (1, 2):
            box.box.command("inject right ud2")
            deadline = time.monotonic() + 30
            while True:
                text = box.curl("/metrics").stdout
                found = re.findall(r'^barewire_domain_restarts_total\{port="right",cause="exception",'
                                   r'step="(\w+)"\} (\d+)$', text, re.MULTILINE)
                if sum(int(count) for _, count in found) == number:
                    break
                assert time.monotonic() < deadline, text
                time.sleep(0.1)
            assert re.search(r'^barewire_domain_outage_microseconds\{port="right"\} [1-9]', text,
                             re.MULTILINE)
        assert 'barewire_domain_restarts_total{port="left"' not in text
        assert re.search(r'^barewire_domain_crossings_total\{port="right"\} [1-9]', text, re.MULTILINE)
        assert 'barewire_domain_crossings_total{port="left"} 0\n' in text


@pytest.mark.parametrize("isolation, mode", [("", "bridge"), ("isolation = domain\n", "wire")])
def test_idle(isolation, mode):
    """Next to no processor time, and the first frame after it is not lost, from either side."""
    with start_wire(config=PORTS.format(isolation, isolation, mode)) as wire:
        share = processor_share(wire.box)
        assert share < IDLE_SHARE, f"QEMU used {share:.1%} of a core\n{load(wire.box)['text']}"
        for number in range(20):
            ends = (wire.left, wire.right) if number % 2 else (wire.right, wire.left)
            data = (b"\xff" * 6 + bytes([2, 0, 0, 0, 9, number % 2])
                    + frame(60 + number, seed=number)[12:])
            time.sleep(0.1)
            ends[0].send(data)
            assert ends[1].receive() == data
