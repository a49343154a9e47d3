# SPDX-License-Identifier: BSD-2-Clause
"""The web server under load and under attack, while frames cross the box: whoever asks properly is
answered within two seconds, and no frame is lost that would not be lost without it. Everything is
bounded in number and time."""

import contextlib
import json
import re
import select
import socket
import subprocess
import time

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from counters import stats
from managed import BOX, LEFT, MAC, RIGHT, managed

pytestmark = pytest.mark.ports("virtio")
SOON = 2  # seconds


@pytest.fixture(scope="module")
def box(own_network, ports):
    with managed(f"address = {BOX}/24\n", ports) as box:
        yield box


def answered_soon(box):
    for path, end in (("/healthz", "ok\n"), ("/", "</html>\n")):
        began = time.monotonic()
        answer = box.curl(path, timeout=SOON + 3)
        assert answer.stdout.endswith(end), answer.stderr
        assert time.monotonic() - began < SOON


def served(box):
    """What the web server counts: {"answers": N, "connections": N, ...}."""
    return {name: int(value) for name, value in
            re.findall(r"^barewire_http_(\w+)_total (\d+)$", box.curl("/metrics").stdout, re.MULTILINE)}


@contextlib.contextmanager
def asked(box, **least):
    """What is done inside makes the web server count so many more answers, connections or the like."""
    before = served(box)
    yield
    grown = {name: count - before[name] for name, count in served(box).items()}
    assert all(grown[name] >= count for name, count in least.items()), grown


def crossing(box, load):
    """UDP across the box for six seconds with the programs of `load` against the box itself. Returns
    (datagrams sent, datagrams lost between the hosts: not those that they themselves had no room for), and
    what the box dropped meanwhile of the frames that cross it: not those for the box alone, which a full
    queue may refuse (box-busy)."""
    before, outside = stats(box.box), no_room(box)
    server = box.right.start("iperf3", "--server", "--one-off", "--forceflush", "--bind", RIGHT,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    programs = []
    try:
        assert select.select([server.stdout], [], [], 30)[0], "the iperf3 server did not start"
        programs = [box.left.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for command in load]
        client = box.left.start("iperf3", "--client", RIGHT, "--udp", "--bitrate", "8M", "--length",
                                "1000", "--time", "6", "--json", stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            time.sleep(1)
            answered_soon(box)
        output, _ = client.communicate(timeout=90)
    finally:
        for process in [*programs, server]:
            process.kill()
            process.wait()
    end = json.loads(output)["end"]["sum"]
    after = stats(box.box)
    return (end["packets"], end["lost_packets"] - (no_room(box) - outside),
            sum(crossing_lost(after[name]) - crossing_lost(port) for name, port in before.items()))


def no_room(box):
    return box.left.no_room("eth0") + box.right.no_room("eth0")


def crossing_lost(port):
    return port.dropped - port.drops.get("box-busy", 0) + port.missed


def test_load_costs_no_frame(box):
    quiet = crossing(box, [])
    with asked(box, answers=100, connections=100):
        loaded = crossing(box, [
            ("ab", "-q", "-t", "5", "-n", "100000", "-c", "8", f"http://{BOX}/"),
            ("ab", "-q", "-k", "-t", "5", "-n", "100000", "-c", "2", f"http://{BOX}/metrics"),
            ("slowhttptest", "-H", "-c", "50", "-r", "25", "-i", "2", "-l", "5", "-u", f"http://{BOX}/")])
    assert quiet[0] > 5000 and loaded[0] > 5000
    assert loaded[1] <= quiet[1] and loaded[2] <= quiet[2], (quiet, loaded)


@pytest.mark.parametrize("mode", ["-H", "-B", "-X"], ids=["slow headers", "slow body", "slow read"])
def test_slow_clients(box, mode):
    with asked(box, connections=50):
        attack = box.left.start("slowhttptest", mode, "-c", "60", "-r", "60", "-i", "1", "-l", "4", "-k",
                                "3", "-u", f"http://{BOX}/", stdout=subprocess.DEVNULL)
        try:
            for _ in range(4):
                time.sleep(0.7)
                answered_soon(box)
            attack.wait(30)  # it ends by itself after four seconds, or when it is done
        finally:
            attack.kill()
            attack.wait()


def test_a_flood_of_connections(box):
    """A hundred that say nothing, kept open: they make room."""
    with contextlib.ExitStack() as stack:
        for number in range(100):
            with box.left.inside():
                stack.enter_context(contextlib.closing(
                    socket.create_connection((BOX, 80), timeout=5)))
            if number % 25 == 24:
                answered_soon(box)
    answered_soon(box)


def answers_at_once(box):
    """Fifteen clients that all ask for the page ten times, without waiting, and read whatever comes.
    Returns all of it."""
    request = f"GET / HTTP/1.1\r\nHost: {BOX}\r\n\r\n".encode() * 10
    with contextlib.ExitStack() as stack:
        clients, came = [], b""
        for _ in range(15):
            with box.left.inside():
                client = stack.enter_context(contextlib.closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(5)
            client.connect((BOX, 80))
            clients.append(client)
        for client in clients:
            client.sendall(request)
        while clients and (ready := select.select(clients, [], [], 1)[0]):
            for client in ready:
                try:
                    piece = client.recv(1024)
                except ConnectionResetError:
                    piece = b""
                came += piece
                if not piece:
                    clients.remove(client)
    return came


def test_too_many_answers_at_a_time(box):
    """Twelve are; who asks then, while all twelve are being read, is told to come again."""
    for _ in range(10):
        came = answers_at_once(box)
        assert b"HTTP/1.1 200 OK\r\n" in came
        if b"HTTP/1.1 503 Service Unavailable\r\n" in came:
            break
    assert b"\r\nRetry-After: 1\r\n" in came and b"\r\n\r\n503 Service Unavailable\n" in came
    answered_soon(box)


def test_half_open_connections(box):
    """500 SYNs from addresses that nobody has, never confirmed."""
    with box.left.inside():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
    with contextlib.closing(raw):
        for number in range(500):
            raw.send(bytes(Ether(dst=MAC, src="02:00:00:00:00:99")
                           / IP(src=f"192.0.2.{20 + number % 200}", dst=BOX)
                           / TCP(sport=1024 + number, dport=80, flags="S", seq=number)))
            if number % 100 == 99:
                answered_soon(box)
    answered_soon(box)


def test_frames_that_are_nothing(box):
    """Rubbish for the box's address costs nobody else anything."""
    with box.left.inside():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
    address = bytes.fromhex(MAC.replace(":", ""))
    before = stats(box.box)["left"]
    with contextlib.closing(raw):
        for number in range(200):
            kind = (0x0800, 0x0806, 0x86DD, 0x8100, 0x88CC, number)[number % 6]
            raw.send(address + address + kind.to_bytes(2, "big")
                     + bytes((number * i) % 256 for i in range(number % 190)))
    answered_soon(box)
    after = stats(box.box)["left"]
    busy = after.drops.get("box-busy", 0) - before.drops.get("box-busy", 0)
    assert after.delivered - before.delivered + busy >= 200
    box.left.ping(RIGHT, 5, 0.05, "-I", LEFT)
