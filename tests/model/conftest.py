# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the model's tests: the QEMU that has the model in it, guests from Debian's packages."""

import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "guest"))

import initrd  # noqa: E402
import vm  # noqa: E402
from card import Card  # noqa: E402
from qtest import Machine  # noqa: E402


@pytest.fixture(scope="session")
def qemu():
    """The path of the binary; built now when it is missing."""
    return subprocess.run([os.path.join(ROOT, "qemu", "82599", "build")], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.fixture
def machine(qemu):
    """machine(properties, ...) starts one port for each argument, all on one hub, without a guest."""
    running = []

    def start(*properties):
        devices = []
        for n, text in enumerate(properties):
            devices += ["-netdev", f"hubport,id=h{n},hubid=0", "-device",
                        f"ixgbe,id=p{n},netdev=h{n},addr={n + 1},mac=52:54:00:00:00:0{n + 1}"
                        + (f",{text}" if text else "")]
        running.append(Machine(qemu, *devices))
        return running[-1]

    yield start
    for machine in running:
        machine.close()


@pytest.fixture
def pair(machine):
    """Two strict ports that face each other, initialised and started; pair(**arguments of start())."""
    def start(**rx):
        both = machine("strict=on", "strict=on")
        cards = Card(both, 1), Card(both, 2)
        for card in cards:
            card.start(**rx)
        return cards
    return start


@pytest.fixture(scope="session")
def linux_guest():
    return initrd.guest(["ethtool", "iperf3", "iputils-ping", "iproute2", "util-linux"],
                        ["ethtool", "iperf3", "ping", "ip", "chrt", "taskset"],
                        ["ixgbe", "8021q"])


@pytest.fixture(scope="session")
def dpdk_guest():
    return initrd.guest(["dpdk-dev", "ibverbs-providers", "libgcc-s1"],
                        ["dpdk-testpmd", "librte_net_ixgbe.so.*", "librte_mempool_ring.so.*",
                         "libgcc_s.so.1"],
                        ["uio_pci_generic"])


@pytest.fixture(scope="session")
def run_guest(qemu):
    def run(guest, text, devices, **options):
        return vm.run(qemu, guest, text, devices, **options)
    return run
