# SPDX-License-Identifier: BSD-2-Clause
"""A million frames that the 82599 model makes and checks itself, on a clock that counts instructions: no
socket, no chance. bench/guest/ holds how."""

import os
import sys

from conftest import QEMU_82599, ROOT

sys.path.insert(0, os.path.join(ROOT, "bench", "guest"))

import barewire  # noqa: E402


def test_a_million_frames_of_mixed_sizes():
    """Half from each port: none lost, changed, reordered or duplicated (generate() makes sure)."""
    assert barewire.generate(QEMU_82599(), "mix", 500_000) > 0


def test_instructions_for_a_frame():
    """A regression here is a slower box. docs/numbers.md has the figure."""
    assert barewire.generate(QEMU_82599(), 64, 100_000) <= 20
