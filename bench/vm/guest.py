# SPDX-License-Identifier: BSD-2-Clause
"""A guest of the comparison: what is measured of it in each round, and the medians."""

import contextlib
import statistics

import threads
from box import Box
from hosts import Hosts

MACHINE = ["--mem", "256M", "--smp", "1"]


def boot(stack, ends, options, pattern=None):
    """Two hosts, Hosts(*ends), and a guest between them that qemu/run starts with the options. Waits
    for a line of its console that matches, or for Barewire's prompt."""
    hosts = Hosts(*ends)
    box = stack.enter_context(Box([f"virtio,fd={fd}" for fd in hosts.taps],
                                  options=MACHINE + options, pass_fds=hosts.taps))
    if pattern is None:
        box.ready()
    else:
        box.console.expect(pattern, 120)
    return hosts, box


class Guest:
    """A guest that was booted, and is stopped until its turn. `name` is how its figures begin in the
    result. Of one that is there for its round trips, no rates are measured."""

    def __init__(self, name, title, hosts, box, rates=True):
        self.name, self.title = name, title
        self._hosts, self._box = hosts, box
        self._figures = {"loaded_loss": []}
        if rates:
            self._figures |= {"pps": [], "overload_pps": [], "io_us": [], "io_wanted": [],
                              "cpu_wanted": []}
        self._times = {"rtt_us": [], "loaded_rtt_us": []}
        box.qmp("stop")

    @contextlib.contextmanager
    def _turn(self):
        """This guest runs meanwhile, and no other."""
        self._box.qmp("cont")
        try:
            self._hosts.meet()
            yield
        finally:
            self._box.qmp("stop")

    def round_trips(self):
        """A short turn: one train of pings across the idle guest."""
        with self._turn():
            self._times["rtt_us"].append(quantiles(self._hosts.ping()))

    def round(self):
        """The other figures."""
        with self._turn():
            times, loss = self._hosts.loaded_ping()
            self._times["loaded_rtt_us"].append(quantiles(times))
            self._figures["loaded_loss"].append(loss)
            if "pps" in self._figures:
                self._rates()
        last = {key: values[-1] for key, values in self._figures.items()}
        rates = (f"without loss {last['pps']:>8,.0f}  overload {last['overload_pps']:>8,.0f} frames/s"
                 if "pps" in last else "")
        pings = "   ".join(f"p50 {p50:>6,.0f} p99 {p99:>7,.0f}" for p50, p99 in
                           (middle(self._times["rtt_us"]), self._times["loaded_rtt_us"][-1]))
        print(f"  {self.title:<20} {rates:<47} ping, idle so far and loaded, us: {pings}", flush=True)

    def _rates(self):
        overload, (io, cpu) = self._hosts.overload(
            lambda seconds: threads.watch(self._box, seconds))
        for key, value in {"overload_pps": overload, "io_us": 1e6 * io.ran / overload,
                           "io_wanted": io.wanted, "cpu_wanted": cpu.wanted,
                           "pps": self._hosts.rate_without_loss(overload * 1.3)}.items():
            self._figures[key].append(value)

    def result(self):
        """Medians over the rounds, by the names of the result."""
        return {**{f"{self.name}_{key}": round(statistics.median(values), DIGITS.get(key))
                   for key, values in self._figures.items()},
                **{f"{self.name}_{key}": {percentile: round(value, 1) for percentile, value
                                          in zip(("p50", "p99"), middle(trains))}
                   for key, trains in self._times.items()}}


DIGITS = {"loaded_loss": 5, "io_us": 2, "io_wanted": 3, "cpu_wanted": 3}  # behind the point; else none


def quantiles(times):
    """The 50th and the 99th percentile."""
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


def middle(trains):
    """The medians of these over several trains."""
    return [statistics.median(values) for values in zip(*trains)]
