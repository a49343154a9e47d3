# SPDX-License-Identifier: BSD-2-Clause
"""Instructions that DPDK's testpmd, in a Linux guest, executes for each frame: the same model, the same
generators, the same clock as in barewire.py. Debian's packages, its driver's defaults, one queue."""

import re

import initrd
import vm
from barewire import ICOUNT

WARM_UP_MS = 1500  # of the guest's time, from link to the first frame
SCRIPT = """
mkdir -p /mnt/huge
mount -t hugetlbfs huge /mnt/huge
echo 8086 10fb >/sys/bus/pci/drivers/uio_pci_generic/new_id
export LD_LIBRARY_PATH=/usr/bin
{ sleep 6; echo "show fwd stats all"; sleep 1; echo quit; } |
    timeout 60 dpdk-testpmd --lcores '0@0,1@0' -n 1 -m 128 --no-telemetry \\
        -d "$(ls /usr/bin/librte_mempool_ring*)" -d "$(ls /usr/bin/librte_net_ixgbe*)" -- \\
        -i --auto-start --forward-mode=io --nb-cores=1 --total-num-mbufs=8192
"""


class DpdkError(Exception):
    """It did not forward every frame; the text is its console."""


def forward(qemu, count):
    """Instructions for each of 2 x `count` 64-byte frames."""
    guest = initrd.guest(["dpdk-dev", "ibverbs-providers", "libgcc-s1"],
                         ["dpdk-testpmd", "librte_net_ixgbe.so.*", "librte_mempool_ring.so.*",
                          "libgcc_s.so.1"], ["uio_pci_generic"])
    ports = [word for number in (0, 1)
             for word in ("-device", f"ixgbe,id=p{number},mac=52:54:00:00:00:0{number + 1},"
                          f"generator=max:64:{count},generator-delay-ms={WARM_UP_MS}")]
    said, _ = vm.run(qemu, guest, SCRIPT, [*ports, *ICOUNT], timeout=500, append="hugepages=160")
    elapsed = re.findall(rf"generator: sent {count} received {count} lost 0 changed 0 reordered 0 "
                         r"duplicated 0 elapsed (\d+)", said)
    if len(elapsed) != 2:
        raise DpdkError(f"testpmd did not forward every frame:\n{said[-4000:]}")
    return max(map(int, elapsed)) / (2 * count)
