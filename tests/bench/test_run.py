# SPDX-License-Identifier: BSD-2-Clause
"""bench/run, which is what make bench calls: its table, build/bench.json, and what it says when it cannot."""

import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
COUNTED = ["instructions_per_packet", "mmio_writes_per_packet", "l1d_misses_per_packet"]
CYCLES = ["cycles_per_packet_p10", "cycles_per_packet"]
PATHS, BATCHES = ["wire-82599-fused", "wire-virtio"], [8, 32]


@pytest.fixture(scope="module", autouse=True)
def measuring_program():
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, f"BUILD={BUILD}",
                    f"{BUILD}/bench/measure"], check=True)


@pytest.fixture
def folder(tmp_path):
    """A build folder of its own, with nothing in it but the measuring program: what make bench left in the
    usual one stays."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "measure").symlink_to(f"{BUILD}/bench/measure")
    return tmp_path


def bench(folder, *arguments, **environment):
    return subprocess.run([f"{ROOT}/bench/run", *arguments], capture_output=True, text=True, check=False,
                          timeout=300, env={**os.environ, "BUILD": str(folder), **environment})


def test_table_and_json(folder):
    result = bench(folder, *PATHS, *(f"--batch={batch}" for batch in BATCHES))
    assert result.returncode == 0, result.stderr
    rows = json.loads((folder / "bench.json").read_text(encoding="ascii"))
    assert [(row["path"], row["batch"]) for row in rows] == [(p, b) for p in PATHS for b in BATCHES]
    for row in rows:
        assert all(0 < row[key] < 1000 for key in (*COUNTED, *CYCLES))
        assert row["cycles_per_packet_p10"] <= row["cycles_per_packet"]
        assert row["mmio_writes_per_packet"] <= 2 / row["batch"]
    heading, *lines = result.stdout.splitlines()
    for word in ("path", "batch", "instructions", "cycles p50", "p10", "MMIO writes", "L1D misses"):
        assert word in heading
    for line, row in zip(lines, rows, strict=True):
        path, batch, instructions, *_ = line.split()
        assert (path, int(batch), float(instructions)) == \
            (row["path"], row["batch"], row["instructions_per_packet"])


def test_a_failure_is_the_status_and_no_figure(folder):
    result = bench(folder, "foreign-82599", "--batch=32", FOREIGN="./no-such-file.so")
    assert result.returncode == 1 and "no-such-file" in result.stderr
    assert not (folder / "bench.json").exists()


def test_nothing_is_built(tmp_path):
    result = bench(tmp_path, "wire-82599", "--batch=32")
    assert result.returncode == 1 and "is not there: `make bench` builds" in result.stderr


@pytest.mark.parametrize("part", ["wire-virtio", "--batch=32"])
def test_a_part_is_no_record(folder, part):
    """It would take the place of the whole."""
    result = bench(folder, "--record", part)
    assert result.returncode == 2 and "all paths and batches" in result.stderr
