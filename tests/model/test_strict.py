# SPDX-License-Identifier: BSD-2-Clause
"""strict=on: a driver that follows the datasheet is left alone; each broken rule ends QEMU with
status 82 and the section that says so."""

import pytest
from card import (AUTOC, CTRL, ENABLE, FCTRL, MILLISECOND, MRQC, RDRXCTL, RXCSUM, RXCTRL,
                  SW_FW_SYNC, SWSM, VLNCTRL, Card, rxq, txq)
from qtest import Ended

EXIT = 82


def enable_rx(card, srrctl=2, base=0x900000, length=1024):
    card.write(rxq(1, 0x00), base)
    card.write(rxq(1, 0x08), length)
    card.write(rxq(1, 0x14), srrctl)
    card.write(rxq(1, 0x28), ENABLE)


def enable_tx(card, control=ENABLE, wait=False, head_write_back=0):
    card.write(txq(1, 0x00), 0x900000)
    card.write(txq(1, 0x08), 1024)
    card.write(txq(1, 0x38), head_write_back)
    card.write(txq(1, 0x28), control)
    if wait:
        card.wait(txq(1, 0x28), ENABLE, ENABLE)


def early_tail(card):
    enable_tx(card)
    card.write(txq(1, 0x18), 1)


def reset_and_touch(card):
    card.set(CTRL, 4)
    card.set(CTRL, 1 << 26)
    card.read(CTRL)


def enable_after_reset(card):
    card.set(CTRL, 4)
    card.set(CTRL, 1 << 26)
    card.machine.step(MILLISECOND + 1)
    enable_rx(card)


def transmit_early(card):
    card.clear(0x4A80, 1)
    enable_tx(card)


def send(**options):
    return lambda card: card.send(bytes(100), **options)


def too_many_parts(card):
    card.send(bytes(100), parts=50)


def legacy_in_advanced(card):
    at = card.tx_buffer(0)
    card.tx_descriptor(0, at, 50 | 3 << 20 | 0x20 << 24 | 100 << 46)
    card.tx_descriptor(0, at, 50 | 0x0B << 24)
    card.tx_bell(0)


def late_frame(card, register, value):
    card.write(register, value)
    card.machine.step(2 * MILLISECOND)
    card.set(0x4240, 1 << 15)  # loopback
    card.send(bytes(60))


