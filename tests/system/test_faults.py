# SPDX-License-Identifier: BSD-2-Clause
"""Every fault of drivers/domain.h in a driver in ring 3: its port is restarted, and a second pair of
ports loses nothing. The same fault in ring 0 is run too, and its outcome recorded.

`make test-faults` runs this and writes build/faults.json and the table in docs/isolation.md.
"""

import json
import os

import pytest

import faults
from conftest import BUILD
from counters import assert_audit_clean
from pairs import start_pairs

# How the domains are kept apart, and whose driver: (processor, cards, faults)
VIRTIO = ("virtio",) * 4
RUNS = {
    "keys": ("max", VIRTIO),
    "page tables": ("max,-pku", VIRTIO),
    "82599": ("max", ("ixgbe", "ixgbe", "virtio", "virtio")),
}
results = []


@pytest.fixture(scope="module", params=RUNS)
def pairs(request):
    """One box for all faults: it survives each of them."""
    cpu, cards = RUNS[request.param]
    with start_pairs(cards, faults.LINES["domain"], options=["--cpu", cpu]) as pairs:
        pairs.run = request.param
        yield pairs
        assert_audit_clean(pairs.box)


@pytest.fixture(scope="module", autouse=True)
def record():
    """build/faults.json, from all that was run."""
    yield
    with open(os.path.join(BUILD, "faults.json"), "w", encoding="ascii") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def test_the_list_is_whole():
    """What the image lists is what is run here."""
    with start_pairs() as pairs:
        text = pairs.box.command("inject a")
    listed = text.split("faults:")[1].split()
    assert sorted(listed) == sorted(faults.FAULTS)
    assert len(listed) >= 36


@pytest.mark.parametrize("fault", faults.FAULTS)
def test_in_a_domain(pairs, fault):
    result = faults.in_a_domain(pairs, fault)
    results.append({"run": pairs.run, **vars(result)})
    assert result.second_pair_lost == 0


@pytest.mark.parametrize("fault", faults.FAULTS)
def test_in_ring_0(fault):
    """The negative control: what isolation is for. No outcome is wrong here."""
    results.append({"run": "ring 0", **vars(faults.in_ring_0(fault))})
