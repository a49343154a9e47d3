# SPDX-License-Identifier: BSD-2-Clause
"""`flow-control = on`: PAUSE frames (IEEE 802.3, 31B) are obeyed, and sent when a card runs out of room,
so that a slow receiver slows the sender down and nothing is lost."""

import contextlib
import threading
import time

import pytest

from cable import assert_same, flush, frame
from conftest import start_wire
from counters import assert_audit_clean, stats, wait_for_received

MAC_CONTROL = bytes.fromhex("0180c2000001")
RING = 64
ATTEMPTS = 5


# A quantum of PAUSE is 512 bit times: at 1 Gb/s a pause lasts long enough to be repeated from here.
SLOW = ("", ",sfp=rj45,link=1g")


def config(flow_control):
    ports = "".join(f"[port {name}]\ndevice = ixgbe:{number}\nring-size = {RING}\n"
                    f"flow-control = {flow_control}\n" for number, name in enumerate(("left", "right")))
    return ports + "[forward]\nmode = wire\nmax-frame = 9018\n"


def pause(quanta):
    return MAC_CONTROL + bytes(6) + b"\x88\x08\x00\x01" + quanta.to_bytes(2, "big") + bytes(42)


def pauses(frames):
    """The times that the PAUSE frames among these name; there is nothing else."""
    assert all(data[:6] == MAC_CONTROL and data[12:16] == b"\x88\x08\x00\x01" for data in frames)
    return [int.from_bytes(data[16:18], "big") for data in frames]


@contextlib.contextmanager
def paused(peer):
    """The peer keeps telling its port, which runs at 1 Gb/s, to be quiet, and then that it may go on."""
    over = threading.Event()

    def repeat():
        while not over.wait(0.002):
            peer.try_send(pause(0xFFFF))  # for 33 ms
    peer.send(pause(0xFFFF))
    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        peer.send(pause(0))


def at_rest(box):
    """Whether the box has taken all frames that it can: a slow one is merely late with them."""
    before = stats(box)["left"].rx
    return stats(box)["left"].rx == before


def test_a_receiver_that_does_not_read_slows_the_sender_down():
    """Jumbo frames until the right-hand ring, the left-hand ring and the left card's packet buffer are
    full: the left card says so. Then the right-hand peer reads, and all of them come."""
    with start_wire(ports="ixgbe", config=config("on")) as wire:
        sent, heard = [], []
        while len(sent) < 2000 and not (heard and heard[-1] == 0xFFFF and at_rest(wire.box)):
            data = frame(9000, seed=len(sent))
            wire.left.send(data)
            sent.append(data)
            heard += pauses(wire.left.drain(0))
        assert 2 * RING < len(sent) < 2000, len(sent)
        assert_same(sent, wire.right.take(len(sent)))
        while heard[-1] != 0:  # told to go on
            assert (data := wire.left.receive()) is not None, heard[-1]
            heard += pauses([data])
        port = stats(wire.box)["left"]
        assert (port.rx, port.forwarded, port.dropped, port.missed) == (len(sent), len(sent), 0, 0)
        assert_audit_clean(wire.box)


def test_without_flow_control_the_card_counts_what_it_had_no_room_for():
    with start_wire(",backpressure=off", ports="ixgbe", config=config("off")) as wire:
        sent = [frame(9000, seed=number) for number in range(400)]
        for data in sent:
            wire.left.send(data)
        arrived, deadline = [], time.monotonic() + 30
        while (port := stats(wire.box)["left"]).rx + port.missed < len(sent):
            assert time.monotonic() < deadline, port
            arrived += wire.right.drain()
        arrived += wire.right.take(port.forwarded - len(arrived))
        assert wire.left.drain(0) == []
        assert port.missed > 100 and port.forwarded == len(arrived)
        assert port.rx + port.missed == len(sent)
        assert_audit_clean(wire.box)


def test_pause_is_obeyed_and_its_port_is_not_taken_for_dead():
    """Three seconds long, which is more than a card may have frames and send nothing otherwise. On a busy
    computer a pause may run out before it is repeated: then once more."""
    with start_wire(SLOW, ports="ixgbe", config=config("on")) as wire:
        frames = [frame(100, seed=number) for number in range(RING // 2)]
        for _ in range(ATTEMPTS):
            with paused(wire.right):
                time.sleep(0.05)
                for data in frames:
                    wire.left.send(data)
                early = wire.right.receive(3)
                # The other direction does not care.
                wire.right.send(frame(200))
                assert wire.left.receive() == frame(200)
            came = [] if early is None else [early]
            assert_same(frames, came + wire.right.take(len(frames) - len(came)))
            if early is None:
                break
        assert early is None, "it never keeps quiet"
        assert "restarts" not in wire.box.command("ports")
        assert "fault" not in wire.box.command("diag right")
        assert stats(wire.box)["left"].dropped == 0


def test_pause_is_not_obeyed_when_it_is_off():
    with start_wire(SLOW, ports="ixgbe", config=config("off")) as wire:
        with paused(wire.right):
            time.sleep(0.05)
            wire.left.send(frame(100))
            assert wire.right.receive() == frame(100)


def test_restart_of_a_paused_port():
    """Frames that it may not send keep the card's bus master busy: it is reset twice (5.2.5.3.2), and no
    buffer is lost. Or not all of them were held back, when a pause ran out: then once more."""
    with start_wire(SLOW, ports="ixgbe", config=config("on")) as wire:
        box = wire.box
        for _ in range(ATTEMPTS):
            before = stats(box)
            with paused(wire.right):
                time.sleep(0.05)
                for number in range(RING // 2):
                    wire.left.send(frame(100, seed=number))
                wait_for_received(box, "left", before["left"].rx + RING // 2)
                box.command("restart right")
                box.wait_for_links()
            lost = stats(box)["right"].lost - before["right"].lost
            came = flush(wire.left, wire.right)
            # One that came may also count as lost: a card reports what it has sent in steps.
            assert lost <= RING // 2 <= lost + len(came)
            if lost == RING // 2 and not came:
                break
        assert lost == RING // 2 and not came, "it never keeps quiet"
        assert_audit_clean(box)
