# SPDX-License-Identifier: BSD-2-Clause
"""Frames through the model without a guest: descriptor formats, offloads, filters, counters. Two
strict ports face each other; what arrives is compared with what scapy says."""

import zlib

import pytest
from card import (BAM, HEADS, HLREG0, MAXFRS, MPE, MRQC, RXCSUM, RXCTRL, UPE, VLNCTRL, Card, txq)
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import checksum

A, B = "52:54:00:00:00:01", "52:54:00:00:00:02"
TDH, RSSRK, RETA, VFTA, MTA, RAL = 0x10, 0xEB80, 0xEB00, 0xA000, 0x5200, 0xA200
QPRDC, RXMPC, GPRC, GPTC, PRC64, ROC = 0x1430, 0x3FA0, 0x4074, 0x4080, 0x405C, 0x40AC


def udp(size, source=1000, target=B):
    ip = IP(src="10.0.0.1", dst="10.0.0.2")
    payload = bytes(i & 0xFF for i in range(size - 42))
    return bytes(Ether(src=A, dst=target) / ip / UDP(sport=source, dport=9) / Raw(payload))


def test_advanced_write_back(pair):
    a, b = pair(descriptor_type=1)
    frame = udp(200)
    a.send(frame)
    low, high, data = b.received()
    assert data == frame
    assert high & 0xFFFFF == 0x73  # DD, EOP, UDPCS, L4CS, IPCS; 7.1.6.2
    assert low & 0x1FFFF == 1 << 4 | 1 << 9  # IPv4, UDP
    assert b.received() is None


def test_legacy_write_back_keeps_the_address(pair):
    a, b = pair(descriptor_type=0)
    frame = udp(60)
    a.send(frame)
    low, high, data = b.received_legacy()
    assert low == b.rx_buffer(0, 0)
    assert data == frame and high >> 32 & 0xFF == 0x73 and high >> 40 & 0xFF == 0


def test_wrong_checksums_are_marked(pair):
    a, b = pair(descriptor_type=1)
    bad_ip, bad_udp = bytearray(udp(100)), bytearray(udp(100))
    bad_ip[24] ^= 1
    bad_udp[60] ^= 1
    a.send(bytes(bad_ip))
    a.send(bytes(bad_udp))
    assert b.received()[1] & 0xC0000000 == 0x80000000  # IPE
    assert b.received()[1] & 0xC0000000 == 0x40000000  # TCPE
    assert b.read(0x4120) == 2 and b.read(0x4120) == 0  # XEC is cleared by reading


def test_transmit_reports_done_in_the_descriptor(pair):
    a, _ = pair()
    for n in range(5):
        index = a.send(udp(100 + n))
        raw = a.machine.read(a.ring(False, 0) + 16 * index, 16)
        assert raw == bytes(12) + b"\1\0\0\0"
        assert a.read(txq(0, TDH)) == n + 1


def test_head_write_back_leaves_descriptors(machine):
    both = machine("strict=on", "strict=on")
    a, b = Card(both, 1), Card(both, 2)
    b.start()
    a.reset()
    a.tx_prepare(0, head_write_back=True)
    a.link_up()
    for n in range(70):  # round the ring of 64
        index = a.send(udp(64))
        b.received_legacy()
        b.rx_give(0, 1)
        assert int.from_bytes(both.read(HEADS, 4), "little") == (n + 1) % 64
    assert a.machine.read(a.ring(False, 0) + 16 * index, 8) != bytes(8)


def test_legacy_transmit_with_checksum_and_vlan(pair):
    a, b = pair()
    frame = bytes(Ether(src=A, dst=B, type=0x88B5)) + b"\0\0" + bytes(range(62))
    at = a.tx_buffer(0)
    a.machine.write(at, frame)
    # EOP, IFCS, IC, RS, VLE; the sum starts at byte 14 (CSS) and goes there (CSO)
    a.tx_descriptor(0, at, len(frame) | 14 << 16 | 0x4F << 24 | 14 << 40 | 7 << 48)
    a.tx_bell(0)
    _, _, data = b.received_legacy()
    total = checksum(frame[14:]).to_bytes(2, "big")
    assert data == frame[:12] + b"\x81\0\0\x07" + frame[12:14] + total + frame[16:]


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_frames_from_several_buffers(pair, parts):
    a, b = pair()
    frame = udp(1500)
    a.send(frame, parts=parts)
    assert b.received_legacy()[2] == frame


def test_frames_into_several_descriptors(pair):
    a, b = pair(descriptor_type=1, kilobytes=2)
    for card in (a, b):
        card.write(HLREG0, card.read(HLREG0) | 4)
        card.write(MAXFRS, 9216 << 16)
    frame = udp(9000)
    a.send(frame)
    parts = [b.received() for _ in range(5)]
    assert [high & 3 for _, high, _ in parts] == [1, 1, 1, 1, 3]  # EOP on the last only
    assert b"".join(data for *_, data in parts) == frame


