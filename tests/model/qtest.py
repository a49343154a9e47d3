# SPDX-License-Identifier: BSD-2-Clause
"""Drives QEMU without a guest: registers, memory and the clock through the qtest protocol (QEMU,
docs/devel/testing/qtest.rst). Time stands still except in step(), so every run is the same."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile

CONFIG_ADDRESS, CONFIG_DATA = 0xCF8, 0xCFC
BAR0 = 0xE0000000
BAR_STEP = 0x100000


class Ended(Exception):
    """QEMU is gone."""


class Machine:
    """A q35 machine with nothing but the given devices; the first is at slot 1."""

    def __init__(self, qemu, *devices):
        self._folder = tempfile.TemporaryDirectory()
        self._path = {name: os.path.join(self._folder.name, name) for name in ("qtest", "qmp")}
        self._listeners = {name: self._listen(path) for name, path in self._path.items()}
        self.errors = os.path.join(self._folder.name, "log")
        self._log = open(self.errors, "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [qemu, "-machine", "q35,accel=qtest", "-m", "64M", "-nodefaults", "-display", "none",
             "-vga", "none", "-d", "guest_errors", "-qtest", f"unix:{self._path['qtest']}",
             "-qmp", f"unix:{self._path['qmp']}", *devices],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._qtest = self._accept("qtest")
        self._qmp = self._accept("qmp")
        self._line(self._qmp)
        self.qmp("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def _listen(path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(30)
        return listener

    def _accept(self, name):
        connection, _ = self._listeners[name].accept()
        connection.settimeout(30)
        return [connection, b""]

    @staticmethod
    def _line(stream):
        while b"\n" not in stream[1]:
            data = stream[0].recv(65536)
            if not data:
                raise Ended
            stream[1] += data
        line, stream[1] = stream[1].split(b"\n", 1)
        return line.decode()

    def close(self):
        for stream in (self._qtest, self._qmp):
            stream[0].close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
        for listener in self._listeners.values():
            listener.close()
        self._folder.cleanup()

    def exit_status(self):
        """Waits for QEMU to end by itself."""
        return self.process.wait(10)

    def log(self):
        with open(self.errors, encoding="utf-8") as file:
            return file.read()

    def command(self, text):
        try:
            self._qtest[0].sendall(text.encode() + b"\n")
            while True:
                answer = self._line(self._qtest)
                if answer.startswith("OK"):
                    return answer[3:]
                if not answer.startswith("IRQ"):
                    raise AssertionError(f"{text}: {answer}")
        except OSError as error:
            raise Ended from error

    def qmp(self, execute, **arguments):
        try:
            request = json.dumps({"execute": execute, "arguments": arguments})
            self._qmp[0].sendall(request.encode())
            while True:
                answer = json.loads(self._line(self._qmp))
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise AssertionError(answer["error"]["desc"])
        except OSError as error:
            raise Ended from error

    def qom_get(self, device, name):
        return self.qmp("qom-get", path=f"/machine/peripheral/{device}", property=name)

    def qom_set(self, device, name, value):
        self.qmp("qom-set", path=f"/machine/peripheral/{device}", property=name, value=value)

    def step(self, nanoseconds):
        self.command(f"clock_step {nanoseconds}")

    def readl(self, address):
        return int(self.command(f"readl {address:#x}"), 16)

    def writel(self, address, value):
        self.command(f"writel {address:#x} {value:#x}")

    def read(self, address, size):
        return bytes.fromhex(self.command(f"read {address:#x} {size:#x}")[2:]) if size else b""

    def write(self, address, data):
        if data:
            self.command(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def _select(self, slot, offset):
        self.command(f"outl {CONFIG_ADDRESS:#x} {0x80000000 | slot << 11 | offset & 0xfc:#x}")

    def config_read(self, slot, offset, width="l"):
        self._select(slot, offset)
        return int(self.command(f"in{width} {CONFIG_DATA + (offset & 3):#x}"), 16)

    def config_write(self, slot, offset, value, width="l"):
        self._select(slot, offset)
        self.command(f"out{width} {CONFIG_DATA + (offset & 3):#x} {value:#x}")
