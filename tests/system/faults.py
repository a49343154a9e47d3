# SPDX-License-Identifier: BSD-2-Clause
"""Faults injected into a driver's data path, and what becomes of the box: in a domain, where nothing
may happen to anybody else, and in ring 0, for comparison. test_faults.py runs them; docs/isolation.md
has the table that it makes."""

import contextlib
import dataclasses
import re
import threading
import time

from box import BoxError
from cable import MAC_LEFT, MAC_RIGHT, cross, frame
from counters import read_stats
from pairs import start_pairs

SILENT = "silence"  # the port carries nothing until it is killed
HARMLESS = "no effect"

# What each fault of drivers/domain.h comes to in a domain: the name of the port's fault, or one of
# the above.
FAULTS = {
    **dict.fromkeys(
        ["null-store", "store-forwarder", "load-forwarder", "store-driver", "store-text", "exec-data",
         "exec-wrpkru", "jump-kernel", "jump-nowhere", "stack-overflow", "ud2", "divide",
         "array-bounds", "overflow", "cli", "hlt", "in", "out", "wrmsr", "mov-cr3", "lgdt", "int", "flag-tf"], "exception"),
    **dict.fromkeys(["bad-rsp", "flag-ac", "flag-nt", "flag-df", "mxcsr"], HARMLESS),
    "loop": "hang", "silence": SILENT, "hoard": SILENT,
    "count-ahead": "count", "count-back": "count", "sent-count": "count", "stale": "stale",
    "index": "index", "sent-index": "index", "foreign": "foreign", "sent-foreign": "foreign",
    "duplicate": "duplicate", "sent-duplicate": "duplicate",
    "length-13": "length", "length-64k": "length", "offset": "length",
}
LINES = {"none": "isolation = none\n", "domain": "isolation = domain\n"}
BURST = [frame(60 + 3 * number, seed=number) for number in range(40)]


@dataclasses.dataclass
class Result:
    """One line of build/faults.json."""
    fault: str
    level: str
    outcome: str
    outage_us: int | None
    second_pair_lost: int | None  # None: the box was down


class SecondPair(threading.Thread):
    """Frames that cross between c and d all the time, each with a number. `lost` counts those that did
    not come out, once stop() has been called."""

    WINDOW = 16

    def __init__(self, pairs):
        super().__init__(daemon=True)
        self._pairs, self._stopped = pairs, threading.Event()
        self.sent = self.lost = self.wrong = 0

    def _frame(self, number):
        return MAC_RIGHT + MAC_LEFT + b"\x88\xb5" + number.to_bytes(46, "big")

    def run(self):
        with contextlib.suppress(ConnectionError):  # of a box that is no more
            self._cross(self._pairs.c, self._pairs.d)

    def _cross(self, source, destination):
        due = 0
        while not self._stopped.is_set():
            while self.sent - due < self.WINDOW and source.try_send(self._frame(self.sent)):
                self.sent += 1
            due = self._take(destination, due, 0.05)
        while due < self.sent:
            before, due = due, self._take(destination, due, 1.0)
            if due == before:
                self.lost += self.sent - due
                return

    def _take(self, destination, due, wait):
        """Takes what has come; returns the number of the frame that is due next."""
        while (got := destination.receive(wait)) is not None:
            wait = 0
            number = int.from_bytes(got[14:], "big")
            if number < due:
                self.wrong += 1
                continue
            self.lost += number - due
            due = number + 1
        return due

    def stop(self):
        self._stopped.set()
        self.join()


@contextlib.contextmanager
def second_pair(pairs):
    """Traffic between c and d as long as the block lasts."""
    traffic = SecondPair(pairs)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()


def stimulate(pairs):
    """Bursts through the first pair, both ways, of which nothing is expected."""
    for source in (pairs.a, pairs.b):
        for data in BURST:
            source.try_send(data)


def first_pair_works(pairs, seconds=5.0):
    """Whether every frame crosses between a and b, soon."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for peer in (pairs.a, pairs.b):
            peer.drain(0.02)
        if cross(pairs.a, pairs.b, BURST, timeout=2) == BURST and \
                cross(pairs.b, pairs.a, BURST, timeout=2) == BURST:
            return True
    return False


def in_a_domain(pairs, fault):
    """Injects the fault into port a. Returns the Result, after making sure that the port works again."""
    box, expected = pairs.box, FAULTS[fault]
    box.command("restart a")  # forgets how often it was restarted before
    box.wait_for_links()
    assert first_pair_works(pairs), "the first pair does not work"
    with second_pair(pairs) as traffic:
        box.console.mark()
        box.console.send(f"inject a {fault}\r")
        box.console.expect(f"^a: {fault} armed", 5)
        stimulate(pairs)
        outage = None
        if expected == HARMLESS:
            assert first_pair_works(pairs), f"{fault} was not harmless"
            outcome = HARMLESS
        else:
            if expected == SILENT:
                time.sleep(0.1)
                box.console.send("kill a\r")
            found = box.console.expect(r"\] a: fault ([a-z-]+), value 0x", 10)[1]
            outage = int(box.console.expect(r"\] a: running again after (\d+) us", 10)[1])
            outcome = f"{SILENT} until killed" if expected == SILENT else f"fault {found}"
            assert expected == SILENT or found == expected, f"{fault}: fault {found}, not {expected}"
            box.wait_for_links()
            assert first_pair_works(pairs), f"no traffic after {fault}"
    assert traffic.sent > 0 and traffic.wrong == 0
    return Result(fault, "domain", outcome, outage, traffic.lost)


def _down(box):
    """What took the box down, or None when it answers."""
    if box.process.poll() is not None:
        return "the machine was reset"
    if match := re.search(r"PANIC: (.*)", box.console.text):
        return f"panic: {match[1].strip()}"
    return None


def in_ring_0(fault):
    """The same in a box of its own, without isolation. Whatever happens is the Result."""
    with start_pairs(lines=LINES["none"], options=["--append", "system.on-panic=halt"]) as pairs:
        box = pairs.box
        with second_pair(pairs) as traffic:
            box.console.mark()
            box.console.send(f"inject a {fault}\r")
            with contextlib.suppress(BoxError):  # one that needs no frame may be quicker
                box.console.expect(f"^a: {fault} armed", 0.3)
            with contextlib.suppress(ConnectionError):  # and has taken the machine with it
                stimulate(pairs)
            deadline = time.monotonic() + 0.5
            while time.monotonic() < deadline and not _down(box):
                time.sleep(0.02)
        if down := _down(box):
            return Result(fault, "none", down, None, None)
        try:
            text = box.command("audit", 2)
            counters = read_stats(box.command("stats", 2))
        except BoxError:
            return Result(fault, "none", _down(box) or "the box hangs", None, None)
        lost = None if _down(box) else traffic.lost + traffic.wrong
        if "each exactly once: ok" not in text:
            outcome = "corruption: " + re.search(r"VIOLATED: (.*)", text)[1]
        elif match := re.search(r"\] a: fault ([a-z-]+)", box.console.text):
            outcome = f"fault {match[1]}"
        elif drops := counters["a"].drops | counters["b"].drops:
            outcome = "dropped: " + ", ".join(f"{count} {name}" for name, count in drops.items())
        elif not first_pair_works(pairs, 2.0):
            outcome = _down(box) or "the pair carries nothing"
        else:
            outcome = _down(box) or "nothing was noticed"
        return Result(fault, "none", outcome, None, lost)
