# SPDX-License-Identifier: BSD-2-Clause
"""A box with management behind its left port, between two Linux hosts in network namespaces."""

import contextlib
import os
import re
import subprocess
import tempfile
import time

from box import wire_config
from conftest import PORTS, start_box
from counters import assert_audit_clean, stats
from netns import Namespace

LEFT, RIGHT, BOX = "192.0.2.1", "192.0.2.2", "192.0.2.9"  # RFC 5737: for documentation
MAC = "52:54:00:00:00:01"  # of the left port: qemu/run
LINK_LOCAL = "fe80::5054:ff:fe00:1"  # made of it: RFC 4291, appendix A


class Managed:
    def __init__(self, box, left, right):
        self.box, self.left, self.right = box, left, right

    def wait_for_log(self, pattern, timeout=60):
        """The first match in a line of the log, whether it came already or not."""
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.box.command("log"))):
            assert time.monotonic() < deadline, f"no {pattern} in the log:\n" + self.box.command("log")
            time.sleep(0.2)
        return match

    def curl(self, path, *options, timeout=10):
        """curl's subprocess.CompletedProcess, whatever came of it."""
        return subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time",
                               str(timeout), *options, f"http://{BOX}{path}"],
                              preexec_fn=self.left._enter, capture_output=True, text=True,
                              timeout=timeout + 5, check=False)


@contextlib.contextmanager
def managed(lines, ports="virtio", ipv6=False, mode="wire", **options):
    """`lines`: the section [manage], after its port; mode: of [forward]. Afterwards the counters' law must hold and every
    buffer must be where it should be."""
    with contextlib.closing(Namespace()) as left, contextlib.closing(Namespace()) as right:
        taps = [left.tap("eth0", f"{LEFT}/24"), right.tap("eth0", f"{RIGHT}/24")]
        if ipv6:
            left.run("sh", "-c", "cd /proc/sys/net/ipv6/conf/eth0 && echo 0 > accept_dad && "
                                 "echo 0 > disable_ipv6")
        cards = [f"{card},fd={fd}" for card, fd in zip(PORTS[ports], taps)]
        config = wire_config(cards).replace("wire", mode) + "[manage]\nport = left\n" + lines
        with start_box(cards, config, pass_fds=taps, **options) as box:
            for fd in taps:
                os.close(fd)
            box.ready()
            box.wait_for_links()
            yield Managed(box, left, right)
            stats(box)
            assert_audit_clean(box)


class Dnsmasq:
    """A DHCP server, and router advertisements, on eth0 of the namespace."""

    def __init__(self, namespace, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="barewire-dnsmasq-")
        self._log = f"{self._folder.name}/log"
        with open(self._log, "wb") as log:
            self._process = namespace.start(
                "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
                "--interface=eth0", "--bind-dynamic", "--no-ping", "--log-dhcp", "--log-facility=-",
                "--user=root", "--group=root", "--pid-file=",
                f"--dhcp-leasefile={self._folder.name}/leases", *options,
                stdout=log, stderr=subprocess.STDOUT)

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, pattern, count=1, timeout=30):
        """Waits until so many lines of the log match."""
        deadline = time.monotonic() + timeout
        while len(re.findall(pattern, self.log())) < count:
            assert self._process.poll() is None, f"dnsmasq ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"not {count} times {pattern}:\n{self.log()}"
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
