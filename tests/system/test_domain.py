# SPDX-License-Identifier: BSD-2-Clause
"""Ring 3: the gate, and what a driver's data path cannot do there."""

import re

import pytest

from conftest import start_box

# The processor decides how domains are kept apart.
MECHANISM = {"max": "protection keys", "max,-pku": "page tables"}


@pytest.mark.parametrize("cpu", MECHANISM)
def test_ring_3_is_entered_and_left(cpu):
    with start_box(["virtio", "virtio"], options=["--cpu", cpu]) as box:
        box.ready()
        for _ in range(2):  # the second time in the same domain
            match = re.search(r"crossing (\d+) ticks, plain call (\d+), medians of 1001, domains by (.*)",
                              box.command("bench crossing"))
            assert match and match[3] == MECHANISM[cpu]
            assert int(match[1]) > int(match[2]), "ring 3 for less than a plain call"
