# SPDX-License-Identifier: BSD-2-Clause
"""The lying card, the EEPROM, the module and the link as a driver sees them."""

import pytest
from card import CTRL, ENABLE, LINKS, MILLISECOND, Card, rxq, txq
from scapy.layers.l2 import Ether

A, B = "52:54:00:00:00:01", "52:54:00:00:00:02"
FRAME = bytes(Ether(src=A, dst=B, type=0x88B5)) + bytes(range(100))


@pytest.fixture
def two(machine):
    both = machine("", "strict=on")
    a, b = Card(both, 1), Card(both, 2)
    a.start()
    b.start()
    return both, a, b


@pytest.mark.parametrize("fault, length",
                         [("length-0", 0), ("length-16k", 16384), ("length-wrong", 178)])
@pytest.mark.parametrize("descriptor_type", [0, 1])
def test_wrong_length(machine, fault, length, descriptor_type):
    both = machine("", "strict=on")
    a, b = Card(both, 1), Card(both, 2)
    a.start()
    b.start(descriptor_type=descriptor_type)
    both.qom_set("p1", "fault", f"{fault}:1")
    a.send(FRAME)
    a.send(FRAME)
    for expected in (length, len(FRAME)):
        got = b.received_legacy() if descriptor_type == 0 else b.received()
        assert got[1] >> (0 if descriptor_type == 0 else 32) & 0xFFFF == expected
    assert both.qom_get("p1", "faults-done") == 1


def test_wrong_address(two):
    both, a, b = two
    both.qom_set("p1", "fault", "wrong-address:1:0x3f00000")
    a.send(FRAME)
    assert both.read(0x3F00000, len(FRAME)) == FRAME
    assert b.received_legacy()[2] == bytes(len(FRAME))


def test_wrong_source(two):
    both, a, b = two
    both.write(0x3F00000, FRAME[::-1])
    both.qom_set("p0", "fault", "wrong-source:1:0x3f00000")
    a.send(FRAME)
    assert b.received_legacy()[2] == FRAME[::-1]
    a.send(FRAME)
    assert b.received_legacy()[2] == FRAME


def test_rewrites_what_it_handed_over(two):
    both, a, b = two
    for number in range(3):
        a.send(FRAME)
        assert b.received_legacy()[2] == FRAME
    both.qom_set("p1", "fault", "rewrite:2")
    ring = b.ring(True, 0)
    buffers = [int.from_bytes(both.read(ring + 16 * slot, 8), "little") for slot in range(3)]
    seen = [both.read(buffer, len(FRAME)) for buffer in buffers]
    assert seen == [FRAME] + 2 * [b"\xee" * 60 + FRAME[60:]]
    assert both.qom_get("p1", "faults-done") == 2 and both.qom_get("p1", "fault") == "none"


def test_a_stuck_link_wants_the_laser_off(two):
    both, a, _ = two
    both.qom_set("p0", "fault", "link-stuck")
    assert a.read(LINKS) & 1 << 30 == 0
    for dark in (50, 74, 75):
        assert both.qom_get("p0", "fault") == "link-stuck"
        a.reset()  # does not help
        both.step(1000 * MILLISECOND)
        assert a.read(LINKS) & 1 << 30 == 0
        a.set(0x20, 1 << 3)
        both.step(dark * MILLISECOND)
        a.clear(0x20, 1 << 3)
    assert both.qom_get("p0", "fault") == "none" and a.read(LINKS) & 1 << 30


def test_completes_a_descriptor_it_does_not_own(two):
    both, a, b = two
    both.qom_set("p1", "fault", "dd-beyond-tail:1")
    a.send(FRAME)
    raw = both.read(b.ring(True, 0) + 16 * 32, 16)
    assert raw[12] & 1


def test_silence(two):
    both, a, b = two
    both.qom_set("p1", "fault", "rx-silent")
    a.send(FRAME)
    assert b.received_legacy() is None
    both.qom_set("p1", "fault", "none")
    assert b.received_legacy()[2] == FRAME
    both.qom_set("p0", "fault", "tx-silent")
    a.send(FRAME)
    assert a.read(txq(0, 0x10)) == 1
    both.qom_set("p0", "fault", "none")
    assert a.read(txq(0, 0x10)) == 2 and b.received_legacy()[2] == FRAME


def test_reset_stuck(machine):
    one = machine("fault=reset-stuck")
    card = Card(one)
    card.write(CTRL, 1 << 26)
    one.step(1000 * MILLISECOND)
    assert card.read(CTRL) & 1 << 26


