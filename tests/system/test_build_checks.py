# SPDX-License-Identifier: BSD-2-Clause
"""What stops a build: a driver that calls what drivers/env.h does not list, and an instruction in ring 3's
text that a domain must not have."""

import os
import subprocess

import pytest

from conftest import BUILD, ROOT

WRPKRU = b"\x0f\x01\xef"


def check(tool, *arguments):
    return subprocess.run([os.path.join(ROOT, "tools", tool), *arguments], capture_output=True, text=True,
                          check=False)


@pytest.mark.parametrize("callee, allowed", [("env_dma_alloc", True), ("page_alloc", False),
                                             ("env_dma_alloc_", False), ("another_file_s", True)])
def test_what_a_driver_may_call(tmp_path, callee, allowed):
    folder = tmp_path / "drivers" / "some"
    folder.mkdir(parents=True)
    for name, text in (("one", f"void {callee}(void); void one(void) {{ {callee}(); }}"),
                       ("two", "void another_file_s(void) {}")):
        subprocess.run(["gcc", "-O0", "-c", "-x", "c", "-o", folder / f"{name}.c.o", "-"], input=text,
                       text=True, check=True)
    result = check("check-drivers", str(tmp_path))
    assert result.returncode == (0 if allowed else 1), result.stderr
    expected = "" if allowed else f"one.c.o: needs what is not in drivers/env.h: {callee}\n"
    assert result.stdout.endswith(expected) and (result.stdout == "") == allowed


def test_the_drivers_are_what_is_checked():
    """Not an empty folder: without its list, every driver needs something."""
    result = check("check-drivers", BUILD)
    assert result.returncode == 0, result.stdout
    undefined = subprocess.run(["nm", "-u", f"{BUILD}/drivers/ixgbe/start.c.o"], capture_output=True,
                               text=True, check=True).stdout
    assert " env_" in undefined


def test_wrpkru_in_ring_3s_text(tmp_path):
    """One byte behind another, at no instruction's beginning, is enough."""
    with open(f"{BUILD}/barewire.debug", "rb") as file:
        image = bytearray(file.read())
    symbols = subprocess.run(["nm", f"{BUILD}/barewire.debug"], capture_output=True, text=True,
                             check=True).stdout
    address = {words[-1]: int(words[0], 16) for words in map(str.split, symbols.splitlines())}
    sections = subprocess.run(["objdump", "-h", f"{BUILD}/barewire.debug"], capture_output=True, text=True,
                              check=True).stdout
    text = next(words for words in map(str.split, sections.splitlines()) if ".text" in words[1:2])
    at = address["domain_receive"] + 1 - int(text[3], 16) + int(text[5], 16)
    changed = tmp_path / "changed"
    for kept, problems in ((True, 0), (False, 1)):
        if not kept:
            image[at:at + len(WRPKRU)] = WRPKRU
        changed.write_bytes(image)
        result = check("check-ring3", str(changed), f"{BUILD}/drivers/domain/entry.c.o")
        lines = [line for line in result.stdout.splitlines() if "WRPKRU" in line]
        assert len(lines) == problems, result.stdout
    assert result.returncode == 1
    assert f"WRPKRU at {address['domain_receive'] + 1:#x} in ring 3's text" in lines[0]
