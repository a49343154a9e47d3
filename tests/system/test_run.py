# SPDX-License-Identifier: BSD-2-Clause
"""qemu/run and qemu/demo as a user sees them."""

import os
import re
import signal
import subprocess
import time
import urllib.request

import pytest

from conftest import QEMU_82599, ROOT

RUN, DEMO = (os.path.join(ROOT, "qemu", name) for name in ("run", "demo"))


def run(*arguments):
    return subprocess.run([RUN, *arguments], capture_output=True, text=True, timeout=20)


def test_help_names_every_option():
    text = run("--help").stdout
    for option in ("--port", "virtio,tap=IF", "virtio,dgram=PREFIX", "virtio,user", "--port ixgbe",
                   "--config", "--append", "--boot", "--firmware", "--machine", "--mem", "--smp",
                   "--console", "--monitor", "--qmp", "--accel", "--dry-run", "-- "):
        assert option in text


@pytest.mark.parametrize("program", [RUN, DEMO])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_left_ends_it_without_a_word(program, unbuffered):
    """qemu/demo --help | head: Python writes at the end, or at once."""
    there, here = os.pipe()
    os.close(there)
    try:
        ended = subprocess.run([program, "--help"], stdout=here, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, timeout=20)
    finally:
        os.close(here)
    assert ended.stderr == ""
    assert ended.returncode == 128 + signal.SIGPIPE


def test_dry_run_prints_the_command():
    words = run("--dry-run", "--port", "virtio,dgram=/tmp/x,disable-legacy=on", "--mem", "64M",
                "--append", "a=1", "--append", "b=2", "--", "-S").stdout.split()
    assert words[0] == "qemu-system-x86_64"
    assert words[words.index("-accel") + 1] == "tcg"
    assert words[words.index("-m") + 1] == "64M"
    assert "-S" in words
    assert any(word.startswith("virtio-net-pci,") and word.endswith(",disable-legacy=on")
               for word in words)
    assert "local.path=/tmp/x.qemu" in " ".join(words)


def test_an_82599_needs_a_qemu_of_our_own_and_virtio_does_not():
    """Named as a command, so that printing it builds nothing. Strict unless told otherwise."""
    text = run("--dry-run", "--port", "virtio,dgram=/tmp/x", "--port",
               "ixgbe,dgram=/tmp/y,sfp=lr,strict=off").stdout
    assert "qemu/82599/build)" in text.split(" -name")[0]
    assert re.search(r"ixgbe,strict=on,\S*netdev=net1,\S*,sfp=lr,strict=off\b", text), text
    assert run("--dry-run", "--port", "virtio").stdout.startswith("qemu-system-x86_64 ")
    assert run("--dry-run", "--qemu", "my-qemu", "--port", "ixgbe").stdout.startswith("my-qemu ")


@pytest.mark.parametrize("arguments, expected", [
    (["--port", "e1000"], "found the card 'e1000', expected one of: virtio, ixgbe"),
    (["--port", "ixgbe,user,dgram=/tmp/x"], "second back end"),
    (["--port", "virtio,user,tap=x"], "second back end"),
    (["--port", "virtio,dgram"], "'dgram' needs a value"),
    (["--console", "tcp:1"], "expected unix:PATH"),
    (["--mem", "much"], "expected a number of megabytes"),
    (["--mem", "0"], "from 1 on"),
    (["--smp", "0"], "from 1 on"),
    (["--firmware", "uefi"], "iso or disk only"),
    (["--boot", "iso", "--append", "a=b"], "--append works with --boot kernel"),
])
def test_refuses_with_a_reason(arguments, expected):
    result = run("--dry-run", *arguments)
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stdout == ""


def test_names_a_file_that_is_not_there():
    result = run("--config", "/nonexistent")
    assert (result.returncode, result.stderr) == (2, "qemu/run: --config /nonexistent: cannot be read\n")
    result = run("--kernel", "/nonexistent")
    assert (result.returncode, "is it built?" in result.stderr) == (2, True)


def interfaces():
    return set(os.listdir("/sys/class/net"))


def skip_without_namespaces(text):
    if "cannot make a network namespace" in text or "/dev/net/tun" in text:
        pytest.skip(text.strip())


@pytest.mark.ports("virtio", "ixgbe", "mixed")
def test_demo_shows_traffic_and_leaves_nothing(ports):
    before = interfaces()
    environment = dict(os.environ)
    if ports != "virtio":
        environment["QEMU_82599"] = QEMU_82599()
    result = subprocess.run([DEMO, "--ports", ports], env=environment, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=60)
    skip_without_namespaces(result.stderr)
    assert result.returncode == 0, result.stdout + result.stderr
    for expected in ("none lost", "Mbit/s", "each exactly once: ok"):
        assert expected in result.stdout
    assert "\033[" not in result.stdout
    assert interfaces() == before


def test_demo_fails_when_nothing_crosses(tmp_path):
    """A configuration without forwarding: the demonstration must not pretend."""
    config = tmp_path / "barewire.conf"
    config.write_text("[port lan]\ndevice = virtio:7\n")
    result = subprocess.run([DEMO, "--config", config], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "failed: " in result.stderr


def test_the_page_opens_on_this_computer():
    """As long as somebody is at the console: here, a terminal of the test's."""
    master, slave = os.openpty()
    with subprocess.Popen([DEMO], stdin=slave, stdout=slave, stderr=slave,
                          env={**os.environ, "NO_COLOR": "1"}) as demo:
        os.close(slave)
        try:
            see_the_page(demo, master)
        finally:
            demo.terminate()  # if it has not ended by itself
    os.close(master)


def see_the_page(demo, master):
    text = b""
    try:
        while b"Ctrl-C ends everything" not in text:
            text += os.read(master, 4096)
    except OSError:  # it has ended
        pass
    shown = text.decode("utf-8", "replace")
    skip_without_namespaces(shown)
    url = re.search(r"http://127\.0\.0\.1:\d+/", shown)
    assert url, shown
    for path, found in (("", b"<title>Barewire</title>"), ("metrics", b"\nbarewire_port_up{")):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                url[0] + path, timeout=20) as answer:
            assert found in answer.read()
    os.write(master, b"\x03")
    assert demo.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_demo_takes_qemu_with_it(number):
    with subprocess.Popen([DEMO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as demo:
        for line in demo.stdout:
            if "READY" in line or "failed" in line:
                break
        skip_without_namespaces(line)
        assert "READY" in line, line
        children = children_of(demo.pid)
        demo.send_signal(number)
        demo.communicate(timeout=20)
    deadline = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{child}") for child in children):
        assert time.monotonic() < deadline, "a program outlived the demonstration"
        time.sleep(0.05)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()
