# SPDX-License-Identifier: BSD-2-Clause
"""The HTTP parser and the whole management stack under libFuzzer, side by side for FUZZ_SECONDS
(90) each. The other targets of this folder run with `make fuzz`."""

import glob
import os
import re
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6)
from scapy.layers.l2 import ARP, Ether

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "90"))

FIX, MINUTE, SECOND = 1, 2, 4  # flags of a record: fuzz_stack.c
MAC, BOX, PEER = "00:23:c1:de:d0:0d", "172.30.115.84", "172.30.115.1"


def record(frame, flags=0):
    frame = bytes(frame)
    return bytes([flags]) + len(frame).to_bytes(2, "little") + frame


def segment(flags, payload=b"", port=80):
    return record(Ether(dst=MAC, src="02:00:00:00:00:01") / IP(src=PEER, dst=BOX)
                  / TCP(sport=40000, dport=port, flags=flags, window=8192) / payload, FIX)


def request(text):
    """A connection with one request, to its end."""
    syn = record(Ether(dst=MAC, src="02:00:00:00:00:01") / IP(src=PEER, dst=BOX)
                 / TCP(sport=40000, dport=80, flags="S", window=8192))
    return syn + segment("A") + segment("PA", text) + segment("A") + segment("FA") + segment("A")


def seeds(folder):
    """The first inputs: some of everything, and lwIP's own."""
    arp = record(Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:01")
                 / ARP(hwsrc="02:00:00:00:00:01", psrc=PEER, pdst=BOX))
    ipv6 = Ether(dst="33:33:00:00:00:01", src="02:00:00:00:00:01")
    inputs = {
        "ping": arp + record(Ether(dst=MAC) / IP(src=PEER, dst=BOX) / ICMP() / b"abc"),
        "udp": arp + record(Ether(dst=MAC) / IP(src=PEER, dst=BOX) / UDP(sport=67, dport=68) / b"x"),
        "advertisement": record(ipv6 / IPv6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA()
                                / ICMPv6NDOptPrefixInfo(prefix="2001:db8::", prefixlen=64)),
        "ping6": record(ipv6 / IPv6(src="fe80::1", dst="ff02::1") / ICMPv6EchoRequest(), SECOND),
        "late": arp + request(b"GET / HTTP/1.1\r\n") + record(b"\0" * 60, MINUTE),
    }
    for path in ("/", "/metrics", "/healthz", "/api/status", "/api/fdb"):
        name = "get" + path.replace("/", "-")
        inputs[name] = arp + request(b"GET %s HTTP/1.1\r\nHost: b\r\n\r\n" % path.encode())
    syn = record(Ether(dst=MAC, src="02:00:00:00:00:01") / IP(src=PEER, dst=BOX)
                 / TCP(sport=40000, dport=23, flags="S", window=8192))
    inputs["console"] = (arp + syn + segment("A", port=23) + segment("PA", b"wrong one\r\n", port=23)
                         + record(b"\0" * 60, SECOND) + segment("PA", b"password\r\0", port=23)
                         + segment("PA", b"\xff\xfd\x01stats\r\0\x04", port=23)
                         + record(b"\0" * 60, MINUTE))
    inputs["pipeline"] = arp + request(b"HEAD / HTTP/1.1\r\nHost: b\r\n\r\n" * 3)
    for file in glob.glob(f"{BUILD}/deps/lwip/fuzz/*/*.bin"):
        with open(file, "rb") as raw:
            inputs["lwip-" + os.path.basename(file)] = record(raw.read())
    assert any(name.startswith("lwip-") for name in inputs), "lwIP's inputs are missing"
    for name, data in inputs.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


@pytest.fixture(scope="module")
def fuzzers(tmp_path_factory):
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, f"BUILD={BUILD}",
                    f"{BUILD}/fuzz/fuzz_http", f"{BUILD}/fuzz/fuzz_stack"], check=True)
    folder = tmp_path_factory.mktemp("corpus")
    seeds(folder)
    corpora = {"http": os.path.join(ROOT, "tests/fuzz/http_corpus"), "stack": str(folder)}
    running = {}
    for name, corpus in corpora.items():
        new = tmp_path_factory.mktemp(name)
        running[name] = subprocess.Popen(
            [f"{BUILD}/fuzz/fuzz_{name}", f"-max_total_time={SECONDS}", "-max_len=6000", "-seed=1",
             "-timeout=20", "-print_final_stats=1", f"-artifact_prefix={BUILD}/fuzz/", str(new),
             corpus], stderr=subprocess.PIPE, text=True, errors="replace")
    yield running
    for process in running.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("name, units, coverage", [("http", 100_000, 100), ("stack", 1000, 1200)])
def test_nothing_breaks(fuzzers, name, units, coverage):
    """And it was really tried: so many inputs, so many edges of the code reached."""
    _, errors = fuzzers[name].communicate(timeout=SECONDS + 120)
    assert fuzzers[name].returncode == 0, errors[-6000:]
    assert int(re.search(r"number_of_executed_units: +(\d+)", errors)[1]) >= units, errors[-2000:]
    reached = [int(text) for text in re.findall(r"cov: (\d+)", errors)]
    assert reached and max(reached) >= coverage, errors[-2000:]
