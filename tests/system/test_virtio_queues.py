# SPDX-License-Identifier: BSD-2-Clause
"""Several queue pairs of QEMU's virtio-net, behind TAPs that have as many: Linux spreads its flows over
the queues, and the box receives on all of them."""

import contextlib
import os
import re

import pytest

from conftest import start_box
from counters import assert_audit_clean, stats
from managed import BOX, LEFT, RIGHT
from netns import Namespace

QUEUES = 4
CONFIG = "".join(f"[port {name}]\ndevice = virtio:{number}\nqueues = {QUEUES}\n"
                 for number, name in enumerate(("left", "right"))) + \
    f"[forward]\nmode = {{mode}}\n[manage]\nport = left\naddress = {BOX}/24\n"


@pytest.mark.parametrize("mode, card", [("wire", ""), ("bridge", ",packed=on")])
def test_flows_use_all_queues(own_network, mode, card):
    with contextlib.closing(Namespace()) as left, contextlib.closing(Namespace()) as right:
        taps = [left.queues("eth0", QUEUES, f"{LEFT}/24"), right.queues("eth0", QUEUES, f"{RIGHT}/24")]
        # Two vectors for each pair, one for the configuration, one for the control queue.
        ports = [f"virtio,fd={':'.join(map(str, fds))},mq=on,vectors={2 * QUEUES + 2}{card}"
                 for fds in taps]
        with start_box(ports, CONFIG.format(mode=mode), pass_fds=sum(taps, [])) as box:
            for fd in sum(taps, []):
                os.close(fd)
            box.ready()
            box.wait_for_links()
            for port in ("left", "right"):
                text = box.command(f"diag {port}")
                assert re.search(rf"{QUEUES} rx and \d+ tx queues", text), text
            left.ping(RIGHT, 50, 0.01)
            # Sixty flows each way, of one datagram that is answered.
            server = right.start("python3", "-c", ECHO)
            try:
                assert int(left.run("python3", "-c", ASK, RIGHT, timeout=60).stdout) == 60
            finally:
                server.kill()
                server.wait()
            metrics = left.run("curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "20",
                               f"http://{BOX}/metrics").stdout
            for port in ("left", "right"):
                counts = re.findall(rf'^barewire_queue_receive_frames_total{{port="{port}",queue="\d+"}}'
                                    r" (\d+)$", metrics, re.MULTILINE)
                assert len(counts) == QUEUES
                assert sum(int(count) > 0 for count in counts) >= 2, counts
            ports = stats(box)
            assert ports["left"].dropped == ports["right"].dropped == 0
            assert_audit_clean(box)


ECHO = """
import socket
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("0.0.0.0", 7))
while True:
    data, where = echo.recvfrom(2048)
    echo.sendto(data, where)
"""

# Asks from sixty ports, each again until it is answered; prints how many were.
ASK = """
import socket, sys
answered = 0
for number in range(60):
    ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ask.settimeout(0.5)
    for _ in range(20):
        ask.sendto(b"?" * 100, (sys.argv[1], 7))
        try:
            answered += ask.recv(2048) == b"?" * 100
            break
        except OSError:
            pass
print(answered)
"""
