# SPDX-License-Identifier: BSD-2-Clause
"""How long management keeps the box from its rings, in instructions: the guest's clock counts them
(-icount shift=0: one a nanosecond), so the figures are the same on every computer, however busy."""

import contextlib
import re
import socket

import pytest

from managed import BOX, LINK_LOCAL, RIGHT, Dnsmasq, managed
from test_manage_console import PASSWORD, Session

# Unlike in test_limits.py the guest's time goes on as outside when it sleeps: its peers are real.
ICOUNT = ["-icount", "shift=0", "-cpu", "max,-x2apic"]
LONGEST_US = 20  # between two looks at the rings; and of any slice of management
STATIONS = 17000  # more than the table has room for

pytestmark = pytest.mark.ports("virtio")


def longest_gap(box):
    """Microseconds between two polls of the rings, at most, since this was last asked."""
    return float(re.search(r"since last asked ([\d.]+) us", box.box.command("load"))[1])


@contextlib.contextmanager
def no_longer(box, what):
    longest_gap(box)
    yield
    assert (found := longest_gap(box)) <= LONGEST_US, f"{what}: {found} us"


def assert_short_slices(box):
    metrics = box.curl("/metrics", timeout=60).stdout
    longest = float(re.search(r"^barewire_manage_slice_longest_seconds (\S+)$", metrics,
                              re.MULTILINE)[1])
    assert 0 < longest <= LONGEST_US / 1e6


def fill_table(box):
    """Frames from made-up stations to nobody."""
    with box.left.inside():
        cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with contextlib.closing(cable):
        cable.bind(("eth0", 0))
        for number in range(STATIONS):
            cable.send(bytes.fromhex("0200000000010211") + number.to_bytes(4, "big") + b"\x88\xb5"
                       + bytes(46))
            if number % 50 == 0:  # what the box has not taken yet is lost
                box.box.command("uptime")


@pytest.fixture(scope="module")
def box(own_network, ports):
    """A bridge whose table is full."""
    with managed(f"address = {BOX}/24\npassword = {PASSWORD}\n", ports, mode="bridge", ipv6=True,
                 extra=ICOUNT) as box:
        box.wait_for_log(LINK_LOCAL, 60)
        fill_table(box)
        assert re.search(r"table full: not learned \d+ times", box.box.command("fdb"))
        yield box
        assert_short_slices(box)


def test_pages(box):
    for path in ("/", "/metrics", "/api/status", "/api/fdb", "/healthz", "/none"):
        with no_longer(box, path):
            answer = box.curl(path, timeout=60)
            assert answer.returncode == 0
            assert path != "/api/fdb" or answer.stdout.count('"mac"') > 14000


def test_many_requests(box):
    for path in ("/", "/metrics"):
        with no_longer(box, path):
            output = box.left.run("ab", "-q", "-n", "30", "-c", "6", "-s", "60",
                                  f"http://{BOX}{path}", timeout=120).stdout
            assert re.search(r"Complete requests: +30\n", output), output


def test_pings(box):
    with no_longer(box, "ping"):
        for address in (BOX, RIGHT):
            box.left.run("ping", "-n", "-c", "5", "-i", "0.1", "-s", "1472", address)
        box.left.run("ping", "-6", "-n", "-c", "3", "-i", "0.1", f"{LINK_LOCAL}%eth0")


COMMANDS = ["help", "ports", "stats", "drops", "load", "log", "pci", "uptime", "memory", "config",
            "diag", "diag left", "isolation", "fdb", "fdb left", "fdb flush right", "nonsense"]


def test_commands(box):
    for command in COMMANDS:
        with no_longer(box, command):
            box.box.command(command)


def test_commands_over_tcp(box):
    with no_longer(box, "a session"):
        with Session(box) as session:
            session.log_in()
            for command in COMMANDS:
                session.send(command + "\r\0")
                session.expect("barewire> ", 60)


def test_capture(box):
    with no_longer(box, "capture"):
        box.box.console.mark()
        box.box.console.send("capture left 4\r")
        box.box.console.expect("any key stops", 60)
        box.left.run("ping", "-n", "-c", "2", "-i", "0.1", "-s", "1472", RIGHT)
        box.box.console.expect(r"^4\. (?:.*\n)+barewire> ", 60)


def forgotten(box, stations):
    """Whether so many stations are behind the left port, by the console and the metrics."""
    shown = re.search(r"^(\d+) of \d+ stations", box.box.command("fdb"), re.MULTILINE)[1]
    metric = re.search(r'^barewire_table_entries{table="stations"} (\d+)$',
                       box.curl("/metrics", timeout=60).stdout, re.MULTILINE)[1]
    return int(shown) < stations and int(metric) < stations


def test_a_full_table_is_flushed(box):
    with no_longer(box, "fdb flush"):
        assert re.search(r"^1[0-9]{4} stations forgotten", box.box.command("fdb flush left"))
        assert forgotten(box, 10)


def test_a_link_goes_down_with_a_full_table(box):
    fill_table(box)
    assert re.search(r"^1[0-9]{4} of", box.box.command("fdb"), re.MULTILINE)
    box.box.console.mark()
    with no_longer(box, "link down"):
        box.box.qmp("set_link", name="port0", up=False)
        box.box.console.expect(r"\] left: link down", 60)
        box.box.qmp("set_link", name="port0", up=True)
        box.box.console.expect(r"\] left: link up", 60)
        assert forgotten(box, 10)
        box.box.command("fdb left")


def test_dhcp(own_network, ports):
    """A lease, for which lwIP's timers have to run."""
    with managed("address = dhcp\n", ports, extra=ICOUNT) as box, \
            Dnsmasq(box.left, f"--dhcp-range={BOX},{BOX},120s"):
        with no_longer(box, "dhcp"):
            box.wait_for_log(rf"manage: left: .*{BOX}/", 120)
        assert_short_slices(box)
