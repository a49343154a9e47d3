# SPDX-License-Identifier: BSD-2-Clause
"""Random bits change in a driver's text, data, stack and rings while it forwards: the box stays up, and
a second pair of ports loses nothing. VT-d is on: some of the bits are in addresses that the card is given.

FLIPS says how many, SEED which; `make test-flips` takes 20,000.
"""

import os
import re
import time

import pytest

import faults
from counters import assert_audit_clean, stats
from pairs import start_pairs

FLIPS = int(os.environ.get("FLIPS", "1000"))
SEED = os.environ.get("SEED", "1")
SECONDS = 60 + FLIPS / 30


@pytest.mark.parametrize("cpu", ["max", "max,-pku"])
def test_the_box_survives_random_bits(cpu):
    with start_pairs(lines=faults.LINES["domain"], options=["--iommu", "--cpu", cpu]) as pairs:
        box = pairs.box
        assert re.search(r"^a +domain +(keys|tables), VT-d", box.command("isolation"), re.MULTILINE)
        with faults.second_pair(pairs) as traffic:
            box.command(f"flips a {FLIPS} {SEED}")
            deadline = time.monotonic() + SECONDS
            while " 0 to go" not in (said := box.command("flips a")):
                assert time.monotonic() < deadline, said
                faults.stimulate(pairs)
                for peer in (pairs.a, pairs.b):
                    peer.drain(0.01)
        print(said)
        assert int(re.search(r"a: (\d+) bits changed", said)[1]) == FLIPS
        assert int(re.search(r"(\d+) restarts", said)[1]) > 0, "nothing was hit"
        assert (traffic.lost, traffic.wrong) == (0, 0) and traffic.sent > 100
        box.command("restart a")
        box.wait_for_links()
        assert faults.first_pair_works(pairs)
        counters = stats(box)
        assert (counters["c"].dropped, counters["d"].dropped) == (0, 0)
        assert_audit_clean(box)
