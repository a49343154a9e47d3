# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest that the benchmark compares with: Debian's own kernel and busybox with just the
modules that a virtio bridge needs (tests/guest/initrd.py), and linux-init as all that runs."""

import os
import time

import guest
import initrd

HERE = os.path.dirname(os.path.abspath(__file__))


def prepare():
    """Returns (kernel image, initial RAM disk), fetching what is not there yet."""
    kernel, disk = initrd.guest([], [], ["virtio_pci", "virtio_net", "bridge"])
    with open(os.path.join(HERE, "linux-init"), encoding="utf-8") as file:
        return kernel, initrd.with_script(disk, file.read())


def linux(stack, ends, options):
    kernel, disk = prepare()
    hosts, box = guest.boot(stack, ends,
                            [*options, "--kernel", kernel, "--config", disk,
                             "--append", "console=ttyS0 quiet"], r"LINUX \S+ READY")
    time.sleep(1)  # the bridge's ports become forwarding
    return guest.Guest("linux", "Linux bridge", hosts, box)
