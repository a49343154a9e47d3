# SPDX-License-Identifier: BSD-2-Clause
"""The ISO in Bochs, an emulator that shares nothing with QEMU: another firmware, another chipset, and processors
that QEMU's TCG does not have (PCIDs). It has no card for Barewire, so the image is met at its console."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import tty

SETUP = """\
config_interface: textconfig
display_library: term
plugin_ctrl: serial=1, e1000=0
megs: 128
cpu: model={model}, ips=50000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={serial}
clock: sync=none
log: {log}
panic: action=fatal
error: action=report
info: action=ignore
"""
PROMPT = b"barewire> "


class Bochs:
    """with Bochs(model, iso) as box: box.command("bench crossing")"""

    def __init__(self, model, iso):
        self.folder = tempfile.mkdtemp(prefix="barewire-")
        self.serial, self.serial_end = pty.openpty()
        self.screen, screen_end = pty.openpty()  # the display "term" wants a terminal
        tty.setraw(self.serial_end)
        self.said = b""
        text = SETUP.format(model=model, iso=iso, serial=os.ttyname(self.serial_end), log=self._path("log"))
        with open(self._path("setup"), "w", encoding="ascii") as file:
            file.write(text)
        with open(self._path("debugger"), "w", encoding="ascii") as file:
            file.write("continue\n")  # Debian's Bochs has its debugger built in
        self.bochs = subprocess.Popen(
            ["bochs", "-q", "-f", self._path("setup"), "-rc", self._path("debugger")], stdin=screen_end,
            stdout=screen_end, stderr=screen_end, env={**os.environ, "TERM": "xterm"}, start_new_session=True)
        os.close(screen_end)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bochs.kill()
        self.bochs.wait()
        for end in (self.serial, self.serial_end, self.screen):
            os.close(end)
        shutil.rmtree(self.folder)

    def until_prompt(self, seconds):
        """What came over the serial line up to the next prompt."""
        deadline = time.monotonic() + seconds
        while PROMPT not in self.said:
            assert self.bochs.poll() is None, "Bochs ended"
            assert time.monotonic() < deadline, f"no prompt within {seconds} s: {self.said!r}"
            for end in select.select([self.serial, self.screen], [], [], 0.5)[0]:
                data = os.read(end, 65536)
                self.said += data if end == self.serial else b""
        text, _, self.said = self.said.partition(PROMPT)
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text.decode("ascii", "replace"))

    def command(self, line, seconds=60):
        """What the box answers to a command."""
        os.write(self.serial, line.encode("ascii") + b"\r")
        return self.until_prompt(seconds)
