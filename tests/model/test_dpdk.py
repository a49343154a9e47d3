# SPDX-License-Identifier: BSD-2-Clause
"""DPDK's poll-mode driver, from Debian's packages, must accept the model: testpmd with two queues
forwards what the generators of both ports make, and answers pings."""

import re
import threading

import pytest
from peer import Peer

COUNT = 20000
IO = """commands() { sleep 18; echo "show fwd stats all"; sleep 1; echo quit; }
ARGUMENTS=--forward-mode=io
"""
MAC = """commands() {
    sleep 18; echo "show fwd stats all"; echo stop
    echo "set fwd icmpecho"; echo start; sleep 8; echo quit
}
ARGUMENTS=--forward-mode=mac
"""


def guest_script(request, head):
    with open(request.path.parent / "dpdk.sh", encoding="utf-8") as file:
        return head + file.read()


def port(number, check, extra=""):
    size = "mix" if number == 0 else "64"
    return ["-device", f"ixgbe,id=p{number},mac=52:54:00:00:00:0{number + 1},"
            f"generator=max:{size}:{COUNT},generator-delay-ms=5000,generator-check={check}{extra}"]


def generator_lines(said):
    """Port -> its generator's counters, as QEMU printed them at its end."""
    lines = re.findall(r"ixgbe (p\d): generator: (.*) elapsed", said)
    return {name: dict(zip(*[iter(text.split())] * 2)) for name, text in lines}


def assert_all_came_back(said):
    want = {"sent": str(COUNT), "received": str(COUNT), "lost": "0", "changed": "0", "reordered": "0",
            "duplicated": "0"}
    assert generator_lines(said) == {"p0": want, "p1": want}, said


@pytest.fixture(scope="module")
def io_console(request, dpdk_guest, run_guest):
    said, _ = run_guest(dpdk_guest, guest_script(request, IO), port(0, "frame") + port(1, "frame"),
                        timeout=200, cpus=2, append="hugepages=160")
    return said


def test_io_forwarding_loses_and_changes_nothing(io_console):
    assert_all_came_back(io_console)


@pytest.mark.parametrize("direction", [(0, 1), (1, 0)])
def test_rss_uses_both_queues(io_console, direction):
    source, target = direction
    for queue in (0, 1):
        line = re.search(rf"RX Port= {source}/Queue= {queue} -> TX Port= {target}/Queue= {queue} -+\n"
                         r"\s+RX-packets: (\d+)", io_console)
        assert line and int(line[1]) > COUNT // 8, io_console


@pytest.fixture(scope="module")
def mac_and_echo(request, dpdk_guest, run_guest, tmp_path_factory):
    with Peer(tmp_path_factory.mktemp("wires"), "n0") as peer:
        devices = [*peer.netdev(), *port(0, "payload", ",netdev=n0"), *port(1, "payload")]
        done = threading.Event()
        pinger = threading.Thread(target=peer.ping_until, args=("52:54:00:00:00:01", done))
        pinger.start()
        try:
            said, _ = run_guest(dpdk_guest, guest_script(request, MAC), devices, timeout=200, cpus=2,
                                append="hugepages=160")
        finally:
            done.set()
            pinger.join()
    return said, peer


def test_mac_forwarding_keeps_every_payload(mac_and_echo):
    assert_all_came_back(mac_and_echo[0])


def test_icmpecho_answers(mac_and_echo):
    said, peer = mac_and_echo
    assert peer.echoed >= 5, said
    assert peer.resolved, said
