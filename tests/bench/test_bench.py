# SPDX-License-Identifier: BSD-2-Clause
"""The measuring program (bench/README.md) does what it says: it takes somebody else's driver, refuses
one that loses or changes frames, and accounts for every frame whose waiting it times."""

import json
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
MEASURE = f"{BUILD}/bench/measure"
QUANTILES = ["p50", "p99", "p99.9", "p99.99", "max"]


@pytest.fixture(scope="module", autouse=True)
def measuring_program():
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, f"BUILD={BUILD}", MEASURE],
                   check=True)


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    """Makes the library from smallest.c, with a change in its text."""
    folder = tmp_path_factory.mktemp("foreign")
    with open(os.path.join(HERE, "smallest.c"), encoding="utf-8") as file:
        text = file.read()

    def make(name, *change):
        if change:
            assert change[0] in text
        library, source = folder / f"{name}.so", folder / f"{name}.c"
        source.write_text(text.replace(*change) if change else text, encoding="utf-8")
        subprocess.run(["gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
                        "-iquote", ROOT, "-o", library, source], check=True)
        return str(library)
    return make


def measure(*arguments, **environment):
    return subprocess.run([MEASURE, *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=60, env={**os.environ, **environment})


def foreign(library, batch=32, rounds=200):
    return measure("foreign-82599", batch, rounds, FOREIGN=library)


@pytest.mark.parametrize("batch", [1, 32, 256])
def test_a_foreign_driver_moves_frames(smallest, batch):
    result = foreign(smallest("smallest"), batch)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["frames"] == 2 * 200 * batch
    assert 0 < said["mmio_writes_per_packet"] <= 2 / batch


@pytest.mark.parametrize("name, text, instead, complaint", [
    ("untouched", "FOREIGN_TOUCHED]++", "FOREIGN_TOUCHED] += 0", "wrong"),
    ("shortened", "(rest & 0xFFFF)", "((rest & 0xFFFF) - 1)", "wrong"),
    ("twice", "*direction->tdt = next;", "*direction->tdt = (next + 1) % SLOTS;", "wrong"),
    ("deaf", "*direction->rdt = (*direction->tdh + SLOTS - 1) % SLOTS;", "", "no room"),
    ("silent", "*direction->tdt = next;", "", "no room"),
    ("lame", "    cards->tick();\n    return 0;", "    return 1;", "does not start"),
    ("empty", "void foreign_forward(void)", "void foreign_forwards(void);\nvoid foreign_forwards(void)",
     "foreign_forward"),
])
def test_a_foreign_driver_that_is_wrong_is_refused(smallest, name, text, instead, complaint):
    result = foreign(smallest(name, text, instead))
    assert result.returncode == 1
    assert complaint in result.stderr


def test_frames_that_a_foreign_driver_keeps_are_missed(smallest):
    """A last frame that is never announced, in rings that have room for all."""
    result = foreign(smallest("late", "*direction->tdt = next;",
                              "*direction->tdt = next == 0 ? next : next - 1;"), rounds=20)
    assert result.returncode == 1
    assert "offered 1280, forwarded 1280, sent 1278" in result.stderr


def test_no_foreign_driver():
    assert "FOREIGN=LIBRARY" in measure("foreign-82599", 32, 10, FOREIGN="").stderr
    assert "no-such-file" in foreign("./no-such-file.so").stderr


def compare(*arguments):
    return subprocess.run([f"{ROOT}/bench/compare", *arguments], check=False, capture_output=True,
                          text=True, env={**os.environ, "BUILD": BUILD}, timeout=120)


def test_compare_shows_ratios(smallest):
    last = max(os.sched_getaffinity(0))
    shown = compare("--turns", "2", "--cpu", str(last), f"smallest={smallest('compared')}")
    assert shown.returncode == 0, shown.stderr
    assert f"processor {last}" in shown.stdout
    with open(f"{BUILD}/bench-compare.json", encoding="ascii") as file:
        written = json.load(file)
    assert written["cpu"] == last
    results = {row["name"]: row for row in written["results"]}
    assert results["wire-82599-touch"]["cycles_over_wire-82599-touch"] == 1
    assert results["smallest"]["cycles_over_wire-82599-touch"] > 0
    assert 10 < results["smallest"]["instructions_per_packet"] < 60


def test_compare_on_a_processor_that_is_not_there(smallest):
    refused = compare("--cpu", "9999", f"smallest={smallest('compared')}")
    assert refused.returncode == 1
    assert "--cpu 9999: expected one of" in refused.stderr


@pytest.mark.parametrize("path", ["wire-82599-fused", "wire-82599", "wire-virtio"])
@pytest.mark.parametrize("load", [1, 20])
def test_latency_accounts_for_every_frame(path, load):
    frames = 30_000
    result = measure(path, "latency", load, frames)
    assert result.returncode == 0, result.stderr  # none lost, changed, doubled or out of order
    said = json.loads(result.stdout.splitlines()[-1])
    assert (said["mpps"], said["frames"]) == (load, frames)
    cycles = [said["cycles"][name] for name in QUANTILES]
    assert cycles == sorted(cycles) and cycles[0] > 0
    assert 0 <= said["host"]["share"] < 1
    assert said["polls"] >= (frames + said["untimed"]) / 512


def test_more_than_the_box_can_carry_is_a_failure():
    """10,000 times a core's rate: the rings overflow, and that is said."""
    result = measure("wire-82599", "latency", 1000, 100_000)
    assert result.returncode == 1
    assert "no room" in result.stderr


@pytest.mark.parametrize("arguments", [["latency", "0", "10"], ["latency", "x", "10"],
                                       ["latency", "1", "0"], ["0", "10"], ["257", "10"]])
def test_nonsense_is_refused(arguments):
    assert measure("wire-82599", *arguments).returncode == 2
