# SPDX-License-Identifier: BSD-2-Clause
"""How fast it boots and how big it is."""

import os

from conftest import BUILD, start_wire


def test_ready_within_20_ms():
    """From kernel entry, by the guest's clock, two virtio ports. One boot of at most fifteen has to
    make it: the others measure who else uses this computer."""
    times = []
    for _ in range(15):
        with start_wire(ready=False) as wire:
            times.append(wire.box.ready())
        if times[-1] <= 20:
            return
    raise AssertionError(f"milliseconds to READY: {times}")


def test_elf_is_at_most_1_mb():
    assert os.path.getsize(os.path.join(BUILD, "barewire.elf")) <= 1_000_000


def test_iso_is_at_most_12_mb():
    assert os.path.getsize(os.path.join(BUILD, "barewire.iso")) <= 12_000_000
