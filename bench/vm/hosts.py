# SPDX-License-Identifier: BSD-2-Clause
"""Two hosts with a guest between them, in network namespaces: the generator (traffic.c) sends from the
left one to the right one, and so does ping."""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import re
import socket
import subprocess
import time

from netns import Namespace, die_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))
ETHERTYPE = 0x88B5  # traffic.c
FRAME = 60
# From the station to which traffic.c sends.
ANSWER = bytes.fromhex("020000000001" "020000000002" "88b5") + bytes(46)
LEFT, RIGHT = "192.0.2.1", "192.0.2.2"
OVERLOAD_RATE = 400_000
LOAD_RATE = 10_000  # frames a second behind the loaded ping: less than any guest carries


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is measured in a round."""
    search_steps: int = 7  # of the interval's halving: to about 1 %
    trial_ms: int = 700
    overload_ms: int = 1500
    trains: int = 5        # of pings across the idle guest: few at a time, in turns with the others
    pings: int = 500
    load_ms: int = 5000    # more than that ping takes


QUICK = Plan(search_steps=2, trial_ms=200, overload_ms=300, trains=1, pings=40, load_ms=800)


class TrafficError(Exception):
    """The measurement is not worth anything; the text says why."""


def compile_generator(build):
    program = os.path.join(build, "bench", "traffic")
    os.makedirs(os.path.dirname(program), exist_ok=True)
    subprocess.run(["gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program,
                    os.path.join(HERE, "traffic.c")], check=True)
    return program


class Hosts:
    """A host on each side of a guest, and the generator between them. `taps` are the guest's ends."""

    runs = 0

    def __init__(self, generator, plan):
        self._generator, self._plan = generator, plan
        self.left, self.right = Namespace(), Namespace()
        self.taps = [self.left.tap("eth0", f"{LEFT}/24"), self.right.tap("eth0", f"{RIGHT}/24")]

    def _packet_socket(self, namespace):
        with namespace.inside():
            end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
            end.bind(("eth0", ETHERTYPE))
        return contextlib.closing(end)

    def offer(self, rate, milliseconds):
        """Sends at so many frames a second; returns what traffic.c counted."""
        Hosts.runs += 1
        with self._packet_socket(self.left) as tx, self._packet_socket(self.right) as rx:
            rx.send(ANSWER)  # so that a bridge knows where the frames go
            command = [self._generator, tx.fileno(), rx.fileno(), int(rate), milliseconds, FRAME,
                       Hosts.runs]
            result = subprocess.run(list(map(str, command)), check=True, capture_output=True,
                                    text=True, pass_fds=[tx.fileno(), rx.fileno()])
        return json.loads(result.stdout)

    def loses_nothing(self, rate):
        """Two tries: the second is for when something else had the processor during the first."""
        return any(counts["received"] == counts["offered"]
                   for counts in (self.offer(rate, self._plan.trial_ms) for _ in range(2)))

    def rate_without_loss(self, limit):
        """The highest rate, up to `limit`, at which nothing is lost; frames a second."""
        low, high = 0.0, float(limit)
        for _ in range(self._plan.search_steps):
            middle = (low + high) / 2
            if self.loses_nothing(middle):
                low = middle
            else:
                high = middle
        return low

    def overload(self, watch=None):
        """Frames a second that come out when far more are offered than any guest carries; and what
        watch(seconds) returns, which is called in the middle of it."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            traffic = pool.submit(self.offer, OVERLOAD_RATE, self._plan.overload_ms)
            time.sleep(self._plan.overload_ms / 4000)
            seen = watch(self._plan.overload_ms / 2000) if watch else None
            counts = traffic.result()
        return counts["in_time"] / counts["seconds"], seen

    def meet(self):
        """Both hosts learn each other's address, and a bridge where they are."""
        self.left.run("ping", "-n", "-i", "0.01", "-c", "20", RIGHT)

    def ping(self):
        """Round trips across, microseconds."""
        pings = self._plan.pings
        output = self.left.run("ping", "-n", "-i", "0.002", "-c", str(pings), RIGHT,
                               timeout=60).stdout
        times = [1000 * float(text) for text in re.findall(r"time=([\d.]+) ms", output)]
        if len(times) < pings:
            print(f"  ping: {len(times)} of {pings} answers")
        if len(times) < pings / 2:
            raise TrafficError(f"only {len(times)} of {pings} pings were answered")
        return times

    def loaded_ping(self):
        """Round trips while frames cross at a fixed rate in the direction of the requests, and the
        share of these frames that was lost."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            traffic = pool.submit(self.offer, LOAD_RATE, self._plan.load_ms)
            time.sleep(0.2)
            times = self.ping()
            if traffic.done():
                print("  loaded ping: it took longer than the load")
            counts = traffic.result()
        return times, 1 - counts["received"] / counts["offered"]


@contextlib.contextmanager
def back_end_alone(generator, plan):
    """QEMU without a guest: its main loop carries frames from TAP to TAP."""
    hosts = Hosts(generator, plan)
    command = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "none"]
    for index, fd in enumerate(hosts.taps):
        command += ["-netdev", f"tap,id=tap{index},fd={fd}",
                    "-netdev", f"hubport,id=hub{index},hubid=0,netdev=tap{index}"]
    with subprocess.Popen(command, pass_fds=hosts.taps, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, preexec_fn=die_with_parent) as process:
        try:
            time.sleep(0.5)
            if process.poll() is not None:
                raise TrafficError(f"QEMU without a guest: {process.stderr.read().decode()}")
            yield hosts
        finally:
            process.kill()
