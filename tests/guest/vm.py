# SPDX-License-Identifier: BSD-2-Clause
"""Runs a shell script in a Linux guest and returns what its console said."""

import os
import subprocess
import tempfile

from initrd import script


class GuestTimeout(Exception):
    """The guest did not end in time; the text is its console so far."""


def run(qemu, guest, text, devices, timeout, cpus=1, memory="1G", machine="q35", append=""):
    """`guest` is what initrd.guest() returned, `devices` further arguments of QEMU. Returns
    (console text, exit status of QEMU)."""
    kernel, initrd = guest
    with tempfile.TemporaryDirectory() as work:
        combined = os.path.join(work, "initrd")
        console = os.path.join(work, "console")
        with open(combined, "wb") as out, open(initrd, "rb") as base:
            out.write(base.read())
            out.write(script(text))
        command = [qemu, "-machine", f"{machine},accel=tcg", "-cpu", "max", "-smp", str(cpus),
                   "-m", memory, "-nodefaults", "-vga", "none", "-display", "none", "-no-reboot",
                   "-kernel", kernel, "-initrd", combined, "-serial", f"file:{console}",
                   "-append", f"console=ttyS0 panic=-1 quiet loglevel=5 {append}", *devices]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            raise GuestTimeout(f"{_text(console)}\n{said}") from None
        return _text(console) + said, process.returncode


def _text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().replace("\r", "")
