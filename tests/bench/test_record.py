# SPDX-License-Identifier: BSD-2-Clause
"""bench/run --check, a part of make check, compares with bench/recorded.json, which has every path: here with
records that are made up around what one path takes now."""

import json
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PATH = "wire-82599"
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "bench"))

import counting  # noqa: E402


@pytest.fixture(scope="module")
def now():
    """Instructions a packet, by batch."""
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, f"BUILD={BUILD}",
                    f"{BUILD}/bench/measure"], check=True)
    return {batch: counting.counted(PATH, batch, [])[0] for batch in (1, 32)}


@pytest.mark.parametrize("recorded, compiler, status, said", [
    (1.00, None, 0, []),
    (0.98, None, 0, []),
    (0.96, None, 1, [f"{PATH}, batch 1:", f"{PATH}, batch 32:"]),
    (0.96, "another compiler", 0, ["recorded with another compiler", "are not compared"]),
])
def test_more_instructions_than_recorded(now, tmp_path, recorded, compiler, status, said):
    """3 % more are too many. Those of another compiler cannot be compared, and that is said."""
    for name in ("run", "counting.py", "chart.py"):
        shutil.copy(os.path.join(ROOT, "bench", name), tmp_path)
    record = {"compiler": compiler or counting.compiler(),
              "instructions_per_packet": {PATH: {str(batch): round(count * recorded, 2)
                                                 for batch, count in now.items()}}}
    (tmp_path / "recorded.json").write_text(json.dumps(record), encoding="ascii")
    result = subprocess.run([tmp_path / "run", "--check"], env={**os.environ, "BUILD": BUILD},
                            capture_output=True, text=True, check=False)
    assert result.returncode == status, result.stdout + result.stderr
    assert all(text in result.stdout for text in said) and (result.stdout == "") == (said == [])


def test_what_is_recorded_is_every_path(now):
    """A path that nobody recorded could take any number."""
    with open(os.path.join(ROOT, "bench", "recorded.json"), encoding="ascii") as file:
        recorded = json.load(file)["instructions_per_packet"]
    assert set(recorded) == set(counting.run(counting.MEASURE, "list").split()) - {counting.FOREIGN}
