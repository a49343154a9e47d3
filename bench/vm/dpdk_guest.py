# SPDX-License-Identifier: BSD-2-Clause
"""DPDK's testpmd as the guest between two hosts: Debian's kernel and packages, virtio's poll-mode driver
with its defaults, and dpdk-init as all that runs."""

import os
import re
import subprocess
import time

import guest
import initrd

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = 40  # of 2 MB


def prepare():
    """Returns (kernel image, initial RAM disk), fetching what is not there yet."""
    kernel, disk = initrd.guest(["dpdk-dev", "ibverbs-providers", "libgcc-s1"],
                                ["dpdk-testpmd", "librte_net_virtio.so.*", "librte_mempool_ring.so.*",
                                 "libgcc_s.so.1"], ["uio_pci_generic"])
    with open(os.path.join(HERE, "dpdk-init"), encoding="utf-8") as file:
        return kernel, initrd.with_script(disk, file.read())


def dpdk(stack, ends, options):
    kernel, disk = prepare()
    hosts, box = guest.boot(stack, ends,
                            [*options, "--kernel", kernel, "--config", disk, "--append",
                             f"console=ttyS0 quiet hugepages={PAGES}"],
                            r"Press enter to exit")
    time.sleep(1)
    return guest.Guest("dpdk", "DPDK testpmd", hosts, box)


def version():
    """As Debian numbers it."""
    text = subprocess.run(["apt-cache", "show", "--no-all-versions", "dpdk-dev"], check=True,
                          capture_output=True, text=True).stdout
    return "DPDK " + re.search(r"^Version: (\S+)", text, re.MULTILINE)[1]
