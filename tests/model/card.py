# SPDX-License-Identifier: BSD-2-Clause
"""A driver in Python that follows the 82599 datasheet (331520) step by step: what the tests of the model
start from. It never breaks a rule by itself."""

from qtest import BAR0, BAR_STEP

CTRL, STATUS, CTRL_EXT = 0x0, 0x8, 0x18
EICR, EICS, EIMS, EIMC, GPIE, IVAR = 0x800, 0x808, 0x880, 0x888, 0x898, 0x900
RDRXCTL, RXCTRL, HLREG0, AUTOC, LINKS = 0x2F00, 0x3000, 0x4240, 0x42A0, 0x42A4
MAXFRS, RTTDCS, DMATXCTL, FCTRL, VLNCTRL = 0x4268, 0x4900, 0x4A80, 0x5080, 0x5088
RXCSUM, MRQC, SECRXCTRL, SECRXSTAT = 0x5000, 0xEC80, 0x8D00, 0x8D04
EEC, SWSM, SW_FW_SYNC = 0x10010, 0x10140, 0x10160
ENABLE = 1 << 25
BAM, MPE, UPE = 1 << 10, 1 << 8, 1 << 9
MILLISECOND = 1000000

RX_BUFFERS, TX_BUFFERS, RINGS, HEADS = 0x1000000, 0x2000000, 0x800000, 0x7F0000
BUFFER_STEP = 0x4000


def rxq(queue, register):
    return (0x1000 if queue < 64 else 0xD000 - 64 * 0x40) + 0x40 * queue + register


def txq(queue, register):
    return 0x6000 + 0x40 * queue + register


