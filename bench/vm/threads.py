# SPDX-License-Identifier: BSD-2-Clause
"""What QEMU's two threads do while frames cross: the main one, in which are its event loop, the TAPs
and the back ends of the virtio cards, and the one that executes the guest's processor. By the
scheduler's own clock: Linux, Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat."""

import dataclasses
import time


@dataclasses.dataclass(frozen=True)
class Use:
    """Shares of a span of time."""
    ran: float
    waited: float  # for a processor, when others had them

    @property
    def wanted(self):
        """What is missing from 1 it slept: it had nothing to do, or waited for the other thread."""
        return self.ran + self.waited


def _nanoseconds(process, thread):
    with open(f"/proc/{process}/task/{thread}/schedstat", encoding="ascii") as file:
        ran, waited, _ = map(int, file.read().split())
    return ran, waited


def watch(box, seconds):
    """Use of both for so long: (main thread, processor)."""
    process = box.process.pid
    cpu, = (cpu["thread-id"] for cpu in box.qmp("query-cpus-fast"))
    before = [_nanoseconds(process, thread) for thread in (process, cpu)]
    began = time.monotonic_ns()
    time.sleep(seconds)
    after = [_nanoseconds(process, thread) for thread in (process, cpu)]
    span = time.monotonic_ns() - began
    return tuple(Use(*((new - old) / span for new, old in zip(*ends, strict=True)))
                 for ends in zip(after, before, strict=True))
