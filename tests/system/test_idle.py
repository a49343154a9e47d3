# SPDX-License-Identifier: BSD-2-Clause
"""A box with nothing to do sleeps, costs next to nothing, and misses nothing; one that has something to
do is not interrupted."""

import os
import random
import re
import statistics
import time

import pytest

from cable import assert_same, cross, frame
from conftest import start_box, start_wire, wire_config
from counters import assert_audit_clean, stats

LEFT = "left"
every_kind = pytest.mark.ports("virtio", "ixgbe", "mixed")

SETTLE_S = 1.2  # after a command the box looks at the console every millisecond for a second
MEASURE_S = 2.5
IDLE_SHARE = 0.03


def load(box):
    """What `load` prints: shares of the last second in per cent, and wake-ups by cause."""
    text = box.command("load")
    shares = re.search(r"(?:last second|since boot): +busy ([\d.]+) %, polling ([\d.]+) %, "
                       r"housekeeping ([\d.]+) %, asleep ([\d.]+) %", text)
    woken = dict(re.findall(r"(\w+) (\d+)[,\n]", re.search(r"woken by(.*\n)", text)[1]))
    found = dict(zip(("busy", "polling", "housekeeping", "asleep"), map(float, shares.groups())))
    found.update({name: int(count) for name, count in woken.items()})
    found["interrupts"] = int(re.search(r"(\d+) interrupts for frames", text)[1])
    found["text"] = text
    return found


def processor_seconds(box):
    """User and system time of QEMU so far (proc(5), /proc/pid/stat, fields 14 and 15)."""
    with open(f"/proc/{box.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_share(box):
    time.sleep(SETTLE_S)
    before, began = processor_seconds(box), time.monotonic()
    time.sleep(MEASURE_S)
    return (processor_seconds(box) - before) / (time.monotonic() - began)


@every_kind
def test_idle_costs_next_to_nothing(wire):
    share = processor_share(wire.box)
    assert share < IDLE_SHARE, f"QEMU used {share:.1%} of a core\n{load(wire.box)['text']}"
    assert load(wire.box)["asleep"] > 90


@every_kind
def test_the_first_frame_wakes_the_box(wire):
    """Many times, from either side, after pauses that fall before, into and long after the moments when
    the box falls asleep (1 or 10 ms). An interrupt wakes it: the timer alone would take 25 ms on average."""
    choose = random.Random(5)
    before = load(wire.box)
    time.sleep(SETTLE_S)
    waits = []
    for number in range(120):
        time.sleep(choose.choice((0, choose.uniform(0, 0.003), choose.uniform(0.009, 0.012),
                                  choose.uniform(0, 0.06), choose.uniform(0.02, 0.06))))
        ends = [wire.left, wire.right]
        choose.shuffle(ends)
        data = frame(choose.randint(60, 1500), seed=number)
        sent = time.monotonic()
        ends[0].send(data)
        assert ends[1].receive(5) == data, f"frame {number} did not arrive\n{load(wire.box)['text']}"
        waits.append(time.monotonic() - sent)
    after = load(wire.box)
    assert statistics.median(waits) < 0.02, sorted(waits)
    assert after["frames"] - before["frames"] > 20, after["text"]


def wakes_of(wire, pause_s, count):
    """How often frames woke the box, of so many that came one by one."""
    before = load(wire.box)["frames"]
    for number in range(count):
        data = frame(60, seed=number)
        wire.left.send(data)
        assert wire.right.receive(5) == data
        time.sleep(pause_s)
    return load(wire.box)["frames"] - before


def test_frames_in_quick_succession_meet_a_box_that_polls(wire):
    """Every 2 ms, where 1 ms of quiet would put the box to sleep: the first is waited for asleep, the
    others, as far as this computer keeps the pace, are not. Rare ones wake it each time."""
    assert wakes_of(wire, 0.002, 200) < 100
    assert wakes_of(wire, 0.04, 40) > 20
    time.sleep(SETTLE_S + 2)  # so that the last whole second is one in which nobody typed
    assert load(wire.box)["asleep"] > 90


@every_kind
def test_asleep_in_the_middle_of_a_burst(wire):
    """Frames that come while the box is just going to sleep, many at once. However many follow the one
    that wakes it, each port has interrupted at most once for each sleep."""
    before = load(wire.box)
    frames = [frame(60, seed=number) for number in range(400)]
    arrived, choose = [], random.Random(9)
    for first in range(0, len(frames), 20):
        arrived += cross(wire.left, wire.right, frames[first:first + 20], window=20)
        time.sleep(choose.choice((choose.uniform(0.0005, 0.004), choose.uniform(0.009, 0.012))))
    assert_same(frames, arrived)
    after = load(wire.box)
    sleeps = sum(after[cause] - before[cause] for cause in ("frames", "timer", "attention", "other"))
    assert after["interrupts"] - before["interrupts"] <= 2 * sleeps, after["text"]


@every_kind
def test_a_link_change_is_noticed_asleep(wire):
    """At once, by the card's own interrupt, although housekeeping is rare."""
    before = load(wire.box)
    for port, up in ((0, False), (0, True), (1, False), (1, True)):
        time.sleep(0.2)
        wire.box.console.mark()
        wire.box.qmp("set_link", name=f"port{port}", up=up)
        wire.box.console.expect(f"{(LEFT, 'right')[port]}: link {'up' if up else 'down'}", 30)
    assert load(wire.box)["attention"] > before["attention"]
    wire.box.wait_for_links()


@every_kind
def test_sleep_and_restarts(wire):
    for number in range(4):
        wire.box.command(f"restart {(LEFT, 'right')[number % 2]}")
        wire.box.wait_for_links()
        time.sleep(SETTLE_S if number == 0 else 0.1)
        for source, destination in ((wire.left, wire.right), (wire.right, wire.left)):
            data = frame(100, seed=f"{number} {source is wire.left}")
            source.send(data)
            assert destination.receive(5) == data
    assert load(wire.box)["asleep"] > 0


def test_typing_wakes_the_box(wire):
    time.sleep(SETTLE_S)
    for _ in range(3):
        began = time.monotonic()
        wire.box.command("uptime")
        assert time.monotonic() - began < 1
        time.sleep(0.3)


def test_nothing_interrupts_under_load():
    """Two cards that always have a frame: not one interrupt more than those that ended a sleep before
    the first frame."""
    port = "ixgbe,generator=max:64:300000,generator-delay-ms=400"
    with start_box([port] * 2) as box:
        box.ready()
        box.wait_for_links()
        deadline = time.monotonic() + 60
        while (sent := stats(box)[LEFT].rx) < 300000 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert sent == 300000
        found = load(box)
        assert found["interrupts"] <= 4, found["text"]
        assert_audit_clean(box)


def test_idle_off():
    with start_wire(config=wire_config(("virtio",) * 2) + "idle = off\n") as wire:
        assert processor_share(wire.box) > 2 * IDLE_SHARE  # a busy computer may not give it more
        found = load(wire.box)
        assert found["asleep"] == 0 and "never sleeps" in found["text"]


def test_a_card_without_vectors_keeps_the_box_awake():
    with start_wire((",vectors=0", "")) as wire:
        time.sleep(0.3)
        found = load(wire.box)
        assert "does not sleep: left cannot interrupt for frames" in found["text"]
        assert found["timer"] == found["frames"] == 0
        data = frame(60)
        wire.left.send(data)
        assert wire.right.receive(5) == data
