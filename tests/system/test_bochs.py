# SPDX-License-Identifier: BSD-2-Clause
"""The ISO boots on a second, independent machine, and domains stand there by each mechanism."""

import os
import re

import pytest

from bochs import Bochs
from conftest import BUILD

MODELS = {
    "corei7_haswell_4770": "page tables with PCIDs",
    "core2_penryn_t9600": "page tables",
    "corei7_icelake_u": "protection keys",
}
FAULT = r"page fault \(read of (0x[0-9a-f]+|0)\) at 0x[0-9a-f]+"
WALLS = [
    ("the other one, its own memory", "read"),
    ("its own memory", "read"),
    ("the other's memory", FAULT),
    ("its own memory again", "read"),
    ("the other one, the first one's memory", FAULT),
    ("ring 0's memory", FAULT),
    ("nobody's memory", FAULT),
]


@pytest.mark.parametrize("model", MODELS)
def test_domains_stand_in_bochs(model):
    with Bochs(model, os.path.join(BUILD, "barewire.iso")) as box:
        log = box.until_prompt(300)  # 11 to 16 on a quiet machine
        print(log)
        assert re.search(r"booted by multiboot2, 127 MiB of memory, W\^X NX", log)
        assert (" PCID" in log) == (MODELS[model] != "page tables")
        for _ in range(2):  # the second time in the same domain
            match = re.search(r"crossing (\d+) ticks, plain call (\d+), medians of 1001, domains by ([^\r\n]*)",
                              box.command("bench crossing"))
            assert match and match[3] == MODELS[model]
            assert int(match[1]) > int(match[2])
        walls = box.command("bench walls")
        print(walls)
        for what, outcome in WALLS:
            assert re.search(rf"^{what}: {outcome}\r?$", walls, re.MULTILINE), what
