# SPDX-License-Identifier: BSD-2-Clause
"""The console over TCP, with Debian's telnet and with a bare socket; and the command ping."""

import os
import re
import select
import socket
import subprocess
import time

import pytest

from managed import BOX, LEFT, LINK_LOCAL, managed

pytestmark = pytest.mark.ports("virtio")
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def box(own_network, ports):
    with managed(f"address = {BOX}/24\npassword = {PASSWORD}\n", ports, ipv6=True) as box:
        yield box


class Session:
    """A connection to the console."""

    def __init__(self, box):
        with box.left.inside():
            self._socket = socket.create_connection((BOX, 23), 10)
        self.text = ""

    def send(self, text):
        self._socket.sendall(text.encode("latin-1"))

    def expect(self, pattern, timeout=60):
        """Waits for the regular expression in what came and was not yet matched."""
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.text)):
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            piece = self._socket.recv(4096)
            assert piece, f"closed, and no {pattern} in {self.text!r}"
            self.text += piece.decode("latin-1")
        self.text = self.text[match.end():]
        return match

    def log_in(self):
        self.expect("Password: ")
        self.send(PASSWORD + "\r\0")
        self.expect("barewire> ")

    def closed(self, timeout=60):
        self._socket.settimeout(timeout)
        while self._socket.recv(4096):
            pass
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()


def test_a_session(box):
    with Session(box) as session:
        session.log_in()
        session.send("uptime\r\0")
        session.expect(r"\d+ d \d\d:\d\d:\d\d\r\n")
        assert "ok" in box.box.command("audit")  # the same console: it shows there too
        session.expect("each exactly once: ok")
        session.send("\x04")
        assert session.closed()
    box.wait_for_log(r"console: a session over TCP from 192\.0\.2\.1")
    assert PASSWORD not in box.box.console.text


def test_a_long_answer(box):
    with Session(box) as session:
        session.log_in()
        session.send("config\r\0")
        assert "(not shown)" in session.expect(r"password = (.*?) *;")[0]
        session.send("help\r\0")
        session.expect(r"panic-test")


def test_a_wrong_password(box):
    """Three tries, a second for each, whoever makes them; nothing of the console before it is right."""
    began = time.monotonic()
    with Session(box) as session:
        for _ in range(3):
            session.expect("Password: ")
            session.send("help\r\0")
        session.expect("Wrong\\.\r\n")
        assert session.closed()
        assert "uptime" not in session.text
    assert time.monotonic() - began > 1.9
    with Session(box) as session:  # longer than any password, and a beginning of the right one
        session.expect("Password: ")
        session.send("x" * 500 + "\r")
        session.expect("Wrong. Password: ")
        session.send(PASSWORD[:-1] + "\r")
        session.expect("Wrong. Password: ")
        session.send(PASSWORD + "\r")
        session.expect("barewire> ")


def test_one_session(box):
    with Session(box) as idler, Session(box) as first:
        assert idler.closed()  # who has not given the password makes room
        first.log_in()
        with Session(box) as second:
            second.expect("Another session is open")
            assert second.closed()
        first.send("uptime\r\0")
        first.expect(r"\d+ d ")


def said_until(client, pattern, timeout=60):
    """What a program wrote up to where the regular expression is in it."""
    text, deadline = "", time.monotonic() + timeout
    while not re.search(pattern, text):
        ready, _, _ = select.select([client.stdout], [], [], max(0, deadline - time.monotonic()))
        piece = os.read(client.stdout.fileno(), 4096) if ready else b""
        assert piece, f"no {pattern} in {text!r}"
        text += piece.decode("latin-1")
    return text


def test_telnet(box):
    client = box.left.start("telnet", BOX, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    try:
        said_until(client, "Password")
        client.stdin.write(f"{PASSWORD}\n".encode())
        said_until(client, "barewire> $")
        client.stdin.write(b"memory\n")
        said_until(client, r"\d+ KiB of RAM")
        client.communicate(b"\x04", timeout=60)
    finally:
        client.kill()


def test_no_password_no_console(own_network, ports):
    with managed(f"address = {BOX}/24\n", ports) as box:
        with box.left.inside(), pytest.raises(ConnectionRefusedError):
            socket.create_connection((BOX, 23), 10)


@pytest.mark.parametrize("address", [LEFT, "fe80::1"])
def test_ping(box, address):
    if ":" in address:
        box.wait_for_log(LINK_LOCAL)
        box.left.run("ip", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
    text = box.box.command(f"ping {address} 3")
    assert len(re.findall(r"answer \d after [\d.]+ ms", text)) == 3, text
    assert re.search(r"3 sent, 3 answered; least \d+ us, mean \d+ us, most \d+ us", text), text


def test_ping_nobody(box):
    text = box.box.command("ping 192.0.2.77 1")
    assert "answer 1 did not come" in text
    assert "1 sent, 0 answered" in text
    assert "no way" in box.box.command("ping 203.0.113.1 1")


def test_ping_interrupted(box):
    box.box.console.mark()
    box.box.console.send("ping 192.0.2.1 100\r")
    box.box.console.expect("answer 1 after")
    box.box.console.send("\x03")
    box.box.console.expect(r"\d sent, \d answered")
    box.box.console.expect("^barewire> ")


@pytest.mark.parametrize("arguments", ["", "192.0.2.1 0", "192.0.2.1 101", "192.0.2.1 x", "a b c"])
def test_ping_usage(box, arguments):
    assert "usage: ping ADDRESS" in box.box.command(f"ping {arguments}".strip())


def test_ping_what_is_no_address(box):
    assert 'address "box", expected' in box.box.command("ping box")
