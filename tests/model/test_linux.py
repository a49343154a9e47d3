# SPDX-License-Identifier: BSD-2-Clause
"""Linux's own driver, unchanged from Debian's kernel package, must accept the model."""

import re

import pytest

CHECKS = ["probe", "link", "speed", "module", "registers", "ping", "iperf3", "iperf3-reverse",
          "two-queues", "jumbo-link", "jumbo-ping", "jumbo-descriptors", "flow-control", "vlan",
          "self-test", "up-and-down", "log"]

# One vector is one queue; an IOMMU is too slow to fill a packet buffer in a second.
NOT_EVERYWHERE = {"two-queues": ["msi-x", "intel-iommu"], "flow-control": ["msi-x"]}

# How the card is attached: further devices before the ports, machine, kernel arguments, processors.
CONFIGURATIONS = {
    "msi-x": ([], "q35", "", 2),
    "intel-iommu": (["-device", "intel-iommu,intremap=on,caching-mode=off"], "q35,kernel-irqchip=split",
                    "intel_iommu=on iommu.passthrough=0 iommu.strict=1", 2),
    "intx": ([], "q35", "pci=nomsi", 1),
}


@pytest.fixture(scope="module", params=list(CONFIGURATIONS))
def console(request, linux_guest, run_guest):
    before, machine, append, cpus = CONFIGURATIONS[request.param]
    with open(request.path.parent / "linux.sh", encoding="utf-8") as file:
        text = f"CONFIGURATION={request.param}\nQUEUES={cpus}\n" + file.read()
    said, status = run_guest(linux_guest, text, [*before, *pair_of_ports()], timeout=300, cpus=cpus,
                             machine=machine, append=append)
    assert status == 0 and "GUEST-DONE" in said, said
    return request.param, said


def pair_of_ports(options=""):
    arguments = []
    for n in (1, 2):
        arguments += ["-netdev", f"hubport,id=h{n},hubid=0", "-device",
                      f"ixgbe,netdev=h{n},id=p{n},mac=52:54:00:00:00:0{n},backpressure=off"
                      + (f",{options}" if options else "")]
    return arguments


@pytest.mark.parametrize("check", CHECKS)
def test_linux(console, check):
    configuration, said = console
    if check in NOT_EVERYWHERE and configuration not in NOT_EVERYWHERE[check]:
        assert f"CHECK {check}" not in said
        return
    assert re.search(rf"^CHECK {check} ok$", said, re.MULTILINE), said
