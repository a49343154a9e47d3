# SPDX-License-Identifier: BSD-2-Clause
"""make bench-vm works with all of its guests: each boots, forwards, and has its figures. How good these
are is for a quiet computer to say."""

import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
GUESTS = ["barewire", "barewire_bridge", "dpdk", "linux"]
POLLING = "barewire_polling"


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    path = tmp_path_factory.mktemp("vm") / "bench-vm.json"
    result = subprocess.run([f"{ROOT}/bench/vm/run", "--rounds", "1", "--quick", "--output", path],
                            capture_output=True, text=True, check=False, timeout=900,
                            env={**os.environ, "BUILD": BUILD})
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_forwards(figures, guest):
    assert figures[f"{guest}_overload_pps"] > 0
    assert figures[f"{guest}_io_us"] > 0
    for thread in ("io", "cpu"):  # shares of a span; the scheduler's clock is read a little later
        assert 0 < figures[f"{guest}_{thread}_wanted"] < 1.5


@pytest.mark.parametrize("guest", [*GUESTS, POLLING])
def test_a_guest_answers(figures, guest):
    assert 0 <= figures[f"{guest}_loaded_loss"] < 1
    for key in ("rtt_us", "loaded_rtt_us"):
        times = figures[f"{guest}_{key}"]
        assert 0 < times["p50"] <= times["p99"]


def test_the_rest_is_there(figures):
    assert {"ratio", "bridge_ratio", "dpdk_ratio", "overload_ratio", "overload_dpdk_ratio", "load_average",
            "commit", "machine", "qemu_back_end_pps", "qemu_limit_pps"} <= figures.keys()
    assert figures["dpdk"].startswith("DPDK ") and figures["linux"].startswith("linux-image-")
    assert figures["rounds"] == 1
    assert f"{POLLING}_pps" not in figures
