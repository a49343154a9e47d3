# SPDX-License-Identifier: BSD-2-Clause
"""Every fault of drivers/domain.h in a driver in ring 3: its port is restarted, and a second pair of
ports loses nothing. The same fault in ring 0 is run too, and its outcome recorded.

`make test-faults` runs this and writes build/faults.json and the table in docs/isolation.md.
"""

import contextlib
import json
import os
import re
import subprocess

import pytest

import faults
from cable import Peer, cross
from conftest import BUILD, start_box
from counters import assert_audit_clean
from pairs import NAMES, pairs_config, start_pairs

# How the domains are kept apart, and whose driver; the second pair always has virtio ports.
RUNS = {
    "keys": ("max", "virtio"),
    "page tables": ("max,-pku", "virtio"),
    "82599": ("max", "ixgbe"),
}
EVERY_FAULT = list(faults.faults_of("virtio") | faults.faults_of("ixgbe"))
results = []


@pytest.fixture(scope="module", params=RUNS)
def pairs(request):
    """One box for all faults, behind VT-d: it survives each of them."""
    cpu, card = RUNS[request.param]
    # strict=off: some faults are a broken rule of the card's.
    with start_pairs((card, card, "virtio", "virtio"), faults.LINES["domain"],
                     ["--iommu", "--cpu", cpu], {"ixgbe": ",strict=off"}) as pairs:
        pairs.run, pairs.card = request.param, card
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
    assert sorted(listed) == sorted(EVERY_FAULT)
    assert len(listed) >= 36


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_in_a_domain(pairs, fault):
    if fault not in faults.faults_of(pairs.card):
        return  # this card has no such thing
    for last in (False, False, True) if fault in faults.RACES else (True,):
        try:
            result = faults.in_a_domain(pairs, fault, pairs.card)
            break
        except faults.Unnoticed:
            if last:
                raise
    results.append({"run": pairs.run, **vars(result)})
    assert result.second_pair_lost == 0


@pytest.mark.parametrize("name", faults.SCENARIOS)
def test_one_after_another(pairs, name):
    if faults.SCENARIOS[name][1] not in (None, pairs.card):
        return  # this card cannot
    result = faults.scenario(pairs, name)
    results.append({"run": pairs.run, **vars(result)})
    assert result.second_pair_lost == 0


def with_wrpkru(directory):
    """A copy of the image whose text for ring 3 begins one of its functions with WRPKRU."""
    debug = os.path.join(BUILD, "barewire.debug")
    symbols = subprocess.run(["nm", debug], check=True, capture_output=True, text=True).stdout
    address = int(re.search(r"^([0-9a-f]+) T domain_nothing$", symbols, re.MULTILINE)[1], 16)
    sections = subprocess.run(["objdump", "-h", debug], check=True, capture_output=True, text=True).stdout
    start, offset = re.search(r" \.text +[0-9a-f]+ +([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+)", sections).groups()
    with open(os.path.join(BUILD, "barewire.elf"), "rb") as file:
        image = bytearray(file.read())
    at = address - int(start, 16) + int(offset, 16)
    image[at:at + 3] = b"\x0f\x01\xef"
    path = os.path.join(directory, "barewire.elf")
    with open(path, "wb") as file:
        file.write(image)
    return path


@pytest.mark.parametrize("level", ["none", "domain"])
def test_wrpkru_is_refused_at_load(level, tmp_path):
    """Only the port that asked for a domain is without; tools/check-ring3 refuses such an image when
    it is built."""
    config = pairs_config(("virtio",) * 4).replace(
        "[port a]\n", f"[port a]\nisolation = {level}\n", 1)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(contextlib.closing(Peer(str(tmp_path / name)))) for name in NAMES[:4]]
        box = stack.enter_context(start_box([peer.port("virtio") for peer in peers], config,
                                            ["--kernel", with_wrpkru(tmp_path)]))
        box.console.expect(r"\b(READY|NOT FORWARDING)\b")
        refused = re.search(r"\] a: no domain: (WRPKRU in ring 3's text, offset 0x[0-9a-f]+)", box.console.text)
        assert bool(refused) == (level == "domain")
        for number in range(2, 4):  # the second pair
            assert cross(peers[number], peers[5 - number], faults.BURST) == faults.BURST
        if level == "none":
            assert cross(peers[0], peers[1], faults.BURST) == faults.BURST
    outcome = "refused, its port does not run" if refused else "nothing was noticed"
    results.append({"run": "keys" if refused else "ring 0", **vars(faults.Result(
        "wrpkru-at-load", level, outcome, None, 0))})


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_in_ring_0(fault):
    """The negative control: what isolation is for. Each comes to what is known of it, once in three
    times at least: what a broken program does next is chance to some degree."""
    for _ in range(3):
        result, deed = faults.in_ring_0(fault)
        if re.fullmatch(faults.IN_RING_0[fault], result.outcome):
            break
    results.append({"run": "ring 0", **vars(result)})
    assert re.fullmatch(faults.IN_RING_0[fault], result.outcome), result.outcome
    if re.fullmatch(faults.CRASH, result.outcome) or fault in faults.LASTING:
        return
    assert deed is not None, f"{fault} was not done"
    if fault in faults.TRACES_IN_RING_0:
        assert faults.TRACES_IN_RING_0[fault](deed), deed


@pytest.mark.parametrize("name", faults.SCENARIOS)
def test_one_after_another_in_ring_0(name):
    results.append({"run": "ring 0", **vars(faults.scenario_in_ring_0(name))})
