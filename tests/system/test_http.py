# SPDX-License-Identifier: BSD-2-Clause
"""The web server, asked by curl and by whoever does not keep to the rules; the metrics, read by
promtool."""

import json
import re
import socket
import subprocess

import pytest

from conftest import promtool
from counters import stats
from managed import BOX, RIGHT, managed

pytestmark = pytest.mark.ports("virtio")

PAGES = {"/": "text/html; charset=utf-8", "/metrics": "text/plain; version=0.0.4; charset=utf-8",
         "/healthz": "text/plain; charset=utf-8", "/api/status": "application/json",
         "/api/fdb": "application/json"}


@pytest.fixture(scope="module")
def box(own_network, ports):
    with managed(f"address = {BOX}/24\nhostname = testbox\n", ports) as box:
        yield box


def headers_of(text):
    """(status line, {field: value}) of what curl --include or --head printed."""
    head = text.split("\n\n")[0].split("\n")  # subprocess has made \n of \r\n
    return head[0], {name.lower(): value for name, _, value in
                     (line.partition(": ") for line in head[1:])}


@pytest.mark.parametrize("path", PAGES)
def test_every_page(box, path):
    answer = box.curl(path, "--include")
    assert answer.returncode == 0, answer.stderr
    status, fields = headers_of(answer.stdout)
    assert status == "HTTP/1.1 200 OK"
    assert fields["content-type"] == PAGES[path]
    assert fields["x-content-type-options"] == "nosniff" and fields["cache-control"] == "no-store"
    assert "default-src 'none'" in fields["content-security-policy"]
    assert len(answer.stdout.split("\n\n", 1)[1]) > 0

    # HEAD: the same head, and nothing behind it; the connection serves the next request.
    head = box.curl(path, "--head", f"http://{BOX}{path}", "--write-out", "connects=%{num_connects} ")
    assert head.returncode == 0, head.stderr
    assert headers_of(head.stdout) == (status, fields)
    assert head.stdout.count("connects=1") == 1 and head.stdout.count("connects=0") == 1

    old = box.curl(path, "--http1.0", "--include")
    assert old.returncode == 0, old.stderr
    assert "transfer-encoding" not in headers_of(old.stdout)[1]


@pytest.mark.parametrize("arguments, status", [
    (["/nothing"], 404), (["/metrics/"], 404), (["/%2fmetrics"], 404), (["/../etc/passwd"], 404),
    (["/", "--request", "POST"], 405), (["/", "--data", "x=1"], 405),
    (["/", "--request", "DELETE"], 405), (["/", "--request", "BREW"], 501),
    (["/", "--request", "GET", "--data", "x=1"], 413), (["/" + "a" * 300], 414),
    (["/", "--header", "X: " + "a" * 5000], 431),
    (["/", *(word for i in range(60) for word in ("--header", f"X{i}: 1"))], 431),
    (["/", "--header", "Host:"], 400), (["/healthz?x=1"], 200)])
def test_statuses(box, arguments, status):
    path, *options = arguments
    answer = box.curl(path, "--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}",
                      *options)
    assert answer.stdout == str(status), answer.stderr
    if status == 405:
        assert headers_of(box.curl(path, "--include", *options).stdout)[1]["allow"] == "GET, HEAD"


def raw(box, data, timeout=10):
    """Sends bytes on a connection of their own; returns what came back until it was closed."""
    with box.left.inside():
        connection = socket.create_connection((BOX, 80), timeout)
    with connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize("data, status", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),  # TLS
    (b"GET /\r\n", b"400"), (b"GET / HTTP/1.1\r\n\r\n", b"400"), (b"GET / HTTP/2.0\r\n\r\n", b"505"),
    (b"GET / HTTP/1.1\r\nHost : b\r\n\r\n", b"400"), (b"\0" * 5000, b"400"),
    (b"GET / HTTP/1.1\r\nHost: b\r\nX: " + b"a" * 100_000, b"431")])
def test_what_is_no_request(box, data, status):
    answer = raw(box, data)
    assert answer.startswith(b"HTTP/1.1 " + status + b" "), answer
    assert b"\r\nConnection: close\r\n" in answer


def test_requests_in_one_segment(box):
    """Three at once, the last of which ends the connection: three answers, in order."""
    answer = raw(box, b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: b\r\n\r\n"
                 b"GET /none HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200", b"404"]


