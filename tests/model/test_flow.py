# SPDX-License-Identifier: BSD-2-Clause
"""Link flow control (3.7.7): a packet buffer that fills up sends PAUSE, and PAUSE holds the transmitter
back. Time is the test's own, so the pauses are exact."""

import contextlib

import pytest
from card import CTRL, HLREG0, MILLISECOND, RXCTRL, Card, txq
from qtest import Ended

FCTTV, FCRTL, FCRTH, FCRTV, FCCFG, MFLCN, TFCS = 0x3200, 0x3220, 0x3260, 0x32A0, 0x3D00, 0x4294, 0xCE00
LXONTXC, LXOFFTXC, LXONRXC, LXOFFRXC, RXMPC = 0x3F60, 0x3F68, 0x41A4, 0x41A8, 0x3FA0
STATUS, TDH, RAL, GPTC, QPTC = 0x8, 0x10, 0xA200, 0x4080, 0x6030
DPF, RFCE = 2, 8
HIGH, LOW, TIME, LEFT = 0x8000, 0x4000, 1000, 400  # bytes, and quanta of 512 bit times
QUANTUM = 51.2  # ns at 10 Gb/s

PAUSE_ADDRESS = bytes.fromhex("0180c2000001")


def pause(quanta, target=PAUSE_ADDRESS, opcode=1):
    return target + bytes(6) + b"\x88\x08" + opcode.to_bytes(2, "big") + quanta.to_bytes(2, "big") \
        + bytes(42)


def frame(number):
    return bytes.fromhex("525400000002525400000001" "88b5") + number.to_bytes(4, "big") + bytes(982)


def send_pause_when_full(card, low=LOW | 1 << 31, left=LEFT):
    card.write(FCTTV, TIME)
    card.write(FCRTL, low)
    card.write(FCRTH, HIGH | 1 << 31)
    card.write(FCRTV, left)
    card.write(FCCFG, 1 << 3)


def obey(card, yes=True):
    card.write(MFLCN, DPF | (RFCE if yes else 0))


@pytest.fixture
def full(pair):
    """Card b sends PAUSE and has used up its 32 descriptors; what else a sends waits in b's packet
    buffer: full(n) sends n frames of 1,000 bytes, each with a number."""
    a, b = pair()
    obey(a)
    send_pause_when_full(b)
    sent = 0

    def send(count):
        nonlocal sent
        for _ in range(count):
            a.send(frame(sent))
            sent += 1
    send(32)
    return a, b, send


def received(card):
    """The numbers of the frames that have arrived; each gives a descriptor back."""
    numbers = []
    while (got := card.received_legacy()) is not None:
        numbers.append(int.from_bytes(got[2][14:18], "big"))
    return numbers


def test_the_buffer_fills_and_drains(full):
    a, b, send = full
    send(32)  # 32,000 bytes
    assert b.read(LXOFFTXC) == 0 and a.read(TFCS) == 0
    send(1)  # 33,000
    assert b.read(LXOFFTXC) == 1
    assert a.read(LXOFFRXC) == 1 and a.read(TFCS) == 1
    head = a.read(txq(0, TDH))
    send(5)
    assert a.read(txq(0, TDH)) == head, "the transmitter is held"
    assert received(b) == list(range(32))
    b.rx_give(0, 16)  # leaves 17,000 bytes, above the low threshold
    assert b.read(LXONTXC) == 0 and a.read(TFCS) == 1
    b.rx_give(0, 1)  # 16,000
    assert b.read(LXONTXC) == 1
    assert a.read(LXONRXC) == 1 and a.read(TFCS) == 0
    assert a.read(txq(0, TDH)) == (head + 5) % a.slots
    b.rx_give(0, 32)
    assert received(b) == list(range(32, 70))
    assert b.read(RXMPC) == 0
    # Counted by the MAC, not by a queue.
    assert b.read(GPTC) == 2 and b.read(QPTC) == 0


def test_pause_is_repeated_before_it_runs_out(full):
    a, b, send = full
    send(33)
    send(1)
    head = a.read(txq(0, TDH))
    for repeated in range(1, 5):
        b.machine.step(int((TIME - LEFT) * QUANTUM) + 1)
        assert b.read(LXOFFTXC) == (2 if repeated == 1 else 1)  # reading clears it
        assert a.read(TFCS) == 1 and a.read(txq(0, TDH)) == head
    b.rx_give(0, 32)
    b.machine.step(10 * MILLISECOND)
    assert b.read(LXOFFTXC) == 0 and b.read(LXONTXC) == 1


def test_pause_runs_out(full):
    a, b, send = full
    b.write(FCRTV, 0)  # never repeated
    send(33)
    head = a.read(txq(0, TDH))
    send(1)
    b.machine.step(int(TIME * QUANTUM) - 100)
    assert a.read(TFCS) == 1 and a.read(txq(0, TDH)) == head
    b.machine.step(200)
    assert a.read(TFCS) == 0 and a.read(txq(0, TDH)) != head


