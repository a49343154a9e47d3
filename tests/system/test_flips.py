# SPDX-License-Identifier: BSD-2-Clause
"""Random bits change in what a driver in ring 3 works with while it runs: text, stack, answer, queues,
rings, the card's queue registers and the processor's. The box stays up, and a second pair of ports loses
nothing. VT-d is on: some of the bits are in addresses that the card is given.

FLIPS says how many in each run, SEED which; `make test-flips` takes 5,000, 20,000 in all, and makes the
table in docs/isolation.md from build/flips.json. `flips a FLIPS SEED show` on the console names each bit.
"""

import json
import os
import re
import time

import pytest

import faults
from conftest import BUILD
from counters import assert_audit_clean, stats
from pairs import start_pairs

FLIPS = int(os.environ.get("FLIPS", "500"))
SEED = int(os.environ.get("SEED", "1"))
PATIENCE = 120  # seconds without a single bit changed: on a busy computer a restart takes its time

# Whose driver, and how domains are kept apart. The second pair always has virtio ports.
RUNS = {
    "virtio, keys": ("virtio", "max"),
    "virtio, page tables": ("virtio", "max,-pku"),
    "82599, keys": ("ixgbe", "max"),
    "82599, page tables": ("ixgbe", "max,-pku"),
}
results = []


@pytest.fixture(scope="module", autouse=True)
def written():
    yield
    with open(os.path.join(BUILD, "flips.json"), "w", encoding="ascii") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def summary(run, said, traffic, seconds):
    """One entry of build/flips.json."""
    places = re.findall(r"^ +(\d+) in: (.+)$", said, re.MULTILINE)
    restarts = re.findall(r"^ +(\d+) ([a-z-]+), ([a-z]+)$", said, re.MULTILINE)
    outages = re.search(r"^ +(\d+) outages, us: (.*)$", said, re.MULTILINE)
    assert outages, f"nothing was hit:\n{said}"
    return {
        "run": run, "seed": SEED, "bits": FLIPS, "seconds": round(seconds, 1),
        "places": {place: int(count) for count, place in places},
        "restarts": {f"{cause}, {step}": int(count) for count, cause, step in restarts},
        "outages": int(outages[1]),
        "outage_us": {name: int(us) for name, us in re.findall(r"(\w+) (\d+)", outages[2])},
        "second_pair_sent": traffic.sent, "second_pair_lost": traffic.lost + traffic.wrong,
    }


def change_bits(pairs, traffic):
    """Lets frames cross until all bits were changed; returns what the box says of it."""
    box = pairs.box
    box.command(f"flips a {FLIPS} {SEED}")
    before, moved = "", time.monotonic()
    while " 0 to go" not in (said := box.command("flips a", 60)):
        changed = re.search(r"(\d+) bits changed", said)[1]
        if changed != before:
            before, moved = changed, time.monotonic()
        assert time.monotonic() - moved < PATIENCE, f"seed {SEED}: stands still\n{said}"
        faults.stimulate(pairs)
        for peer in (pairs.a, pairs.b):
            peer.drain(0.01)
    assert traffic.is_alive(), "the second pair's peers are gone"
    return said


@pytest.mark.parametrize("run", RUNS)
def test_the_box_survives_random_bits(run):
    card, cpu = RUNS[run]
    # strict=off: the driver is meant to break the card's rules.
    with start_pairs((card, card, "virtio", "virtio"), faults.LINES["domain"],
                     ["--iommu", "--cpu", cpu, "--append", "system.on-panic=halt"],
                     {"ixgbe": ",strict=off"}) as pairs:
        box = pairs.box
        assert re.search(r"^a +domain +(keys|tables), VT-d", box.command("isolation"), re.MULTILINE)
        began = time.monotonic()
        with faults.second_pair(pairs) as traffic:
            said = change_bits(pairs, traffic)
        result = summary(run, said, traffic, time.monotonic() - began)
        results.append(result)
        assert sum(result["places"].values()) == FLIPS and 0 not in result["places"].values()
        assert result["second_pair_lost"] == 0 and traffic.sent > 100
        box.command("restart a")
        box.wait_for_links(PATIENCE)
        assert faults.first_pair_works(pairs)
        counters = stats(box)
        assert (counters["c"].dropped, counters["d"].dropped) == (0, 0)
        assert_audit_clean(box)
