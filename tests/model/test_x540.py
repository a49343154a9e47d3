# SPDX-License-Identifier: BSD-2-Clause
"""device-id=0x1528: an X540. What differs from the 82599 is what Linux's ixgbe looks for: a PHY behind
MDIO, a second semaphore gate, a smaller packet buffer."""

import contextlib
import re

import pytest
from card import MILLISECOND, Card
from qtest import Ended
from test_linux import pair_of_ports

SWSM, SW_FW_SYNC, MSCA, MSRWD, AUTOC, RXPBSIZE = 0x10140, 0x10160, 0x425C, 0x4260, 0x42A0, 0x3C00
REGSMP = 1 << 31
X540 = "device-id=0x1528"


def mdio(card, device, register, port=0):
    card.write(MSCA, register | device << 16 | port << 21 | 1 << 30)
    card.write(MSCA, register | device << 16 | port << 21 | 2 << 26 | 1 << 30)
    assert card.read(MSCA) & 1 << 30 == 0
    return card.read(MSRWD) >> 16


def test_identity(machine):
    one = machine(X540 + ",strict=on")
    card = Card(one)
    assert one.config_read(1, 0) == 0x15288086
    card.start()
    assert card.read(RXPBSIZE) == 384 << 10
    assert (mdio(card, 1, 2), mdio(card, 1, 3)) == (0x0154, 0x0200)
    assert mdio(card, 1, 4) & 1 and mdio(card, 1, 2, port=1) == 0xFFFF
    assert mdio(card, 1, 1) & 4 and mdio(card, 7, 33) & 1 << 11
    one.qmp("set_link", name="p0", up=False)
    assert mdio(card, 1, 1) & 4 == 0


def test_phy_registers_are_kept(machine):
    card = Card(machine(X540))
    card.write(MSRWD, 0x1234)
    card.write(MSCA, 0xC400 | 7 << 16 | 1 << 30)
    card.write(MSCA, 0xC400 | 7 << 16 | 1 << 26 | 1 << 30)
    assert mdio(card, 7, 0xC400) == 0x1234 and mdio(card, 30, 0xC400) == 0


def test_second_gate_is_taken_by_reading(machine):
    card = Card(machine(X540 + ",strict=on"))
    assert [card.read(SW_FW_SYNC) & REGSMP for _ in range(2)] == [0, REGSMP]
    card.write(SW_FW_SYNC, 1)
    assert card.read(SW_FW_SYNC) == 1


@pytest.mark.parametrize("what", [lambda c: c.write(SW_FW_SYNC, 1), lambda c: c.write(AUTOC, 0)],
                         ids=["gate not passed", "no AUTOC"])
def test_strict(machine, what):
    card = Card(machine(X540 + ",strict=on"))
    with contextlib.suppress(Ended):
        what(card)
        card.machine.step(MILLISECOND)
    assert card.machine.exit_status() == 82


CHECKS = ["probe", "link", "speed", "ping", "iperf3", "self-test", "log"]


@pytest.fixture(scope="module")
def console(request, linux_guest, run_guest):
    with open(request.path.parent / "linux.sh", encoding="utf-8") as file:
        script = file.read()
    wanted = "|".join(CHECKS)
    script = "".join(line for line in script.splitlines(keepends=True)
                     if not re.match(rf"(\[.*\|\| )?check (?!({wanted}) )", line))
    said, status = run_guest(linux_guest, f"CONFIGURATION=x540\nQUEUES=2\n{script}",
                             pair_of_ports(X540), timeout=500, cpus=2)
    assert status == 0 and "GUEST-DONE" in said, said
    return said


@pytest.mark.parametrize("check", CHECKS)
def test_linux(console, check):
    """Its driver, unchanged, takes two of them."""
    assert re.search(rf"^CHECK {check} ok$", console, re.MULTILINE), console
