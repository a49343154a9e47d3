# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts (82599 datasheet 331520, section 7.3). MSI-X messages are pointed at plain memory, where
they can be read; INTx shows in the interrupt bit of PCI's status register."""

import pytest
from card import EICR, EICS, EIMC, EIMS, GPIE, IVAR, Card

MSIX_BAR, MESSAGES = 0xE8000000, 0x600000
EIAC, EIAM, EITR, IVAR_MISC = 0x810, 0x890, 0x820, 0xA00
LSC = 1 << 20
MICROSECOND = 1000


class Messages:
    """Vectors 0-3 write 0x100 + vector to words of memory."""

    def __init__(self, card):
        self.machine = card.machine
        self.machine.config_write(card.slot, 0x20, MSIX_BAR)
        self.machine.config_write(card.slot, 0x24, 0)
        self.machine.config_write(card.slot, 0x72, 0x8000, "w")
        for vector in range(64):
            entry = MSIX_BAR + 16 * vector
            for n, value in enumerate((MESSAGES + 4 * vector, 0, 0x100 + vector, 0)):
                self.machine.writel(entry + 4 * n, value)

    def take(self, vector):
        """Whether a message came since the last time."""
        at = MESSAGES + 4 * vector
        came = self.machine.readl(at) == 0x100 + vector
        self.machine.writel(at, 0)
        return came


@pytest.fixture
def card(machine):
    port = Card(machine("strict=on"))
    port.start()
    port.read(EICR)
    return port


@pytest.fixture
def msix(card):
    messages = Messages(card)
    card.write(GPIE, 1 << 4 | 1 << 5 | 1 << 30)  # vectors, other causes clear on read, auto-mask
    card.write(IVAR, 0x81 << 8 | 0x80)           # receive queue 0 -> vector 0, transmit -> vector 1
    card.write(IVAR_MISC, 0x82 << 8)             # other causes -> vector 2
    return card, messages


def test_vectors(msix):
    card, messages = msix
    card.write(EIMS, 0x7FFF0003)
    card.send(bytes(60))
    assert messages.take(1) and not messages.take(0) and not messages.take(2)
    card.write(EICS, LSC)
    assert messages.take(2)
    assert card.read(EICS) == LSC | 2  # reading EICS clears nothing
    assert card.read(EICR) == LSC | 2
    assert card.read(EICR) == 2        # GPIE.OCD: queue causes stay
    card.write(EICR, 2)
    assert card.read(EICR) == 0


def test_masked_cause_is_sent_later(msix):
    card, messages = msix
    card.write(EICS, 1)
    assert not messages.take(0)
    card.write(EIMS, 1)
    assert messages.take(0)
    card.write(EIMC, 1)
    card.write(EIMS, 1)
    assert messages.take(0)  # the cause was never cleared


def test_auto_clear_and_auto_mask(msix):
    card, messages = msix
    card.write(EIAC, 1)
    card.write(EIAM, 1)
    card.write(EIMS, 3)
    card.write(EICS, 1)
    assert messages.take(0)
    assert card.read(EICR) == 0 and card.read(EIMS) == 2
    card.write(EICS, 1)
    assert not messages.take(0)
    card.write(EIMS, 1)
    assert messages.take(0)


def test_sixty_four_vectors(msix):
    card, messages = msix
    card.write(IVAR, 0x80 | 40)
    card.write(0xAA4, 1 << 8)  # EIMS_EX[2]: vector 40
    card.write(0xA94, 1 << 8)  # EICS_EX[2]
    assert messages.take(40)


def test_throttling(msix):
    card, messages = msix
    card.write(EITR, 50 // 2 << 3)  # 50 microseconds
    card.write(EIAC, 1)
    card.write(EIMS, 1)
    card.write(EICS, 1)
    assert messages.take(0)
    for _ in range(5):
        card.write(EICS, 1)
    assert not messages.take(0)
    card.machine.step(49 * MICROSECOND)
    assert not messages.take(0)
    card.machine.step(2 * MICROSECOND)
    assert messages.take(0)
    card.machine.step(1000 * MICROSECOND)
    assert not messages.take(0)  # the five were one


def line(card):
    return bool(card.machine.config_read(card.slot, 6, "w") & 8)


def test_intx(card):
    card.write(IVAR, 0x80)
    card.write(EIMS, LSC | 1)
    assert not line(card)
    card.write(EICS, 1)
    assert line(card)
    assert card.read(EICR) == 1 and not line(card)
    card.write(EICS, LSC)
    assert line(card)
    card.write(EIMC, LSC)
    assert not line(card)


def test_intx_auto_mask_on_read(card):
    card.write(EIAM, 1)
    card.write(EIMS, 1)
    card.write(EICS, 1)
    assert card.read(EICR) & 1 and card.read(EIMS) == 0
