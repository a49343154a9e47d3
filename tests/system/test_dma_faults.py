# SPDX-License-Identifier: BSD-2-Clause
"""A card that reaches for memory that is not its own, by the fault interface of the 82599 model: behind
the IOMMU it gets nothing, the log says what it tried, its port is restarted, and a second pair of ports
loses nothing. Without isolation the same card does harm, and which is recorded.

Writes build/dma-faults.json, from which the table in docs/isolation.md is made.
"""

import json
import os
import re
import subprocess
import tempfile
import time

import pytest

from box import BoxError
from cable import WAIT_S, assert_same, cross, frame
from conftest import BUILD
from counters import assert_audit_clean, stats
from pairs import start_pairs

CARDS = ("ixgbe",) * 4
FRAMES = [frame(60 + number, seed=number) for number in range(300)]
LEVELS = {"iommu": "isolation = iommu\n", "none": "isolation = none\n"}
IMAGE = 0xFFFFFFFF80000000  # kernel/vm.h: VM_IMAGE
PAGE_LARGE = 2 << 20

# As an interrupt message: delivery mode 100b, which is an NMI (Intel SDM volume 3, 11.11.2).
NMI = b"\x02\x04\x00\x00" + frame(60)[4:]

results = []


def symbol(name):
    """The physical address of the first symbol of that name in the image."""
    text = subprocess.run(["nm", os.path.join(BUILD, "barewire.debug")], check=True,
                          capture_output=True, text=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}$", text, re.MULTILINE)[1], 16) - IMAGE


def packet_memory(box):
    """Where it begins. Behind VT-d the buffers of each port have 2 MiB pages of their own."""
    return int(re.search(r"buffers of \d+ bytes at 0x([0-9a-f]+)", box.console.text)[1], 16)


