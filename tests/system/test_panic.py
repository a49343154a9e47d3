# SPDX-License-Identifier: BSD-2-Clause
"""Attacks on the memory protection from inside the image. Each must trap where it happened."""

import os
import re
import subprocess

import pytest

from conftest import BUILD, start_wire

# What `panic-test NAME` does -> (what the box must say about it, the function to be blamed)
ATTACKS = {
    "null": (r"page fault.*\n  write to 0: not mapped \(zero page\)", "write_null"),
    "zero-page": (r"page fault.*\n  read of 0xff8: not mapped \(zero page\)", "read_zero_page"),
    "write-text": (r"page fault.*\n  write to 0xffffffff8\w+: forbidden", "write_text"),
    "write-text-alias": (r"page fault.*\n  write to 0xffff8\w+: not mapped", "write_text_alias"),
    "write-rodata": (r"page fault.*\n  write to 0xffffffff8\w+: forbidden", "write_rodata"),
    "exec-data": (r"page fault.*\n  execution of 0xffffffff8\w+: forbidden", "panic_test"),
    "exec-stack": (r"page fault.*\n  execution of 0xffff\w+: forbidden", "panic_test"),
    "stack-overflow": (r"fault.*\n  stack overflow: the guard page under the \w+ stack", "recurse"),
    "stack-smash": (r"stack smashed in stack_smash", "stack_smash"),
    "divide": (r"divide error \(vector 0\)", "divide"),
    "array-bounds": (r"invalid opcode \(vector 6\)\n  a check failed: array bounds", "array_bounds"),
    "overflow": (r"invalid opcode \(vector 6\)\n  a check failed: array bounds", "overflow"),
    "shift": (r"invalid opcode \(vector 6\)\n  a check failed: array bounds", "shift"),
    "ud2": (r"invalid opcode \(vector 6\)", "undefined"),
    "panic": (r"panic-test: as asked", "assertion"),
}


def symbols():
    """[(address, name)] of the image's functions, in order, as nm sees them."""
    output = subprocess.run(["nm", "-n", os.path.join(BUILD, "barewire.debug")], check=True,
                            capture_output=True, text=True).stdout
    return [(int(address, 16), name) for address, name in re.findall(r"^(\w+) [tT] (\S+)$", output,
                                                                     re.MULTILINE)]


def function_at(table, address):
    return max((entry for entry in table if entry[0] <= address), default=(0, None))[1]


@pytest.mark.parametrize("attack", ATTACKS)
def test_traps(attack):
    says, blamed = ATTACKS[attack]
    with start_wire() as wire:
        console = wire.box.console
        console.mark()
        console.send(f"panic-test {attack}\r")
        console.expect(rf"^PANIC: .*{says}")
        console.expect(r"^  backtrace\n")
        trace = console.expect(r"((?:    [0-9a-f]{16}.*\n)+)  reboot in 10 seconds")[1]
        text = console.text
    assert "NOT TRAPPED" not in text

    named = re.findall(r"([0-9a-f]{16})  ([\w.]+)\+", trace)
    assert blamed in [name.partition(".")[0] for _, name in named], trace  # gcc: recurse.isra.0
    table = symbols()
    for address, name in named:  # the image's own table against nm's
        # Behind a call that never returns, the return address may be the next function's.
        places = {function_at(table, int(address, 16)), function_at(table, int(address, 16) - 1)}
        assert name in places, trace
    if attack not in ("stack-smash", "panic"):
        rip = re.search(r"rip ([0-9a-f]{16})", text)[1]
        assert trace.strip().startswith(rip), trace
        assert len(re.findall(r"\b(?:r\w\w|r[89] |flg|err) [0-9a-f]{16}", text)) == 19


def test_a_machine_check():
    """Injected by QEMU's monitor: an uncorrected error in bank 1, which must not reset the processor
    without a word."""
    with start_wire() as wire:
        wire.box.console.mark()
        wire.box.qmp("human-monitor-command",
                     **{"command-line": "mce 0 1 0xbe00000000000000 0x5 0x1234000 0"})
        wire.box.console.expect(r"^PANIC: machine check \(vector 18\)")
        wire.box.console.expect(r"^  backtrace\n(?:    [0-9a-f]{16}.*\n)+  reboot in 10 seconds")


def test_reboots_ten_seconds_later():
    with start_wire(options=["--reboot"]) as wire:
        console = wire.box.console
        console.mark()
        console.send("panic-test ud2\r")
        console.expect(r"reboot in 10 seconds")
        console.expect(r"^\[.*\] Barewire")
        wire.box.ready()


def test_an_unknown_attack_lists_the_known():
    with start_wire() as wire:
        text = wire.box.command("panic-test nonsense")
        assert set(ATTACKS) <= set(text.split()), text
