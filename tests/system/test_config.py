# SPDX-License-Identifier: BSD-2-Clause
"""A configuration that is not right: said precisely, and nothing is forwarded by accident."""

import re

import pytest

from cable import assert_same, cross, frame
from conftest import start_box, start_wire
from test_boot import assert_forwards

GOOD = """\
[port left]
device = virtio:0
[port right]
device = virtio:1
[forward]
mode = wire
"""

# name -> (text of the file, the line at fault, what was found, what was expected)
BROKEN = {
    "misspelt key": (GOOD.replace("device = virtio:1", "devise = virtio:1"), 4,
                     '"devise"', 'did you mean "device"'),
    "misspelt section": (GOOD.replace("[forward]", "[froward]"), 5,
                         '"froward"', 'did you mean "forward"'),
    "unknown mode": (GOOD.replace("wire", "teleport"), 6, '"teleport"', "expected wire or bridge"),
    "unknown device": (GOOD.replace("virtio:1", "e1000:1"), 4, '"e1000:1"', "expected any:N"),
    "device number too large": (GOOD.replace("virtio:1", "virtio:99999999999"), 4,
                                '"virtio:99999999999"', "expected any:N"),
    "device used twice": (GOOD.replace("virtio:1", "virtio:0"), 4, "virtio:0", "expected another"),
    "key before any section": ("mode = wire\n" + GOOD, 1, '"mode"', r"expected \[port NAME\]"),
    "no equals sign": (GOOD.replace("mode = wire", "mode wire"), 6, '"mode..."',
                       "expected KEY = VALUE"),
    "section not closed": (GOOD.replace("[forward]", "[forward"), 5, 'no "]"',
                           r"expected \[SECTION\]"),
    "section twice": (GOOD + "[forward]\nmode = wire\n", 7, "again", "first at line 5"),
    "key twice": (GOOD + "mode = wire\n", 7, "again", "first at line 6"),
    "port without device": (GOOD.replace("device = virtio:1\n", ""), 3, "no device",
                            "expected device ="),
    "bad port name": (GOOD.replace("[port left]", "[port le/ft]"), 1, '"le/ft"',
                      "expected a letter"),
    "one port only": ("[port left]\ndevice = virtio:0\n[forward]\nmode = wire\n", None,
                      "1 port configured", "expected 2"),
    "no mode": (GOOD.replace("mode = wire\n", ""), None, "no mode", "expected mode = wire"),
    "empty": ("\n", None, "nothing in it", "expected sections"),
    "binary": ("\x01\x02" + GOOD, 1, "control character", "expected text"),
    "endless line": ("; " + "x" * 5000 + "\n" + GOOD, 1, "too long", "expected at most"),
    "bad on-error": (GOOD + "[system]\non-error = maybe\n", 8, '"maybe"', "expected halt or wire"),
}


def assert_forwards_nothing(wire):
    """Frames that come in stay in."""
    for peer in (wire.left, wire.right):
        for number in range(5):
            peer.send(frame(100, seed=number))
    assert wire.right.receive(0.15) is None
    assert wire.left.receive(0.15) is None


def error_pattern(line, found, expected):
    where = r"barewire\.conf: " if line is None else rf"barewire\.conf:{line}: "
    return rf"\] {where}.*{re.escape(found)}.*{expected}"


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name):
    text, *error = BROKEN[name]
    with start_wire(config=text, ready=False) as wire:
        wire.box.console.expect(error_pattern(*error))
        wire.box.console.expect(r"NOT FORWARDING")
        assert_forwards_nothing(wire)


def test_every_error_is_named():
    """Not only the first."""
    text = GOOD.replace("virtio:1", "virtio:x").replace("mode = wire", "mood = wire")
    with start_wire(config=text, ready=False) as wire:
        wire.box.console.expect(error_pattern(4, "virtio:x", "expected"))
        wire.box.console.expect(error_pattern(6, "mood", "did you mean"))
        wire.box.console.expect(r"NOT FORWARDING")


def test_the_console_works_without_forwarding():
    """Who has to repair the configuration finds what is wrong."""
    with start_wire(config=GOOD.replace("wire", "teleport"), ready=False) as wire:
        wire.box.console.expect(r"^barewire> ")
        assert '"teleport"' in wire.box.command("config")
        assert re.search(r"1af4:10(00|41)", wire.box.command("pci"))
        wire.box.command("ports")
        wire.box.command("stats")
        wire.box.command("audit")


def test_on_error_wire():
    """Chosen by the owner: a box that joins its first two cards whatever the file says."""
    text = GOOD.replace("mode = wire", "mode = teleport") + "[system]\non-error = wire\n"
    with start_wire(config=text) as wire:
        assert re.search(error_pattern(6, '"teleport"', "expected wire or bridge"), wire.box.console.text)
        assert_forwards(wire)