def buffers_of(box, port, level):
    """An address in the middle of the port's range, which has the 1,024 buffers of two rings."""
    size = 1024 * 2112
    if level == "iommu":
        size = -(-size // PAGE_LARGE) * PAGE_LARGE
    return packet_memory(box) + "abcd".index(port) * size + PAGE_LARGE // 4 + 0x400


def interrupt_of_another(box, level):
    """The address of a message that port d's card may send: an entry of the remapping table with its
    requester id, as the write of a head, which is as long as a message (VT-d 5.10, 5.1.2.2, 9.9).
    Without remapping, that of a plain message."""
    if level == "none":
        return 0xFEE00000
    slots = re.findall(r"0000:00:([0-9a-f]{2})\.0 +8086:10fb", box.command("pci"))
    requester = int(slots[3], 16) << 3
    table = memory(box, symbol("interrupt_entries"), 4096)
    for index in range(256):
        entry = int.from_bytes(table[16 * index:16 * index + 16], "little")
        if entry & 1 and entry >> 64 & 0xFFFF == requester:
            return 0xFEE00000 | index << 5 | 1 << 4
    raise AssertionError("port d's card has no interrupt")


# Fault -> (the model's fault, where, by whom the frame comes, what the log says of it)
#   The address is an integer or a function of box and level.
FAULTS = {
    "write to the forwarder's memory":
        ("wrong-address", lambda box, level: symbol("forwarder") + 2048, "a",
         "write to .* refused: it may not write there"),
    "write to the kernel's text":
        ("wrong-address", lambda box, level: symbol("forward_poll"), "a",
         "write to .* refused: it may not write there"),
    "write to another port's receive buffers":
        ("wrong-address", lambda box, level: buffers_of(box, "c", level), "a",
         "write to .* refused: it may not write there"),
    "write to buffers that it may send":
        ("wrong-address", lambda box, level: buffers_of(box, "b", level), "a",
         "write to .* refused: it may not write there"),
    "write beyond all memory":
        ("wrong-address", lambda box, level: 1 << 50, "a",
         "write to .* refused: address beyond what the IOMMU translates"),
    "forged NMI":
        ("wrong-address", lambda box, level: 0xFEE00000, "a", None),
    "head write-back to the kernel":
        ("wrong-head", lambda box, level: symbol("forwarder") + 2048, "b",
         "write to .* refused: it may not write there"),
    "another card's interrupt":
        ("wrong-head", interrupt_of_another, "b", "interrupt 0x[0-9a-f]+ by .* refused: another card's interrupt"),
    "transmit from the kernel's memory":
        ("wrong-source", lambda box, level: symbol("forward_poll"), "b",
         "read from .* refused: it may not read there"),
}


def memory(box, address, size):
    """What is there now, or None beyond RAM."""
    if address + size > 128 << 20:
        return None
    with tempfile.NamedTemporaryFile(prefix="barewire-") as file:
        box.qmp("pmemsave", val=address, size=size, filename=file.name)
        return file.read()


def provoke(pairs, fault, level):
    """Makes the card of port a lie about one frame. Returns (what was at the address before, address)."""
    name, where, by, _ = FAULTS[fault]
    address = where(pairs.box, level)
    before = memory(pairs.box, address, 64)
    pairs.box.console.mark()
    pairs.box.qmp("qom-set", path="/machine/peripheral/port0", property="fault",
                  value=f"{name}:1:{address:#x}")
    getattr(pairs, by).send(NMI if fault == "forged NMI" else FRAMES[0])
    return before, address


def second_pair_lost(pairs, patience=WAIT_S):
    """Frames that do not cross between c and d, of 600."""
    right, left = (cross(*ends, FRAMES, patience=patience)
                   for ends in ((pairs.c, pairs.d), (pairs.d, pairs.c)))
    return sum(frame not in right for frame in FRAMES) + sum(frame not in left for frame in FRAMES)


def record(fault, level, outcome, outage, lost):
    results.append({"fault": f"DMA: {fault}", "level": level, "outcome": outcome,
                    "outage_us": outage, "second_pair_lost": lost})


@pytest.fixture(scope="module", autouse=True)
def written():
    yield
    with open(os.path.join(BUILD, "dma-faults.json"), "w", encoding="ascii") as file:
        json.dump(results, file, indent=2)
        file.write("\n")


@pytest.fixture(scope="module")
def confined():
    # strict=off: what a card sends when it may not read the frame is no frame.
    with start_pairs(CARDS, LEVELS["iommu"], options=["--iommu"],
                     card_options={"ixgbe": ",strict=off"}) as pairs:
        yield pairs


# QEMU's VT-d lets messages in compatibility format pass, whatever CFI says; hardware must not (VT-d
# 5.10, 5.1.4).
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "forged NMI"])
def test_contained(confined, fault):
    """Nothing was written or read, the log has device, address and reason, port a comes back, and the
    others never noticed."""
    pairs, box = confined, confined.box
    box.command("restart a")  # forgets how often it was restarted before
    box.wait_for_links()
    before, address = provoke(pairs, fault, "iommu")
    lost = second_pair_lost(pairs)
    said = box.console.expect(r"\] a: (.* by 0000:00:[0-9a-f]{2}\.0 refused: .*) \(reason 0x")[1]
    assert re.match(FAULTS[fault][3], said), said
    if not said.startswith("interrupt"):
        assert f"{address & ~0xfff:#x} " in said
    box.console.expect(r"\] a: fault dma, value 0x")
    outage = int(box.console.expect(r"\] a: running again after (\d+) us")[1])
    assert memory(box, address, 64) == before or FAULTS[fault][0] == "wrong-source"
    assert lost == 0
    box.wait_for_links()
    leaked = [data for data in pairs.a.drain(0.05) if before and data[:16] == before[:16]]
    assert not leaked
    pairs.b.drain(0.05)
    for source, destination in ((pairs.a, pairs.b), (pairs.b, pairs.a)):
        assert_same(FRAMES, cross(source, destination, FRAMES))
    ports = stats(box)
    assert (ports["c"].dropped, ports["d"].dropped) == (0, 0)
    assert_audit_clean(box)
    table = box.command("isolation")
    assert re.search(r"^a +iommu +VT-d +\d+  dma +\d+ us", table, re.MULTILINE), table
    assert re.search(r"^c +iommu +VT-d +0  none +-$", table, re.MULTILINE), table
    record(fault, "iommu", f"refused: {said.rpartition(': ')[2]}; port restarted", outage, lost)


def harm(pairs, fault):
    """What the fault did to a box without isolation."""
    before, address = provoke(pairs, fault, "none")
    deadline = time.monotonic() + 30
    while pairs.box.qmp("qom-get", path="/machine/peripheral/port0", property="faults-done") == 0:
        assert time.monotonic() < deadline, "the card did not do it"
        time.sleep(0.01)
    time.sleep(0.2)
    leaked = [data for data in pairs.a.drain(0.1) if before and data[:16] == before[:16]]
    try:
        lost = second_pair_lost(pairs, patience=3)  # the box may be down
        stats(pairs.box, 10)
    except (BoxError, AssertionError):
        lost = None
    if match := re.search(r"PANIC: ([^\n]*)", pairs.box.console.text):
        return f"panic: {match[1].strip()}", None
    if leaked:
        return "kernel memory left the box in a frame", lost
    if before is not None and memory(pairs.box, address, 64) != before:
        return "memory overwritten" + (", the box hangs" if lost is None else ""), lost
    return "nothing noticed it", lost


@pytest.mark.parametrize("fault", FAULTS)
def test_negative_control(fault):
    """The same machine, without isolation: had it no effect there, the test above would show nothing."""
    with start_pairs(CARDS, LEVELS["none"],
                     options=["--iommu", "--append", "system.on-panic=halt"]) as pairs:
        outcome, lost = harm(pairs, fault)
        assert "refused" not in pairs.box.console.text
        record(fault, "none", outcome, None, lost)
        if fault != "write beyond all memory":  # which is nobody's
            assert outcome != "nothing noticed it"
