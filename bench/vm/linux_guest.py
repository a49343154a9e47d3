# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest that the benchmark compares with: Debian's own kernel and busybox with just the
modules that a virtio bridge needs (tests/guest/initrd.py), and guest-init as all that runs."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "guest"))

import initrd  # noqa: E402
from initrd import GuestError  # noqa: E402,F401  for those who import this


def linux_guest():
    """Returns (kernel image, initial RAM disk, package name), fetching what is not there yet."""
    kernel, disk = initrd.guest([], [], ["virtio_pci", "virtio_net", "bridge"])
    with open(os.path.join(HERE, "guest-init"), encoding="utf-8") as file:
        whole = initrd.with_script(disk, file.read())
    return kernel, whole, initrd.kernel_package()