def test_on_error_wire_without_the_port_of_manage():
    """The wire has two ports; [manage] named another one: the box has no address, and works."""
    text = (GOOD.replace("mode = wire", "mode = teleport") + "[port third]\ndevice = pci:00:1f.0\n"
            "[manage]\nport = third\naddress = 192.0.2.9/24\n[system]\non-error = wire\n")
    with start_wire(config=text) as wire:
        assert re.search(r"joining the first two cards instead, without \[manage\]",
                         wire.box.console.text)
        assert "[manage]" not in wire.box.command("config")
        assert_forwards(wire)


def test_on_error_wire_with_one_card():
    with start_box(("virtio",), GOOD + "mode = wire\n[system]\non-error = wire\n") as box:
        box.console.expect(r"on-error = wire: fewer than two cards")
        box.console.expect(r"NOT FORWARDING")


def test_a_card_that_is_not_there():
    with start_wire(config=GOOD.replace("virtio:1", "virtio:2"), ready=False) as wire:
        wire.box.console.expect(r'right: .*"virtio:2" is not there')
        wire.box.console.expect(r"NOT FORWARDING")
        assert_forwards_nothing(wire)


def test_a_card_that_no_driver_knows():
    config = GOOD.replace("virtio:1", "pci:0000:00:05.0")
    with start_wire(config=config, ready=False, extra=["-device", "e1000,addr=5"]) as wire:
        wire.box.console.expect(r"right: .*8086:100e.*no driver")
        wire.box.console.expect(r"NOT FORWARDING")
        assert_forwards_nothing(wire)


def test_a_card_of_another_kind_between_them_is_left_alone():
    """virtio:1 is the second virtio card, whatever else is plugged in."""
    with start_wire(extra=["-device", "e1000"]) as wire:
        assert_forwards(wire)


def test_any_card_that_there_is_a_driver_for():
    """By PCI address, whatever kind: here the second one first."""
    config = GOOD.replace("virtio:0", "any:1").replace("virtio:1", "any:0")
    with start_wire(extra=["-device", "e1000"], config=config) as wire:
        ports = wire.box.command("ports")
        assert re.search(r"^left +any:1 +virtio", ports, re.MULTILINE), ports
        assert_forwards(wire)


def test_any_and_virtio_can_be_the_same_card():
    with start_wire(config=GOOD.replace("virtio:1", "any:0"), ready=False) as wire:
        wire.box.console.expect(r'right: device "any:0" is already another port\'s')


def test_ports_by_address():
    config = (GOOD.replace("virtio:0", "pci:0000:00:09.0").replace("virtio:1", "pci:00:08.0"))
    with start_wire((",addr=9", ",addr=8"), config=config) as wire:
        assert_forwards(wire)


def test_forward_ports_chooses_two_of_three():
    config = GOOD + "ports = right third\n[port third]\ndevice = virtio:2\n"
    with start_wire(config=config, options=["--port", "virtio"]) as wire:
        wire.left.send(frame(60))
        assert wire.right.receive(0.2) is None


def test_command_line_overrides_the_file():
    with start_wire(config=GOOD.replace("wire", "teleport"),
                    options=["--append", "forward.mode=wire"], ready=False) as wire:
        # The file's own mistake is still a mistake.
        wire.box.console.expect(error_pattern(6, '"teleport"', "expected wire or bridge"))
    with start_wire(config=GOOD, options=["--append", "port.left.device=virtio:1",
                                          "--append", "port.right.device=virtio:0"]) as wire:
        ports = wire.box.command("ports")
        assert re.search(r"^left +virtio:1 ", ports, re.MULTILINE), ports
        assert_same([frame(99)], cross(wire.left, wire.right, [frame(99)]))


def test_command_line_alone():
    words = "port.a.device=virtio:0 port.b.device=virtio:1 forward.mode=wire"
    with start_wire(options=["--config", "none", "--append", words]) as wire:
        assert_forwards(wire)


def test_no_configuration_at_all():
    with start_wire(options=["--config", "none"], ready=False) as wire:
        wire.box.console.expect(r"no configuration, expected the file barewire\.conf")
        wire.box.console.expect(r"NOT FORWARDING")
        assert_forwards_nothing(wire)


def test_errors_of_the_command_line():
    with start_box(["virtio", "virtio"], options=["--append", "forward.mood=wire"]) as box:
        box.console.expect(r'\] command line: .*"mood".*did you mean "mode"')
        box.console.expect(r"NOT FORWARDING")