# What is done to a running card (32 receive descriptors given) -> section, part of the message
RULES = {
    "narrow access": (lambda c: c.machine.command(f"writew {c.bar + FCTRL:#x} 1"), "8.1", "2 bytes"),
    "wide access": (lambda c: c.machine.command(f"writeq {c.bar + 0x1000:#x} 0"), "8.1", "8 bytes"),
    "no such register": (lambda c: c.write(0x3FFC, 1), "8.2.2", "03ffc"),
    "reserved bit": (lambda c: c.write(CTRL, 1), "8.2.3.1.1", "CTRL"),
    "EIMC bit 31": (lambda c: c.write(0x888, 0xFFFFFFFF), "8.2.3.5.4", "80000000"),
    "read-only register": (lambda c: c.write(8, 0), "8.2.3.1.2", "STATUS"),
    "reset without master disable": (lambda c: c.write(CTRL, 1 << 26), "4.2.1.6.1", "master disable"),
    "touched during reset": (reset_and_touch, "8.2.3.1.1", "after CTRL.RST"),
    "enabled before ready": (enable_after_reset, "4.6.3", "DMAIDONE"),
    "enabled without bus master": (
        lambda c: (c.machine.config_write(c.slot, 4, 2, "w"), enable_rx(c)), "9.3.3.3", "bus mastering"),
    "enabled under master disable": (lambda c: (c.set(CTRL, 4), enable_rx(c)), "5.2.5.3.2", "disables"),
    "receive ring misaligned": (lambda c: c.write(rxq(1, 0), 0x900040), "8.2.3.8.1", "RDBAL[1]"),
    "receive ring length": (lambda c: c.write(rxq(1, 8), 1000), "8.2.3.8.3", "RDLEN[1]"),
    "transmit ring misaligned": (lambda c: c.write(txq(1, 0), 0x900010), "8.2.3.9.5", "TDBAL[1]"),
    "transmit ring length": (lambda c: c.write(txq(1, 8), 100), "8.2.3.9.7", "TDLEN[1]"),
    "empty ring": (lambda c: enable_rx(c, length=0), "8.2.3.8.3", "ring of 0"),
    "huge ring": (lambda c: enable_rx(c, length=0x40000), "8.2.3.8.3", "262144"),
    "header split": (lambda c: enable_rx(c, srrctl=2 | 5 << 25), "7.1.10", "DESCTYPE"),
    "no buffer size": (lambda c: enable_rx(c, srrctl=0), "8.2.3.8.7", "BSIZEPACKET"),
    "ring moved": (lambda c: c.write(rxq(0, 0), 0x900000), "4.6.7.1", "RDBAL"),
    "SRRCTL of a live queue": (lambda c: c.write(rxq(0, 0x14), 4), "4.6.7.1", "SRRCTL"),
    "RDT of a dead queue": (lambda c: c.write(rxq(1, 0x18), 3), "4.6.7", "disabled"),
    "TDT of a dead queue": (lambda c: c.write(txq(1, 0x18), 3), "4.6.8", "disabled"),
    "tail before ENABLE reads 1": (early_tail, "4.6.8", "before ENABLE"),
    "RDT onto the head": (lambda c: c.write(rxq(0, 0x18), 0), "7.1.9", "passes the head"),
    "RDT past the head": (lambda c: c.write(rxq(0, 0x18), 5), "7.1.9", "passes the head"),
    "RDT outside the ring": (lambda c: c.write(rxq(0, 0x18), 64), "8.2.3.8.5", "in a ring of 64"),
    "TDT outside the ring": (lambda c: c.write(txq(0, 0x18), 64), "8.2.3.9.9", "in a ring of 64"),
    "TDH of a live queue": (lambda c: c.write(txq(0, 0x10), 1), "8.2.3.9.8", "TDH"),
    "FCTRL under RXEN": (lambda c: c.write(FCTRL, 0), "8.2.3.7.1", "RXEN"),
    "RXCSUM under RXEN": (lambda c: c.write(RXCSUM, 1 << 13), "8.2.3.7.5", "RXEN"),
    "MRQC under RXEN": (lambda c: c.write(MRQC, 1), "8.2.3.7.12", "RXEN"),
    "RXEN while data flows": (
        lambda c: (c.reset(), c.write(RDRXCTL, 0x6008802), c.write(RXCTRL, 1)), "4.6.7", "RX_DIS"),
    "RDRXCTL's fixed bits": (
        lambda c: (c.write(RXCTRL, 0), c.write(RDRXCTL, 0x8802)), "8.2.3.8.8", "25 and 26"),
    "CRC strip disagrees": (
        lambda c: (c.write(RXCTRL, 0), c.write(0x4240, c.read(0x4240) & ~2), c.set(0x8D00, 2),
                   c.write(RXCTRL, 1)), "8.2.3.8.8", "RXCRCSTRP"),
    "TXDCTL before DMATXCTL": (transmit_early, "4.6.8", "DMATXCTL.TE"),
    "PTHRESH without HTHRESH": (lambda c: enable_tx(c, ENABLE | 8), "8.2.3.9.10", "HTHRESH"),
    "head write-back misaligned": (
        lambda c: enable_tx(c, head_write_back=0x7F0009), "7.2.3.5.2", "16-byte"),
    "head write-back and WTHRESH": (
        lambda c: enable_tx(c, ENABLE | 8 << 8 | 4 << 16, head_write_back=0x7F0001),
        "7.2.3.5.2", "WTHRESH"),
    "MTQC without ARBDIS": (lambda c: c.write(0x8120, 0), "8.2.3.9.15", "ARBDIS"),
    "VLAN ethertype": (lambda c: c.write(VLNCTRL, 0x88A8), "8.2.3.7.2", "VET"),
    "SW_FW_SYNC without semaphore": (lambda c: c.write(SW_FW_SYNC, 1), "10.5.4", "SWESMBI"),
    "semaphore written": (lambda c: c.write(SWSM, 1), "8.2.3.4.9", "SMBI"),
    "AUTOC without lock": (lambda c: c.write(AUTOC, c.read(AUTOC) | 1 << 12), "8.2.3.22.19", "AUTOC"),
    "I2C without lock": (lambda c: c.write(0x28, 0), "10.5.4", "I2CCTL"),
    "PAYLEN wrong": (send(payload=99), "7.2.3.2.4", "PAYLEN"),
    "offload without context": (send(options=0x100), "7.2.3.2.3", "context"),
    "segmentation without context": (send(command=0xA9), "7.2.3.2.3", "context"),
    "no FCS": (lambda c: (c.tx_descriptor(0, c.tx_buffer(0), 64 | 3 << 20 | 0x29 << 24 | 64 << 46),
                          c.tx_bell(0)), "7.2.3.2.4", "IFCS"),
    "empty buffer": (lambda c: (c.tx_descriptor(0, c.tx_buffer(0), 3 << 20 | 0x2B << 24),
                                c.tx_bell(0)), "7.2.3.2.4", "length 0"),
    "descriptor type": (lambda c: (c.tx_descriptor(0, 0, 64 | 7 << 20 | 0x2B << 24),
                                   c.tx_bell(0)), "7.2.3.2.4", "type 7"),
    "too many descriptors": (too_many_parts, "7.2.1.1", "more than 38"),
    "no descriptors left by WTHRESH": (
        lambda c: (c.set(txq(0, 0x28), 100 << 16), c.send(bytes(60))), "7.2.1.1", "more than 0"),
    "bit 12 of DCA_RXCTRL": (lambda c: late_frame(c, rxq(0, 0x0C), 0xB200), "4.6.7", "bit 12"),
    "snoop": (lambda c: late_frame(c, 0x18, 0), "4.6.7", "CTRL_EXT bit 16"),
    "mixed descriptor formats": (legacy_in_advanced, "7.2.3.2", "legacy and advanced"),
}


@pytest.mark.parametrize("rule", list(RULES))
def test_rule(machine, rule):
    act, section, words = RULES[rule]
    one = machine("strict=on")
    card = Card(one)
    card.start()
    assert "strict" not in one.log()
    try:
        act(card)
        card.read(CTRL)
    except Ended:
        pass
    assert one.exit_status() == EXIT
    message = next(line for line in one.log().splitlines() if "strict:" in line)
    assert f"section {section})" in message and words in message


@pytest.mark.parametrize("rule", list(RULES))
def test_lenient_card_only_logs(machine, rule):
    act, section, words = RULES[rule]
    one = machine("strict=off")
    card = Card(one)
    card.start()
    act(card)
    card.machine.step(10 * MILLISECOND)
    assert card.read(0x8) is not None and one.process.poll() is None
    assert f"section {section})" in one.log() and words in one.log()


def test_restart_keeps_every_rule(machine):
    one = machine("strict=on")
    card = Card(one)
    for _ in range(3):
        card.start()
        card.send(bytes(60))
    assert one.process.poll() is None and "datasheet" not in one.log()