def test_a_request_byte_by_byte(box):
    with box.left.inside():
        connection = socket.create_connection((BOX, 80), 10)
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_who_is_slow_is_told_so(box):
    """A request that does not end within five seconds; a connection on which nothing comes."""
    with box.left.inside():
        begun, silent = (socket.create_connection((BOX, 80), 20) for _ in range(2))
    with begun, silent:
        begun.sendall(b"GET / HTTP/1.1\r\n")
        assert begun.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert silent.recv(65536) == b""


def test_the_numbers_are_those_of_the_console(box):
    box.left.ping(RIGHT, 10, 0.01)
    status = json.loads(box.curl("/api/status").stdout)
    assert status["hostname"] == "testbox" and status["mode"] == "wire"
    assert status["addresses"].startswith(f"{BOX}/24")
    console = stats(box.box)
    assert [port["name"] for port in status["ports"]] == list(console)
    for port in status["ports"]:
        assert port["state"] == "running" and port["link"]
        assert port["rx_frames"] == (port["forwarded"] + port["delivered"]
                                     + sum(port["drops"].values()))
        assert 10 <= port["forwarded"] <= console[port["name"]].forwarded
        assert len(port["rx_queue_frames"]) == len(port["tx_queue_frames"]) == 1
        assert 0 < port["rx_queue_frames"][0] <= port["rx_frames"]
        assert 0 < port["tx_queue_frames"][0] <= port["tx_frames"]
    for table in status["tables"]:
        assert 0 <= table["used"] <= table["capacity"]


def test_metrics(box):
    box.left.ping(RIGHT, 3, 0.05)
    text = box.curl("/metrics").stdout
    checked = subprocess.run([promtool(), "check", "metrics"], input=text, capture_output=True,
                             text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    values = dict(re.findall(r"^(barewire_\S+) (\S+)$", text, re.MULTILINE))
    assert values['barewire_port_link_up{port="left"}'] == "1"
    assert int(values['barewire_port_receive_frames_total{port="left"}']) > 0
    for port in ("left", "right"):  # they have one queue; this very request is being counted
        whole, queue = (int(values[f"barewire_{name}"]) for name in (
            f'port_receive_frames_total{{port="{port}"}}',
            f'queue_receive_frames_total{{port="{port}",queue="0"}}'))
        assert 0 < whole <= queue < whole + 100
        for unit in ("frames", "bytes"):
            whole, queue = (int(values[f"barewire_{name}"]) for name in (
                f'port_transmit_{unit}_total{{port="{port}"}}',
                f'queue_transmit_{unit}_total{{port="{port}",queue="0"}}'))
            assert whole <= queue < whole + 100_000
    assert any(int(count) > 0 for name, count in values.items() if "queue_transmit_bytes" in name)
    gaps = [int(count) for name, count in values.items() if "poll_gap_seconds_bucket" in name]
    assert gaps == sorted(gaps) and gaps[-1] == int(values["barewire_poll_gap_seconds_count"]) > 0
    uptime = float(values["barewire_uptime_seconds"])
    assert 0 < float(values["barewire_poll_gap_max_seconds"]) < uptime
    reasons = {port: set(re.findall(rf'port_drops_total{{port="{port}",reason="([a-z-]+)"}}', text))
               for port in ("left", "right")}
    assert reasons["left"] == reasons["right"] > {"too-long", "box-busy"}
    states = {state: float(values[f'barewire_core_seconds_total{{state="{state}"}}'])
              for state in ("busy", "polling", "asleep", "housekeeping")}
    assert all(seconds > 0 for seconds in states.values()), states
    assert abs(sum(states.values()) - uptime) < 2
    assert 0 <= float(values["barewire_core_busy_ratio"]) < 1
    status = json.loads(box.curl("/api/status").stdout)
    assert {f'barewire_table_entries{{table="{table["name"]}"}}' for table in status["tables"]} \
        <= set(values)


def test_health_follows_the_links(box):
    try:
        box.box.qmp("set_link", name="net1", up=False)
        box.wait_for_log("right: link down")
        answer = box.curl("/healthz", "--write-out", "%{http_code}")
        assert answer.stdout == "right: no link\n503"
    finally:
        box.box.qmp("set_link", name="net1", up=True)
        box.box.wait_for_links()
    assert box.curl("/healthz").stdout == "ok\n"


def test_http_can_be_off(own_network, ports):
    with managed(f"address = {BOX}/24\nhttp = off\n", ports) as box:
        assert box.curl("/").returncode == 7  # connection refused
