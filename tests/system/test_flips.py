# SPDX-License-Identifier: BSD-2-Clause
"""Random bits change in what drivers in ring 3 work with while they run: text, stack, answer, queues,
rings, the card's queue registers and the processor's. The box stays up, and a second pair of ports loses
nothing. VT-d is on: some of the bits are in addresses that the card is given.

Six ports are changed at a time, so that some work while others restart. FLIPS says how many bits in each
run, SEED which; `make test-flips` takes 6,000, 24,000 in all, and makes the table in docs/isolation.md from
build/flips.json. `flips a FLIPS SEED show` on the console names each bit.
"""

import collections
import contextlib
import json
import os
import re
import threading
import time

import pytest

import faults
from box import BoxError
from conftest import BUILD, QEMU_82599
from counters import assert_audit_clean, stats
from pairs import NAMES, start_pairs

FLIPS = int(os.environ.get("FLIPS", "5100"))
SEED = int(os.environ.get("SEED", "1"))
VICTIMS = "abefgh"  # c and d are the second pair
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


class Traffic(threading.Thread):
    """Bursts into every port that is changed, as many as it takes; nothing is expected of them."""

    def __init__(self, peers):
        super().__init__(daemon=True)
        self._peers, self._stopped = peers, threading.Event()

    def run(self):
        with contextlib.suppress(ConnectionError):  # of a box that is no more
            while not self._stopped.wait(0.001):
                for peer in self._peers:
                    while peer.try_receive() is not None:
                        pass
                    all(peer.try_send(data) for data in faults.BURST)

    def stop(self):
        self._stopped.set()
        self.join()


def summary(run, said, traffic, seconds):
    """One entry of build/flips.json, of what the box said about each port."""
    places, restarts = collections.Counter(), collections.Counter()
    for text in said:
        for count, place in re.findall(r"^ +(\d+) in: (.+)$", text, re.MULTILINE):
            places[place] += int(count)
        for count, cause, step in re.findall(r"^ +(\d+) ([a-z-]+), ([a-z]+)$", text, re.MULTILINE):
            restarts[f"{cause}, {step}"] += int(count)
    outages = re.search(r"^ +(\d+) outages of all ports, us: (.*)$", said[-1], re.MULTILINE)
    assert outages, f"nothing was hit:\n{said[-1]}"
    return {
        "run": run, "seed": SEED, "bits": sum(places.values()), "seconds": round(seconds, 1),
        "places": places, "restarts": restarts, "outages": int(outages[1]),
        "outage_us": {name: int(us) for name, us in re.findall(r"(\w+) (\d+)", outages[2])},
        "second_pair_sent": traffic.sent, "second_pair_lost": traffic.lost + traffic.wrong,
    }


def ask(box, name):
    """What the box says of a port; "" when part of that got lost among the lines about restarts."""
    try:
        return box.command(f"flips {name}", 5)
    except BoxError:
        return ""


def change_bits(box):
    """Waits until all bits of all ports were changed; returns what the box says of each. It may take as
    long as it likes, if only something changes."""
    each = FLIPS // len(VICTIMS)
    box.console.send("".join(f"flips {name} {each} {SEED * len(VICTIMS) + number}\r"
                             for number, name in enumerate(VICTIMS)))
    waiting, before, moved = set(VICTIMS), None, time.monotonic()
    while waiting:
        said = {name: ask(box, name) for name in waiting}
        waiting = {name for name in waiting if f"{each} bits changed, 0 to go" not in said[name]}
        now = re.findall(r"(\d+) bits changed", "".join(said.values())), \
            box.console.text.count("running again")
        if now != before:
            before, moved = now, time.monotonic()
        assert time.monotonic() - moved < PATIENCE, f"seed {SEED}: stands still\n" + "\n".join(said.values())
        time.sleep(0.2)
    return [box.command(f"flips {name}") for name in VICTIMS]


@pytest.mark.parametrize("run", RUNS)
def test_the_box_survives_random_bits(run):
    card, cpu = RUNS[run]
    cards = [card if name in VICTIMS else "virtio" for name in NAMES]
    # QEMU 7.2 ends itself at a transmit descriptor that is shorter than the header; the model's does not.
    qemu = ["--qemu", QEMU_82599()] if card == "virtio" else []
    # strict=off: the driver is meant to break the card's rules.
    with start_pairs(cards, faults.LINES["domain"],
                     [*qemu, "--iommu", "--cpu", cpu, "--append", "system.on-panic=halt"],
                     {"ixgbe": ",strict=off"}) as pairs:
        box = pairs.box
        assert re.search(r"^a +domain +(keys|tables), VT-d", box.command("isolation"), re.MULTILINE)
        began = time.monotonic()
        with faults.second_pair(pairs) as second:
            first = Traffic([pairs.peers[name] for name in VICTIMS])
            first.start()
            said = change_bits(box)
            first.stop()
            assert second.is_alive(), "the second pair's peers are gone"
        result = summary(run, said, second, time.monotonic() - began)
        results.append(result)
        assert result["bits"] == FLIPS // len(VICTIMS) * len(VICTIMS) and len(result["places"]) == 8
        assert result["second_pair_lost"] == 0 and second.sent > 100
        for name in VICTIMS:
            box.command(f"restart {name}")
        box.wait_for_links(PATIENCE)
        for ends in ("ab", "ef", "gh"):
            assert faults.carries(*(pairs.peers[name] for name in ends)), f"{ends} carries nothing"
        counters = stats(box)
        assert (counters["c"].dropped, counters["d"].dropped) == (0, 0)
        assert_audit_clean(box)