def test_jumbo_only_when_allowed(pair):
    a, b = pair()
    a.send(udp(1515))
    assert b.received_legacy() is None and b.read(ROC) == 1
    a.send(udp(1514))
    assert b.received_legacy()[2] == udp(1514)


def test_short_frames_are_padded(pair):
    a, b = pair()
    frame = bytes(Ether(src=A, dst=B, type=0x88B5)) + b"short"
    a.send(frame)
    assert b.received_legacy()[2] == frame + bytes(60 - len(frame))


def context(card, vlan=0, iplen=20, ipv4=True, l4_type=1, l4_length=0, mss=0):
    card.tx_descriptor(0, vlan << 16 | 14 << 9 | iplen,
                       2 << 20 | l4_type << 11 | (1 << 10 if ipv4 else 0) | 0x20 << 24
                       | (l4_length << 8 | mss << 16) << 32)


def pseudo_sum(ip, protocol, length):
    """The ones' complement sum that a driver loads into the checksum field (7.2.5.2)."""
    if IP in ip:
        words = bytes(ip)[12:20] + protocol.to_bytes(2, "big") + length.to_bytes(2, "big")
    else:
        words = bytes(ip)[8:40] + protocol.to_bytes(4, "big") + length.to_bytes(4, "big")
    total = sum(int.from_bytes(words[i:i + 2], "big") for i in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize("layer", ["tcp", "udp", "tcp6"])
def test_checksum_offload(pair, layer):
    a, b = pair(descriptor_type=1)
    l3 = IPv6(src="fd00::1", dst="fd00::2") if layer == "tcp6" else IP(src="10.0.0.1", dst="10.0.0.2")
    l4 = UDP(sport=1, dport=2) if layer == "udp" else TCP(sport=1, dport=2, seq=77, flags="A")
    good = bytes(Ether(src=A, dst=B) / l3 / l4 / Raw(b"offload!" * 20))
    start = 54 if layer == "tcp6" else 34
    frame = bytearray(good)
    at = start + (6 if layer == "udp" else 16)
    protocol = 17 if layer == "udp" else 6
    seed = pseudo_sum(Ether(good).payload, protocol, len(good) - start)
    frame[at:at + 2] = seed.to_bytes(2, "big")
    if layer != "tcp6":
        frame[24:26] = b"\xde\xad"
    context(a, iplen=start - 14, ipv4=layer != "tcp6", l4_type=0 if layer == "udp" else 1)
    a.send(bytes(frame), options=0x200 | (0x100 if layer != "tcp6" else 0))
    assert b.received()[2] == good


@pytest.mark.parametrize("version", [4, 6])
def test_segmentation(pair, version):
    a, b = pair(descriptor_type=1)
    l3 = IPv6(src="fd00::1", dst="fd00::2")
    if version == 4:
        l3 = IP(src="10.0.0.1", dst="10.0.0.2", id=100)
    payload = bytes(i % 251 for i in range(4000))
    head = bytes(Ether(src=A, dst=B) / l3 / TCP(sport=1, dport=2, seq=1000, flags="PAF"))
    frame = bytearray(head + payload)
    l4 = len(head) - 20
    frame[l4 + 16:l4 + 18] = pseudo_sum(Ether(head).payload, 6, 0).to_bytes(2, "big")
    context(a, iplen=l4 - 14, ipv4=version == 4, l4_length=20, mss=1400)
    a.send(bytes(frame), command=0xA9, options=0x300 if version == 4 else 0x200,
           payload=len(payload))
    got = [b.received() for _ in range(3)]
    assert b.received() is None
    assert all(high & 0xE0000060 == (0x60 if version == 4 else 0x20) for _, high, _ in got)
    frames = [Ether(data) for *_, data in got]
    assert [f[TCP].seq for f in frames] == [1000, 2400, 3800]
    assert [str(f[TCP].flags) for f in frames] == ["A", "A", "FPA"]
    if version == 4:
        assert [f[IP].id for f in frames] == [100, 101, 102]
    # scapy keeps Ethernet padding out of the TCP payload
    assert b"".join(bytes(f[TCP].payload) for f in frames) == payload


def test_vlan_insert_and_strip(pair):
    a, b = pair(descriptor_type=1, strip_vlan=True)
    context(a, vlan=0x2005)
    frame = udp(100)
    a.send(frame, command=0x69)
    _, high, data = b.received()
    assert data == frame and high & 8 and high >> 48 == 0x2005


def test_vlan_filter(pair):
    a, b = pair(descriptor_type=1)
    b.write(RXCTRL, 0)
    b.write(VLNCTRL, 0x40008100)
    b.write(VFTA + 4 * (100 // 32), 1 << 100 % 32)
    b.rx_start()
    for vlan in (99, 100, 101):
        a.send(bytes(Ether(src=A, dst=B) / Dot1Q(vlan=vlan) / Raw(bytes(60))))
    a.send(udp(64))
    assert b.received()[2][14:16] == b"\0\x64"
    assert b.received()[2] == udp(64)
    assert b.received() is None


@pytest.mark.parametrize("fctrl, target, taken", [
    (0, B, True), (0, A, False), (UPE, A, True), (BAM, "ff:ff:ff:ff:ff:ff", True),
    (0, "ff:ff:ff:ff:ff:ff", False), (0, "01:00:5e:00:00:fb", False), (MPE, "01:00:5e:00:00:fb", True)])
def test_address_filter(pair, fctrl, target, taken):
    a, b = pair(descriptor_type=1)
    b.write(RXCTRL, 0)
    b.rx_start(fctrl=fctrl)
    a.send(udp(64, target=target))
    assert (b.received() is not None) == taken


def test_multicast_hash(pair):
    a, b = pair(descriptor_type=1)
    group = bytes.fromhex("01005e0000fb")
    bits = (group[4] >> 4 | group[5] << 4) & 0xFFF  # bits 47:36, MCSTCTRL.MO = 0
    b.write(RXCTRL, 0)
    b.write(0x5090, 4)
    b.write(MTA + 4 * (bits // 32), 1 << bits % 32)
    b.rx_start(fctrl=0)
    a.send(udp(64, target="01:00:5e:00:00:fb"))
    a.send(udp(64, target="01:00:5e:00:00:fc"))
    assert b.received() is not None and b.received() is None


def test_second_address(pair):
    a, b = pair(descriptor_type=1)
    b.write(RXCTRL, 0)
    b.write(RAL + 8 * 127, 0xDDCCBB02)
    b.write(RAL + 8 * 127 + 4, 0x8000FFEE)
    b.rx_start(fctrl=0)
    a.send(udp(64, target="02:bb:cc:dd:ee:ff"))
    assert b.received() is not None


# The verification suite of Microsoft's "RSS hashing types" gives these for the key below.
RSS_KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcb"
                        "ae7b30b477cb2da38030f20c6a42b73bbeac01fa")
RSS_CASES = [("66.9.149.187", 2794, "161.142.100.80", 1766, 0x51CCC178, 0x323E8FC2),
             ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xC626B0EA, 0xD718262A),
             ("24.19.198.95", 12898, "12.22.207.184", 38024, 0x5C2B394A, 0xD2D0A5DE),
             ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x40207D3D, 0x2CC18CD5)]


@pytest.mark.parametrize("case", RSS_CASES)
@pytest.mark.parametrize("ports", [True, False])
def test_rss(pair, case, ports):
    source, sport, target, dport, with_ports, without = case
    a, b = pair(descriptor_type=1)
    for queue in range(1, 16):
        b.rx_prepare(queue, descriptor_type=1)
        b.rx_give(queue, 4)
    b.write(RXCTRL, 0)
    b.write(RXCSUM, 1 << 13)
    version_6 = ":" in source
    fields = (21, 20) if version_6 else (16, 17)
    b.write(MRQC, 1 | 1 << fields[0 if ports else 1])
    for n in range(10):
        b.write(RSSRK + 4 * n, int.from_bytes(RSS_KEY[4 * n:4 * n + 4], "little"))
    for n in range(32):
        b.write(RETA + 4 * n, sum((4 * n + i) % 16 << 8 * i for i in range(4)))
    b.rx_start()
    l3 = (IPv6 if version_6 else IP)(src=source, dst=target)
    a.send(bytes(Ether(src=A, dst=B) / l3 / TCP(sport=sport, dport=dport)))
    expected = with_ports if ports else without
    low, _, _ = b.received(expected % 128 % 16)
    types = (3, 5) if version_6 else (1, 2)  # 7.1.6.2
    assert low >> 32 == expected and low & 0xF == types[0 if ports else 1]


def fill(a, b, count):
    for n in range(count):
        a.send(udp(64, source=n))


def test_without_drop_en_frames_wait(pair):
    a, b = pair()
    fill(a, b, 40)  # 32 descriptors were given
    assert [b.received_legacy() is not None for _ in range(33)] == [True] * 32 + [False]
    b.rx_give(0, 20)
    assert [b.received_legacy()[2] for _ in range(8)] == [udp(64, source=n) for n in range(32, 40)]
    assert b.read(QPRDC) == 0 and b.read(RXMPC) == 0


def test_drop_en_drops_and_counts(pair):
    a, b = pair(drop=True)
    fill(a, b, 40)
    b.rx_give(0, 20)
    for _ in range(32):
        b.received_legacy()
    assert b.received_legacy() is None
    assert b.read(QPRDC) == 8 and b.read(QPRDC) == 0


def test_full_packet_buffer_misses(machine):
    both = machine("strict=on", "strict=on,backpressure=off")
    a, b = Card(both, 1), Card(both, 2)
    for card in (a, b):
        card.start()
    for n in range(32 + 400):
        a.send(udp(1500, source=n))
    held = 512 * 1024 // 1500
    assert b.read(RXMPC) == 400 - held
    assert b.read(0x800) & 1 << 17  # EICR: Rx miss


def test_waiting_frames_survive_a_reset_of_the_receiver(pair):
    a, b = pair()
    sent = 0
    while a.read(txq(0, TDH)) == a.tx_tail[0] % 64:  # until the wire takes no more
        a.send(udp(1500, source=sent))
        sent += 1
    assert 32 + 512 * 1024 // 1500 <= sent < 500
    b.start()
    while b.received_legacy() is not None:
        b.rx_give(0, 1)
    a.send(udp(77))
    assert b.received_legacy()[2] == udp(77)


@pytest.mark.parametrize("discard", [True, False])
@pytest.mark.parametrize("honour", [True, False])
def test_pause(pair, honour, discard):
    a, b = pair()
    b.write(0x4294, (8 if honour else 0) | (2 if discard else 0))  # MFLCN.RFCE, MFLCN.DPF
    pause = bytes.fromhex("0180c2000001") + bytes(6) + b"\x88\x08\0\1\xff\xff" + bytes(42)
    a.send(pause)
    assert (b.received_legacy() is None) == discard
    assert b.read(0x41A8) == (1 if honour else 0)  # LXOFFRXCNT


def test_statistics(pair):
    a, b = pair()
    for size in (60, 60, 100, 1500):
        a.send(udp(size))
    assert b.read(GPRC) == 4 and b.read(GPRC) == 0 and a.read(GPTC) == 4
    assert [b.read(PRC64 + 4 * n) for n in range(6)] == [2, 1, 0, 0, 0, 1]
    assert b.read(0x4088) == 60 + 60 + 100 + 1500 + 16  # GORCL counts the FCS
    assert b.read(0x1030) == 4 and a.read(0x6030) == 4  # QPRC[0], QPTC[0]


def test_loopback(pair):
    a, b = pair(descriptor_type=1)
    a.write(HLREG0, a.read(HLREG0) | 1 << 15)
    a.send(udp(64))
    _, high, data = a.received()
    assert data == udp(64) and high & 1 << 18
    assert b.received() is None


def test_frame_check_sequence_stays_when_not_stripped(pair):
    a, b = pair()
    b.write(RXCTRL, 0)
    b.write(HLREG0, b.read(HLREG0) & ~2)
    b.write(0x2F00, b.read(0x2F00) & ~0x3E0002 | 3 << 25)
    b.set(0x8D00, 2)
    b.write(RXCTRL, 1)
    b.clear(0x8D00, 2)
    a.send(udp(64))
    assert b.received_legacy()[2] == udp(64) + zlib.crc32(udp(64)).to_bytes(4, "little")


def test_set_link(pair):
    a, b = pair()
    b.write(0x898, 0)
    b.read(0x800)
    b.machine.qmp("set_link", name="p1", up=False)
    assert b.read(0x42A4) & 1 << 30 == 0 and b.read(8) & 1 << 7 == 0
    assert b.read(0x800) & 1 << 20  # EICR.LSC
    a.send(udp(64))
    assert b.received_legacy() is None
    b.machine.qmp("set_link", name="p1", up=True)
    b.link_up()
    a.send(udp(65))
    assert b.received_legacy()[2] == udp(65)


def test_reset_at_any_moment(pair):
    a, b = pair()
    for n in range(3):
        fill(a, b, 40)  # leaves frames waiting in the packet buffer
        b.start()
        assert b.received_legacy() is None  # reset forgot them
        a.send(udp(77))
        assert b.received_legacy()[2] == udp(77)
        a.start()


def test_interrupt_causes_and_throttling(pair):
    a, b = pair()
    b.write(0x900, 0x80)  # receive queue 0 -> EICR bit 0
    b.write(0x880, 1)
    a.send(udp(64))
    assert b.read(0x808) == b.read(0x808) & 0x7FFFFFFF and b.read(0x808) & 1
    assert b.read(0x800) & 1 and b.read(0x800) & 1 == 0  # reading clears
    assert b.read(0x880) == 1
    b.write(0x888, 1)
    assert b.read(0x880) == 0


def test_receiver_off_takes_nothing(pair):
    a, b = pair()
    b.write(RXCTRL, 0)
    a.send(udp(64))
    b.rx_start()
    assert b.received_legacy() is None
    a.send(udp(65))
    assert b.received_legacy()[2] == udp(65)