def test_enable_stuck(two):
    both, a, _ = two
    both.qom_set("p0", "fault", "enable-stuck")
    one_second = 1000 * MILLISECOND
    both.step(one_second)
    assert a.read(rxq(0, 0x28)) & ENABLE == 0 and a.read(txq(0, 0x28)) & ENABLE == 0


def test_semaphore_stuck(machine):
    one = machine("fault=semaphore-stuck")
    card = Card(one)
    for _ in range(3):
        assert card.read(0x10140) & 1
        card.write(0x10140, 0)


def test_semaphore_is_taken_by_reading(machine):
    card = Card(machine("strict=on"))
    assert [card.read(0x10140) & 1 for _ in range(2)] == [0, 1]
    card.write(0x10140, 0)
    assert card.read(0x10140) & 1 == 0


def test_surprise_removal(two):
    both, a, b = two
    both.qom_set("p1", "fault", "all-ones")
    assert b.read(0x8) == 0xFFFFFFFF and both.config_read(2, 0) == 0xFFFFFFFF
    a.send(FRAME)
    assert b.received_legacy() is None


def test_sleeping_card(machine):
    """What leaves D3hot starts anew: registers, command register and BARs (5.2.5.3)."""
    one = machine("strict=on")
    card = Card(one)
    card.start()
    one.config_write(1, 0x44, 3, "w")  # PMCSR: D3hot
    assert card.read(0x8) in (0, 0xFFFFFFFF)  # nothing answers; this chipset then reads 0
    one.config_write(1, 0x44, 0, "w")
    assert one.config_read(1, 0x04, "w") & 6 == 0 and one.config_read(1, 0x10) & ~0xF == 0
    again = Card(one)
    assert again.read(rxq(0, 0x28)) == 0
    again.start()


def test_asleep_from_the_start(machine):
    one = machine("strict=on,asleep=on")
    assert one.config_read(1, 0x44, "w") & 3 == 3
    one.qom_set("p0", "fault", "power-stuck")
    one.config_write(1, 0x44, 0, "w")
    assert one.config_read(1, 0x44, "w") & 3 == 3
    one.qom_set("p0", "fault", "none")
    one.config_write(1, 0x44, 0, "w")
    Card(one).start()


def test_size_of_the_registers(machine):
    one = machine("bar-size=1M")
    one.config_write(1, 0x10, 0xFFFFFFFF)
    assert one.config_read(1, 0x10) & ~0xF == 0xFFF00000
    assert Card(one).read(0x8) != 0xFFFFFFFF


def test_function_level_reset(machine):
    one = machine("strict=on")
    card = Card(one)
    card.start()
    one.config_write(1, 0xA8, one.config_read(1, 0xA8, "w") | 0x8000, "w")
    assert one.config_read(1, 0x04, "w") & 6 == 0
    again = Card(one)
    assert again.read(rxq(0, 0x28)) == 0
    again.start()


def test_link_flap(two):
    both, _, b = two
    both.qom_set("p1", "fault", "link-flap")
    seen = set()
    for _ in range(10):
        both.step(25 * MILLISECOND)
        seen.add(b.read(LINKS) >> 30 & 1)
    assert seen == {0, 1}


def test_unknown_fault_is_refused(two):
    with pytest.raises(AssertionError, match="no such fault"):
        two[0].qom_set("p1", "fault", "gremlins")


def eeprom_word(card, word):
    card.write(0x10014, word << 2 | 1)
    value = card.read(0x10014)
    assert value & 2
    return value >> 16


def checksum(card):
    words = [eeprom_word(card, n) for n in range(0x40)]
    total = sum(words)
    for pointer in words[3:0xF]:
        if pointer not in (0, 0xFFFF):
            length = eeprom_word(card, pointer)
            total += sum(eeprom_word(card, pointer + n) for n in range(1, length + 1))
    return total & 0xFFFF


@pytest.mark.parametrize("kind", ["good", "bad", "none"])
def test_eeprom(machine, kind):
    card = Card(machine(f"eeprom={kind},strict=on"))
    assert bool(card.read(0x10010) & 1 << 8) == (kind != "none")
    assert (checksum(card) == 0xBABA) == (kind == "good")
    assert (card.read(0xA200) == 0x00005452) == (kind != "none")


