# SPDX-License-Identifier: BSD-2-Clause
"""Instructions that Barewire's whole image executes for each frame, in a guest whose clock counts
instructions (-icount shift=0: one nanosecond each).

Everything is in the figure: both directions, the loop, housekeeping and the polls that find nothing.
No host socket takes part, so two runs agree in every digit.
"""

import os
import re
import socket
import struct
import tempfile
import time

from box import Box, BoxError, wire_config

ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "7"]
# QEMU 10 ends with "Bad icount read" when a guest sets its APIC's timer by MSR.
XAPIC = ["-cpu", "max,-x2apic"]
NO_KEYS = ["-cpu", "max,-x2apic,-pku"]  # domains are kept apart by page tables
COUNTERS = ["sent", "received", "lost", "changed", "reordered", "duplicated", "elapsed"]
LINK_MS = 300  # of the guest's time, until both 82599s have read their modules and have link
SECONDS = 300  # of ours, for one run


def twice(what, measure):
    """What measure() returns, which has to be the same in every digit the second time."""
    first, second = measure(), measure()
    if first != second:
        raise SystemExit(f"bench/guest: {what} is not exact: {first}, then {second}")
    return first


def _poll(what, done):
    deadline = time.monotonic() + SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise BoxError(f"{what}: not within {SECONDS} s")
        time.sleep(0.1)


# Both ports in a bridge, which learns both generators.
BRIDGE = ["--append", "forward.mode=bridge"]
# A property of both ports: the generators send to stations that are never heard. A bridge floods
# every frame: copies it, to the one other port.
TO_NOBODY = ",generator-to=nobody"
# Both ports behind VT-d.
IOMMU = ["--iommu", "--append", "port.left.isolation=iommu port.right.isolation=iommu"]
# Both drivers in ring 3.
DOMAIN = ["--append", "port.left.isolation=domain port.right.isolation=domain"]


def crossings(box):
    """How often both drivers together were entered in ring 3 and had something to do."""
    found = re.findall(r": (\d+) crossings into ring 3, (\d+) for nothing", box.command("isolation"))
    return sum(int(every) - int(vain) for every, vain in found)


def generate(qemu, size, count, options=(), cpu=XAPIC, also=lambda box: None,
             properties=""):
    """Two 82599s whose generators make `count` frames each, as fast as the box takes them. Returns
    the instructions for one frame, after making sure that every frame came back as it was, and what
    also() returns, if that is not None."""
    ports = [f"ixgbe,generator=max:{size}:{count},generator-delay-ms={LINK_MS}{properties}"] * 2
    with Box(ports, wire_config(ports), ["--qemu", qemu, *options], ICOUNT + cpu) as box:
        box.ready(SECONDS)

        def counters(port):
            return {name: box.qmp("qom-get", path=f"/machine/peripheral/{port}",
                                  property=f"generator-{name}") for name in COUNTERS}

        def all_sent():
            return all(counters(port)["sent"] == count for port in ("port0", "port1"))

        _poll("the generators", all_sent)
        time.sleep(1)  # far longer than the last frames need
        both = [counters(port) for port in ("port0", "port1")]
        more = also(box)
    for port in both:
        if (port["received"], port["lost"], port["changed"], port["reordered"],
                port["duplicated"]) != (count, 0, 0, 0, 0):
            raise BoxError(f"not every frame came back as it was: {port}")
    instructions = max(port["elapsed"] for port in both) / (2 * count)
    return instructions if more is None else (instructions, more)


# virtio sends beside the processor unless it is told to do it on the guest's clock.
VIRTIO = "virtio,ioeventfd=off,tx=timer,x-txtimer=1000"
RELEASE_US = 20_000  # when both ports run
SEEDS, FRAME = 300, bytes.fromhex("020000000002" "020000000001" "88b5") + bytes(46)
RECORD, KEPT = struct.Struct("<IIII"), 16  # pcap: seconds, microseconds, bytes kept, bytes


def _hub(directory):
    """Arguments that join both ports by a hub, so that what leaves one arrives at the other; `seed`
    is a socket on the same hub, and a filter notes each frame that passes port 0, with the time."""
    seed = f"{directory}/seed"
    ports = [part for number in (0, 1)
             for part in ("-netdev", f"hubport,id=hub{number},hubid=0")]
    return ports + [
        "-netdev", f"dgram,id=seed,local.type=unix,local.path={seed}.qemu,remote.type=unix,"
                   f"remote.path={seed}.peer",
        "-netdev", "hubport,id=hub2,hubid=0,netdev=seed",
        "-object", f"filter-buffer,id=hold,netdev=seed,queue=tx,interval={RELEASE_US}",
        "-object", f"filter-dump,id=dump,netdev=hub0,file={directory}/dump,maxlen={KEPT}"]


def _sow(box, directory):
    """Hands the frames to a filter that will put them on the hub when the guest's clock says
    RELEASE_US, and cuts the socket off, all before the machine starts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(f"{directory}/seed.peer")
        for _ in range(SEEDS):
            peer.sendto(FRAME, f"{directory}/seed.qemu")
        time.sleep(1)  # QEMU moves the last of them from the socket to the filter
    box.qmp("set_link", name="seed", up=False)


def _microseconds(path, index):
    with open(path, "rb") as file:
        file.seek(24 + index * (RECORD.size + KEPT))
        seconds, microseconds, kept, _ = RECORD.unpack(file.read(RECORD.size))
    assert kept == KEPT
    return seconds * 1_000_000 + microseconds


def circulate(qemu, warm_up, count, options=()):
    """Frames that go round between two virtio ports. Returns the instructions for each of `count`
    frames after the first `warm_up`."""
    with tempfile.TemporaryDirectory(prefix="barewire-") as directory:
        ports = [f"{VIRTIO},netdev=hub{number}" for number in (0, 1)]
        dump = f"{directory}/dump"
        size = 24 + (warm_up + count + 1) * (RECORD.size + KEPT)
        with Box(ports, options=["--qemu", qemu, *options],
                 extra=["-S", *ICOUNT, *XAPIC, *_hub(directory)]) as box:
            _sow(box, directory)
            box.qmp("cont")
            box.ready(SECONDS)
            _poll("the frames on the hub", lambda: os.path.getsize(dump) >= size)
            if "  drop " in (text := box.command("stats", SECONDS)):
                raise BoxError(f"frames were dropped:\n{text}")
        return (_microseconds(dump, warm_up + count) - _microseconds(dump, warm_up)) * 1000 / count