def test_no_xon_when_it_is_not_enabled(full):
    a, b, send = full
    b.write(FCRTL, LOW)
    b.write(FCRTV, 0)
    send(33)
    b.rx_give(0, 32)
    assert b.read(LXONTXC) == 0 and a.read(TFCS) == 1
    b.machine.step(MILLISECOND)
    assert a.read(TFCS) == 0


@pytest.mark.parametrize("off", ["FCCFG", "FCEN"])
def test_nothing_is_sent_when_it_is_off(full, off):
    a, b, send = full
    if off == "FCCFG":
        b.write(FCCFG, 0)
    else:
        b.write(FCRTH, HIGH)
    send(40)
    assert b.read(LXOFFTXC) == 0 and a.read(LXOFFRXC) == 0 and a.read(TFCS) == 0


def test_what_is_on_the_wire(machine):
    """As a third port sees it that passes PAUSE frames on: 802.3 31B, from the station's address."""
    three = machine("strict=on", "strict=on", "strict=on")
    a, b, c = (Card(three, slot) for slot in (1, 2, 3))
    for card in (a, b, c):
        card.start()
    send_pause_when_full(b)
    seen = []
    for number in range(32 + 33):
        a.send(frame(number))
        while (got := c.received_legacy()) is not None:
            seen.append(got[2])
            c.rx_give(0, 1)
    source = (b.read(RAL).to_bytes(4, "little") + b.read(RAL + 4).to_bytes(4, "little")[:2])
    assert source == bytes.fromhex("525400000002")
    assert seen[-1] == PAUSE_ADDRESS + source + pause(TIME)[12:]
    assert seen[:-1] == [frame(number) for number in range(32 + 33)]


ONE = bytes.fromhex("525400000001")


@pytest.mark.parametrize("data, obeyed", [
    (pause(100), True), (pause(100, target=ONE), True), (pause(100, target=bytes.fromhex("525400000009")), False),
    (pause(100, opcode=2), False), (pause(100)[:12] + b"\x88\x09" + pause(100)[14:], False)],
    ids=["multicast", "station", "somebody else", "opcode", "type"])
def test_what_is_a_pause_frame(pair, data, obeyed):
    a, b = pair()
    obey(a)
    b.send(data)
    assert a.read(TFCS) == a.read(LXOFFRXC) == int(obeyed)
    assert (a.received_legacy() is None) == obeyed


def test_not_obeyed_unless_enabled(pair):
    a, b = pair()
    obey(a, False)
    b.send(pause(100))
    assert a.read(TFCS) == a.read(LXOFFRXC) == 0
    a.send(frame(7))
    assert received(b) == [7]


def test_the_latest_pause_counts(pair):
    a, b = pair()
    obey(a)
    b.send(pause(0xFFFF))
    b.send(pause(10))
    a.machine.step(1000)
    assert a.read(TFCS) == 0


def test_a_reset_and_a_lost_link_end_it(pair):
    a, b = pair()
    obey(a)
    b.send(pause(0xFFFF))
    a.machine.qmp("set_link", name="p0", up=False)
    assert a.read(TFCS) == 0
    a.machine.qmp("set_link", name="p0", up=True)
    b.send(pause(0xFFFF))
    assert a.read(TFCS) == 1
    a.reset()
    assert a.read(TFCS) == 0


def test_frames_held_back_keep_the_master_busy(pair):
    """The case that the second reset of 5.2.5.3.2 is for."""
    a, b = pair()
    obey(a)
    b.send(pause(0xFFFF))
    a.send(frame(0))
    a.set(CTRL, 1 << 2)
    assert a.read(STATUS) & 1 << 19
    a.machine.step(4 * MILLISECOND)  # the pause is over
    assert a.read(STATUS) & 1 << 19 == 0


# What is set before RXEN -> section, part of the message
WRONG = {
    "no CRC": (lambda c: c.clear(HLREG0, 1), "4.6.3.2", "TXCRCEN"),
    "threshold above the buffer": (lambda c: c.write(0x3C00, 32 << 10), "8.2.3.3.4", "32768 in"),
    "no threshold": (lambda c: c.write(FCRTH, 1 << 31), "8.2.3.3.4", "= 0"),
    "low above high": (lambda c: c.write(FCRTL, HIGH), "8.2.3.3.3", "FCRTL"),
    "repeated too late": (lambda c: c.write(FCRTV, TIME), "8.2.3.3.5", "FCRTV"),
}


@pytest.mark.parametrize("rule", WRONG)
def test_strict(pair, rule):
    a, _ = pair()
    change, section, text = WRONG[rule]
    with contextlib.suppress(Ended):
        a.write(RXCTRL, 0)
        send_pause_when_full(a)
        change(a)
        a.write(RXCTRL, 1)
    assert a.machine.exit_status() == 82
    log = a.machine.log()
    assert f"section {section})" in log and text in log, log