def serial_word(card, word):
    """A word through EEC's serial lines: chip select low, opcode 3, byte address, low byte first."""
    request, select, clock, data_in = 1 << 6, 1 << 1, 1, 1 << 2
    base = (card.read(0x10010) & ~(select | clock | data_in)) | request
    card.write(0x10010, base | select)
    assert card.read(0x10010) & 1 << 7  # granted
    card.write(0x10010, base)
    for bit in range(23, -1, -1):
        level = base | (data_in if (0x03 << 16 | 2 * word) >> bit & 1 else 0)
        for value in (level, level | clock, level):
            card.write(0x10010, value)
    value = 0
    for _ in range(16):
        card.write(0x10010, base | clock)
        value = value << 1 | (card.read(0x10010) >> 3 & 1)
        card.write(0x10010, base)
    card.write(0x10010, base | select)
    card.write(0x10010, (base | select) & ~request)
    return value >> 8 | (value & 0xFF) << 8


def test_eeprom_serial_interface(machine):
    card = Card(machine("strict=on"))
    for word in (0, 0x09, 0x3F, 0x101):
        assert serial_word(card, word) == eeprom_word(card, word)


class Bus:
    """I2C on the lines of I2CCTL, with the PHY bit of SW_FW_SYNC held (10.5.4)."""

    def __init__(self, card):
        self.card = card
        card.read(0x10140)
        card.write(0x10140, 3)
        card.write(0x10160, 2)
        self.level(1, 1)

    def level(self, clock, data):
        self.card.write(0x28, clock << 1 | data << 3)
        return self.card.read(0x28) >> 2 & 1

    def start(self):
        for clock, data in ((0, 1), (1, 1), (1, 0), (0, 0)):
            self.level(clock, data)

    def stop(self):
        for clock, data in ((0, 0), (1, 0), (1, 1)):
            self.level(clock, data)

    def bit(self, value):
        self.level(0, value)
        seen = self.level(1, value)
        self.level(0, value)
        return seen

    def send(self, byte):
        for n in range(7, -1, -1):
            self.bit(byte >> n & 1)
        return self.bit(1) == 0  # acknowledged

    def read(self, device, offset, count):
        self.start()
        if not self.send(device):
            self.stop()
            return None
        assert self.send(offset)
        self.start()
        assert self.send(device | 1)
        data = bytearray()
        for n in range(count):
            data.append(sum(self.bit(1) << b for b in range(7, -1, -1)))
            self.bit(1 if n == count - 1 else 0)
        self.stop()
        return bytes(data)


@pytest.mark.parametrize("kind, code, cable", [("sr", 0x10, 0), ("lr", 0x20, 0), ("copper", 0, 4),
                                               ("unsupported", 0x40, 0)])
def test_module(machine, kind, code, cable):
    bus = Bus(Card(machine(f"sfp={kind},strict=on")))
    page = bus.read(0xA0, 0, 96)
    assert page[0] == 3 and page[3] == code and page[8] == cable
    assert sum(page[:63]) & 0xFF == page[63] and sum(page[64:95]) & 0xFF == page[95]
    assert bus.read(0xA0, 20, 4) == page[20:24]
    assert bus.read(0x50, 0, 1) is None  # nobody at that address


def test_module_diagnostics(machine):
    bus = Bus(Card(machine("strict=on")))
    assert bus.read(0xA2, 96, 2) == (35 * 256).to_bytes(2, "big")


def test_no_module(machine):
    one = machine("sfp=none,strict=on")
    card = Card(one)
    assert Bus(card).read(0xA0, 0, 1) is None
    one.step(1000 * MILLISECOND)
    assert card.read(LINKS) & 1 << 30 == 0 and card.read(0x20) & 4 == 0


def test_partner_at_1g_needs_another_mode(machine):
    one = machine("sfp=dual,link=1g")
    card = Card(one)
    card.reset()
    one.step(1000 * MILLISECOND)
    assert card.read(LINKS) & 1 << 30 == 0
    card.write(0x42A0, card.read(0x42A0) & ~0xE000 | 1 << 12)  # LMS 000: 1 Gb/s without negotiation
    one.step(1000 * MILLISECOND)
    assert card.read(LINKS) & 1 << 30 and card.read(LINKS) >> 28 & 3 == 2


@pytest.mark.parametrize("device", ["0x10f7", "0x10ed", "0x1557"])
def test_other_identities(machine, device):
    assert machine(f"device-id={device}").config_read(1, 0) >> 16 == int(device, 16)
