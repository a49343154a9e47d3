# SPDX-License-Identifier: BSD-2-Clause
"""How long the console holds up frames, in instructions: the guest's clock counts them (-icount), so the
figures are the same on every computer, however busy."""

import re

from conftest import start_box, wire_config
from test_limits import ICOUNT

# 20 microseconds of a core that completes an instruction a nanosecond.
INSTRUCTIONS = 20_000
BY_PIECES = ["help", "ports", "stats", "drops", "load", "log", "pci", "uptime", "memory",
             "config", "isolation", "diag left", "diag"]
AS_A_WHOLE = ["audit"]  # docs/architecture.md says so
AS_A_WHOLE_INSTRUCTIONS = 400_000


def longest_gap(box, command):
    """Instructions between two polls of the rings, at most, while the command was answered."""
    box.command("load", 60)
    box.command(command, 60)
    return round(1000 * float(re.search(r"since last asked ([\d.]+) us", box.command("load", 60))[1]))


def test_commands_come_in_pieces():
    ports = ["ixgbe", "ixgbe"]
    with start_box(ports, wire_config(ports), extra=ICOUNT) as box:
        box.ready()
        box.wait_for_links()
        # Whenever a link comes up its module is identified again, which takes 0.1 ms at a time.
        for _ in range(20):
            if longest_gap(box, "uptime") <= INSTRUCTIONS:
                break
        found = {command: longest_gap(box, command) for command in BY_PIECES + AS_A_WHOLE}
    long = {command: found[command] for command in BY_PIECES if found[command] > INSTRUCTIONS}
    long.update({command: found[command] for command in AS_A_WHOLE
                 if found[command] > AS_A_WHOLE_INSTRUCTIONS})
    assert not long