class Card:
    """One port of a qtest Machine. Rings have `slots` descriptors; buffers are 16 KB apart."""

    def __init__(self, machine, slot=1, slots=64):
        self.machine, self.slot, self.slots = machine, slot, slots
        self.bar = BAR0 + BAR_STEP * slot
        self.arena = 0x100000 * slot  # own part of memory for each port
        machine.config_write(slot, 0x10, self.bar)
        machine.config_write(slot, 0x14, 0)
        machine.config_write(slot, 0x04, 0x6, "w")  # memory space, bus master
        self.rx_tail, self.rx_next, self.tx_tail = {}, {}, {}

    def read(self, register):
        return self.machine.readl(self.bar + register)

    def write(self, register, value):
        self.machine.writel(self.bar + register, value)

    def set(self, register, bits):
        self.write(register, self.read(register) | bits)

    def clear(self, register, bits):
        self.write(register, self.read(register) & ~bits)

    def wait(self, register, bits, value, milliseconds=50):
        for _ in range(milliseconds * 10):
            if self.read(register) & bits == value:
                return
            self.machine.step(MILLISECOND // 10)
        raise AssertionError(f"register {register:05x} stays {self.read(register):08x}")

    def reset(self):
        """4.6.3.2, with the master disable of 5.2.5.3.2 and the waits of 8.2.3.1.1 and 4.6.3."""
        self.write(EIMC, 0x7FFFFFFF)
        self.set(CTRL, 1 << 2)
        self.wait(STATUS, 1 << 19, 0)
        self.set(CTRL, 1 << 26 | 1 << 3)
        self.machine.step(10 * MILLISECOND)
        self.wait(CTRL, 1 << 26, 0)
        self.write(EIMC, 0x7FFFFFFF)
        self.wait(EEC, 1 << 9, 1 << 9)
        self.wait(RDRXCTL, 1 << 3, 1 << 3)

    def link_up(self):
        self.wait(LINKS, 1 << 30, 1 << 30)

    def ring(self, rx, queue):
        return RINGS + self.arena + (0x40000 if rx else 0) + 0x4000 * queue

    def rx_buffer(self, queue, index):
        return RX_BUFFERS + 0x1000000 * (queue & 1) + BUFFER_STEP * (index % self.slots) \
            + 0x400000 * (self.slot - 1)

    def rx_prepare(self, queue, descriptor_type=0, kilobytes=2, drop=False, strip_vlan=False):
        """4.6.7: ring, SRRCTL, enable, wait; no descriptor is given yet."""
        self.write(rxq(queue, 0x00), self.ring(True, queue))
        self.write(rxq(queue, 0x04), 0)
        self.write(rxq(queue, 0x08), 16 * self.slots)
        self.write(rxq(queue, 0x14), descriptor_type << 25 | kilobytes | (1 << 28 if drop else 0))
        self.write(rxq(queue, 0x10), 0)
        self.write(rxq(queue, 0x18), 0)
        self.write(rxq(queue, 0x28), ENABLE | (1 << 30 if strip_vlan else 0))
        self.wait(rxq(queue, 0x28), ENABLE, ENABLE)
        self.rx_tail[queue] = self.rx_next[queue] = 0

    def rx_give(self, queue, count):
        for _ in range(count):
            index = self.rx_tail[queue]
            self.machine.write(self.ring(True, queue) + 16 * (index % self.slots),
                               self.rx_buffer(queue, index).to_bytes(8, "little") + bytes(8))
            self.rx_tail[queue] += 1
        self.write(rxq(queue, 0x18), self.rx_tail[queue] % self.slots)

    def rx_start(self, fctrl=BAM | MPE | UPE):
        """8.2.3.8.8, 8.2.3.7.1 and the halt of the data path that 4.6.7 asks for around RXEN."""
        self.write(RDRXCTL, (self.read(RDRXCTL) & ~0x3E0000) | 1 << 25 | 1 << 26 | 1 << 1)
        self.write(FCTRL, fctrl)
        self.set(SECRXCTRL, 2)
        self.wait(SECRXSTAT, 1, 1)
        self.write(RXCTRL, 1)
        self.clear(SECRXCTRL, 2)
        self.set(CTRL_EXT, 1 << 16)
        for queue in self.rx_tail:
            self.clear(rxq(queue, 0x0C), 1 << 12)

    def tx_prepare(self, queue, head_write_back=False):
        """4.6.8"""
        self.set(DMATXCTL, 1)
        self.write(txq(queue, 0x00), self.ring(False, queue))
        self.write(txq(queue, 0x04), 0)
        self.write(txq(queue, 0x08), 16 * self.slots)
        if head_write_back:
            self.write(txq(queue, 0x38), HEADS + 16 * queue | 1)
        self.write(txq(queue, 0x10), 0)
        self.write(txq(queue, 0x18), 0)
        self.write(txq(queue, 0x28), ENABLE | 36 | 8 << 8)
        self.wait(txq(queue, 0x28), ENABLE, ENABLE)
        self.tx_tail[queue] = 0

    def start(self, **rx):
        """A port with one receive and one transmit queue, link up, 32 receive descriptors given."""
        self.reset()
        self.rx_prepare(0, **rx)
        self.rx_start()
        self.rx_give(0, 32)
        self.tx_prepare(0)
        self.link_up()

    def tx_descriptor(self, queue, low, high):
        index = self.tx_tail[queue] % self.slots
        self.machine.write(self.ring(False, queue) + 16 * index,
                           low.to_bytes(8, "little") + high.to_bytes(8, "little"))
        self.tx_tail[queue] += 1
        return index

    def tx_bell(self, queue):
        self.write(txq(queue, 0x18), self.tx_tail[queue] % self.slots)

    def tx_buffer(self, queue):
        return TX_BUFFERS + 0x1000000 + 0x400000 * (self.slot - 1) \
            + BUFFER_STEP * (self.tx_tail[queue] % self.slots)

    def send(self, frame, queue=0, command=0x29, options=0, parts=1, payload=None):
        """Advanced descriptors; EOP, IFCS and RS on the last. Returns the last one's index."""
        size, index = -(-len(frame) // parts), 0
        total = len(frame) if payload is None else payload
        for part in range(parts):
            data = frame[part * size:(part + 1) * size]
            at = self.tx_buffer(queue)
            self.machine.write(at, data)
            flags = command | 0x22 | (1 if part == parts - 1 else 0)
            if part < parts - 1:
                flags &= ~0x9
            index = self.tx_descriptor(queue, at, len(data) | 3 << 20 | flags << 24 | options << 32
                                       | total << 46)
        self.tx_bell(queue)
        return index

    def received(self, queue=0):
        """The next completed descriptor as (low, high, buffer's content), or None."""
        index = self.rx_next[queue]
        raw = self.machine.read(self.ring(True, queue) + 16 * (index % self.slots), 16)
        low, high = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")
        if high & 1 == 0:  # DD is at the same place in the advanced format only
            return None
        self.rx_next[queue] += 1
        length = high >> 32 & 0xFFFF
        return low, high, self.machine.read(self.rx_buffer(queue, index), length)

    def received_legacy(self, queue=0):
        index = self.rx_next[queue]
        raw = self.machine.read(self.ring(True, queue) + 16 * (index % self.slots), 16)
        low, high = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")
        if high >> 32 & 1 == 0:
            return None
        self.rx_next[queue] += 1
        return low, high, self.machine.read(self.rx_buffer(queue, index), high & 0xFFFF)
