# SPDX-License-Identifier: BSD-2-Clause
"""What `stats` and `audit` print, as numbers."""

import dataclasses
import re
import time


OTHER_NAMES = {"copies lost": "copies_lost", "stations came": "moves",
               "sources not learned": "not_learned"}


@dataclasses.dataclass
class Port:
    rx: int
    rx_bytes: int
    tx: int = 0
    tx_bytes: int = 0
    forwarded: int = 0
    delivered: int = 0
    originated: int = 0  # by the box itself
    flooded: int = 0  # of a bridge: see net/counters.h
    copies: int = 0
    copies_lost: int = 0
    moves: int = 0
    not_learned: int = 0
    missed: int = 0  # by the card, for want of room; not in rx
    refused: int = 0  # by the card: damaged on the wire, or of an impossible length
    lost: int = 0  # forwarded to this port, in its transmit ring when it was restarted
    drops: dict = dataclasses.field(default_factory=dict)  # by name, only those that are not 0
    says_it_holds: bool = False

    @property
    def dropped(self):
        return sum(self.drops.values())

    def law_holds(self):
        return self.says_it_holds and self.rx == self.forwarded + self.delivered + self.dropped


def read_stats(text):
    """Port name -> Port, from the text that `stats` printed."""
    ports = {}
    for line in text.splitlines():
        if match := re.match(r"(\S+) +rx +(\d+) frames +(\d+) bytes", line):
            port = ports[match[1]] = Port(rx=int(match[2]), rx_bytes=int(match[3]))
        elif match := re.match(r" +tx +(\d+) frames +(\d+) bytes", line):
            port.tx, port.tx_bytes = int(match[1]), int(match[2])
        elif match := re.match(r" +drop +(\d+) ([a-z-]+):", line):
            port.drops[match[2]] = int(match[1])
        elif match := re.match(r" +card +(\d+) (missed|refused|lost)\b", line):
            setattr(port, match[2], int(match[1]))
        elif match := re.match(r" +(\d+) (forwarded|delivered|flooded|copies)(?! lost)\b", line):
            setattr(port, match[2], int(match[1]))
        elif match := re.match(r" +sent +(\d+) by the box", line):
            port.originated = int(match[1])
        elif match := re.match(r" +(\d+) (copies lost|stations came|sources not learned)", line):
            setattr(port, OTHER_NAMES[match[2]], int(match[1]))
        elif re.search(r"dropped: holds$", line):
            port.says_it_holds = True
    return ports


def stats(box, timeout=60):
    """The counters of every port, after checking that their law holds."""
    text = box.command("stats", timeout)
    ports = read_stats(text)
    assert ports, f"stats shows no port:\n{text}"
    for name, port in ports.items():
        assert port.law_holds(), f"{name}: received is not forwarded + delivered + drops:\n{text}"
    return ports


def wait_for_received(box, port, frames, timeout=60):
    """Until the port has received so many frames altogether, each of which has been dealt with."""
    deadline = time.monotonic() + timeout
    while (found := stats(box)[port]).rx < frames:
        assert time.monotonic() < deadline, f"{port}: {found.rx} frames of {frames}"


def assert_audit_clean(box):
    text = box.command("audit")
    match = re.search(r"(\d+) buffers in (\d+) slots, each exactly once: ok", text)
    assert match, f"the audit found something:\n{text}"
    assert int(match[1]) == int(match[2]) > 0, text
